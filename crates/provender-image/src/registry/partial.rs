//! A blob that is not all there yet, kept from one run to the next.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::Digest as _;

use super::error::RegistryError;
use super::folder::BlobFolder;
use crate::{Descriptor, Digest};

/// How much is read at once, in bytes.
const CHUNK: usize = 128 << 10;

/// What has come of a blob so far. It stays when a transfer fails, so that the next one goes on.
#[derive(Debug)]
pub(super) struct Partial {
    file: File,
    path: PathBuf,
    hasher: sha2::Sha256,
    length: u64,
    /// Whether another process works on the kept file, so that this one is thrown away on failure.
    is_own: bool,
}

impl Partial {
    /// Goes on with what is there, or begins; none where another process has just put the whole blob
    /// in its place. Reads what is there: not for an asynchronous task.
    pub(super) fn of(
        folder: &BlobFolder,
        blob: &Descriptor,
    ) -> Result<Option<Self>, RegistryError> {
        let place = folder.partial();
        for needed in [&place, &folder.blobs()] {
            std::fs::create_dir_all(needed).map_err(RegistryError::io(needed))?;
        }
        let path = place.join(blob.digest.hex());
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(RegistryError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Self::own(&place).map(Some),
            // File systems without locks are used by one process at a time or not at all.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(RegistryError::io(&path)(error)),
        }
        // What was opened may have got the blob's name before it was locked.
        if folder.holds_whole(blob) {
            let _ = std::fs::remove_file(&path);
            return Ok(None);
        }
        let mut partial =
            Self { file, path, hasher: sha2::Sha256::new(), length: 0, is_own: false };
        partial.inherit(blob.size).map_err(RegistryError::io(&partial.path))?;
        Ok(Some(partial))
    }

    fn own(place: &Path) -> Result<Self, RegistryError> {
        let created = tempfile::Builder::new().prefix("another-").tempfile_in(place);
        let created = created.and_then(|file| Ok(file.keep()?));
        let (file, path) = created.map_err(RegistryError::io(place))?;
        let hasher = sha2::Sha256::new();
        Ok(Self { file, path, hasher, length: 0, is_own: true })
    }

    fn inherit(&mut self, size: u64) -> io::Result<()> {
        if self.file.metadata()?.len() > size {
            return self.restart();
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = self.file.read(&mut chunk)?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            self.hasher.update(bytes);
            self.length += read as u64;
        }
        Ok(())
    }

    /// How many bytes are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What the bytes that are there hash to.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_hasher(self.hasher.clone())
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        self.file.write_all(bytes).map_err(RegistryError::io(&self.path))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Forgets what is there.
    pub(super) fn forget(&mut self) -> Result<(), RegistryError> {
        self.restart().map_err(RegistryError::io(&self.path))
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.hasher = sha2::Sha256::new();
        self.length = 0;
        Ok(())
    }

    /// Makes it durable and gives it its name; its bytes are those of the digest. Waits for the disk:
    /// not for an asynchronous task.
    pub(super) fn place(
        mut self,
        folder: &BlobFolder,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let target = folder.path(digest);
        self.file.sync_all().map_err(RegistryError::io(&self.path))?;
        std::fs::rename(&self.path, &target).map_err(RegistryError::io(&target))?;
        self.is_own = false;
        if cfg!(unix) {
            let blobs = folder.blobs();
            let synced = File::open(&blobs).and_then(|folder| folder.sync_all());
            synced.map_err(RegistryError::io(&blobs))?;
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.is_own {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blobs as _, MediaType};

    fn blob(bytes: &[u8]) -> Descriptor {
        Descriptor::of(MediaType::new(MediaType::OCI_LAYER), bytes)
    }

    fn begin(folder: &BlobFolder, blob: &Descriptor) -> Partial {
        Partial::of(folder, blob).unwrap().unwrap()
    }

    #[test]
    fn a_later_run_goes_on_where_an_earlier_one_ended() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, blob) = (BlobFolder::new(dir.path()), blob(b"abcdef"));
        begin(&folder, &blob).write(b"abc").unwrap();
        assert!(!folder.holds(&blob.digest));
        let mut partial = begin(&folder, &blob);
        assert_eq!(partial.length(), 3);
        partial.write(b"def").unwrap();
        assert_eq!(partial.digest(), blob.digest);
        partial.place(&folder, &blob.digest).unwrap();
        assert!(folder.holds_whole(&blob));
        assert!(Partial::of(&folder, &blob).unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.partial()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_longer_than_the_blob_is_thrown_away() {
        let dir = tempfile::tempdir().unwrap();
        let folder = BlobFolder::new(dir.path());
        begin(&folder, &blob(b"abc")).write(b"abcd").unwrap();
        assert_eq!(begin(&folder, &blob(b"abc")).length(), 0);
    }

    #[test]
    fn two_at_once_do_not_write_into_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, blob) = (BlobFolder::new(dir.path()), blob(b"abc"));
        let mut first = begin(&folder, &blob);
        let mut second = begin(&folder, &blob);
        first.write(b"abc").unwrap();
        second.write(b"xyz").unwrap();
        drop(second);
        first.place(&folder, &blob.digest).unwrap();
        assert_eq!(std::fs::read(folder.path(&blob.digest)).unwrap(), b"abc");
        assert_eq!(std::fs::read_dir(folder.partial()).unwrap().count(), 0);
    }
}
