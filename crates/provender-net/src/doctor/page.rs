//! Answers that are not what was asked for: pages of portals and of blocking proxies.

use jiff::Timestamp;

use crate::redact::printable;

/// The start of an HTTP/1 answer, read leniently: who answers in another's place need not be exact.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) status: u16,
    /// The status line and the headers.
    pub(super) head: String,
    head_bytes: usize,
    body: String,
}

impl Page {
    /// Reads an answer whose head is complete; none if it is not, or is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        const END: &[u8] = b"\r\n\r\n";
        if !bytes.starts_with(b"HTTP/1.") {
            return None;
        }
        let end = bytes.windows(END.len()).position(|window| window == END)?;
        let head_bytes = end + END.len();
        let (head, body) = bytes.split_at(head_bytes);
        let head = String::from_utf8_lossy(head).into_owned();
        let status = head.split(' ').nth(1)?.get(..3)?.parse().ok()?;
        let text = String::from_utf8_lossy(body).into_owned();
        Some(Self { status, head, head_bytes, body: text })
    }

    /// A header's value.
    pub(super) fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }

    /// The sender's time (RFC 9110, section 6.6.1).
    pub(super) fn date(&self) -> Option<Timestamp> {
        self.header("date").and_then(date)
    }

    /// What a page calls itself.
    pub(super) fn title(&self) -> Option<String> {
        title(&self.body)
    }

    /// Whether all of the body that was announced is in `answer`.
    pub(super) fn is_whole(&self, answer: &[u8]) -> bool {
        let announced = self.header("content-length").and_then(|length| length.parse().ok());
        let there = answer.len().saturating_sub(self.head_bytes);
        announced.is_some_and(|announced: usize| there >= announced)
    }
}

/// A date as HTTP writes it.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(value).ok().map(|date| date.timestamp())
}

/// What an HTML page calls itself, fit for a terminal.
pub(super) fn title(html: &str) -> Option<String> {
    const SHOWN: usize = 80;
    let start = find(html, "<title")?;
    let open = html.get(start..)?.find('>')? + start + 1;
    let rest = html.get(open..)?;
    let end = find(rest, "</title").unwrap_or(rest.len());
    let words: Vec<&str> = rest.get(..end)?.split_whitespace().collect();
    let title: String = printable(&words.join(" ")).chars().take(SHOWN).collect();
    (!title.is_empty()).then_some(title)
}

/// Where a lower-case ASCII text stands in an HTML page, whatever its case there.
fn find(html: &str, wanted: &str) -> Option<usize> {
    let bytes = html.as_bytes().windows(wanted.len());
    bytes.into_iter().position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Whether an HTML page is one of the simple API: a list of links whose texts are names of projects
/// or files (PEP 503), or one that says so itself (PEP 629).
///
/// Pages for people have forms, scripts and sentences as links; a list of links has none.
pub(super) fn is_index(html: &str) -> bool {
    if find(html, "pypi:repository-version").is_some() {
        return true;
    }
    let for_people = ["<form", "<script", "<input", "<iframe", "http-equiv=\"refresh"];
    if for_people.iter().any(|element| find(html, element).is_some()) {
        return false;
    }
    let mut links = 0_usize;
    let mut rest = html;
    while let Some(start) = find(rest, "<a ") {
        let Some(tail) = rest.get(start..) else { break };
        let Some(open) = tail.find('>') else { break };
        let (tag, text) = tail.split_at(open);
        let text = text.get(1..).unwrap_or_default();
        let end = text.find('<').unwrap_or(text.len());
        let (text, after) = text.split_at(end);
        if !is_link_of_index(tag, text.trim()) {
            return false;
        }
        links += 1;
        rest = after;
    }
    // An index without projects has nothing but its title.
    let titled = title(html).is_some_and(|title| {
        let title = title.to_ascii_lowercase();
        ["simple", "links for", "index of"].iter().any(|known| title.contains(known))
    });
    links > 0 || titled
}

/// Whether a link's text is one word that its target ends with, as names are normalized (PEP 503).
fn is_link_of_index(tag: &str, text: &str) -> bool {
    let plain = |text: &str| {
        let kept = text.chars().filter(char::is_ascii_alphanumeric);
        kept.collect::<String>().to_ascii_lowercase()
    };
    let target = tag.split(['?', '#']).next().unwrap_or_default();
    let text = text.trim_end_matches('/');
    // The link upwards of a folder's listing.
    text == ".."
        || (!text.is_empty()
            && !text.contains(char::is_whitespace)
            && plain(target).contains(&plain(text))
            && !tag.to_ascii_lowercase().contains("mailto:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_title() {
        let html = "<HTML><head><Title class=x>\n Web  page\u{1b} blocked </TITLE>";
        assert_eq!(title(html).as_deref(), Some("Web page\u{fffd} blocked"));
        assert_eq!(title("<p>none</p>"), None);
    }

    #[test]
    fn an_index_is_a_list_of_names() {
        for page in [
            "<!DOCTYPE html><title>Simple index</title><a href=\"/simple/my-app/\">My.App</a>",
            "<a href=\"my_app-1.0-py3-none-any.whl#sha256=00\">my_app-1.0-py3-none-any.whl</a>",
            "<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"></head></html>",
            "<html><title>Links for nothing</title></html>",
            "<title>Index of /simple</title><a href=\"../\">../</a><a href=\"app/\">app/</a>",
        ] {
            assert!(is_index(page), "{page}");
        }
    }

    #[test]
    fn a_page_for_people_is_no_index() {
        for page in [
            "<title>Sign in</title><form action=/login><input name=user></form>",
            "<title>Blocked</title>Ask <a href=\"mailto:help@corp.example\">help</a>",
            "<title>Blocked</title><a href=\"/policy\">Read the policy</a>",
            "<title>Access denied</title><p>no</p>",
            "<html><script>location = 'https://portal.example'</script></html>",
        ] {
            assert!(!is_index(page), "{page}");
        }
    }

    #[test]
    fn an_answer_is_read_when_its_head_is_complete() {
        assert!(Page::parse(b"HTTP/1.1 200 OK\r\nDate: x").is_none());
        assert!(Page::parse(b"SSH-2.0-x\r\n\r\n").is_none());
        let page = Page::parse(
            b"HTTP/1.0 403 No\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 3\r\n\r\nabc",
        )
        .unwrap();
        assert_eq!((page.status, page.header("content-length")), (403, Some("3")));
        assert_eq!(page.date(), "2024-01-01T00:00:00Z".parse().ok());
    }
}
