//! Why a layer cannot be read.

use std::io;

use crate::{Digest, ImageError};

/// Why a layer's archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The bytes cannot be had, cannot be decompressed, or are not those that were promised.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// Bytes that are no tar archive.
    #[error("is no tar archive that can be read: {reason}, at byte {offset}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
        /// Where, counted in the unpacked archive.
        offset: u64,
    },
    /// More than is allowed: see [`Limits`](super::Limits).
    #[error("holds more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// What is wrong with which layer.
    #[error("layer {digest} of {place} {source}")]
    Layer {
        /// The blob.
        digest: Digest,
        /// Where the image is.
        place: String,
        /// What is wrong with it.
        source: Box<TreeError>,
    },
    /// The image has no layer of this number.
    #[error("there is no layer {index} among {layers}")]
    NoLayer {
        /// The number that was asked for, counted from 0.
        index: usize,
        /// How many there are.
        layers: usize,
    },
    /// The layer's blob is missing or damaged.
    #[error(transparent)]
    Image(#[from] ImageError),
}
