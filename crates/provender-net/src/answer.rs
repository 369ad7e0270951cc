//! What came back, and whether it is what was asked for.

use std::fmt;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use crate::error::NetError;
use crate::redact::{RedactedUrl, printable, redact};
use crate::validators::Validators;

/// The result of a conditional request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched<T> {
    /// What the validators described is still current (304).
    NotModified,
    /// Something new, or the request had no validators.
    New(T),
}

impl<T> Fetched<T> {
    /// What is new; none if nothing is.
    pub fn into_new(self) -> Option<T> {
        match self {
            Self::NotModified => None,
            Self::New(new) => Some(new),
        }
    }
}

/// A body of bounded size with its headers. `Debug` shows neither body nor headers.
#[derive(Clone)]
pub struct Answer {
    /// Where the body came from, after redirects and without credentials.
    pub url: Url,
    /// All headers.
    pub headers: HeaderMap,
    /// The `Content-Type`, fit for a terminal; empty if none was told.
    pub content_type: String,
    /// What makes the next request conditional.
    pub validators: Validators,
    /// The body, decoded.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("url", &redact(&self.url))
            .field("content_type", &self.content_type)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a body should be, judged by its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A zip archive.
    Zip,
    /// A JSON object or array.
    Json,
    /// Either of them.
    ZipOrJson,
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Zip => "a zip file",
            Self::Json => "JSON",
            Self::ZipOrJson => "a zip file or JSON",
        }
    }

    /// Checks the first bytes of a body.
    ///
    /// # Errors
    ///
    /// [`NetError::Unexpected`] with what came instead.
    pub fn check(self, url: &Url, content_type: &str, start: &[u8]) -> Result<(), NetError> {
        if self.begins(start) {
            return Ok(());
        }
        Err(NetError::Unexpected {
            url: RedactedUrl::from(url),
            wanted: self.name(),
            content_type: if content_type.is_empty() { "something" } else { content_type }
                .to_owned(),
            start: shown_start(start),
            html: looks_like_html(content_type, start),
        })
    }

    fn begins(self, start: &[u8]) -> bool {
        match self {
            // A local file header, or the end record of an archive without entries.
            Self::Zip => start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06"),
            Self::Json => matches!(start.trim_ascii_start().first(), Some(b'{' | b'[')),
            Self::ZipOrJson => Self::Zip.begins(start) || Self::Json.begins(start),
        }
    }
}

/// Whether a body is a web page, by its content type or its first bytes.
pub fn looks_like_html(content_type: &str, start: &[u8]) -> bool {
    let html_type = ["text/html", "application/xhtml+xml"].iter().any(|html| {
        content_type.get(..html.len()).is_some_and(|told| told.eq_ignore_ascii_case(html))
    });
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let html_start = ["<!doctype html", "<html"].iter().any(|html| {
        start.get(..html.len()).is_some_and(|s| s.eq_ignore_ascii_case(html.as_bytes()))
    });
    html_type || html_start
}

fn shown_start(start: &[u8]) -> String {
    const SHOWN: usize = 60;
    printable(&String::from_utf8_lossy(start).chars().take(SHOWN).collect::<String>())
}

/// The error for a 206 that answers a request for the whole.
pub(crate) fn unasked_part(url: &Url) -> NetError {
    let reason = "only a part came, and the whole was asked for".to_owned();
    NetError::Interrupted { url: RedactedUrl::from(url), reason }
}

pub(crate) fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    printable(&String::from_utf8_lossy(value.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_known_by_its_type_or_its_beginning() {
        assert!(looks_like_html("text/html; charset=utf-8", b"{}"));
        assert!(looks_like_html("application/zip", b"\n <!DOCTYPE HTML><title>"));
        assert!(looks_like_html("", b"\xef\xbb\xbf<html lang=en>"));
        assert!(!looks_like_html("application/json", b"{\"a\": \"<html>\"}"));
    }

    #[test]
    fn what_came_instead_is_told_without_control_characters() {
        let url = "https://portal.example/".parse().unwrap();
        let error = Wanted::Zip.check(&url, "text/html", b"<html>\x1b[2J").unwrap_err();
        assert!(matches!(error, NetError::Unexpected { html: true, .. }));
        assert!(error.hint().unwrap().contains("captive portal"));
        assert!(!error.to_string().contains('\x1b'));
        assert!(Wanted::Zip.check(&url, "", b"PK\x03\x04...").is_ok());
        assert!(Wanted::Json.check(&url, "", b" [1]").is_ok());
        assert!(Wanted::Json.check(&url, "", b"").is_err());
        assert!(Wanted::ZipOrJson.check(&url, "", b"PK\x05\x06").is_ok());
        assert!(Wanted::ZipOrJson.check(&url, "", b"{}").is_ok());
        assert!(Wanted::ZipOrJson.check(&url, "text/html", b"<html>").is_err());
    }
}
