//! Why nothing was exported.

use std::io;
use std::path::{Path, PathBuf};

use provender_store::{BlobError, DatabaseError};

use crate::stock::StockError;

/// Why a tree could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder holds something, and it is no earlier export.
    #[error("{} is not empty and holds no earlier export", .dir.display())]
    NotAnExport {
        /// The folder.
        dir: PathBuf,
    },
    /// Another export writes into the folder.
    #[error("another export is writing into {}", .dir.display())]
    Busy {
        /// The folder.
        dir: PathBuf,
    },
    /// Something in the folder could not be read or written.
    #[error("cannot write {}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The database gave no answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The blobs could not be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// What is stocked could not be looked at.
    #[error(transparent)]
    Stock(#[from] StockError),
}

impl ExportError {
    /// What to do about it, where something can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotAnExport { .. } => {
                Some("name a new or empty folder; what is in this one would be lost")
            }
            Self::Busy { .. } => Some("wait for it to end, or name another folder"),
            _ => None,
        }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
