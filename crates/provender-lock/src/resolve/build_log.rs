//! What a run built.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use provender_core::{ProjectName, Version};

/// What was built, and with which build requirements.
#[derive(Default)]
pub(crate) struct BuildLog {
    entries: Mutex<BTreeMap<String, Built>>,
}

/// One thing that was built.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Built {
    /// The project whose code ran.
    pub(crate) project: ProjectName,
    /// Its version, where it was known before.
    pub(crate) version: Option<Version>,
    /// What was installed to run it.
    pub(crate) requirements: BTreeMap<ProjectName, Version>,
}

impl BuildLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Built>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn entries(&self) -> Vec<Built> {
        self.lock().values().cloned().collect()
    }
}
