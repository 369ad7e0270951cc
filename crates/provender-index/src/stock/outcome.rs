//! What a stocking is going to do, and what it came to.

use provender_core::{Diagnostic, Platform, ProjectName, Sha256, Version};
use provender_store::{BlobError, DatabaseError, FileRecord, LockRecord, StoreError};

use super::choose::ScopeError;

/// Why nothing could be stocked at all. What is in the way of single files is a diagnostic.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// The target is none that files can be chosen for.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The database gave no answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The blobs could not be looked at.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StockError {
    /// Whether the disk left no room.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Scope(_) => false,
            Self::Database(error) => matches!(error, DatabaseError::Full { .. }),
            Self::Blob(error) => error.is_full(),
            Self::Store(error) => error.is_full(),
        }
    }
}

/// What the locks of a request need, and what of it is there.
#[derive(Debug)]
pub struct Plan {
    /// Every file that is needed, each once, sorted by name.
    pub files: Vec<PlannedFile>,
    /// The releases that have to be built.
    pub builds: Vec<NeedsBuild>,
    /// What cannot be had, and what is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    pub(super) locks: Vec<PlannedLock>,
    pub(super) pages: usize,
}

impl Plan {
    /// The files that have to be fetched.
    pub fn missing(&self) -> impl Iterator<Item = &PlannedFile> {
        self.files
            .iter()
            .filter(|file| matches!(file.state, FileState::Missing | FileState::Damaged))
    }
}

/// A file that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// What the index says of it.
    pub record: FileRecord,
    /// Whether it is there.
    pub state: FileState,
}

/// Whether a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileState {
    /// It is, with everything that belongs to it.
    Stocked,
    /// It is a wheel that is there, and its metadata is not.
    WithoutMetadata,
    /// It is not.
    Missing,
    /// It was, and is damaged or lost.
    Damaged,
}

/// A release without a wheel for the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsBuild {
    /// The project.
    pub project: ProjectName,
    /// The release.
    pub version: Version,
    /// The name of its sdist.
    pub filename: String,
    /// The digest of its sdist.
    pub sha256: Sha256,
    /// The platforms without a wheel; empty where the target is universal.
    pub platforms: Vec<Platform>,
    /// The name of the lock that needs it, as in the request.
    pub lock: String,
    /// Whether it is itself needed only to build something.
    pub to_build_with: bool,
}

/// A lock with the files that it will be remembered by.
#[derive(Debug)]
pub(super) struct PlannedLock {
    pub(super) record: LockRecord,
    /// Sorted, each once.
    pub(super) files: Vec<Sha256>,
    /// Whether just this is remembered already.
    pub(super) is_recorded: bool,
}

/// What a stocking came to.
#[derive(Debug)]
pub struct Stocked {
    /// How many files the locks need.
    pub files: usize,
    /// How many of them are in the store.
    pub present: usize,
    /// The size of those that are, in bytes, as far as it is known.
    pub bytes: u64,
    /// How many project pages were asked for.
    pub pages: usize,
    /// What was fetched now, sorted by name.
    pub fetched: Vec<FileRecord>,
    /// What is needed and is not there, sorted by name; each is also a diagnostic.
    pub missing: Vec<FileRecord>,
    /// The releases that have to be built, whose sdists are in the store.
    pub builds: Vec<NeedsBuild>,
    /// What could not be had, and what is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
}

impl Stocked {
    /// Whether everything that the locks need is in the store.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
            && self.diagnostics.iter().all(|found| found.level < provender_core::Level::Error)
    }
}
