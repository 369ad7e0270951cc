//! Whether what the database calls present is there as it was kept.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::Sha256;
use provender_store::{BlobRow, StockedFile, Store, Verdict};

use super::outcome::StockError;

/// Looks at the blobs of `rows`, and corrects the rows and the database where they are wrong.
/// Returns the digests of what was kept once and is damaged or lost.
///
/// A blob whose size and time are as recorded is believed: that costs one look at each file. Any
/// other is read and hashed.
pub(crate) async fn inspect(
    store: &Store,
    rows: &mut [StockedFile],
) -> Result<BTreeSet<Sha256>, StockError> {
    let mut digests: Vec<Sha256> = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        digests.extend(row.present.then_some(row.record.sha256));
        digests.extend(row.record.metadata.filter(|_| row.metadata_present));
    }
    digests.sort_unstable();
    digests.dedup();
    let recorded: BTreeMap<_, BlobRow> =
        store.database().blobs().await?.into_iter().map(|row| (row.info.sha256, row)).collect();
    let mut damaged: BTreeSet<_> =
        recorded.values().filter(|row| row.damaged).map(|row| row.info.sha256).collect();
    let found = store.blobs().infos(&digests).await?;
    for (sha256, found) in digests.into_iter().zip(found) {
        let as_recorded = match (found, recorded.get(&sha256)) {
            (Some(found), Some(row)) => found == row.info,
            _ => false,
        };
        if !as_recorded && !reread(store, &sha256).await? {
            damaged.insert(sha256);
        }
    }
    for row in rows {
        row.present &= !damaged.contains(&row.record.sha256);
        row.metadata_present &=
            row.record.metadata.is_some_and(|sha256| !damaged.contains(&sha256));
    }
    Ok(damaged)
}

/// Reads a blob that is not as it was recorded, and writes down what it is.
async fn reread(store: &Store, sha256: &Sha256) -> Result<bool, StockError> {
    if store.blobs().verify(sha256).await? == Verdict::Intact
        && let Some(info) = store.blobs().info(sha256).await?
    {
        store.database().record_blob(&info).await?;
        return Ok(true);
    }
    store.database().mark_damaged(sha256).await?;
    Ok(false)
}
