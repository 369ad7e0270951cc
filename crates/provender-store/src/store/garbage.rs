//! Taking away what crashes left behind.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::{Store, StoreError, to_the_end};
use crate::{BlobInfo, BlobRow};

/// How many blobs are removed at a time; in between, others may keep what they have.
const AT_A_TIME: usize = 32;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// How many temporary files and blobs.
    pub removed: usize,
    /// Their length in bytes.
    pub bytes: u64,
}

impl Collected {
    fn count(&mut self, bytes: u64) {
        self.removed += 1;
        self.bytes += bytes;
    }
}

impl Store {
    /// Removes temporary files, blobs without a row, and blobs whose row no file and no lock names,
    /// such as an interrupted pruning leaves, if they were last written more than `grace` before
    /// `now`.
    ///
    /// Others may write to the store at the same time: what they keep stays.
    pub async fn collect_garbage(
        &self,
        grace: Duration,
        now: Timestamp,
    ) -> Result<Collected, StoreError> {
        let Ok(oldest) = now.checked_sub(grace) else { return Ok(Collected::default()) };
        let tmp = self.tmp().to_owned();
        let temporary = tokio::task::spawn_blocking(move || remove_temporary(&tmp, oldest));
        let mut collected = match temporary.await {
            Ok(collected) => collected?,
            Err(_) => return Err(crate::BlobError::Stopped.into()),
        };
        let on_disk = self.blobs().list().await?;
        let rows = self.database().blobs().await?;
        let named: BTreeSet<_> = rows.iter().map(|row| row.info.sha256).collect();
        for blob in on_disk {
            if blob.modified < oldest && !named.contains(&blob.sha256) {
                let store = self.clone();
                if to_the_end(async move { store.remove_unnamed(blob).await }).await? {
                    collected.count(blob.size);
                }
            }
        }
        let mut unnamed = self.database().unnamed_blobs().await?;
        unnamed.retain(|row| row.info.modified < oldest);
        for rows in unnamed.chunks(AT_A_TIME) {
            let (store, rows) = (self.clone(), rows.to_vec());
            let removed =
                to_the_end(async move { store.remove_still_unnamed(&rows).await }).await?;
            removed.iter().for_each(|row| collected.count(row.info.size));
        }
        Ok(collected)
    }

    /// Removes blobs whose rows nothing names, unless one was kept again or is named since it was
    /// looked at. Returns those that were removed.
    async fn remove_still_unnamed(&self, seen: &[BlobRow]) -> Result<Vec<BlobRow>, StoreError> {
        let _held = self.removing().await?;
        let now: HashSet<_> =
            self.database().unnamed_blobs().await?.iter().map(|row| row.info).collect();
        let seen = seen.iter().filter(|row| now.contains(&row.info)).copied();
        let removed: Vec<_> = seen.collect();
        for row in &removed {
            // The row first: what is promised is there whenever this is interrupted.
            self.database().forget_blob(&row.info.sha256).await?;
            self.blobs().remove(&row.info.sha256).await?;
        }
        Ok(removed)
    }

    /// Removes a blob without a row, unless it was kept again since it was looked at.
    async fn remove_unnamed(&self, seen: BlobInfo) -> Result<bool, StoreError> {
        let _held = self.removing().await?;
        let unchanged = self.blobs().info(&seen.sha256).await? == Some(seen);
        let garbage = unchanged && self.database().blob(&seen.sha256).await?.is_none();
        if garbage {
            self.blobs().remove(&seen.sha256).await?;
        }
        Ok(garbage)
    }
}

/// Removes the files that lie directly in `folder` and were last written before `oldest`. What
/// cannot be looked at or removed stays: it may be gone already, and the next time tries again.
fn remove_temporary(folder: &Path, oldest: Timestamp) -> Result<Collected, StoreError> {
    let mut collected = Collected::default();
    let entries = fs::read_dir(folder)
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let Ok(modified) = metadata.modified() else { continue };
        let old = Timestamp::try_from(modified).is_ok_and(|modified| modified < oldest);
        if metadata.is_file() && old && fs::remove_file(entry.path()).is_ok() {
            collected.count(metadata.len());
        }
    }
    Ok(collected)
}
