//! The folder in which what was fetched is kept: `blobs/sha256/HEX`, as in an OCI layout.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::blobs::BlobRead;
use crate::{Blobs, Descriptor, Digest, ImageError, kept};

/// How long a blob is that is verified before it is relied on, in bytes.
const SMALL: u64 = 1 << 20;

/// Blobs in a folder, each under its digest. A blob has its name only when it is whole and verified;
/// what is not whole yet is in `partial/` beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFolder {
    root: PathBuf,
}

impl BlobFolder {
    /// The folder; it need not exist before something is fetched into it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a blob is, or will be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// The folder of the blobs.
    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    /// The folder of what is not whole yet.
    pub(super) fn partial(&self) -> PathBuf {
        self.root.join("partial")
    }

    /// Whether a blob is there in its whole length. It was verified before it got its name, and is
    /// again whenever it is read; a small one, such as a configuration, is verified here, so that one
    /// that was damaged since is fetched anew.
    pub(super) fn holds_whole(&self, blob: &Descriptor) -> bool {
        let path = self.path(&blob.digest);
        let metadata = std::fs::metadata(&path);
        let whole = metadata
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == blob.size)
            && (blob.size > SMALL
                || std::fs::read(&path).is_ok_and(|bytes| Digest::of(&bytes) == blob.digest));
        if whole {
            kept::used(&path);
        }
        whole
    }
}

impl Blobs for BlobFolder {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        let path = self.path(digest);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ImageError::Missing { what: "blob", digest: *digest, place: self.place() })
            }
            Err(error) => Err(ImageError::io(path, error)),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    fn place(&self) -> String {
        Path::display(&self.root).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::MediaType;

    #[test]
    fn a_blob_that_is_found_counts_as_used() {
        let dir = tempfile::tempdir().unwrap();
        let folder = BlobFolder::new(dir.path());
        let blob = Descriptor::of(MediaType::new(MediaType::OCI_LAYER), b"layer");
        let path = folder.path(&blob.digest);
        std::fs::create_dir_all(folder.blobs()).unwrap();
        std::fs::write(&path, b"layer").unwrap();
        let then = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
        File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        assert!(folder.holds_whole(&blob));
        assert!(std::fs::metadata(&path).unwrap().modified().unwrap() > then);
    }
}
