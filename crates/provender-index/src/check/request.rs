//! What is to be checked, and who watches it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use provender_core::check::Step;
use provender_core::{Lock, Target};
use provender_net::Client;
use provender_store::{LockFormat, LockKind};
use url::Url;

/// What to check.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The locks to prove; [`locks`](super::locks()) gives those that were stocked.
    pub locks: Vec<CheckedLock>,
    /// The simple API of a running index to check, such as `http://index.example/simple/`, or the
    /// root above it. Without one, an index over the store is served on a free port for as long as
    /// the check takes.
    pub url: Option<Url>,
    /// With what a running index is asked: proxies, trust and credentials. The index that is served
    /// here is asked without a proxy.
    pub client: Client,
    /// What may be Python: interpreters or what starts one, in order of preference. Each is asked
    /// what it is.
    pub interpreters: Vec<PathBuf>,
    /// The `PATH` of the processes that are started: nothing else of the environment gets there.
    pub path: Option<OsString>,
    /// The folder below which temporary folders are made.
    pub tmp: PathBuf,
    /// How long making an environment, and how long pip may take each time, before they are killed.
    pub limit: Duration,
}

impl CheckRequest {
    /// Ten minutes.
    pub const LIMIT: Duration = Duration::from_secs(10 * 60);

    /// Whether there are locks of a kind.
    pub(super) fn has(&self, kind: LockKind) -> bool {
        self.locks.iter().any(|lock| lock.kind == kind)
    }

    /// The locks of a kind.
    pub(super) fn of_kind(&self, kind: LockKind) -> Vec<&CheckedLock> {
        self.locks.iter().filter(|lock| lock.kind == kind).collect()
    }
}

/// A lock to prove.
#[derive(Debug, Clone)]
pub struct CheckedLock {
    /// The absolute path of the lock file, or `with:NAME` for what is carried along.
    pub name: String,
    /// Which of the two.
    pub kind: LockKind,
    /// The form of `text`.
    pub format: LockFormat,
    /// The lock as it stands in its file, or as it was stocked.
    pub text: String,
    /// The lock.
    pub lock: Lock,
    /// For what it was stocked, where that is not what the lock itself says.
    pub target: Option<Target>,
}

impl CheckedLock {
    /// What it has to install on; none where nothing says so.
    pub(super) fn target(&self) -> Option<&Target> {
        self.target.as_ref().or(self.lock.header.target.as_ref())
    }

    /// The name of the tool that is carried along, or of the lock file.
    pub(super) fn short_name(&self) -> &str {
        match self.kind {
            LockKind::Carried => self.name.strip_prefix("with:").unwrap_or(&self.name),
            LockKind::File => &self.name,
        }
    }
}

/// Watches a check. Called from the task that runs it; it must not block.
pub trait CheckObserver: Send + Sync {
    /// A step began. One that is not run may end without having begun.
    fn began(&self, id: &'static str, title: &str) {
        let _ = (id, title);
    }

    /// A step that looks at many things has looked at so many of them.
    fn progressed(&self, id: &'static str, done: usize, total: usize) {
        let _ = (id, done, total);
    }

    /// A step ended.
    fn ended(&self, step: &Step) {
        let _ = step;
    }
}

/// Nobody watches.
impl CheckObserver for () {}
