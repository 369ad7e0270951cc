//! Requests and replies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A request as the server read it, and what it answered.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `HEAD`, `POST` ...
    pub method: String,
    /// The path, still percent-encoded, without the query.
    pub path: String,
    /// The query, without `?`; empty if there was none.
    pub query: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body, if a `Content-Length` announced one.
    pub body: Vec<u8>,
    /// The status it was answered with; `None` if it got no complete answer.
    pub status: Option<u16>,
}

impl Request {
    /// The value of the header `name` (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What a server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ends in its place.
    pub(crate) hangs_up: bool,
}

impl Reply {
    /// No answer: the connection ends when the whole request was read.
    pub fn hang_up() -> Self {
        Self { hangs_up: true, ..Self::status(500) }
    }

    /// An answer with a body of `content_type`.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), hangs_up: false }
            .header("Content-Type", content_type)
    }

    /// An answer with a status only.
    pub fn status(status: u16) -> Self {
        Self::new(status, "text/plain", reason(status))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The part of a complete answer that the request's `Range` header asks for (RFC 9110, section 14), if it asks. To a
    /// client that holds part of another version, by `If-Range`, it is the whole.
    #[must_use]
    pub fn ranged(self, request: &Request) -> Self {
        if self.status != 200 {
            return self;
        }
        let etag =
            self.headers.iter().find(|(name, _)| name == "ETag").map(|(_, value)| value.clone());
        let same = request.header("if-range").is_none_or(|known| etag.as_deref() == Some(known));
        let reply = self.header("Accept-Ranges", "bytes");
        let range = request.header("range").and_then(|value| value.strip_prefix("bytes="));
        let Some(range) = range.filter(|_| same) else {
            return reply;
        };
        let len = reply.body.len();
        match parse_range(range, len) {
            Some((start, end)) => Self {
                status: 206,
                body: reply.body[start..end].to_vec(),
                ..reply.header("Content-Range", &format!("bytes {start}-{}/{len}", end - 1))
            },
            None => Self::status(416).header("Content-Range", &format!("bytes */{len}")),
        }
    }

    /// `304 Not Modified` if the request names `etag` already, else this answer with that `ETag` (RFC 9110, section 13).
    #[must_use]
    pub fn tagged(self, request: &Request, etag: &str) -> Self {
        let known = request.header("if-none-match").is_some_and(|tags| {
            tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
        });
        if known {
            let unchanged = Self { status: 304, headers: Vec::new(), ..Self::status(304) };
            return Self { body: Vec::new(), ..unchanged }.header("ETag", etag);
        }
        self.header("ETag", etag)
    }

    /// The head on the wire. A `304` has no body and hence no length.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head
    }
}

/// The value of an `Authorization` or `Proxy-Authorization` header.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// `first-last`, `first-` or `-suffix` as a half-open range; `None` if it cannot be satisfied.
fn parse_range(range: &str, len: usize) -> Option<(usize, usize)> {
    let (first, last) = range.split_once('-')?;
    let (start, end) = match (first, last) {
        ("", suffix) => (len.saturating_sub(suffix.parse().ok()?), len),
        (first, "") => (first.parse().ok()?, len),
        (first, last) => {
            (first.parse().ok()?, last.parse::<usize>().ok()?.saturating_add(1).min(len))
        }
    };
    (start < end).then_some((start, end))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
