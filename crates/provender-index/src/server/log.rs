//! What a request came to, told when its answer has gone out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;

use super::body::Counted;

/// Who is told of every request.
pub trait RequestLog: Send + Sync {
    /// Called once for each request when its answer has gone out, or its client has gone. It must
    /// not wait.
    fn request(&self, line: &RequestLine);
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// What the store has.
    Store,
    /// An upstream was needed for it: its page, remembered or not, or its file.
    Upstream,
    /// Neither: a redirect, a refusal, an error of the request.
    None,
}

impl Source {
    /// As it is logged: `store`, `upstream`, `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Upstream => "upstream",
            Self::None => "none",
        }
    }
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// Who asked; the last proxy, if there is one. None if the connection did not say.
    pub client: Option<SocketAddr>,
    /// `GET` or `HEAD`, or what is refused.
    pub method: String,
    /// The path as it came, percent-encoded, without the query.
    pub path: String,
    /// The status.
    pub status: u16,
    /// How many bytes of the body were handed to the connection.
    pub bytes: u64,
    /// Whether that was all of it. If not, the client left, or the answer was broken off.
    pub complete: bool,
    /// From the request's head to the end of the answer.
    pub duration: Duration,
    /// Where the answer came from.
    pub source: Source,
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Has the answer of every request logged at its end.
pub(super) async fn log_request(
    State(log): State<Arc<dyn RequestLog>>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let head = request.method() == Method::HEAD;
    let mut line = RequestLine {
        client: request.extensions().get::<Peer>().map(|peer| peer.0),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        status: 0,
        bytes: 0,
        complete: false,
        duration: Duration::ZERO,
        source: Source::None,
    };
    let response = next.run(request).await;
    line.status = response.status().as_u16();
    line.source = response.extensions().get().copied().unwrap_or(Source::None);
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    response.map(|body| {
        axum::body::Body::new(Counted::new(body, length, head, move |bytes, complete| {
            line.bytes = bytes;
            line.complete = complete;
            line.duration = begun.elapsed();
            log.request(&line);
        }))
    })
}
