//! What has to be known of a lock to run and build a service.

use std::collections::BTreeSet;

use provender_core::{Lock, LockedProject, ProjectName, PythonVersion};

use super::postgresql::DRIVERS;

/// Facts of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockFacts {
    /// The lock's file, relative to the project, with `/`.
    pub file: String,
    /// The Python that it was made for.
    pub python: Option<PythonVersion>,
    /// What it installs.
    pub projects: BTreeSet<ProjectName>,
    /// Those of which there is no wheel: an sdist has to be built.
    pub from_source: BTreeSet<ProjectName>,
    /// What is installed only while these are built.
    pub build: Vec<LockedProject>,
}

impl LockFacts {
    /// Takes them from a lock that was read from `file`.
    ///
    /// A lock that names no files says which projects it built wheels for; of those that another
    /// tool wrote without names nothing is known to need building.
    pub fn of(file: &str, lock: &Lock) -> Self {
        let built = lock.header.built.iter().map(|built| built.project.clone());
        let sdists = lock.projects.iter().filter(|project| {
            let named = project.files.iter().all(|file| file.filename.is_some());
            !project.files.is_empty() && named && !project.files.iter().any(|file| file.is_wheel())
        });
        Self {
            file: file.to_owned(),
            python: lock.header.target.as_ref().map(|target| target.python),
            projects: lock.projects.iter().map(|project| project.name.clone()).collect(),
            from_source: built.chain(sdists.map(|project| project.name.clone())).collect(),
            build: lock.build.clone(),
        }
    }

    /// Whether a project is locked, by its normalised name.
    pub fn has(&self, name: &str) -> bool {
        self.projects.iter().any(|project| project.to_string() == name)
    }

    /// Whether something is locked that speaks to PostgreSQL.
    pub fn has_postgresql(&self) -> bool {
        DRIVERS.iter().any(|driver| self.has(driver))
    }
}
