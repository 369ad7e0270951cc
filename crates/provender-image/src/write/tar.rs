//! The tar archives that are written: nothing in them but names, sizes and bytes.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use ::tar::{EntryType, Header};

use super::file::copy;
use super::{BuiltBlob, WriteError};

/// The block of which an archive is made, in bytes.
const BLOCK: u64 = 512;

/// Writes members: owned by root, with no time.
pub(super) struct TarWriter<'p, W> {
    inner: W,
    path: &'p Path,
}

impl<'p, W: Write + Seek> TarWriter<'p, W> {
    /// Writes to `inner`, which people know as `path`.
    pub(super) fn new(inner: W, path: &'p Path) -> Self {
        Self { inner, path }
    }

    /// Adds a folder.
    pub(super) fn folder(&mut self, name: &str) -> Result<(), WriteError> {
        self.header(&format!("{name}/"), EntryType::Directory, 0)
    }

    /// Adds a file of these bytes.
    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let size = bytes.len() as u64;
        self.header(name, EntryType::Regular, size)?;
        self.inner.write_all(bytes).map_err(self.io())?;
        self.pad(size)
    }

    /// Adds a blob as it is.
    pub(super) fn blob(&mut self, name: &str, blob: &BuiltBlob) -> Result<(), WriteError> {
        self.header(name, EntryType::Regular, blob.descriptor.size)?;
        let size = copy(blob, blob.reader()?, &mut self.inner, self.path)?;
        self.pad(size)
    }

    /// Adds what comes out of a reader of a blob, however much it is.
    pub(super) fn unpacked(
        &mut self,
        name: &str,
        blob: &BuiltBlob,
        reader: impl io::Read,
    ) -> Result<(), WriteError> {
        let start = self.inner.stream_position().map_err(self.io())?;
        self.header(name, EntryType::Regular, 0)?;
        let size = copy(blob, reader, &mut self.inner, self.path)?;
        self.pad(size)?;
        let end = self.inner.stream_position().map_err(self.io())?;
        self.inner.seek(SeekFrom::Start(start)).map_err(self.io())?;
        self.header(name, EntryType::Regular, size)?;
        self.inner.seek(SeekFrom::Start(end)).map_err(self.io())?;
        Ok(())
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        self.inner.write_all(&[0; 2 * BLOCK as usize]).map_err(self.io())?;
        self.inner.flush().map_err(self.io())
    }

    fn header(&mut self, name: &str, kind: EntryType, size: u64) -> Result<(), WriteError> {
        let mut header = Header::new_ustar();
        header.set_path(name).map_err(self.io())?;
        header.set_entry_type(kind);
        header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.inner.write_all(header.as_bytes()).map_err(self.io())
    }

    fn pad(&mut self, size: u64) -> Result<(), WriteError> {
        let zeros = [0; BLOCK as usize];
        let padding = usize::try_from(size.wrapping_neg() % BLOCK).unwrap_or_default();
        self.inner.write_all(zeros.get(..padding).unwrap_or_default()).map_err(self.io())
    }

    fn io(&self) -> impl FnOnce(io::Error) -> WriteError + use<'p, W> {
        WriteError::io(self.path)
    }
}
