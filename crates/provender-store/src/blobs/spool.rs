//! A file on its way into the store.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use provender_core::Sha256;
use sha2::Digest as _;
use tempfile::{NamedTempFile, TempPath};

use super::{BlobError, blocking};

/// A temporary file that is hashed while it is written.
///
/// Dropping it removes the file. Other readers may follow the file at [`Spool::path`] while it
/// grows, but must not take what they read for true before [`Spool::finish`] said so.
#[derive(Debug)]
pub struct Spool {
    /// None after a write that failed or was given up.
    writer: Option<Writer>,
    path: TempPath,
    written: u64,
}

#[derive(Debug)]
struct Writer {
    file: File,
    hasher: sha2::Sha256,
}

impl Spool {
    /// Makes an empty file with a random name in the folder `tmp`, which must exist and be on the
    /// same file system as the blobs.
    pub async fn create(tmp: &Path) -> Result<Self, BlobError> {
        let tmp = tmp.to_owned();
        blocking(move || {
            let file = temporary(&tmp).map_err(BlobError::write(&tmp))?;
            let (file, path) = file.into_parts();
            let writer = Some(Writer { file, hasher: sha2::Sha256::new() });
            Ok(Self { writer, path, written: 0 })
        })
        .await
    }

    /// The temporary file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Appends bytes. When this returns, whoever reads the file at [`Spool::path`] sees them.
    ///
    /// # Errors
    /// After a write that failed, or whose future was dropped before it was done, nothing more can
    /// be written and the spool cannot be finished.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let mut writer = self.take_writer()?;
        let path = self.path.to_path_buf();
        let length = bytes.len() as u64;
        let bytes = bytes.to_vec();
        let writer = blocking(move || {
            writer.file.write_all(&bytes).map_err(BlobError::write(&path))?;
            writer.hasher.update(&bytes);
            Ok(writer)
        })
        .await?;
        self.writer = Some(writer);
        self.written += length;
        Ok(())
    }

    /// Puts the bytes on the disk and compares their digest with what was promised, if anything
    /// was. If it is not the same, the file is removed.
    pub async fn finish(mut self, expected: Option<Sha256>) -> Result<Spooled, BlobError> {
        let Writer { file, hasher } = self.take_writer()?;
        let actual = Sha256::from_bytes(hasher.finalize().into());
        if let Some(expected) = expected.filter(|expected| *expected != actual) {
            return Err(BlobError::Mismatch { expected, actual });
        }
        let Self { path, written: size, .. } = self;
        blocking(move || {
            file.sync_all().map_err(BlobError::write(&path))?;
            Ok(Spooled { path, sha256: actual, size })
        })
        .await
    }

    fn take_writer(&mut self) -> Result<Writer, BlobError> {
        let unfinished = || BlobError::Unfinished { path: self.path.to_path_buf() };
        self.writer.take().ok_or_else(unfinished)
    }
}

/// A finished temporary file whose digest is known. Dropping it removes the file.
#[derive(Debug)]
pub struct Spooled {
    path: TempPath,
    sha256: Sha256,
    size: u64,
}

impl Spooled {
    /// The digest of its bytes.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The temporary file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file the name `path`, replacing what has that name.
    pub(super) fn rename(self, path: &Path) -> Result<(), BlobError> {
        self.path.persist(path).map_err(|error| BlobError::write(path)(error.error))
    }
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("spool-");
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        // A data directory may be shared; the umask decides, as for any other file.
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}
