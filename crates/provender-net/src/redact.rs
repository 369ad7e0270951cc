//! Showing URLs and foreign messages without the secrets they may carry.

use std::fmt;

use url::{Position, Url};

/// What stands where a secret stood.
const HIDDEN: &str = "****";

/// The URL as it may be shown: without user name, password, query values and fragment.
///
/// A user name alone can be a token, and the query of a signed URL is its signature, so neither is
/// ever shown.
pub fn redact(url: &Url) -> String {
    if !url.has_authority() {
        return format!("{}:{}", url.scheme(), url.path());
    }
    let userinfo = if url.username().is_empty() && url.password().is_none() {
        String::new()
    } else {
        format!("{HIDDEN}@")
    };
    let query = url.query().map(|_| format!("?{HIDDEN}")).unwrap_or_default();
    let place = &url[Position::BeforeHost..Position::AfterPath];
    format!("{}://{userinfo}{place}{query}", url.scheme())
}

/// A message made elsewhere, with every URL in it redacted and control characters made visible.
pub fn redact_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme_end) = rest.find("://") {
        let (before, after) = rest.split_at(scheme_end + 3);
        shown.push_str(before);
        let url_end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ')'))
            .unwrap_or(after.len());
        let (url, tail) = after.split_at(url_end);
        let authority_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(authority_end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                shown.push_str(HIDDEN);
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        match path.split_once('?') {
            Some((path, _)) => {
                shown.push_str(path);
                shown.push('?');
                shown.push_str(HIDDEN);
            }
            None => shown.push_str(path),
        }
        rest = tail;
    }
    shown.push_str(rest);
    printable(&shown)
}

/// Text from a server, fit for a terminal: control characters could move the cursor or set colours.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A URL that can be shown anywhere; what errors carry.
#[derive(Clone, PartialEq, Eq)]
pub struct RedactedUrl {
    text: String,
    host: String,
}

impl RedactedUrl {
    /// The host of the URL without brackets; empty if it has none.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl From<&Url> for RedactedUrl {
    fn from(url: &Url) -> Self {
        Self { text: redact(url), host: host_of(url) }
    }
}

impl fmt::Display for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// The host of a URL as TLS names it: lower case, IPv6 without brackets.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("https://index.example/simple/", "https://index.example/simple/"),
            ("https://user:pw@index.example:8443/a", "https://****@index.example:8443/a"),
            ("https://token@index.example/", "https://****@index.example/"),
            ("https://s3.example/f?X-Sig=abc#frag", "https://s3.example/f?****"),
            ("file:///srv/dump.zip", "file:///srv/dump.zip"),
        ] {
            assert_eq!(redact(&url.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_foreign_message_is_shown_without_its_secrets() {
        assert_eq!(
            redact_text("for url (https://u:p@h.example/x?sig=1) via http://t@p.example:1, no"),
            "for url (https://****@h.example/x?****) via http://****@p.example:1, no"
        );
        assert_eq!(redact_text("p@ss is no url"), "p@ss is no url");
        assert_eq!(redact_text("red \x1b[31m"), "red \u{fffd}[31m");
    }

    #[test]
    fn a_redacted_url_hides_its_secret_in_debug_too() {
        let url: Url = "https://u:secret@[::1]:8/".parse().unwrap();
        let redacted = RedactedUrl::from(&url);
        assert!(!format!("{redacted:?} {redacted}").contains("secret"));
        assert_eq!(redacted.host(), "::1");
    }
}
