//! Answers of every status, as they come.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Response;
use reqwest::header::HeaderMap;
use url::Url;

use crate::answer::content_type;
use crate::client::Client;
use crate::error::NetError;
use crate::redact::{RedactedUrl, redact};
use crate::retry::retry_after;

/// An answer whose head is there. `Debug` shows neither headers nor body.
pub struct Incoming {
    client: Client,
    response: Response,
    url: Url,
    credentials_from: Option<String>,
    silence: Duration,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("url", &redact(&self.url))
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Incoming {
    pub(crate) fn new(
        client: Client,
        response: Response,
        url: Url,
        credentials_from: Option<String>,
        silence: Duration,
    ) -> Self {
        Self { client, response, url, credentials_from, silence }
    }

    /// Its status code.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The `Content-Type`, fit for a terminal; empty if none was told.
    pub fn content_type(&self) -> String {
        content_type(&self.response)
    }

    /// Where it came from, after redirects and without credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Where the credentials came from that the last request carried; none if it carried none.
    pub fn credentials_from(&self) -> Option<&str> {
        self.credentials_from.as_deref()
    }

    /// The next bytes of the body, as they came; none at its end.
    ///
    /// # Errors
    ///
    /// When the rest does not come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        let chunk = tokio::time::timeout(self.silence, self.response.chunk()).await;
        let Ok(chunk) = chunk else {
            let (url, after) = (RedactedUrl::from(&self.url), self.silence);
            return Err(NetError::Timeout { url, connecting: false, after });
        };
        chunk.map_err(|error| self.client.failed(&error, &self.url))
    }

    /// Reads the whole body, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// When it does not come, or is longer.
    pub async fn whole(mut self, limit: u64) -> Result<Reply, NetError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(NetError::TooLarge { url: RedactedUrl::from(&self.url), limit });
            }
        }
        Ok(Reply {
            status: self.status(),
            content_type: self.content_type(),
            headers: self.headers().clone(),
            url: self.url,
            body,
            credentials_from: self.credentials_from,
        })
    }

    /// The error that it is to those who wanted a success.
    pub fn failed(&self) -> NetError {
        failed(&self.url, self.status(), self.headers(), self.credentials_from.clone())
    }
}

/// A whole answer. `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct Reply {
    /// Where it came from, after redirects and without credentials.
    pub url: Url,
    /// Its status code.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The `Content-Type`, fit for a terminal; empty if none was told.
    pub content_type: String,
    /// The body, as it came.
    pub body: Vec<u8>,
    /// Where the credentials came from that the last request carried; none if it carried none.
    pub credentials_from: Option<String>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("url", &redact(&self.url))
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The error that it is to those who wanted a success.
    pub fn failed(&self) -> NetError {
        failed(&self.url, self.status, &self.headers, self.credentials_from.clone())
    }
}

fn failed(
    url: &Url,
    status: u16,
    headers: &HeaderMap,
    credentials_from: Option<String>,
) -> NetError {
    let retry_after = retry_after(headers, Timestamp::now());
    NetError::Status { url: RedactedUrl::from(url), status, retry_after, credentials_from }
}
