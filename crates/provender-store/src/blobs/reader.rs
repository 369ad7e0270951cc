//! Reading a blob, or a range of it.

use std::fmt;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// An open blob. It can be read to its end even if the blob is removed or replaced meanwhile.
pub struct BlobReader {
    content: Pin<Box<dyn AsyncRead + Send>>,
    size: u64,
    range: Range<u64>,
}

impl BlobReader {
    /// A reader of `range` out of a blob of `size` bytes; `content` holds just that range.
    pub fn new(content: impl AsyncRead + Send + 'static, size: u64, range: Range<u64>) -> Self {
        Self { content: Box::pin(content), size, range }
    }

    /// The part of `asked` that a blob of `size` bytes has.
    pub fn clip(asked: Option<Range<u64>>, size: u64) -> Range<u64> {
        let asked = asked.unwrap_or(0..size);
        let end = asked.end.min(size);
        asked.start.min(end)..end
    }

    /// The length of the whole blob in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Which bytes of the blob are read, counted from 0.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }
}

impl AsyncRead for BlobReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.content.as_mut().poll_read(context, buffer)
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader")
            .field("size", &self.size)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_the_end_is_left_out() {
        assert_eq!(BlobReader::clip(None, 10), 0..10);
        assert_eq!(BlobReader::clip(Some(2..5), 10), 2..5);
        assert_eq!(BlobReader::clip(Some(2..50), 10), 2..10);
        assert_eq!(BlobReader::clip(Some(20..50), 10), 10..10);
    }
}
