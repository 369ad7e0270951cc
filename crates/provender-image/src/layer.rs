//! Layers that provender makes: the same entries give the same bytes.
//!
//! [`write()`] makes a layer's blob in one pass: contents are read and checked, archived, compressed on
//! several threads and hashed, both as an archive and as a blob. [`fingerprint`] says what a layer
//! will be without reading any content, so that a [`Cache`] gives back what was made before.

mod archive;
mod arrange;
mod blocks;
mod cache;
mod content;
mod error;
mod fingerprint;
mod pax;
mod splice;
mod workers;
mod write;

use std::path::PathBuf;

use provender_core::Sha256;

pub use cache::{Cache, Found};
pub use error::LayerError;
pub use fingerprint::fingerprint;
pub use write::{LayerOptions, WrittenLayer, write};

/// One entry of a layer. Times are not here: every entry of a layer has the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it goes: relative to the root, with `/` between the parts, without `.` and `..`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// The permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file.
    File(Content),
    /// A symbolic link with this target.
    Link(String),
}

/// The bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Here.
    Bytes(Vec<u8>),
    /// In a file of this machine, whose bytes must be these: who writes the layer checks them while
    /// it reads them.
    Path {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        size: u64,
        /// What its bytes hash to.
        sha256: Sha256,
    },
    /// In a member of a zip archive of this machine, which need not be unpacked for it; checked as
    /// those of [`Path`](Self::Path) are.
    Member {
        /// The archive.
        archive: PathBuf,
        /// What the archive hashes to, where whoever makes the layer has this very archive: then the
        /// layer may have the member's bytes as they are compressed in it.
        archive_sha256: Option<Sha256>,
        /// The member's name, for messages.
        name: String,
        /// Where its data begin in the archive, in bytes.
        offset: u64,
        /// How many bytes it takes there.
        stored: u64,
        /// Whether those are compressed (RFC 1951).
        deflated: bool,
        /// Its length in bytes, unpacked.
        size: u64,
        /// What its bytes, unpacked, hash to.
        sha256: Sha256,
    },
}
