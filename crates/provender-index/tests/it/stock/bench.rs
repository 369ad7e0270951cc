//! A fake index, a store, and locks for what the index has.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use provender_core::lock::constraints;
use provender_index::stock::{self, StockError, StockObserver, StockRequest, Stocked, StockedLock};
use provender_index::transfer::Transfers;
use provender_index::upstream::{Upstream, Upstreams};
use provender_net::{Client, ClientSettings, RetrySettings};
use provender_store::{LockFormat, LockKind, STOCK, Store, Verdict};
use provender_test::{DistFile, FakeIndex, Release, Wheel};
use tempfile::TempDir;

/// What every lock here is for, unless it says otherwise.
pub(crate) const LINUX: &str =
    "# provender: lock = 1\n# provender: python = 3.11\n# provender: platforms = linux\n";

/// A store beside an index.
pub(crate) struct Bench {
    pub(crate) index: FakeIndex,
    pub(crate) data: TempDir,
    pub(crate) store: Store,
}

impl Bench {
    pub(crate) async fn with(releases: impl IntoIterator<Item = Release>) -> Self {
        let data = TempDir::new().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        Self { index: FakeIndex::with(releases), data, store }
    }

    /// A lock of releases of the index with all their hashes, for Linux.
    pub(crate) fn lock(&self, pins: &[&str]) -> StockedLock {
        lock(&format!("{LINUX}{}", self.pins(pins)))
    }

    /// The lines of a lock for `NAME==VERSION` or `NAME==VERSION ; MARKER`.
    pub(crate) fn pins(&self, pins: &[&str]) -> String {
        let lines = pins.iter().map(|pin| {
            let (name, version) = pin.split(';').next().unwrap().trim().split_once("==").unwrap();
            let hashes = self.index.hashes(name, version);
            let hashes = hashes.iter().map(|(_, sha256)| format!(" --hash=sha256:{sha256}"));
            format!("{pin}{}\n", hashes.collect::<String>())
        });
        lines.collect()
    }

    pub(crate) async fn stock(&self, locks: impl IntoIterator<Item = StockedLock>) -> Stocked {
        self.run(&request(locks)).await.unwrap()
    }

    pub(crate) async fn run(&self, request: &StockRequest) -> Result<Stocked, StockError> {
        run(&self.store, &self.index.url(), request, &()).await
    }

    /// The names of the files that are in the store, each of which is what it should be.
    pub(crate) async fn stocked(&self) -> Vec<String> {
        let files = self.store.database().all_files(STOCK).await.unwrap();
        let mut names = Vec::new();
        for file in files {
            let verdict = self.store.blobs().verify(&file.record.sha256).await.unwrap();
            assert_eq!(verdict, Verdict::Intact, "{}", file.record.filename);
            names.push(file.record.filename);
        }
        names
    }

    /// The digest of a stocked file, and where its blob is.
    pub(crate) async fn blob(
        &self,
        filename: &str,
    ) -> (provender_core::Sha256, std::path::PathBuf) {
        let file = self.store.database().file(STOCK, filename).await.unwrap().unwrap();
        let path = self.store.blobs().local_path(&file.record.sha256).await.unwrap();
        (file.record.sha256, path)
    }
}

/// Stocks from the index at `url`; nobody waits for long.
pub(crate) async fn run(
    store: &Store,
    url: &str,
    request: &StockRequest,
    observer: &dyn StockObserver,
) -> Result<Stocked, StockError> {
    let client = Client::new(settings()).unwrap();
    let upstream = Upstream::new("the test's index", url.parse().unwrap());
    let upstreams = Upstreams::new(store.clone(), client.clone(), vec![upstream], BTreeMap::new());
    let transfers = Transfers::new(store.clone(), client);
    stock::run(store, &upstreams, &transfers, request, observer).await
}

pub(crate) fn settings() -> ClientSettings {
    let retry = RetrySettings {
        retries: 1,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        longest_retry_after: Duration::ZERO,
    };
    let read_timeout = Duration::from_millis(500);
    ClientSettings { retry, read_timeout, ..ClientSettings::default() }
}

pub(crate) fn request(locks: impl IntoIterator<Item = StockedLock>) -> StockRequest {
    StockRequest { locks: locks.into_iter().collect(), ..StockRequest::default() }
}

pub(crate) fn lock(text: &str) -> StockedLock {
    named_lock("/project/requirements.lock", text)
}

pub(crate) fn named_lock(name: &str, text: &str) -> StockedLock {
    StockedLock {
        name: name.to_owned(),
        kind: LockKind::File,
        format: LockFormat::Constraints,
        text: text.to_owned(),
        lock: constraints::parse(text).unwrap(),
    }
}

pub(crate) fn rules(stocked: &Stocked) -> Vec<&'static str> {
    stocked.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect()
}

/// A wheel of at least `length` bytes that cannot be compressed much.
pub(crate) fn large(name: &str, length: usize) -> DistFile {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = String::with_capacity(length * 2);
    while text.len() < length * 2 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{state:016x}"));
    }
    Wheel::new(name, "1").file(&format!("{name}/data.txt"), &text).build()
}

/// Every file below a folder with its bytes, by its path in it.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}
