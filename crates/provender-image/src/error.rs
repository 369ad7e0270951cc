//! What can go wrong with an image's documents and bytes.

use std::io;
use std::path::PathBuf;

use crate::{Digest, MediaType};

/// Why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that the image names is not where the image is.
    #[error("{what} {digest} is not in {place}")]
    Missing {
        /// What it is: `manifest`, `configuration`, `layer`.
        what: &'static str,
        /// Its digest.
        digest: Digest,
        /// Where it was looked for.
        place: String,
    },
    /// Bytes that are not those that were promised.
    #[error("{place} holds other bytes than {digest}: {found}")]
    Corrupt {
        /// What was promised.
        digest: Digest,
        /// What was found: a digest or a length.
        found: String,
        /// Where it was read.
        place: String,
    },
    /// A document that cannot be read.
    #[error("{place}: {what} {reason}")]
    Malformed {
        /// What it is: `manifest`, `index`, `configuration`, `archive`.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
        /// Where it was read.
        place: String,
    },
    /// A kind of document or layer that is not known.
    #[error("{place}: {media_type} is no media type of an image that provender reads")]
    MediaType {
        /// The type.
        media_type: MediaType,
        /// Where it stands.
        place: String,
    },
    /// No image of that name or for that platform.
    #[error("{place} holds no image {wanted}; it holds {}", known.join(", "))]
    NoImage {
        /// What was asked for: `named app:1`, `for linux/arm64`.
        wanted: String,
        /// What there is.
        known: Vec<String>,
        /// Where it was looked for.
        place: String,
    },
    /// Several images where one was asked for.
    #[error("{place} holds several images; choose one by name or platform: {}", known.join(", "))]
    Several {
        /// What there is.
        known: Vec<String>,
        /// Where it was looked for.
        place: String,
    },
    /// A registry, where a layout or an archive was expected.
    #[error("{place} is in a registry, neither a layout nor an archive")]
    NotLocal {
        /// The reference.
        place: String,
    },
    /// A document that is larger than any honest one, or an archive that unpacks to more than is
    /// allowed.
    #[error("{place}: {what} is larger than {limit} bytes")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large it may be.
        limit: u64,
        /// Where it stands.
        place: String,
    },
}

impl ImageError {
    /// Something the system said about a file.
    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}
