//! Which files of a lock the store has.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provender_core::{Lock, Sha256};
use provender_store::{Store, StoreError};

/// A file of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockedFile {
    /// Its name.
    pub filename: String,
    /// Where its bytes are.
    pub path: PathBuf,
    /// What they hash to.
    pub sha256: Sha256,
    /// Their length in bytes.
    pub size: u64,
}

/// Stocked files by digest.
pub type Stocked = BTreeMap<Sha256, StockedFile>;

/// The files of a lock that the store has, those for its builds among them.
///
/// # Errors
///
/// A store that cannot be read.
pub async fn stocked(store: &Store, lock: &Lock) -> Result<Stocked, StoreError> {
    let files = lock.projects.iter().chain(&lock.build).flat_map(|project| &project.files);
    let digests: Vec<Sha256> = files.filter_map(|file| file.hash.sha256()).collect();
    let mut stocked = Stocked::new();
    // A lock names the files of all platforms, and few of them are stocked: the folder is asked
    // before the database, and of all at once.
    for blob in store.blobs().infos(&digests).await?.into_iter().flatten() {
        let sha256 = blob.sha256;
        let Some(path) = store.blobs().local_path(&sha256).await else { continue };
        let rows = store.database().files_of(&sha256).await?;
        let Some(row) = rows.into_iter().find(|row| row.present) else { continue };
        let filename = row.record.filename;
        stocked.insert(sha256, StockedFile { filename, path, sha256, size: blob.size });
    }
    Ok(stocked)
}
