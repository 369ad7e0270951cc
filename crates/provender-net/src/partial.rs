//! A file that is not all there yet.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use provender_core::Sha256;
use sha2::Digest;
use tempfile::NamedTempFile;

use crate::error::NetError;

/// How many bytes of a file's beginning are kept for telling what it is.
const START: usize = 512;

/// What has arrived so far, in a temporary file beside its target. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Partial {
    file: NamedTempFile,
    target: PathBuf,
    content: Content,
}

/// What is known of the bytes that were written.
#[derive(Debug, Default)]
pub(crate) struct Content {
    hasher: sha2::Sha256,
    start: Vec<u8>,
    length: u64,
}

impl Content {
    fn write(&mut self, out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        out.write_all(bytes)?;
        self.hasher.update(bytes);
        let missing = START.saturating_sub(self.start.len()).min(bytes.len());
        self.start.extend_from_slice(&bytes[..missing]);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// A file that is whole, durable and in its place.
pub(crate) struct Placed {
    pub(crate) bytes: u64,
    pub(crate) start: Vec<u8>,
}

impl Partial {
    pub(crate) fn beside(target: &Path) -> Result<Self, NetError> {
        let folder = folder_of(target);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What any new file gets; the process's umask narrows it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(io_error("create a file in", folder))?;
        Ok(Self { file, target: target.to_owned(), content: Content::default() })
    }

    /// How many bytes are there.
    pub(crate) fn length(&self) -> u64 {
        self.content.length
    }

    /// The first bytes.
    pub(crate) fn start(&self) -> &[u8] {
        &self.content.start
    }

    /// The digest of what is there.
    pub(crate) fn sha256(&self) -> Sha256 {
        Sha256::from_bytes(self.content.hasher.clone().finalize().into())
    }

    /// Adds bytes. Written at once: chunks are small and the disk's cache is fast, so handing each
    /// one to another thread would cost more than it saves.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), NetError> {
        let written = self.content.write(self.file.as_file_mut(), bytes);
        written.map_err(io_error("write", &self.target))
    }

    /// Forgets what is there.
    pub(crate) fn restart(&mut self) -> Result<(), NetError> {
        self.content = Content::default();
        let file = self.file.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(io_error("write", &self.target))
    }

    /// Makes the file durable and puts it in its place, replacing what was there.
    pub(crate) async fn place(self) -> Result<Placed, NetError> {
        let Self { file, target, content } = self;
        let name = target.clone();
        let placed = tokio::task::spawn_blocking(move || {
            file.as_file().sync_all().map_err(io_error("write", &target))?;
            file.persist(&target).map_err(|error| io_error("write", &target)(error.error))?;
            sync_folder(folder_of(&target))
        });
        placed.await.unwrap_or_else(|error| Err(io_error("write", &name)(error.into())))?;
        Ok(Placed { bytes: content.length, start: content.start })
    }
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the new name durable too. Windows has no such call and needs none.
fn sync_folder(folder: &Path) -> Result<(), NetError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error("write", folder))?;
    }
    Ok(())
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> NetError + use<> {
    let path = path.to_owned();
    move |error| NetError::Io { action, path, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_known_as_one() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = Content::default().write(&mut full, b"abc").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let error = io_error("write", Path::new("osv.zip"))(error);
        assert!(error.hint().unwrap().contains("disk is full"));
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_it() {
        let error = Partial::beside(Path::new("no/such/folder/file")).unwrap_err();
        assert!(error.to_string().contains("`no/such/folder`"), "{error}");
    }

    #[test]
    fn a_restart_forgets_everything() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::beside(&folder.path().join("f")).unwrap();
        partial.write(b"wrong").unwrap();
        partial.restart().unwrap();
        partial.write(b"ok").unwrap();
        assert_eq!((partial.length(), partial.start()), (2, &b"ok"[..]));
        assert_eq!(std::fs::read(partial.file.path()).unwrap(), b"ok");
    }
}
