//! Dropping what no known lock needs.

use std::collections::BTreeSet;
use std::path::Path;

use provender_core::{ProjectName, Sha256, Version};
use provender_store::{FileRecord, LockKind, STOCK, StockedFile, Store};

use super::outcome::StockError;

/// What a pruning would drop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// The files that no known lock needs, sorted by project, release and name.
    pub files: Vec<FileRecord>,
    /// The locks whose files are no longer on this machine; what only they needed is among the
    /// files, and they are forgotten.
    pub gone: Vec<String>,
}

impl PrunePlan {
    /// Whether there is nothing to drop.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.gone.is_empty()
    }

    /// The size of the files in bytes, as far as it is known.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.size).sum()
    }
}

/// What a pruning dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many files.
    pub files: usize,
    /// Their size in bytes, as far as it is known.
    pub bytes: u64,
}

/// Finds out what no known lock needs. A lock needs what it needed when it was last stocked; a
/// lock file that is not there any more needs nothing. Where its folder is not there either, the
/// stock was carried here from another machine, and the lock stays known.
///
/// # Errors
///
/// When the database gives no answer.
pub async fn prune_plan(store: &Store) -> Result<PrunePlan, StockError> {
    let mut gone = Vec::new();
    for lock in store.database().locks().await? {
        if lock.kind == LockKind::File && is_gone(Path::new(&lock.name)).await {
            gone.push(lock.name);
        }
    }
    let needed = needed(store, &gone).await?;
    let files = store.database().all_files(STOCK).await?.into_iter().map(|file| file.record);
    let files = files.filter(|record| !needed.contains(&record.sha256)).collect();
    Ok(PrunePlan { files, gone })
}

/// Whether a lock file was here and is no more. One that merely cannot be looked at is not gone.
async fn is_gone(path: &Path) -> bool {
    let exists = async |path: &Path| tokio::fs::try_exists(path).await.unwrap_or(true);
    let folder = path.parent().unwrap_or(Path::new("."));
    !exists(path).await && exists(folder).await
}

/// Drops what the plan names, except what a lock has come to need since it was made.
///
/// The rows go before the blobs, so that whenever it is interrupted nothing is promised that is
/// not there. What is known of releases that a lock still needs stays, so that stocking them for
/// another target need not ask for it again.
///
/// # Errors
///
/// When the store cannot be changed; what was dropped until then stays so.
pub async fn prune(store: &Store, plan: &PrunePlan) -> Result<Pruned, StockError> {
    for name in &plan.gone {
        store.database().remove_lock(name).await?;
    }
    let needed = needed(store, &[]).await?;
    let mut in_use = BTreeSet::new();
    let mut needed_metadata = BTreeSet::new();
    for file in store.database().all_files(STOCK).await? {
        if needed.contains(&file.record.sha256) {
            in_use.insert((file.record.project, file.record.version));
            needed_metadata.extend(file.record.metadata);
        }
    }
    let drop: Vec<_> =
        plan.files.iter().filter(|record| !needed.contains(&record.sha256)).collect();
    let unused: BTreeSet<_> = drop
        .iter()
        .map(|record| (record.project.clone(), record.version.clone()))
        .filter(|release| !in_use.contains(release))
        .collect();
    forget(store, &unused.into_iter().collect::<Vec<_>>(), &drop).await?;
    let mut pruned = Pruned::default();
    for record in drop {
        if is_elsewhere(store, &record.sha256).await? {
            continue;
        }
        store.discard(&record.sha256).await?;
        pruned.files += 1;
        pruned.bytes += record.size.unwrap_or_default();
        if let Some(metadata) = &record.metadata
            && !needed_metadata.contains(metadata)
            && !is_elsewhere(store, metadata).await?
        {
            store.discard(metadata).await?;
        }
    }
    Ok(pruned)
}

/// Forgets what is known of releases that no lock needs, but for files that are stocked and stay.
async fn forget(
    store: &Store,
    releases: &[(ProjectName, Version)],
    drop: &[&FileRecord],
) -> Result<(), StockError> {
    let rows = store.database().releases(STOCK, releases).await?;
    let goes = |row: &StockedFile| {
        !row.present || drop.iter().any(|record| record.filename == row.record.filename)
    };
    let names: Vec<_> = rows.into_iter().filter(goes).map(|row| row.record.filename).collect();
    Ok(store.database().remove_files(STOCK, &names).await?)
}

/// What the locks need, apart from those that are named.
async fn needed(store: &Store, apart_from: &[String]) -> Result<BTreeSet<Sha256>, StockError> {
    let mut needed = BTreeSet::new();
    for lock in store.database().locks().await? {
        if !apart_from.contains(&lock.name) {
            needed.extend(store.database().lock_files(&lock.name).await?);
        }
    }
    Ok(needed)
}

/// Whether another index than the stock has the file.
async fn is_elsewhere(store: &Store, sha256: &Sha256) -> Result<bool, StockError> {
    let files = store.database().files_of(sha256).await?;
    Ok(files.iter().any(|file| file.record.index != STOCK))
}
