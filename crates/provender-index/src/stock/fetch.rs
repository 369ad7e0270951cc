//! Fetching files, several at once, through the one way into the store.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};
use provender_core::Diagnostic;
use provender_store::{FileRecord, Store, StoreError};

use super::diagnostics;
use super::outcome::{FileState, PlannedFile};
use super::request::{StockObserver, StockProgress};
use super::wheel_metadata::WheelMetadataError;
use crate::transfer::{
    MAX_FILE, OwnMetadataError, TransferError, Transfers, Wanted, keep_own_metadata,
};
use crate::upstream::Upstreams;

/// How many files are fetched at once.
const FILES_AT_ONCE: usize = 8;

/// What fetching came to.
#[derive(Debug, Default)]
pub(super) struct Fetch {
    /// The names of the files that are in the store now and were not before.
    pub(super) fetched: BTreeSet<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Why there is no room left, if there is none.
    pub(super) full: Option<TransferError>,
    /// How many files were given up for want of room.
    pub(super) without_room: usize,
}

/// Why a file is not stocked as it should be.
enum Failure {
    Transfer(TransferError),
    /// The wheel is stocked; what is wrong is its metadata.
    Metadata(WheelMetadataError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Transfer(error.into())
    }
}

impl From<OwnMetadataError> for Failure {
    fn from(error: OwnMetadataError) -> Self {
        match error {
            OwnMetadataError::Wheel(error) => Self::Metadata(error),
            OwnMetadataError::Store(error) => error.into(),
        }
    }
}

/// Fetches the files that are missing, and reads the metadata of wheels that lack it.
pub(super) async fn fetch_all(
    store: &Store,
    upstreams: &Upstreams,
    transfers: &Transfers,
    files: &[PlannedFile],
    observer: &dyn StockObserver,
) -> Fetch {
    let mut todo: Vec<_> = files.iter().filter(|file| file.state != FileState::Stocked).collect();
    if todo.is_empty() {
        return Fetch::default();
    }
    // The largest first, so that no large one is left alone at the end; one whose size is not
    // known may be large.
    todo.sort_by_key(|file| std::cmp::Reverse(file.record.size.unwrap_or(u64::MAX)));
    let fetching = Fetching {
        store,
        upstreams,
        transfers,
        progress: Watched::new(observer, &todo),
        outcome: Mutex::default(),
    };
    stream::iter(todo)
        .for_each_concurrent(FILES_AT_ONCE, async |file| fetching.one(file).await)
        .await;
    fetching.outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What the fetches share.
struct Fetching<'a> {
    store: &'a Store,
    upstreams: &'a Upstreams,
    transfers: &'a Transfers,
    progress: Watched<'a>,
    outcome: Mutex<Fetch>,
}

impl Fetching<'_> {
    async fn one(&self, file: &PlannedFile) {
        let record = &file.record;
        let is_missing = file.state != FileState::WithoutMetadata;
        if is_missing && self.outcome().full.is_some() {
            self.outcome().without_room += 1;
            return;
        }
        let fetched = if is_missing { self.fetch(record).await } else { Ok(()) };
        let result = match fetched {
            Ok(()) => self.add_metadata(record).await,
            Err(error) => Err(Failure::Transfer(error)),
        };
        self.progress.ended(&record.filename);
        let mut outcome = self.outcome();
        match result {
            Ok(()) if !is_missing => {}
            Ok(()) => {
                outcome.fetched.insert(record.filename.clone());
            }
            Err(Failure::Transfer(error)) if error.is_full() => {
                outcome.without_room += 1;
                outcome.full = Some(error);
            }
            Err(Failure::Transfer(error)) => {
                outcome.diagnostics.push(diagnostics::download(&record.filename, &error));
            }
            Err(Failure::Metadata(error)) => {
                outcome.fetched.extend(is_missing.then(|| record.filename.clone()));
                outcome.diagnostics.push(diagnostics::metadata(&record.filename, &error));
            }
        }
    }

    async fn fetch(&self, record: &FileRecord) -> Result<(), TransferError> {
        // Only what was built here has no address, and that is chosen only while it is there.
        let Some(url) = &record.url else { return Err(TransferError::Stopped) };
        let transfer = self.transfers.fetch(Wanted {
            url: self.upstreams.download_url(url),
            sha256: record.sha256,
            size: record.size,
            at_most: MAX_FILE,
            record: Some(Box::new(record.clone())),
        });
        self.progress.began(&record.filename);
        let mut counted = 0;
        let info = transfer
            .finished_telling(|progress| {
                self.progress.arrived(counted, progress.arrived);
                counted = progress.arrived;
            })
            .await?;
        self.progress.arrived(counted, info.size);
        Ok(())
    }

    /// Keeps the metadata of a wheel that is in the store.
    async fn add_metadata(&self, record: &FileRecord) -> Result<(), Failure> {
        if !record.filename.ends_with(".whl") {
            return Ok(());
        }
        let metadata = keep_own_metadata(self.store, &record.sha256, &record.filename).await?;
        let size = self.store.blobs().size(&record.sha256).await.map_err(StoreError::from)?;
        let record = FileRecord { metadata: Some(metadata), size, ..record.clone() };
        self.store.database().put_files(&[record]).await.map_err(StoreError::from)?;
        Ok(())
    }

    fn outcome(&self) -> MutexGuard<'_, Fetch> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The progress, told to the observer at each change.
struct Watched<'a> {
    observer: &'a dyn StockObserver,
    progress: Mutex<StockProgress>,
}

impl<'a> Watched<'a> {
    fn new(observer: &'a dyn StockObserver, todo: &[&PlannedFile]) -> Self {
        let missing = || todo.iter().filter(|file| file.state != FileState::WithoutMetadata);
        let progress = StockProgress {
            files_total: missing().count(),
            bytes_total: missing().filter_map(|file| file.record.size).sum(),
            ..StockProgress::default()
        };
        observer.progress(&progress);
        Self { observer, progress: Mutex::new(progress) }
    }

    fn began(&self, filename: &str) {
        self.change(|progress| progress.fetching.push(filename.to_owned()));
    }

    /// A transfer that begins anew counts what arrives, not what it lost.
    fn arrived(&self, before: u64, now: u64) {
        if now > before {
            self.change(|progress| progress.bytes += now - before);
        }
    }

    /// Counts a file as done; one that was never begun had only its metadata read.
    fn ended(&self, filename: &str) {
        self.change(|progress| {
            if let Some(place) = progress.fetching.iter().position(|name| name == filename) {
                progress.fetching.remove(place);
                progress.files += 1;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut StockProgress)) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut progress);
        self.observer.progress(&progress);
    }
}
