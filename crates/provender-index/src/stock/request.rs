//! What is asked of a stocking, and who watches it.

use provender_core::{Lock, Target};
use provender_store::{LockFormat, LockKind};

/// What to stock.
#[derive(Debug, Clone, Default)]
pub struct StockRequest {
    /// The locks, those of tools carried along among them.
    pub locks: Vec<StockedLock>,
    /// What to stock for, in place of what each lock says of itself.
    pub target: Option<Target>,
    /// Every file that the locks list, whatever the target.
    pub all_files: bool,
    /// Asks the upstream anew for every pin, even where everything is known.
    pub refresh: bool,
}

/// A lock to stock, with what is remembered of it.
#[derive(Debug, Clone)]
pub struct StockedLock {
    /// The absolute path of the lock file, or `with:NAME` for what is carried along.
    pub name: String,
    /// Which of the two.
    pub kind: LockKind,
    /// The form of `text`.
    pub format: LockFormat,
    /// The lock as it stands in its file.
    pub text: String,
    /// The lock.
    pub lock: Lock,
}

/// How far a stocking is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockProgress {
    /// Project pages that were read.
    pub pages: usize,
    /// Project pages to read.
    pub pages_total: usize,
    /// Files that are done with, whether they could be had or not.
    pub files: usize,
    /// Files to fetch.
    pub files_total: usize,
    /// Bytes that arrived.
    pub bytes: u64,
    /// Bytes to fetch, as far as the upstream tells sizes.
    pub bytes_total: u64,
    /// The files that are being fetched, in the order in which they began.
    pub fetching: Vec<String>,
}

/// Watches a stocking. Called from the task that runs it, often; it must not block.
pub trait StockObserver: Send + Sync {
    /// Something went on.
    fn progress(&self, progress: &StockProgress);
}

/// Nobody watches.
impl StockObserver for () {
    fn progress(&self, _: &StockProgress) {}
}
