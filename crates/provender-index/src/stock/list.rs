//! What is stocked, and who needs it.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::{ProjectName, Sha256, Version};
use provender_store::{STOCK, Store};
use serde::Serialize;

use super::outcome::StockError;

/// A project with files in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedProject {
    /// The project.
    #[serde(serialize_with = "shown")]
    pub name: ProjectName,
    /// Its releases that have files, in order.
    pub releases: Vec<ListedRelease>,
}

/// A release with files in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedRelease {
    /// The version.
    #[serde(serialize_with = "shown")]
    pub version: Version,
    /// Its files, sorted by name.
    pub files: Vec<ListedFile>,
}

/// A file in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedFile {
    /// Its name.
    pub filename: String,
    /// Its digest.
    pub sha256: Sha256,
    /// Its length in bytes, where it is known.
    pub size: Option<u64>,
    /// The names of the locks that need it, sorted; none needs what was pulled through, or what a
    /// lock needed before it changed.
    pub locks: Vec<String>,
}

fn shown<T: std::fmt::Display, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl ListedProject {
    /// Its files, of all releases.
    pub fn files(&self) -> impl Iterator<Item = &ListedFile> {
        self.releases.iter().flat_map(|release| &release.files)
    }

    /// The size of all its files in bytes, as far as it is known.
    pub fn bytes(&self) -> u64 {
        self.files().filter_map(|file| file.size).sum()
    }

    /// The locks that need any of its files, sorted.
    pub fn locks(&self) -> BTreeSet<&str> {
        self.files().flat_map(|file| &file.locks).map(String::as_str).collect()
    }
}

/// Lists what is stocked, sorted by project.
///
/// # Errors
///
/// When the database gives no answer.
pub async fn list(store: &Store) -> Result<Vec<ListedProject>, StockError> {
    let mut needed_by: BTreeMap<Sha256, Vec<String>> = BTreeMap::new();
    for lock in store.database().locks().await? {
        for sha256 in store.database().lock_files(&lock.name).await? {
            needed_by.entry(sha256).or_default().push(lock.name.clone());
        }
    }
    let mut projects: BTreeMap<ProjectName, BTreeMap<Version, Vec<ListedFile>>> = BTreeMap::new();
    for file in store.database().all_files(STOCK).await? {
        let record = file.record;
        let releases = projects.entry(record.project).or_default();
        releases.entry(record.version).or_default().push(ListedFile {
            locks: needed_by.get(&record.sha256).cloned().unwrap_or_default(),
            filename: record.filename,
            sha256: record.sha256,
            size: record.size,
        });
    }
    let listed = projects.into_iter().map(|(name, releases)| {
        let releases = releases.into_iter().map(|(version, mut files)| {
            files.sort_by(|a, b| a.filename.cmp(&b.filename));
            ListedRelease { version, files }
        });
        ListedProject { name, releases: releases.collect() }
    });
    Ok(listed.collect())
}
