//! Files on their way from an upstream into the store.
//!
//! However many ask for a file, it is transferred once, and it goes on when they leave. They may
//! follow it while it arrives, but its last bytes are held back until the whole has the promised
//! SHA-256 and is kept: so nobody ever holds a whole wrong file, and nothing wrong is kept.

mod error;
mod metadata;
mod run;
mod tail;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use provender_core::Sha256;
use provender_net::Client;
use provender_store::{BlobInfo, FileRecord, Store};
use tokio::sync::{Semaphore, watch};
use url::Url;

pub use error::TransferError;
pub(crate) use metadata::{
    OwnMetadataError, blocking, keep_bytes, keep_own_metadata, own_metadata,
};
pub use tail::Tail;

/// How many files are transferred at once; more wait. It bounds memory and open files.
const AT_ONCE: usize = 64;

/// How many bytes at the end of what has arrived are passed on to nobody before the whole was
/// verified. Files that are not longer arrive whole or not at all.
pub const HELD_BACK: u64 = 64 * 1024;

/// How long metadata may be whose length nobody promises, in bytes: as long as what is read out of a
/// wheel. Without a bound, an upstream that never ends would fill the disk.
pub const MAX_METADATA: u64 = 16 << 20;

/// How long any other file may be whose length nobody promises, in bytes. The largest known wheels
/// have less than half of that.
pub const MAX_FILE: u64 = 8 << 30;

/// A file to be transferred.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is; may hold credentials.
    pub url: Url,
    /// The digest that it must have.
    pub sha256: Sha256,
    /// Its length, where that is promised too.
    pub size: Option<u64>,
    /// The most bytes that are taken where no length is promised, such as [`MAX_FILE`].
    pub at_most: u64,
    /// What is written of it into the database once it is kept.
    pub record: Option<Box<FileRecord>>,
}

/// The transfers into one store. Clones share everything.
#[derive(Debug, Clone)]
pub struct Transfers(Arc<Inner>);

struct Inner {
    store: Store,
    client: Client,
    under_way: Mutex<HashMap<Sha256, Arc<Transfer>>>,
    slots: Semaphore,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Transfers {
    /// No transfers yet; they are made with `client`.
    pub fn new(store: Store, client: Client) -> Self {
        let (under_way, slots) = (Mutex::default(), Semaphore::new(AT_ONCE));
        Self(Arc::new(Inner { store, client, under_way, slots }))
    }

    /// The transfer of a file: the one under way, else a new one, which begins at once.
    ///
    /// A file that the store has, as it was recorded, is not transferred again. To be called within
    /// a runtime.
    pub fn fetch(&self, wanted: Wanted) -> Arc<Transfer> {
        let mut under_way = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transfer) = under_way.get(&wanted.sha256) {
            return Arc::clone(transfer);
        }
        let sha256 = wanted.sha256;
        let (teller, state) = watch::channel(State::default());
        let transfer = Arc::new(Transfer { sha256, state });
        under_way.insert(sha256, Arc::clone(&transfer));
        let landing = Landing { transfers: self.clone(), sha256 };
        tokio::spawn(async move {
            let end = run::run(&landing.transfers.0, &wanted, &teller).await;
            // Off the list first: who asks after the end is told what the store has.
            drop(landing);
            teller.send_modify(|state| state.end = Some(end));
        });
        transfer
    }
}

/// Takes a transfer off the list, also when its task ends otherwise than by itself.
struct Landing {
    transfers: Transfers,
    sha256: Sha256,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let under_way = &self.transfers.0.under_way;
        under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.sha256);
    }
}

/// What a transfer has come to.
#[derive(Debug, Clone, Default)]
struct State {
    progress: Progress,
    /// The temporary file; it can be read even when it has its final name, or none any more.
    file: Option<Arc<File>>,
    end: Option<Result<BlobInfo, TransferError>>,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes have arrived.
    pub arrived: u64,
    /// How many it will be; none if nobody said, or before the upstream answered.
    pub total: Option<u64>,
}

/// One file on its way.
#[derive(Debug)]
pub struct Transfer {
    sha256: Sha256,
    state: watch::Receiver<State>,
}

/// A transfer from which something can be had.
#[derive(Debug)]
pub enum Arrival {
    /// It is in the store.
    Kept(BlobInfo),
    /// It arrives, and will have so many bytes.
    Arriving(u64, Tail),
}

impl Transfer {
    /// The digest that the file must have.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.state.borrow().progress
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// Why the file is not in the store.
    pub async fn finished(&self) -> Result<BlobInfo, TransferError> {
        self.finished_telling(|_| {}).await
    }

    /// Waits for the end, and tells each progress.
    ///
    /// # Errors
    ///
    /// Why the file is not in the store.
    pub async fn finished_telling(
        &self,
        mut tell: impl FnMut(Progress),
    ) -> Result<BlobInfo, TransferError> {
        let mut state = self.state.clone();
        loop {
            let (progress, end) = {
                let state = state.borrow_and_update();
                (state.progress, state.end.clone())
            };
            tell(progress);
            if let Some(end) = end {
                return end;
            }
            if state.changed().await.is_err() {
                return Err(TransferError::Stopped);
            }
        }
    }

    /// Waits until there are bytes to pass on: as soon as more than [`HELD_BACK`] have arrived of a
    /// file whose length is known, else at the end.
    ///
    /// # Errors
    ///
    /// Why nothing came, or not the right thing.
    pub async fn arrival(&self) -> Result<Arrival, TransferError> {
        let mut state = self.state.clone();
        let now = state
            .wait_for(|now| {
                let enough = now.progress.arrived > HELD_BACK && now.progress.total.is_some();
                now.end.is_some() || enough
            })
            .await
            .map_err(|_| TransferError::Stopped)?
            .clone();
        match (now.end, now.file, now.progress.total) {
            (Some(Ok(info)), ..) => Ok(Arrival::Kept(info)),
            (Some(Err(error)), ..) => Err(error),
            (None, Some(file), Some(total)) => Ok(Arrival::Arriving(total, Tail::of(file, state))),
            (None, ..) => Err(TransferError::Stopped),
        }
    }
}
