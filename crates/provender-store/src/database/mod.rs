//! What is known of files, and who needs them.

mod error;
mod record;
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};

use crate::BlobInfo;

pub use error::DatabaseError;
pub use record::{
    BlobRow, FileRecord, LockFormat, LockKind, LockRecord, PageRecord, STOCK, StockedFile,
};
pub use sqlite::SqliteDatabase;

/// The metadata of a store.
///
/// Every method that changes something does all of it or nothing, durably: when it returns, the
/// change outlives a power cut. Versions are compared as the packaging specifications compare
/// them, so a release asked for as `1.0` is found if its files say `1.0.0`.
///
/// Lists of files are sorted by project, release and file name.
#[async_trait]
pub trait Database: Send + Sync + Debug {
    /// Replaces what was known of a release, whether its files are stocked or not. A file that is
    /// not in `files` is forgotten, so what must stay although the upstream withdrew it has to be
    /// in there.
    ///
    /// # Errors
    /// [`DatabaseError::OtherRelease`] if a file is of another index, project or release.
    async fn put_release(
        &self,
        index: &str,
        project: &ProjectName,
        version: &Version,
        files: &[FileRecord],
    ) -> Result<(), DatabaseError>;

    /// Writes what is known of files, each in place of what was known of the file of that name in
    /// its index.
    async fn put_files(&self, files: &[FileRecord]) -> Result<(), DatabaseError>;

    /// The files of a release.
    async fn release(
        &self,
        index: &str,
        project: &ProjectName,
        version: &Version,
    ) -> Result<Vec<StockedFile>, DatabaseError> {
        self.releases(index, &[(project.clone(), version.clone())]).await
    }

    /// The files of many releases, each file once.
    async fn releases(
        &self,
        index: &str,
        releases: &[(ProjectName, Version)],
    ) -> Result<Vec<StockedFile>, DatabaseError>;

    /// The files of all releases of a project.
    async fn project_files(
        &self,
        index: &str,
        project: &ProjectName,
    ) -> Result<Vec<StockedFile>, DatabaseError>;

    /// The projects with at least one file that is present, sorted.
    async fn projects(&self, index: &str) -> Result<Vec<ProjectName>, DatabaseError>;

    /// The file of a name.
    async fn file(&self, index: &str, filename: &str)
    -> Result<Option<StockedFile>, DatabaseError>;

    /// The files of all indexes that have this digest.
    async fn files_of(&self, sha256: &Sha256) -> Result<Vec<StockedFile>, DatabaseError>;

    /// The files of an index that are present.
    async fn all_files(&self, index: &str) -> Result<Vec<StockedFile>, DatabaseError>;

    /// Forgets files by their names. Their blobs and the rows of these stay.
    async fn remove_files(&self, index: &str, filenames: &[String]) -> Result<(), DatabaseError>;

    /// Writes that a blob is there and intact; only for a blob that is. See
    /// [`Store::keep`](crate::Store::keep).
    async fn record_blob(&self, info: &BlobInfo) -> Result<(), DatabaseError>;

    /// Forgets that a blob is there; done before the blob is removed. See
    /// [`Store::discard`](crate::Store::discard).
    async fn forget_blob(&self, sha256: &Sha256) -> Result<(), DatabaseError>;

    /// Writes that a blob was found missing or with other bytes. Its files are not present until
    /// it is recorded again.
    async fn mark_damaged(&self, sha256: &Sha256) -> Result<(), DatabaseError>;

    /// What was recorded of a blob.
    async fn blob(&self, sha256: &Sha256) -> Result<Option<BlobRow>, DatabaseError>;

    /// What was recorded of all blobs, sorted by digest.
    async fn blobs(&self) -> Result<Vec<BlobRow>, DatabaseError>;

    /// What was recorded of the blobs that nothing names: no file of any index, as itself or as its
    /// METADATA, and no lock. Sorted by digest.
    async fn unnamed_blobs(&self) -> Result<Vec<BlobRow>, DatabaseError>;

    /// What an upstream last answered for a project. Credentials in `upstream` are looked past.
    async fn page(
        &self,
        upstream: &str,
        project: &ProjectName,
    ) -> Result<Option<PageRecord>, DatabaseError>;

    /// Writes what an upstream answered, in place of its earlier answer for that project.
    async fn put_page(&self, page: &PageRecord) -> Result<(), DatabaseError>;

    /// Writes that the remembered answer was found to be still right.
    async fn touch_page(
        &self,
        upstream: &str,
        project: &ProjectName,
        fetched_at: Timestamp,
        fresh_until: Timestamp,
    ) -> Result<(), DatabaseError>;

    /// Writes a lock and the files it needs, in place of the lock of that name.
    async fn put_lock(&self, lock: &LockRecord, files: &[Sha256]) -> Result<(), DatabaseError>;

    /// All locks, sorted by name.
    async fn locks(&self) -> Result<Vec<LockRecord>, DatabaseError>;

    /// The files that a lock needs, sorted by digest.
    async fn lock_files(&self, name: &str) -> Result<Vec<Sha256>, DatabaseError>;

    /// Forgets a lock. The files it needed stay.
    async fn remove_lock(&self, name: &str) -> Result<(), DatabaseError>;

    /// A number that has grown whenever files or blobs have changed: as long as it is the same,
    /// what was made from them is still right.
    async fn generation(&self) -> Result<i64, DatabaseError>;

    /// Reads the whole database and says what is wrong with it; nothing if it is sound.
    async fn verify(&self) -> Result<Vec<String>, DatabaseError>;

    /// Waits for what is under way and lets go of the database. Nothing is lost without it, but it
    /// leaves the database tidy. What is asked afterwards fails.
    async fn close(&self);
}
