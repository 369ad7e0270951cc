//! Why a layer cannot be made.

use std::io;
use std::path::PathBuf;

/// Why a layer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A file of this machine cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path that no entry of a layer may have.
    #[error("`{path}` cannot be a path in a layer: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two entries of one path.
    #[error("two entries of the layer are named {path}")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// An entry below something that is no folder.
    #[error("{below} cannot be in the layer, because {path} is no folder")]
    NotAFolder {
        /// What is no folder.
        path: String,
        /// The entry below it.
        below: String,
    },
    /// Bytes that are not those that were promised, as when a wheel's file is not what its `RECORD`
    /// says.
    #[error("{place} is not what was promised for {entry}: {found} instead of {promised}")]
    Promise {
        /// The entry in the layer.
        entry: String,
        /// Where its bytes were read.
        place: String,
        /// A digest or a length.
        promised: String,
        /// A digest or a length.
        found: String,
    },
}

impl LayerError {
    /// Something the system said about a file.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
