//! What makes a request conditional (RFC 9110, section 13).

use reqwest::RequestBuilder;
use reqwest::header::{ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

/// The validators of an earlier answer: kept with what was fetched, sent with the next request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag` header, quotes and weakness mark included.
    pub etag: Option<String>,
    /// The `Last-Modified` header as it came.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    pub(crate) fn apply(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &self.last_modified {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        request
    }

    /// What an `If-Range` header may hold (RFC 9110, section 13.1.5): weak tags may not.
    pub(crate) fn for_range(&self) -> Option<&str> {
        let strong = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        match (&self.etag, strong) {
            (Some(_), None) => None,
            _ => strong.or(self.last_modified.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_validators_may_resume_a_transfer() {
        let with = |etag: Option<&str>| Validators {
            etag: etag.map(str::to_owned),
            last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned()),
        };
        assert_eq!(with(Some("\"a\"")).for_range(), Some("\"a\""));
        assert_eq!(with(Some("W/\"a\"")).for_range(), None);
        assert_eq!(with(None).for_range(), Some("Mon, 01 Jan 2024 00:00:00 GMT"));
        assert_eq!(Validators::default().for_range(), None);
    }
}
