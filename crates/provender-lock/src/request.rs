//! What is asked of a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use provender_core::{ExtraName, GroupName, Lock, Platforms, ProjectName, PythonVersion, Version};
use url::Url;

use crate::dev::DevRequirements;
use crate::repair::policy::FixPolicy;

/// Everything that decides a lock. Nothing is read from the environment: the caller says it here.
pub struct LockRequest {
    /// Requirements files and `pyproject.toml` files.
    pub inputs: Vec<PathBuf>,
    /// The folder from which paths in the lock are told.
    pub base: PathBuf,
    /// The file that will be written: an input that names it with `-c` means the present pins,
    /// which are preferences, not limits.
    pub output: Option<PathBuf>,
    /// The present pins.
    pub present: Option<Lock>,
    /// Which extras and groups of `pyproject.toml` are wanted.
    pub selection: Selection,
    /// What the lock is for.
    pub target: TargetRequest,
    /// Files uploaded after this instant are not considered.
    pub exclude_newer: Option<Timestamp>,
    /// Which present pins are given up.
    pub upgrade: Upgrade,
    /// Whether code may run to learn the metadata of an sdist that does not state it.
    pub builds: bool,
    /// Where projects come from.
    pub indexes: IndexSettings,
    /// Index pages that are younger are not asked for again.
    pub refresh: bool,
    /// Development requirements to leave out; none keeps them.
    pub exclude_dev: Option<DevRequirements>,
    /// How far a vulnerable pin may move; none neither audits nor repairs.
    pub fix: Option<FixPolicy>,
    /// Whether the lock must tell its files' names, addresses and sizes; PEP 751 demands them, pip's
    /// format has no place for them, and gathering them is work.
    pub file_details: bool,
    /// Where pages, metadata and built wheels are remembered.
    pub cache_dir: PathBuf,
    /// The HTTP client, with its roots, proxies and credentials.
    pub client: provender_net::Client,
    /// Values for `${NAME}` in requirements files.
    pub variables: BTreeMap<String, String>,
}

/// What the lock is for; what is not said comes from the present lock, then from this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetRequest {
    /// The Python version.
    pub python: Option<PythonVersion>,
    /// The platforms.
    pub platforms: Option<Platforms>,
}

/// Which extras and groups of `pyproject.toml` files are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These extras.
    pub extras: BTreeSet<ExtraName>,
    /// All extras.
    pub all_extras: bool,
    /// These dependency groups.
    pub groups: BTreeSet<GroupName>,
}

/// Which present pins are given up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Upgrade {
    /// None: a pin stays unless something forces it to move.
    #[default]
    Nothing,
    /// Those of these projects.
    Only(BTreeSet<ProjectName>),
    /// All of them.
    All,
}

/// Where projects come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexSettings {
    /// The index for everything that no other names. An input's own `--index-url` yields to it.
    pub default: Option<Url>,
    /// The index where neither `default` nor an input names one; none means the resolver's own
    /// default.
    pub fallback: Option<Url>,
    /// Indexes that are asked before the default one; the first that has a project decides.
    pub extra: Vec<Url>,
    /// Projects that come from one index and from no other.
    pub only_for: Vec<(ProjectName, Url)>,
}

/// What the repair asks of the advisory data.
pub trait Advisories: Sync {
    /// Whether an unwaived finding at the threshold exists for this version.
    fn is_vulnerable(&self, project: &ProjectName, version: &Version) -> bool;
}

/// A step of the work, told while it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A version was chosen.
    Resolved {
        /// How many so far.
        count: usize,
        /// Of which project.
        project: ProjectName,
    },
    /// Code of a project runs, to learn its metadata.
    Building {
        /// The sdist.
        what: String,
    },
    /// Vulnerable pins are being moved.
    Repairing {
        /// How many are vulnerable.
        vulnerable: usize,
    },
}

/// Is told of the progress.
pub trait Observer: Send + Sync {
    /// Called from the resolver's thread.
    fn on(&self, progress: Progress);
}
