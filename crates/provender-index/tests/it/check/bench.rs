//! A store that was stocked from a fake index, and locks in a folder of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use provender_core::check::{Outcome, Step};
use provender_core::lock::constraints;
use provender_core::{Diagnostic, Sha256};
use provender_index::check::{self, CheckObserver, CheckRequest};
use provender_index::stock::{self, StockRequest, StockedLock};
use provender_index::transfer::Transfers;
use provender_index::upstream::{Upstream, Upstreams};
use provender_net::Client;
use provender_store::{LockFormat, LockKind, STOCK, Store};
use provender_test::{FakeIndex, Release};
use tempfile::TempDir;

use crate::served::client;

pub(crate) struct Bench {
    pub(crate) index: FakeIndex,
    pub(crate) store: Store,
    pub(crate) project: TempDir,
    tmp: TempDir,
    _data: TempDir,
}

impl Bench {
    pub(crate) async fn with(releases: impl IntoIterator<Item = Release>) -> Self {
        let data = TempDir::new().unwrap();
        Self {
            index: FakeIndex::with(releases),
            store: Store::open(data.path()).await.unwrap(),
            project: TempDir::new().unwrap(),
            tmp: TempDir::new().unwrap(),
            _data: data,
        }
    }

    /// A lock for every platform, of releases with all their hashes: `NAME==VERSION`, or with
    /// ` ; MARKER`.
    pub(crate) fn universal(&self, pins: &[&str]) -> String {
        self.lock(&python_version().unwrap_or_else(|| "3.11".to_owned()), "universal", pins)
    }

    pub(crate) fn lock(&self, python: &str, platforms: &str, pins: &[&str]) -> String {
        let mut text = format!(
            "# provender: lock = 1\n# provender: python = {python}\n# provender: platforms = {platforms}\n"
        );
        for pin in pins {
            let (name, version) = pin.split(';').next().unwrap().trim().split_once("==").unwrap();
            let hashes = self.index.hashes(name, version);
            let hashes = hashes.iter().map(|(_, sha256)| format!(" --hash=sha256:{sha256}"));
            text += &format!("{pin}{}\n", hashes.collect::<String>());
        }
        text
    }

    /// Where the lock file is.
    pub(crate) fn lock_path(&self) -> PathBuf {
        self.project.path().join("requirements.lock")
    }

    /// Writes the lock file and stocks it.
    pub(crate) async fn stock(&self, text: &str) {
        std::fs::write(self.lock_path(), text).unwrap();
        self.stock_as(&self.lock_path().to_string_lossy(), LockKind::File, text).await;
    }

    /// Stocks what is carried along.
    pub(crate) async fn carry(&self, name: &str, text: &str) {
        self.stock_as(&format!("with:{name}"), LockKind::Carried, text).await;
    }

    async fn stock_as(&self, name: &str, kind: LockKind, text: &str) {
        let lock = StockedLock {
            name: name.to_owned(),
            kind,
            format: LockFormat::Constraints,
            text: text.to_owned(),
            lock: constraints::parse(text).unwrap(),
        };
        let request = StockRequest { locks: vec![lock], ..StockRequest::default() };
        let upstream = Upstream::new("the test's index", self.index.url().parse().unwrap());
        let upstreams =
            Upstreams::new(self.store.clone(), client(), vec![upstream], BTreeMap::new());
        let transfers = Transfers::new(self.store.clone(), client());
        stock::run(&self.store, &upstreams, &transfers, &request, &()).await.unwrap();
    }

    /// Where the blob of a stocked file is.
    pub(crate) async fn blob(&self, filename: &str) -> (Sha256, PathBuf) {
        let file = self.store.database().file(STOCK, filename).await.unwrap().unwrap();
        let path = self.store.blobs().local_path(&file.record.sha256).await.unwrap();
        (file.record.sha256, path)
    }

    /// A check of everything that was stocked, with the Python that is on `PATH`.
    pub(crate) async fn request(&self) -> CheckRequest {
        let (locks, unreadable) = check::locks(&self.store).await.unwrap();
        assert!(unreadable.is_empty(), "{unreadable:?}");
        CheckRequest {
            locks,
            url: None,
            client: Client::new(provender_net::ClientSettings::default()).unwrap(),
            interpreters: vec![PathBuf::from("python3")],
            path: std::env::var_os("PATH"),
            tmp: self.tmp.path().to_owned(),
            limit: CheckRequest::LIMIT,
        }
    }

    /// A check that installs nothing, as on a machine without Python.
    pub(crate) async fn without_python(&self) -> CheckRequest {
        CheckRequest { interpreters: Vec::new(), ..self.request().await }
    }

    /// Runs a check, which leaves nothing behind.
    pub(crate) async fn check(&self, request: &CheckRequest) -> Steps {
        let seen = Seen::default();
        let steps = check::run(request, &self.store, &seen).await;
        self.assert_nothing_is_left();
        assert_eq!(*seen.0.lock().unwrap(), steps, "every step is told as it ends");
        for diagnostic in steps.iter().flat_map(|step| &step.diagnostics) {
            assert!(diagnostic.rule.starts_with("check/"), "{diagnostic:?}");
            assert!(diagnostic.hint.is_some(), "{diagnostic:?}");
        }
        Steps(steps)
    }

    pub(crate) fn assert_nothing_is_left(&self) {
        let left: Vec<_> = std::fs::read_dir(self.tmp.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[derive(Default)]
struct Seen(std::sync::Mutex<Vec<Step>>);

impl CheckObserver for Seen {
    fn ended(&self, step: &Step) {
        self.0.lock().unwrap().push(step.clone());
    }
}

/// What a check came to.
#[derive(Debug)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Steps {
    pub(crate) fn of(&self, id: &str) -> &Step {
        self.0.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("{id}: {self:#?}"))
    }

    pub(crate) fn assert(&self, id: &str, outcome: Outcome) -> &Step {
        let step = self.of(id);
        assert_eq!(step.outcome, outcome, "{self:#?}");
        step
    }

    /// The steps that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        let failed = self.0.iter().filter(|step| step.outcome == Outcome::Failed);
        failed.map(|step| step.id).collect()
    }

    /// The diagnostic of a rule in a step.
    pub(crate) fn told(&self, id: &str, rule: &str) -> &Diagnostic {
        let told = self.of(id).diagnostics.iter().find(|diagnostic| diagnostic.rule == rule);
        told.unwrap_or_else(|| panic!("{id} without {rule}: {self:#?}"))
    }
}

/// `MAJOR.MINOR` of the Python on `PATH`; none if there is none that makes environments with pip.
pub(crate) fn python_version() -> Option<String> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    let ask = || {
        let home = TempDir::new().unwrap();
        let mut python = provender_test::python(home.path())?;
        let program = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])";
        let output = python.args(["-I", "-c", program]).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    VERSION.get_or_init(ask).clone()
}

/// Leaves a test out, after saying so, where there is no such Python.
macro_rules! needs_python {
    ($test:literal) => {
        match $crate::check::python_version() {
            Some(version) => version,
            None => return provender_test::left_out($test, "no python3 with venv on PATH"),
        }
    };
}
pub(crate) use needs_python;
