//! What an image holds when its layers are laid over one another.
//!
//! A layer's archive is read once, from its first byte to its last, into [`Contents`]: its entries,
//! and the content or digest of those that somebody [wants](Keep). Contents laid over one another
//! in order, with whiteouts applied (image-spec 1.1, "Whiteouts"), are a [`Tree`]. Nothing is ever
//! written to disk, so nothing in an archive can reach out of the tree.
//!
//! Where the specification is silent, the tree is what containerd makes of the same layers: names
//! are cleaned and never lead above the root, an entry below a symbolic link goes where the link
//! points, and global PAX headers change nothing.

mod access;
mod archive;
mod error;
mod header;
mod image;
mod lay;
mod limits;
mod pax;
mod places;
mod read;
mod sparse;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use provender_core::Sha256;

pub(crate) use archive::{Archive, Flag, Member};
pub use error::TreeError;
pub use image::{layer_contents, of_image};
pub(crate) use limits::Budget;
pub use limits::Limits;
pub use read::read_layer;

/// What is kept of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Keep {
    /// Nothing.
    #[default]
    Nothing,
    /// Their digest.
    Digest,
    /// The bytes and their digest; only the digest of a file that is larger than [`Limits::file`].
    Content,
}

/// Which files' bytes are kept, decided by path (relative, as in [`Tree`]) and size in bytes.
pub type Wanted<'a> = &'a (dyn Fn(&str, u64) -> Keep + Sync);

/// One file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// The permission bits, with set-user-id, set-group-id and sticky.
    pub mode: u32,
    /// Its owner.
    pub uid: u64,
    /// Its group.
    pub gid: u64,
    /// The layer it is from, counted from 0, the lowest.
    pub layer: usize,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File {
        /// Its length in bytes.
        size: u64,
        /// What its bytes hash to, where that was wanted.
        sha256: Option<Sha256>,
        /// Its bytes, where they were wanted.
        content: Option<Arc<[u8]>>,
    },
    /// A folder.
    Folder,
    /// A symbolic link, with its target as written.
    Link(String),
    /// A device, a pipe or a socket.
    Special,
}

/// The entries of one layer, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Which layer it is, counted from 0, the lowest.
    pub layer: usize,
    /// What the layer adds or replaces. Hard links are files of their own here.
    pub nodes: BTreeMap<String, Node>,
    /// What it takes away: `.wh.NAME`, as the path of NAME.
    pub whiteouts: BTreeSet<String>,
    /// The folders whose lower content it hides: those with `.wh..wh..opq`; the empty path is the
    /// root.
    pub opaque: BTreeSet<String>,
    /// Hard links to files that the layer itself does not hold: target by link.
    pub links: BTreeMap<String, String>,
    /// Files whose bytes were wanted under the name of a hard link and not under their own, so that
    /// they were not kept; a second reading that wants them keeps them.
    pub missed: BTreeSet<String>,
}

/// The files of an image as a container sees them.
///
/// A path is relative to the root, with `/` between its parts, without `.`, `..` or empty parts;
/// the root itself is not among them. Bytes that are no UTF-8 are replaced. Every folder that
/// something lies in is there, whether or not an entry named it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Node {
    /// A folder that no entry names: root's, for everybody to read.
    fn implied(layer: usize) -> Self {
        Self { kind: Kind::Folder, mode: 0o755, uid: 0, gid: 0, layer }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder)
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }

    /// The length of a file in bytes; 0 of anything else.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }

    /// The bytes of a file, where they were kept.
    pub fn content(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::File { content, .. } => content.as_deref(),
            _ => None,
        }
    }

    /// What was kept of it.
    fn kept(&self) -> Keep {
        match &self.kind {
            Kind::File { content: Some(_), .. } => Keep::Content,
            Kind::File { sha256: Some(_), .. } => Keep::Digest,
            _ => Keep::Nothing,
        }
    }
}
