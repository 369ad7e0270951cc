//! Part of a file, read where it stands, by as many threads at once as like to.

use std::fs::File;
use std::io::{self, Read};

/// A reader that can pass over bytes that nobody wants.
pub(super) trait Forward: Read {
    /// Passes over exactly this many bytes; fails with `UnexpectedEof` where there are fewer.
    fn pass(&mut self, count: u64) -> io::Result<()>;
}

/// Bytes of a file, from one position to another. The file's own position is neither used nor
/// relied upon.
#[derive(Debug)]
pub(super) struct Range<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl<'a> Range<'a> {
    /// The `size` bytes from `offset` on.
    pub(super) fn new(file: &'a File, offset: u64, size: u64) -> Self {
        Self { file, at: offset, end: offset.saturating_add(size) }
    }
}

impl Read for Range<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let count = read_at(self.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Forward for Range<'_> {
    fn pass(&mut self, count: u64) -> io::Result<()> {
        match self.at.checked_add(count).filter(|at| *at <= self.end) {
            Some(at) => {
                self.at = at;
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_range_ends_where_it_was_said_to_end_and_passes_no_further() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut text = String::new();
        let mut range = Range::new(&file, 2, 5);
        range.pass(1).unwrap();
        assert_eq!(range.pass(5).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        range.read_to_string(&mut text).unwrap();
        assert_eq!(text, "3456");
    }
}
