//! Requests for files that are passed on while they arrive.

use std::fmt;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, IF_RANGE, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode};
use url::Url;

use crate::answer::{content_type, unasked_part};
use crate::client::Client;
use crate::download::content_range;
use crate::error::NetError;
use crate::redact::{RedactedUrl, redact};
use crate::retry::Retries;
use crate::validators::Validators;

/// The bytes of a file, in order and each once, whatever happens to the connections under it.
///
/// Failures that may pass are retried. A transfer that broke off goes on where it ended if the
/// server can do that and says that the file is still the same. Else it begins again, and what was
/// handed out already is skipped: whoever hashes what is handed out knows whether it is the right
/// file, even if the server changed it in between.
#[must_use = "a stream asks for nothing until it is read"]
pub struct Stream {
    client: Client,
    url: Url,
    limit: Option<u64>,
    retries: Retries,
    response: Option<Response>,
    first: Option<First>,
    /// How many bytes were handed out.
    delivered: u64,
    /// How many bytes of the present answer were handed out before, and are dropped.
    to_skip: u64,
}

/// What the first answer said.
struct First {
    url: Url,
    content_type: String,
    validators: Validators,
    total: Option<u64>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("url", &redact(&self.url))
            .field("delivered", &self.delivered)
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(client: &Client, url: &Url) -> Self {
        Self {
            client: client.clone(),
            url: url.clone(),
            limit: None,
            retries: client.retries(),
            response: None,
            first: None,
            delivered: 0,
            to_skip: 0,
        }
    }

    /// The largest file in bytes; any size if not said.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends the request, unless that has happened, and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// Everything that keeps the answer from beginning, an error status included.
    pub async fn open(&mut self) -> Result<(), NetError> {
        while self.first.is_none() {
            if let Err(error) = self.connect().await {
                self.retries.pause(error).await?;
            }
        }
        Ok(())
    }

    /// The length of the file in bytes; none before [`open`](Self::open), or if the server told none.
    pub fn total(&self) -> Option<u64> {
        self.first.as_ref().and_then(|first| first.total)
    }

    /// The `Content-Type`, fit for a terminal; empty before [`open`](Self::open), or if none was told.
    pub fn content_type(&self) -> &str {
        self.first.as_ref().map(|first| first.content_type.as_str()).unwrap_or_default()
    }

    /// Where the bytes come from, after redirects and without credentials; none before
    /// [`open`](Self::open).
    pub fn url(&self) -> Option<&Url> {
        self.first.as_ref().map(|first| &first.url)
    }

    /// How many bytes were handed out.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The next bytes; none at the end of the file.
    ///
    /// # Errors
    ///
    /// Everything that keeps the rest from coming, after the retries. What was handed out is then
    /// no whole file.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            match self.attempt().await {
                Ok(chunk) => return Ok(chunk),
                Err(error) => {
                    self.response = None;
                    self.retries.pause(error).await?;
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            let Some(response) = &mut self.response else {
                self.connect().await?;
                continue;
            };
            let total = self.first.as_ref().and_then(|first| first.total);
            let mut chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return self.end(total),
                Err(error) => {
                    let error = self.client.failed(&error, response.url());
                    return Err(match (error, total) {
                        (NetError::Interrupted { url, .. }, Some(expected)) => {
                            NetError::Truncated { url, received: self.delivered, expected }
                        }
                        (error, _) => error,
                    });
                }
            };
            let skipped = self.to_skip.min(chunk.len() as u64);
            self.to_skip -= skipped;
            let chunk = chunk.split_off(usize::try_from(skipped).unwrap_or(chunk.len()));
            if chunk.is_empty() {
                continue;
            }
            self.delivered += chunk.len() as u64;
            if let Some(limit) = self.limit.filter(|limit| self.delivered > *limit) {
                return Err(self.too_large(limit));
            }
            return Ok(Some(chunk));
        }
    }

    /// The end of an answer is the end of the file if all was there.
    fn end(&self, total: Option<u64>) -> Result<Option<Bytes>, NetError> {
        let expected = match total {
            Some(total) if total != self.delivered => total,
            None if self.to_skip > 0 => self.delivered,
            _ => return Ok(None),
        };
        let received = self.delivered - self.to_skip;
        Err(NetError::Truncated { url: RedactedUrl::from(&self.url), received, expected })
    }

    /// Asks for what is missing.
    async fn connect(&mut self) -> Result<(), NetError> {
        let mut response = self.request(self.resume()).await;
        if self.resume().is_some() && !self.goes_on(&response) {
            response = self.request(None).await;
        }
        let response = response?;
        refuse_encoded(&response)?;
        let partial = response.status() == StatusCode::PARTIAL_CONTENT;
        if partial && !self.continues(&response) {
            return Err(unasked_part(response.url()));
        }
        // A part begins where the transfer ended, whatever the answer before it was still to skip.
        self.to_skip = if partial { 0 } else { self.delivered };
        if !partial {
            let total = response.content_length();
            match &mut self.first {
                // Its length was announced already, so another one is another file.
                Some(first) if first.total.is_some() && total.is_some() && first.total != total => {
                    let reason = "the file changed while it was transferred".to_owned();
                    return Err(NetError::Interrupted {
                        url: RedactedUrl::from(&first.url),
                        reason,
                    });
                }
                Some(first) => first.validators = Validators::of(response.headers()),
                None => {
                    self.first = Some(First {
                        url: response.url().clone(),
                        content_type: content_type(&response),
                        validators: Validators::of(response.headers()),
                        total,
                    });
                }
            }
            if let (Some(total), Some(limit)) = (total, self.limit)
                && total > limit
            {
                return Err(self.too_large(limit));
            }
        }
        self.response = Some(response);
        Ok(())
    }

    async fn request(&self, resume: Option<(u64, &str)>) -> Result<Response, NetError> {
        let prepare = |request: RequestBuilder| {
            // Lengths, ranges and digests are those of the file, so it must come as it is.
            let request = request.header(ACCEPT_ENCODING, "identity");
            match resume {
                Some((from, validator)) => {
                    request.header(RANGE, format!("bytes={from}-")).header(IF_RANGE, validator)
                }
                None => request,
            }
        };
        self.client.send_undecoded(&self.url, prepare).await
    }

    /// Where to go on, and what says that the rest still belongs to the beginning. Without a length
    /// nothing says that it is a rest of the same whole.
    fn resume(&self) -> Option<(u64, &str)> {
        let first = self.first.as_ref()?;
        first.total?;
        let validator = first.validators.for_range()?;
        (self.delivered > 0).then_some((self.delivered, validator))
    }

    /// Whether an answer to a request for the rest can be used: not if the file is now shorter than
    /// what was handed out (416), or if another part came than was asked for.
    fn goes_on(&self, response: &Result<Response, NetError>) -> bool {
        match response {
            Err(NetError::Status { status: 416, .. }) => false,
            Ok(response) if response.status() == StatusCode::PARTIAL_CONTENT => {
                self.continues(response)
            }
            _ => true,
        }
    }

    /// Whether a part begins where the transfer ended, and belongs to a whole of the same length.
    fn continues(&self, response: &Response) -> bool {
        let Some((from, _)) = self.resume() else { return false };
        content_range(response.headers()).is_some_and(|(begin, whole)| {
            begin == from && (whole.is_none() || whole == self.total())
        })
    }

    fn too_large(&self, limit: u64) -> NetError {
        NetError::TooLarge { url: RedactedUrl::from(&self.url), limit }
    }
}

/// Refuses a body that is not the file as it is. File servers that go by the end of a name call the
/// compression that a `.gz` file has itself its encoding; its bytes are those of the file.
fn refuse_encoded(response: &Response) -> Result<(), NetError> {
    let Some(encoding) = response.headers().get(CONTENT_ENCODING) else { return Ok(()) };
    let encoding = String::from_utf8_lossy(encoding.as_bytes()).trim().to_ascii_lowercase();
    let path = response.url().path();
    let is_its_own = matches!(encoding.as_str(), "gzip" | "x-gzip")
        && (path.ends_with(".gz") || path.ends_with(".tgz"));
    if is_its_own || matches!(encoding.as_str(), "" | "identity") {
        return Ok(());
    }
    let encoding = encoding.escape_debug().take(40).collect();
    Err(NetError::Encoded { url: RedactedUrl::from(response.url()), encoding })
}
