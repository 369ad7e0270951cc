//! The bytes of an image, wherever they are.

use std::fmt::Debug;
use std::io::{self, Read};

use crate::hashing::Hashing;
use crate::{Descriptor, Digest, ImageError};

/// The longest manifest, index or configuration that is read: four times what registries accept.
pub const MAX_DOCUMENT: u64 = 16 << 20;

/// A blob that is being read from its first byte.
pub type BlobRead<'a> = Box<dyn Read + Send + 'a>;

/// Where the manifests, configurations and layers of an image are.
pub trait Blobs: Send + Sync + Debug {
    /// Opens a blob. What is read is not verified: use [`reader`](Self::reader).
    ///
    /// # Errors
    ///
    /// [`ImageError::Missing`] where it is not there, [`ImageError::Io`] where it cannot be opened.
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError>;

    /// Whether it is there; it may still be damaged.
    fn holds(&self, digest: &Digest) -> bool;

    /// How the place is named to people.
    fn place(&self) -> String;

    /// Opens a blob for reading. The reader fails at the end, or as soon as there is more than
    /// there should be, where the bytes are not those of the descriptor.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    fn reader<'a>(
        &'a self,
        descriptor: &Descriptor,
    ) -> Result<VerifyingReader<BlobRead<'a>>, ImageError> {
        let inner = self.open(&descriptor.digest)?;
        Ok(VerifyingReader::new(inner, descriptor.digest, Some(descriptor.size)))
    }

    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`ImageError::TooLarge`] above [`MAX_DOCUMENT`],
    /// [`ImageError::Corrupt`] where its bytes are not those of the descriptor.
    fn document(&self, what: &'static str, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if descriptor.size > MAX_DOCUMENT {
            return Err(ImageError::TooLarge { what, limit: MAX_DOCUMENT, place: self.place() });
        }
        let mut bytes = Vec::new();
        let read = self.reader(descriptor)?.read_to_end(&mut bytes);
        read.map_err(|error| blob_error(error, &descriptor.digest, self.place()))?;
        Ok(bytes)
    }
}

/// What a failed read of a blob means.
pub(crate) fn blob_error(error: io::Error, digest: &Digest, place: String) -> ImageError {
    if error.get_ref().is_some_and(|inner| inner.is::<NotPromised>()) {
        return ImageError::Corrupt { digest: *digest, found: error.to_string(), place };
    }
    ImageError::io(format!("{place}: {digest}"), error)
}

/// The bytes were not those that were promised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPromised {
    /// Another digest.
    #[error("they hash to {0}")]
    Digest(Digest),
    /// Another length.
    #[error("there are {found} of {expected} bytes")]
    Short {
        /// How many there should be.
        expected: u64,
        /// How many there were.
        found: u64,
    },
    /// More than there should be.
    #[error("there are more than {0} bytes")]
    Long(u64),
}

/// Reads what was promised, or fails.
///
/// The last bytes come before the verdict: nothing that was read counts before the reader has
/// returned 0.
#[derive(Debug)]
pub struct VerifyingReader<R> {
    inner: R,
    hashing: Option<Hashing>,
    expected: Digest,
    size: Option<u64>,
    read: u64,
}

impl<R: Read> VerifyingReader<R> {
    /// A reader of bytes that hash to `expected`, exactly `size` of them where that is known.
    pub fn new(inner: R, expected: Digest, size: Option<u64>) -> Self {
        Self { inner, hashing: Some(Hashing::new()), expected, size, read: 0 }
    }

    /// Reads what is left, so that it is verified.
    ///
    /// # Errors
    ///
    /// A read that failed, or [`NotPromised`] as the inner error.
    pub fn finish(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(|_| ())
    }

    fn verdict(&mut self) -> Result<(), NotPromised> {
        let Some(hashing) = self.hashing.take() else { return Ok(()) };
        if let Some(expected) = self.size.filter(|size| self.read < *size) {
            return Err(NotPromised::Short { expected, found: self.read });
        }
        let found = hashing.finish();
        if found == self.expected { Ok(()) } else { Err(NotPromised::Digest(found)) }
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        if count == 0 {
            return self.verdict().map(|()| 0).map_err(io::Error::other);
        }
        self.read += count as u64;
        if let Some(size) = self.size.filter(|size| self.read > *size) {
            return Err(io::Error::other(NotPromised::Long(size)));
        }
        if let (Some(hashing), Some(bytes)) = (&mut self.hashing, buffer.get(..count)) {
            hashing.update(bytes);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], promised: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let digest = Digest::of(promised);
        VerifyingReader::new(bytes, digest, Some(promised.len() as u64)).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn what_was_promised_is_read() {
        assert_eq!(read(b"abc", b"abc").unwrap(), b"abc");
        assert_eq!(read(b"", b"").unwrap(), b"");
    }

    #[test]
    fn other_shorter_and_longer_bytes_fail() {
        for (bytes, said) in [(&b"abd"[..], "hash to"), (b"ab", "2 of 3"), (b"abcd", "more than 3")]
        {
            let error = read(bytes, b"abc").unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
