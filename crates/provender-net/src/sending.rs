//! Bodies that are sent while they are read.

use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How much is read at once, in bytes.
const CHUNK: usize = 128 << 10;

/// How many chunks wait to be sent.
const WAITING: usize = 4;

/// Opens what is to be sent; called once for each attempt.
pub type Opener = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// What a request carries.
#[derive(Clone, Default)]
pub enum RequestBody {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// What is read while it is sent, never all of it in memory.
    Read {
        /// How many bytes are sent; a reader that ends earlier fails the request.
        length: u64,
        /// Opens the reader, at the first byte that is sent.
        open: Opener,
    },
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Read { length, .. } => write!(f, "Read({length})"),
        }
    }
}

impl From<Vec<u8>> for RequestBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl RequestBody {
    /// Begins one attempt to send it.
    pub(crate) fn start(&self) -> (reqwest::Body, Watch) {
        let watch = Watch::default();
        let body = match self {
            Self::Empty => reqwest::Body::default(),
            Self::Bytes(bytes) => bytes.clone().into(),
            Self::Read { length, open } => {
                let (sender, chunks) = channel(WAITING);
                let (open, length) = (Arc::clone(open), *length);
                // Ends when all is read, or when the request is over and takes no more.
                tokio::task::spawn_blocking(move || feed(&open, length, &sender));
                reqwest::Body::wrap(Sent { chunks, left: length, watch: watch.clone() })
            }
        };
        (body, watch)
    }
}

/// How far a body is sent, and why no further.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    sent: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Watch {
    /// What the reader failed with.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for an answer for as long as something is sent, and then for `silence`; none if that was
    /// too short.
    pub(crate) async fn patiently<T>(
        &self,
        silence: Duration,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::pin!(answer);
        let mut before = 0;
        loop {
            if let Ok(answer) = tokio::time::timeout(silence, &mut answer).await {
                return Some(answer);
            }
            let sent = self.0.sent.load(Ordering::Relaxed);
            if sent == before {
                return None;
            }
            before = sent;
        }
    }
}

struct Sent {
    chunks: Receiver<io::Result<Bytes>>,
    left: u64,
    watch: Watch,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.chunks.poll_recv(context)) {
            Some(Ok(chunk)) => {
                let length = chunk.len() as u64;
                self.left = self.left.saturating_sub(length);
                self.watch.0.sent.fetch_add(length, Ordering::Relaxed);
                Some(Ok(Frame::data(chunk)))
            }
            Some(Err(error)) => {
                let kind = error.kind();
                let mut failure =
                    self.watch.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(error);
                Some(Err(kind.into()))
            }
            None => Some(Err(io::ErrorKind::BrokenPipe.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reads `length` bytes and hands them over, until nobody takes them any more.
fn feed(open: &Opener, length: u64, sender: &Sender<io::Result<Bytes>>) {
    if let Err(error) = read_into(open, length, sender) {
        // Nobody to tell means that nobody waits.
        let _ = sender.blocking_send(Err(error));
    }
}

fn read_into(open: &Opener, length: u64, sender: &Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut reader = open()?;
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = Vec::with_capacity(most);
        let read = reader.by_ref().take(most as u64).read_to_end(&mut chunk)?;
        if read == 0 {
            let said = format!("it ended {left} bytes before the announced {length}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, said));
        }
        left -= read as u64;
        if sender.blocking_send(Ok(chunk.into())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_still_sends_is_waited_for_and_who_does_not_is_left() {
        let watch = Watch::default();
        let mut polled = 0;
        // Each time it is looked at something was sent, and only the tenth time there is an answer.
        let sending = std::future::poll_fn(|context| {
            polled += 1;
            if polled == 10 {
                return Poll::Ready("an answer");
            }
            watch.0.sent.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!(watch.patiently(Duration::ZERO, sending).await, Some("an answer"));
        let silent = std::future::pending::<()>();
        assert_eq!(Watch::default().patiently(Duration::ZERO, silent).await, None);
    }
}
