//! A project in a temporary folder, and an index of its own.

use std::path::PathBuf;
use std::sync::Arc;

use provender_core::{Lock, ProjectName, Version};
use provender_lock::{
    Advisories, FixPolicy, IndexSettings, LockFailure, LockOutcome, LockRequest, Observer,
    Progress, Selection, TargetRequest, Upgrade,
};
use provender_net::{Client, ClientSettings};
use provender_test::{FakeIndex, Scenario};
use tempfile::TempDir;

/// A folder with inputs, and the index that they are locked from.
pub(crate) struct Project {
    pub(crate) folder: TempDir,
    pub(crate) index: FakeIndex,
}

/// Vulnerable versions, as `("a", ["1.0"])`.
pub(crate) struct Vulnerable(pub(crate) Vec<(&'static str, Vec<&'static str>)>);

impl Advisories for Vulnerable {
    fn is_vulnerable(&self, project: &ProjectName, version: &Version) -> bool {
        let version = version.to_string();
        self.0.iter().any(|(name, versions)| {
            *name == project.as_str() && versions.contains(&version.as_str())
        })
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Progress) {}
}

impl Project {
    /// A project whose index offers what the scenario (TOML) says.
    pub(crate) fn new(scenario: &str, requirements: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Scenario::parse(scenario).serve();
        let project = Self { folder, index };
        project.write("requirements.txt", requirements);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A request to lock `requirements.txt` for Python 3.11 on Linux.
    pub(crate) fn request(&self) -> LockRequest {
        LockRequest {
            inputs: vec![self.path("requirements.txt")],
            base: self.folder.path().to_path_buf(),
            output: Some(self.path("constraints.txt")),
            present: None,
            selection: Selection::default(),
            target: TargetRequest {
                python: Some("3.11".parse().unwrap()),
                platforms: Some("x86_64-manylinux_2_28".parse().unwrap()),
            },
            exclude_newer: None,
            upgrade: Upgrade::Nothing,
            builds: false,
            indexes: IndexSettings {
                default: Some(self.index.url().parse().unwrap()),
                ..IndexSettings::default()
            },
            refresh: false,
            exclude_dev: None,
            fix: None,
            file_details: true,
            cache_dir: self.path("cache"),
            client: Client::new(ClientSettings::default()).unwrap(),
            // Where a Python is looked for.
            variables: std::env::vars().filter(|(name, _)| name == "PATH").collect(),
        }
    }

    /// Locks without advisories.
    pub(crate) fn lock(&self, request: &LockRequest) -> Result<LockOutcome, LockFailure> {
        self.repair(request, &Vulnerable(Vec::new()))
    }

    /// Locks with advisories.
    pub(crate) fn repair(
        &self,
        request: &LockRequest,
        vulnerable: &Vulnerable,
    ) -> Result<LockOutcome, LockFailure> {
        let observer: Arc<dyn Observer> = Arc::new(Nobody);
        provender_lock::lock(request, vulnerable, &observer)
    }

    /// Locks what is present at these pins, with everything repaired within `policy`.
    pub(crate) fn repaired(
        &self,
        present: &str,
        policy: FixPolicy,
        vulnerable: &Vulnerable,
    ) -> LockOutcome {
        let mut request = self.request();
        request.present = Some(provender_core::lock::constraints::parse(present).unwrap());
        request.fix = Some(policy);
        self.repair(&request, vulnerable).unwrap()
    }
}

/// The pins of a lock, one a line.
pub(crate) fn pins(lock: &Lock) -> Vec<String> {
    lock.projects.iter().map(provender_core::lock::constraints::requirement).collect()
}
