//! The rows of the database.

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};
use url::Url;

use crate::BlobInfo;

/// The name of the index that holds what was stocked.
pub const STOCK: &str = "stock";

/// What an index says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The index whose file it is, such as [`STOCK`].
    pub index: String,
    /// The project.
    pub project: ProjectName,
    /// The version, as the file's name has it.
    pub version: Version,
    /// The file's name, unique in its index.
    pub filename: String,
    /// The digest of the file.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// When it was uploaded (PEP 700).
    pub upload_time: Option<Timestamp>,
    /// The Pythons it runs on, as the index has it (PEP 503).
    pub requires_python: Option<String>,
    /// Why it was yanked, empty where no reason was given; none where it was not (PEP 592).
    pub yanked: Option<String>,
    /// The digest of its METADATA, which may be a blob of its own (PEP 658, PEP 714).
    pub metadata: Option<Sha256>,
    /// Where it comes from. Credentials are left out when it is written.
    pub url: Option<Url>,
}

/// A file, and whether the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockedFile {
    /// What the index says of it.
    pub record: FileRecord,
    /// Whether its blob is recorded, and not as damaged.
    pub present: bool,
    /// Whether the blob of its METADATA is recorded, and not as damaged.
    pub metadata_present: bool,
}

/// What was recorded of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRow {
    /// The blob as it was when it was kept.
    pub info: BlobInfo,
    /// Whether it was found missing or with other bytes since.
    pub damaged: bool,
}

/// What an upstream answered for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRecord {
    /// The URL of the upstream. Credentials are left out when it is written.
    pub upstream: String,
    /// The project.
    pub project: ProjectName,
    /// The page as it was answered, in whatever form.
    pub body: Vec<u8>,
    /// The `ETag` it came with (RFC 9110, section 8.8.3).
    pub etag: Option<String>,
    /// The `Last-Modified` it came with (RFC 9110, section 8.8.2).
    pub last_modified: Option<String>,
    /// When it was last fetched or found to be still right.
    pub fetched_at: Timestamp,
    /// Until when it need not be asked for again.
    pub fresh_until: Timestamp,
}

/// What a lock in the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockKind {
    /// A lock file on this machine.
    File,
    /// What is carried along for the sake of a tool.
    Carried,
}

/// How the text of a lock is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockFormat {
    /// pip's requirements format with hashes.
    Constraints,
    /// PEP 751.
    Pylock,
}

/// A lock whose files were stocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRecord {
    /// The absolute path of the lock file, or `with:NAME` for what is carried along.
    pub name: String,
    /// What it is.
    pub kind: LockKind,
    /// The lock as it was when it was stocked.
    pub text: String,
    /// How the text is to be read.
    pub format: LockFormat,
    /// For what it was stocked, if not for what the lock itself says.
    pub target: Option<String>,
    /// When it was stocked.
    pub stocked_at: Timestamp,
}
