//! Finding out which blobs are there as they were kept.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::Sha256;

use super::{Store, StoreError, to_the_end};
use crate::{BlobInfo, BlobRow, Verdict};

impl Store {
    /// Those of the blobs that are there and intact.
    ///
    /// A blob that has the size and the time that were recorded is not read; any other that is
    /// there is, and its row is put right: recorded anew if it is intact (a row may be missing
    /// after a crash), marked as damaged if it is not.
    pub async fn intact(&self, digests: &[Sha256]) -> Result<BTreeSet<Sha256>, StoreError> {
        let rows: BTreeMap<Sha256, BlobRow> =
            self.database().blobs().await?.into_iter().map(|row| (row.info.sha256, row)).collect();
        let found = self.blobs().infos(digests).await?;
        let mut intact = BTreeSet::new();
        for (sha256, found) in digests.iter().zip(found) {
            let row = rows.get(sha256);
            let as_kept = row.is_some_and(|row| !row.damaged && found == Some(row.info));
            if as_kept || self.put_right(*sha256, found, row).await? {
                intact.insert(*sha256);
            }
        }
        Ok(intact)
    }

    /// Reads a blob and puts its row right; says whether it is intact. `found` is what was known
    /// of it before it was read, so that a change while it is read is noticed the next time.
    async fn put_right(
        &self,
        sha256: Sha256,
        found: Option<BlobInfo>,
        row: Option<&BlobRow>,
    ) -> Result<bool, StoreError> {
        let verdict = match found {
            Some(_) => self.blobs().verify(&sha256).await?,
            None => Verdict::Missing,
        };
        let thought_intact = row.is_some_and(|row| !row.damaged);
        let store = self.clone();
        match (verdict, found) {
            (Verdict::Intact, Some(info)) => {
                to_the_end(async move { store.record_unless_removed(&info).await }).await
            }
            _ if thought_intact => {
                self.database().mark_damaged(&sha256).await?;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    async fn record_unless_removed(&self, info: &BlobInfo) -> Result<bool, StoreError> {
        let _held = self.adding().await?;
        let there = self.blobs().size(&info.sha256).await?.is_some();
        if there {
            self.database().record_blob(info).await?;
        }
        Ok(there)
    }
}
