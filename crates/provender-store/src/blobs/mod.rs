//! Files addressed by their SHA-256.

mod disk;
mod error;
mod reader;
mod spool;

use std::fmt::Debug;
use std::ops::Range;
use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;
use provender_core::Sha256;

pub use disk::DiskBlobs;
pub use error::BlobError;
pub use reader::BlobReader;
pub use spool::{Spool, Spooled};

/// What is known of a blob without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobInfo {
    /// The digest by which it is addressed.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written. With the size it tells, without reading the blob, whether
    /// somebody changed it since it was kept.
    pub modified: Timestamp,
}

/// What became of a blob since it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Its bytes have the digest by which it is addressed.
    Intact,
    /// It is not there.
    Missing,
    /// It is there with other bytes.
    Corrupt {
        /// The digest of what is there.
        actual: Sha256,
        /// The length of what is there, in bytes.
        size: u64,
    },
}

/// A place where files are kept under their SHA-256.
///
/// A blob is there whole or not at all, and does not change once it is there; what else may have
/// changed it is found out by [`Blobs::verify`]. Use [`Store::keep`](crate::Store::keep) and
/// [`Store::discard`](crate::Store::discard) rather than [`Blobs::keep`] and [`Blobs::remove`]:
/// they keep the database in step.
#[async_trait]
pub trait Blobs: Send + Sync + Debug {
    /// Keeps a finished file under its digest, durably. What is kept there already is replaced,
    /// which heals it if it was damaged.
    async fn keep(&self, spooled: Spooled) -> Result<BlobInfo, BlobError>;

    /// What is known of each blob without reading it, in the order of the digests; none for a blob
    /// that is not there.
    async fn infos(&self, digests: &[Sha256]) -> Result<Vec<Option<BlobInfo>>, BlobError>;

    /// What is known of a blob without reading it; none if it is not there.
    async fn info(&self, sha256: &Sha256) -> Result<Option<BlobInfo>, BlobError> {
        Ok(self.infos(std::slice::from_ref(sha256)).await?.pop().flatten())
    }

    /// The length of a blob in bytes; none if it is not there.
    async fn size(&self, sha256: &Sha256) -> Result<Option<u64>, BlobError> {
        Ok(self.info(sha256).await?.map(|info| info.size))
    }

    /// Opens a blob for reading; none if it is not there. Of a range, the part that the blob has is
    /// read: what lies behind its end is left out.
    async fn open(
        &self,
        sha256: &Sha256,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, BlobError>;

    /// Where a blob is a file on this machine; none if it is not there or not a file. The file
    /// must not be changed; a hard link to it may be made.
    async fn local_path(&self, sha256: &Sha256) -> Option<PathBuf>;

    /// Reads a whole blob and compares its digest with its address.
    async fn verify(&self, sha256: &Sha256) -> Result<Verdict, BlobError>;

    /// Removes a blob. Removing what is not there is no error.
    async fn remove(&self, sha256: &Sha256) -> Result<(), BlobError>;

    /// Every blob, sorted by digest.
    async fn list(&self) -> Result<Vec<BlobInfo>, BlobError>;
}

/// Does work that waits for the disk where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(BlobError::Stopped),
        },
    }
}
