//! Requests of any method, for protocols that speak more of HTTP than reading.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap};
use reqwest::{Method, Response};
use url::{Origin, Url};

use crate::client::Client;
use crate::credentials::{Credential, Found, InUrl};
use crate::error::NetError;
use crate::incoming::{Incoming, Reply};
use crate::proxy_failure::ProxyProblem;
use crate::redact::{RedactedUrl, redact};
use crate::redirect::{MAX_REDIRECTS, next_hop, too_many_redirects};
use crate::retry::Retries;
use crate::sending::RequestBody;

/// Which credentials go to the origin of a request's URL. Another origin, to which a redirect leads,
/// gets what settings and netrc hold for it and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authorization {
    /// What settings and netrc hold for it.
    #[default]
    Settings,
    /// None.
    None,
    /// This one.
    Given {
        /// The credential.
        credential: Credential,
        /// Where it came from, as told to the user.
        source: String,
    },
}

/// When a failed request is made again.
#[derive(Debug, Clone, Copy)]
enum Repeats {
    Always,
    /// Where the server did nothing.
    Unheard,
    Never,
}

/// A request of any method, whose answer is handed out whatever its status.
///
/// GET and HEAD follow redirects and are tried again when a failure may pass. Requests of other
/// methods are neither redirected nor repeated, unless [`repeatable`](Self::repeatable) says that
/// twice is as good as once; only one that surely did nothing (no connection, or status 429) is.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    authorization: Authorization,
    body: RequestBody,
    repeats: Repeats,
    limit: u64,
    silence: Duration,
}

impl<'a> Request<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, url: &Url) -> Self {
        /// How large a body may be unless said otherwise: 32 MiB.
        const LIMIT: u64 = 32 << 20;
        Self {
            client,
            repeats: if method.is_safe() { Repeats::Always } else { Repeats::Unheard },
            method,
            url: url.clone(),
            headers: HeaderMap::new(),
            authorization: Authorization::default(),
            body: RequestBody::Empty,
            limit: LIMIT,
            silence: client.settings().read_timeout,
        }
    }

    /// Adds a header. Credentials are given with [`authorization`](Self::authorization).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Which credentials it carries.
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorization = authorization;
        self
    }

    /// What it carries.
    pub fn body(mut self, body: impl Into<RequestBody>) -> Self {
        self.body = body.into();
        self
    }

    /// Says that sending it twice does what sending it once does, so that it is tried again.
    pub fn repeatable(mut self) -> Self {
        self.repeats = Repeats::Always;
        self
    }

    /// Says that the first failure decides.
    pub fn once(mut self) -> Self {
        self.repeats = Repeats::Never;
        self
    }

    /// The largest body of an answer that [`send`](Self::send) takes, in bytes; 32 MiB if not said.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// How long the server may be silent once everything is sent; the client's read timeout if not
    /// said.
    pub fn silence(mut self, longest: Duration) -> Self {
        self.silence = longest;
        self
    }

    /// Sends it and reads the answer into memory.
    ///
    /// # Errors
    ///
    /// Everything that keeps the whole answer from being there. An error status is an answer.
    pub async fn send(self) -> Result<Reply, NetError> {
        let mut retries = self.client.retries();
        loop {
            let error = match self.attempt().await {
                Ok(incoming) => {
                    if self.may_pass(&incoming, &mut retries).await {
                        continue;
                    }
                    match incoming.whole(self.limit).await {
                        Ok(reply) => return Ok(reply),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if !self.may_repeat(&error) {
                return Err(error);
            }
            retries.pause(error).await?;
        }
    }

    /// Sends it and returns the answer when its head is there.
    ///
    /// # Errors
    ///
    /// Everything that keeps the answer from beginning. An error status is an answer.
    pub async fn open(self) -> Result<Incoming, NetError> {
        let mut retries = self.client.retries();
        loop {
            match self.attempt().await {
                Ok(incoming) if self.may_pass(&incoming, &mut retries).await => {}
                Ok(incoming) => return Ok(incoming),
                Err(error) if self.may_repeat(&error) => retries.pause(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether another attempt may bring another answer; waits until it is time for it.
    async fn may_pass(&self, incoming: &Incoming, retries: &mut Retries) -> bool {
        if !matches!(incoming.status(), 408 | 425 | 429 | 500..) {
            return false;
        }
        let refused = incoming.failed();
        self.may_repeat(&refused) && retries.pause(refused).await.is_ok()
    }

    fn may_repeat(&self, error: &NetError) -> bool {
        let did_nothing = match error {
            NetError::Dns { .. }
            | NetError::Connect { .. }
            | NetError::Timeout { connecting: true, .. }
            | NetError::Status { status: 429, .. } => true,
            NetError::Proxy(failure) => matches!(failure.problem, ProxyProblem::Unreachable(_)),
            _ => false,
        };
        match self.repeats {
            Repeats::Always => true,
            Repeats::Unheard => did_nothing,
            Repeats::Never => false,
        }
    }

    /// Makes it once, following redirects where that is allowed.
    async fn attempt(&self) -> Result<Incoming, NetError> {
        let (mut url, in_url) = self.client.askable(&self.url)?;
        let origin = url.origin();
        for _ in 0..=MAX_REDIRECTS {
            let (response, credentials_from) = self.hop(&url, in_url.as_ref(), &origin).await?;
            match next_hop(&url, &response)? {
                Some(next) if self.method.is_safe() => url = next,
                Some(next) => {
                    let (url, target) = (RedactedUrl::from(&url), redact(&next));
                    let reason = "only what is read is followed elsewhere";
                    return Err(NetError::Redirect { url, target, reason });
                }
                None => {
                    let (client, silence) = (self.client.clone(), self.silence);
                    return Ok(Incoming::new(client, response, url, credentials_from, silence));
                }
            }
        }
        Err(too_many_redirects(&url))
    }

    async fn hop(
        &self,
        url: &Url,
        in_url: Option<&InUrl>,
        origin: &Origin,
    ) -> Result<(Response, Option<String>), NetError> {
        let at_home = url.origin() == *origin;
        let found = match &self.authorization {
            Authorization::Given { credential, source } if at_home => {
                Some(Found { credential: credential.clone(), source: source.clone() })
            }
            Authorization::None if at_home => None,
            _ => self.client.find_credential(url, in_url)?,
        };
        let mut headers = self.headers.clone();
        if !at_home {
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
        }
        if matches!(self.body, RequestBody::Empty) && !self.method.is_safe() {
            // Servers want a length where a body could be (RFC 9110, section 8.6).
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let (body, watch) = self.body.start();
        let mut request = self.client.unhurried(self.method.clone(), url).headers(headers);
        if !matches!(self.body, RequestBody::Empty) {
            request = request.body(body);
        }
        if let Some(found) = &found {
            request = found.credential.apply(request);
        }
        let Some(sent) = watch.patiently(self.silence, request.send()).await else {
            let (url, after) = (RedactedUrl::from(url), self.silence);
            return Err(NetError::Timeout { url, connecting: false, after });
        };
        if sent.is_err()
            && let Some(error) = watch.failure()
        {
            return Err(NetError::Unsent { url: RedactedUrl::from(url), error });
        }
        let response = self.client.reached(sent, url).await?;
        Ok((response, found.map(|found| found.source)))
    }
}
