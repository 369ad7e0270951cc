//! The store: files as blobs addressed by their SHA-256, and a database of what they are.
//!
//! A [`Store`] is a data directory:
//!
//! ```text
//! DATA/blobs/sha256/ab/cd/HEX   a file, whole and verified
//! DATA/provender.db             what the files are, and who needs them
//! DATA/tmp/                     files that are still being written
//! DATA/provender.lock           keeps those who add blobs and those who remove them apart
//! ```
//!
//! A file enters through a [`Spool`], which hashes it while it is written; [`Spool::finish`] says
//! whether it is what was promised; [`Store::keep`] syncs it, gives it its name, and only then
//! writes its row. So a row never names a blob that is not whole, whenever the process is killed,
//! and what a crash leaves behind is garbage that [`Store::collect_garbage`] takes away.
//!
//! ```
//! # use provender_core::Sha256;
//! # use provender_store::{Store, StoreError};
//! # async fn keep(data: &std::path::Path, promised: Sha256) -> Result<(), StoreError> {
//! let store = Store::open(data).await?;
//! let mut spool = store.spool().await?;
//! spool.write(b"as the bytes arrive").await?;
//! let spooled = spool.finish(Some(promised)).await?;
//! store.keep(spooled).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Store::intact`] tells, without reading them, which files are still as they were kept.
//!
//! [`Blobs`] and [`Database`] are traits: blobs on a disk and rows in SQLite are one
//! implementation of each, and `conformance` (a feature) is the suite that every other must pass.

pub mod blobs;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod database;
mod exclusion;
mod store;

pub use blobs::{BlobError, BlobInfo, BlobReader, Blobs, DiskBlobs, Spool, Spooled, Verdict};
pub use database::{
    BlobRow, Database, DatabaseError, FileRecord, LockFormat, LockKind, LockRecord, PageRecord,
    STOCK, SqliteDatabase, StockedFile,
};
pub use store::{Collected, Store, StoreError};
