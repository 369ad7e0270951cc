//! Why a blob could not be kept or read.

use std::io;
use std::path::{Path, PathBuf};

use provender_core::Sha256;

/// Why a blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What was written is not what was promised. It is not kept.
    #[error("the file has the SHA-256 {actual} where {expected} was promised")]
    Mismatch {
        /// The digest that was promised.
        expected: Sha256,
        /// The digest of what was written.
        actual: Sha256,
    },
    /// An earlier write into this spool was given up or failed, so how much of it arrived is not
    /// known.
    #[error("an earlier write to {} did not end", path.display())]
    Unfinished {
        /// The temporary file.
        path: PathBuf,
    },
    /// The program is ending, and the work was not begun any more.
    #[error("the program is ending")]
    Stopped,
}

impl BlobError {
    /// Whether the disk, a quota or a limit on the length of a file left no room.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match self {
            Self::Write { source, .. } => {
                matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
            }
            Self::Read { .. } | Self::Mismatch { .. } | Self::Unfinished { .. } | Self::Stopped => {
                false
            }
        }
    }

    pub(crate) fn write(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn read(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.as_ref().to_owned(), source }
    }
}
