//! Archives that are compressed as a whole.

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::range::Range;
use crate::image::{BUFFER, LayerRead, decompress};
use crate::{Compression, ImageError};

/// How a file is compressed, told by the bytes it begins with.
///
/// # Errors
///
/// [`ImageError::Malformed`] for compressions that are not read, by name.
pub(super) fn compression(file: &File, place: &str) -> Result<Compression, ImageError> {
    let mut first = Vec::new();
    let read = Range::new(file, 0, 6).read_to_end(&mut first);
    read.map_err(|error| ImageError::io(place, error))?;
    let name = match first.get(..) {
        Some([0x1f, 0x8b, ..]) => return Ok(Compression::Gzip),
        Some([0x28, 0xb5, 0x2f, 0xfd, ..]) => return Ok(Compression::Zstd),
        Some([0xfd, b'7', b'z', b'X', b'Z', 0]) => "xz",
        Some([b'B', b'Z', b'h', ..]) => "bzip2",
        _ => return Ok(Compression::None),
    };
    Err(ImageError::Malformed {
        what: "archive",
        reason: format!("is compressed with {name}; only gzip and Zstandard are read"),
        place: place.to_owned(),
    })
}

/// Reads a file decompressed, up to what an honest archive of its size holds.
///
/// The bound grows with the file: root file systems shrink to a third or so, runs of zeros to a
/// thousandth, and a bomb to less.
pub(super) fn decompressed<'a>(
    compression: Compression,
    file: impl Read + Send + 'a,
    size: u64,
) -> io::Result<Bounded<LayerRead<'a>>> {
    let limit = (size.saturating_mul(128)).saturating_add(64 << 20);
    let inner = decompress(compression, BufReader::with_capacity(BUFFER, file))?;
    Ok(Bounded { inner, left: limit, limit })
}

/// A reader that fails where there is more than was allowed.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

/// More came out of an archive than was allowed: the error inside the reader's.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {0} bytes")]
pub(super) struct TooMuch(pub(super) u64);

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(TooMuch(self.limit))),
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_bomb_ends_at_its_bound() {
        let zeros = io::repeat(0).take(128 << 20);
        let bomb = zstd::encode_all(zeros, 1).unwrap();
        let size = bomb.len() as u64;
        let mut reader = decompressed(Compression::Zstd, &bomb[..], size).unwrap();
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert!(error.get_ref().is_some_and(|inner| inner.is::<TooMuch>()), "{error}");
    }

    #[test]
    fn a_compression_that_is_not_read_is_named() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"\xfd7zXZ\0...").unwrap();
        let error = compression(&file, "base.tar.xz").unwrap_err().to_string();
        assert_eq!(
            error,
            "base.tar.xz: archive is compressed with xz; only gzip and Zstandard are read"
        );
    }
}
