//! Where a redirect leads, and where none is followed.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::credentials::split_userinfo;
use crate::error::NetError;
use crate::redact::{RedactedUrl, redact, redact_text};

/// How many redirects are followed, as in uv and reqwest.
pub(crate) const MAX_REDIRECTS: usize = 10;

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

pub(crate) fn too_many_redirects(url: &Url) -> NetError {
    let target = redact(url);
    NetError::Redirect { url: RedactedUrl::from(url), target, reason: "too many redirects" }
}

/// Where a response sends us on, without any credentials that the target may hold.
pub(crate) fn next_hop(url: &Url, response: &Response) -> Result<Option<Url>, NetError> {
    if !is_redirect(response.status()) {
        return Ok(None);
    }
    let refuse =
        |target: String, reason| NetError::Redirect { url: RedactedUrl::from(url), target, reason };
    let location = location(response.headers());
    let Some(location) = location else {
        return Err(refuse("nowhere".to_owned(), "the answer has no location"));
    };
    let target =
        url.join(location).map_err(|_| refuse(redact_text(location), "the location is no URL"))?;
    match (url.scheme(), target.scheme()) {
        (_, "https") | ("http", "http") => Ok(Some(split_userinfo(&target).0)),
        // Whoever is on the way could then answer in the server's place.
        ("https", "http") => Err(refuse(redact(&target), "it leads from https to plain http")),
        _ => Err(refuse(redact(&target), "only http and https are followed")),
    }
}

fn location(headers: &HeaderMap) -> Option<&str> {
    headers.get(LOCATION)?.to_str().ok()
}
