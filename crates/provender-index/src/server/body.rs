//! Bodies: of files in the store, of files that are arriving, and counted for the log.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::{Frame, SizeHint};
use provender_store::BlobReader;
use tokio::io::AsyncReadExt as _;

use crate::transfer::{Tail, TransferError};

/// How many bytes of a file are read at once. One client holds as many in memory.
const CHUNK: usize = 256 * 1024;

/// What a reader reads. What fits into one chunk is read before the answer begins.
///
/// # Errors
///
/// When that cannot be read. Of a longer file that cannot be read to its end, the answer breaks off.
pub(super) async fn of_blob(mut reader: BlobReader) -> io::Result<Body> {
    let length = reader.range().end - reader.range().start;
    let first = chunk(&mut reader, length).await?;
    let rest = length - first.len() as u64;
    if rest == 0 {
        return Ok(Body::from(first));
    }
    let state = (reader, rest, Some(first));
    Ok(Body::from_stream(stream::try_unfold(state, |(mut reader, rest, first)| async move {
        if let Some(first) = first {
            return Ok(Some((first, (reader, rest, None))));
        }
        if rest == 0 {
            return Ok(None);
        }
        let bytes = chunk(&mut reader, rest).await?;
        let rest = rest - bytes.len() as u64;
        Ok::<_, io::Error>(Some((bytes, (reader, rest, None))))
    })))
}

/// The next bytes of so many that are left.
async fn chunk(reader: &mut BlobReader, left: u64) -> io::Result<Bytes> {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
    let mut bytes = BytesMut::with_capacity(length);
    while bytes.len() < length {
        // The capacity may be more than was asked for.
        let missing = (length - bytes.len()) as u64;
        if (&mut *reader).take(missing).read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes.freeze())
}

/// A file while it arrives. If the transfer fails, the answer breaks off before its end.
pub(super) fn of_tail(tail: Tail) -> Body {
    Body::from_stream(stream::try_unfold(tail, |mut tail| async move {
        let chunk = tail.chunk().await?;
        Ok::<_, TransferError>(chunk.map(|chunk| (chunk, tail)))
    }))
}

/// A body that tells at its end how many bytes went out, and whether that was all.
pub(super) struct Counted<F: FnOnce(u64, bool)> {
    body: Body,
    bytes: u64,
    /// What the head announces.
    length: Option<u64>,
    complete: bool,
    tell: Option<F>,
}

impl<F: FnOnce(u64, bool)> Counted<F> {
    /// A body of the length that the head announces, if it does; `head` says that the head is all
    /// that is sent.
    pub(super) fn new(body: Body, length: Option<u64>, head: bool, tell: F) -> Self {
        let complete = head || body.is_end_stream();
        Self { body, bytes: 0, length, complete, tell: Some(tell) }
    }
}

impl<F: FnOnce(u64, bool) + Unpin> HttpBody for Counted<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                // Of a body whose length was announced the end is not asked for.
                self.complete = self.body.is_end_stream() || Some(self.bytes) == self.length;
            }
            Some(Err(_)) => self.complete = false,
            None => self.complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<F: FnOnce(u64, bool)> Drop for Counted<F> {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(self.bytes, self.complete);
        }
    }
}
