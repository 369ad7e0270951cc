//! Requests for files.

use std::fmt;
use std::path::Path;

use provender_core::Sha256;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, HeaderMap, IF_RANGE, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode};
use url::Url;

use crate::answer::{Fetched, Wanted, content_type, unasked_part};
use crate::client::Client;
use crate::error::NetError;
use crate::partial::Partial;
use crate::redact::{RedactedUrl, redact};
use crate::validators::Validators;

/// Told after each chunk: the bytes that are there, and how many there will be if that is known.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Send + Sync);

/// A request for a file. It appears under its name only when it is whole and verified.
#[must_use = "a download does nothing until it is sent"]
pub struct Download<'a> {
    client: &'a Client,
    url: Url,
    to: &'a Path,
    sha256: Option<Sha256>,
    limit: Option<u64>,
    known: Validators,
    wanted: Option<Wanted>,
    progress: Option<Progress<'a>>,
}

/// A file that was downloaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it came from, after redirects and without credentials.
    pub url: Url,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// The `Content-Type`, fit for a terminal; empty if none was told.
    pub content_type: String,
    /// What makes the next request conditional.
    pub validators: Validators,
    /// The first bytes, at most 512.
    pub start: Vec<u8>,
}

impl fmt::Debug for Downloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloaded")
            .field("url", &redact(&self.url))
            .field("bytes", &self.bytes)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// What one call remembers between its attempts.
#[derive(Debug, Default)]
struct Transfer {
    partial: Option<Partial>,
    /// The validators of the answer that `partial` came from.
    validators: Validators,
    /// The length that answer told. One without a length may have been decoded on the way, and then
    /// positions in it are not those of the file on the server.
    total: Option<u64>,
}

impl Transfer {
    /// Where to go on, and what says that the rest still belongs to the beginning.
    fn resume(&self) -> Option<(u64, &str)> {
        self.total?;
        let length = self.partial.as_ref()?.length();
        let validator = self.validators.for_range()?;
        (length > 0).then_some((length, validator))
    }
}

impl<'a> Download<'a> {
    pub(crate) fn new(client: &'a Client, url: &Url, to: &'a Path) -> Self {
        Self {
            client,
            url: url.clone(),
            to,
            sha256: None,
            limit: None,
            known: Validators::default(),
            wanted: None,
            progress: None,
        }
    }

    /// The digest the file must have.
    pub fn sha256(mut self, expected: Sha256) -> Self {
        self.sha256 = Some(expected);
        self
    }

    /// The largest file in bytes; any size if not said.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Asks only for something newer than what had these validators.
    pub fn if_changed(mut self, known: &Validators) -> Self {
        self.known = known.clone();
        self
    }

    /// What the file has to be.
    pub fn wanted(mut self, wanted: Wanted) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Whom to tell how far it is.
    pub fn progress(mut self, progress: Progress<'a>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Downloads the file.
    ///
    /// Failures that may pass are retried; a transfer that broke off goes on where it ended if the
    /// server can do that and says that the file is still the same, else it begins again.
    ///
    /// # Errors
    ///
    /// Everything that keeps the whole verified file from being there. The target is then as it was.
    pub async fn send(self) -> Result<Fetched<Downloaded>, NetError> {
        let mut retries = self.client.retries();
        let mut transfer = Transfer::default();
        loop {
            match self.attempt(&mut transfer).await {
                Ok(None) => return Ok(Fetched::NotModified),
                Ok(Some(response)) => return self.finish(transfer, &response).await,
                Err(error) => retries.pause(error).await?,
            }
        }
    }

    /// Transfers what is missing; none if nothing changed.
    async fn attempt(&self, transfer: &mut Transfer) -> Result<Option<Response>, NetError> {
        let mut response = self.request(transfer).await;
        if transfer.resume().is_some() && !goes_on(&response, transfer) {
            *transfer = Transfer::default();
            response = self.request(transfer).await;
        }
        let response = response?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        if response.status() == StatusCode::PARTIAL_CONTENT {
            // `goes_on` has seen to it that a part that was asked for is the right one.
            if transfer.resume().is_none() {
                return Err(unasked_part(response.url()));
            }
        } else {
            match &mut transfer.partial {
                Some(partial) => partial.restart()?,
                None => transfer.partial = Some(Partial::beside(self.to)?),
            }
            transfer.validators = Validators::of(response.headers());
            transfer.total = response.content_length();
        }
        if let (Some(total), Some(limit)) = (transfer.total, self.limit)
            && total > limit
        {
            return Err(self.too_large());
        }
        self.receive(transfer, response).await.map(Some)
    }

    async fn request(&self, transfer: &Transfer) -> Result<Response, NetError> {
        let prepare = |mut request: RequestBuilder| {
            // Lengths, ranges and digests are those of the file, so it must come as it is.
            request = request.header(ACCEPT_ENCODING, "identity");
            match transfer.resume() {
                Some((from, validator)) => {
                    request.header(RANGE, format!("bytes={from}-")).header(IF_RANGE, validator)
                }
                None => self.known.apply(request),
            }
        };
        self.client.send(&self.url, prepare).await
    }

    async fn receive(
        &self,
        transfer: &mut Transfer,
        mut response: Response,
    ) -> Result<Response, NetError> {
        let Transfer { partial: Some(partial), total, .. } = transfer else { return Ok(response) };
        let (url, total) = (response.url().clone(), *total);
        let mut received = partial.length();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => {
                    let error = self.client.failed(&error, &url);
                    return Err(match (error, total) {
                        (NetError::Interrupted { url, .. }, Some(expected)) => {
                            NetError::Truncated { url, received, expected }
                        }
                        (error, _) => error,
                    });
                }
            };
            received += chunk.len() as u64;
            if self.limit.is_some_and(|limit| received > limit) {
                return Err(self.too_large());
            }
            partial.write(&chunk)?;
            if let Some(progress) = self.progress {
                progress(received, total);
            }
        }
        match total {
            Some(expected) if expected != received => {
                Err(NetError::Truncated { url: RedactedUrl::from(&url), received, expected })
            }
            _ => Ok(response),
        }
    }

    /// Verifies what came and puts it in its place.
    async fn finish(
        &self,
        transfer: Transfer,
        response: &Response,
    ) -> Result<Fetched<Downloaded>, NetError> {
        let Transfer { partial, validators, .. } = transfer;
        let partial = match partial {
            Some(partial) => partial,
            None => Partial::beside(self.to)?,
        };
        let url = response.url().clone();
        let content_type = content_type(response);
        let actual = partial.sha256();
        // A web page in the file's place is better told as such than as a wrong digest.
        if let Some(wanted) = self.wanted {
            wanted.check(&url, &content_type, partial.start())?;
        }
        if let Some(expected) = self.sha256.filter(|expected| *expected != actual) {
            return Err(NetError::DigestMismatch {
                url: RedactedUrl::from(&url),
                expected,
                actual,
            });
        }
        let placed = partial.place().await?;
        Ok(Fetched::New(Downloaded {
            url,
            bytes: placed.bytes,
            sha256: actual,
            content_type,
            validators,
            start: placed.start,
        }))
    }

    fn too_large(&self) -> NetError {
        let limit = self.limit.unwrap_or(u64::MAX);
        NetError::TooLarge { url: RedactedUrl::from(&self.url), limit }
    }
}

/// Whether an answer to a request for the rest can be used: not if the file is now shorter than
/// what is there of it (416), or if another part came than was asked for.
fn goes_on(response: &Result<Response, NetError>, transfer: &Transfer) -> bool {
    match response {
        Err(NetError::Status { status: 416, .. }) => false,
        Ok(response) if response.status() == StatusCode::PARTIAL_CONTENT => {
            continues(response, transfer)
        }
        _ => true,
    }
}

/// Whether a part begins where the transfer ended, and belongs to a whole of the same length.
fn continues(response: &Response, transfer: &Transfer) -> bool {
    let (Some((from, _)), Some((begin, total))) =
        (transfer.resume(), content_range(response.headers()))
    else {
        return false;
    };
    begin == from && (total.is_none() || total == transfer.total)
}

/// First position and complete length of the `Content-Range` (RFC 9110, section 14.4).
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    parse_content_range(headers.get(CONTENT_RANGE)?.to_str().ok()?)
}

fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (begin, _) = range.split_once('-')?;
    Some((begin.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_tells_its_beginning_and_the_whole() {
        assert_eq!(parse_content_range("bytes 10-19/20"), Some((10, Some(20))));
        assert_eq!(parse_content_range("bytes 10-19/*"), Some((10, None)));
        assert_eq!(parse_content_range("bytes */20"), None);
        assert_eq!(parse_content_range("items 1-2/3"), None);
    }
}
