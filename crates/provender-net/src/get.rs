//! Requests for small bodies.

use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use url::Url;

use crate::answer::{Answer, Fetched, Wanted, content_type, unasked_part};
use crate::client::Client;
use crate::error::NetError;
use crate::redact::RedactedUrl;
use crate::validators::Validators;

/// How large a body may be unless said otherwise: 32 MiB.
const DEFAULT_LIMIT: u64 = 32 * 1024 * 1024;

/// A request whose body is kept in memory. Failures that may pass are retried.
#[must_use = "a request does nothing until it is sent"]
pub struct Get<'a> {
    client: &'a Client,
    url: Url,
    accept: Option<&'a str>,
    limit: u64,
    known: Validators,
    wanted: Option<Wanted>,
}

impl<'a> Get<'a> {
    pub(crate) fn new(client: &'a Client, url: &Url) -> Self {
        let known = Validators::default();
        Self { client, url: url.clone(), accept: None, limit: DEFAULT_LIMIT, known, wanted: None }
    }

    /// The content types that are wanted, as an `Accept` header.
    pub fn accept(mut self, content_types: &'a str) -> Self {
        self.accept = Some(content_types);
        self
    }

    /// The largest body in bytes, after decoding; 32 MiB if not said.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Asks only for something newer than what had these validators.
    pub fn if_changed(mut self, known: &Validators) -> Self {
        self.known = known.clone();
        self
    }

    /// What the body has to be.
    pub fn wanted(mut self, wanted: Wanted) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    ///
    /// Everything that keeps the whole body from being there, an error status included.
    pub async fn send(self) -> Result<Fetched<Answer>, NetError> {
        let mut retries = self.client.retries();
        loop {
            match self.attempt().await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => retries.pause(error).await?,
            }
        }
    }

    async fn attempt(&self) -> Result<Fetched<Answer>, NetError> {
        let prepare = |mut request: reqwest::RequestBuilder| {
            if let Some(accept) = self.accept {
                request = request.header(ACCEPT, accept);
            }
            self.known.apply(request)
        };
        let mut response = self.client.send(&self.url, prepare).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::NotModified);
        }
        let url = response.url().clone();
        if response.status() == StatusCode::PARTIAL_CONTENT {
            return Err(unasked_part(&url));
        }
        let too_large = || NetError::TooLarge { url: RedactedUrl::from(&url), limit: self.limit };
        if response.content_length().is_some_and(|length| length > self.limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.client.failed(&error, &url))?
        {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.limit {
                return Err(too_large());
            }
        }
        let content_type = content_type(&response);
        if let Some(wanted) = self.wanted {
            wanted.check(&url, &content_type, &body)?;
        }
        let validators = Validators::of(response.headers());
        let headers = response.headers().clone();
        Ok(Fetched::New(Answer { url, headers, content_type, validators, body }))
    }
}
