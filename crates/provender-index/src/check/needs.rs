//! Which files locks need, by what the database knows.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::lock::LockedSource;
use provender_core::{Diagnostic, LockedProject, Place, ProjectName, Sha256, Version, redact};
use provender_store::{DatabaseError, LockKind, STOCK, StockedFile, Store};

use super::complaint::names;
use super::request::CheckedLock;
use crate::stock::choose::{Candidate, Scope, ScopeError, choose};
use provender_target::Marker;

/// What all locks need, in the order of the locks.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) locks: Vec<LockNeeds>,
    /// For each digest, the names of the stocked locks that need it.
    pub(super) needed_by: BTreeMap<Sha256, BTreeSet<String>>,
}

/// What one lock needs.
#[derive(Debug, Default)]
pub(super) struct LockNeeds {
    /// The lock's name.
    pub(super) name: String,
    /// Every file that is needed, by name, whether it is there or not.
    pub(super) files: BTreeMap<String, StockedFile>,
    /// Every known file with a digest that the lock lists.
    pub(super) listed: BTreeMap<Sha256, StockedFile>,
    /// The projects that have no wheel for the target, so that they have to be built there.
    pub(super) built: BTreeSet<ProjectName>,
    /// What is wrong with the lock itself.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Needs {
    pub(super) async fn read(store: &Store, locks: &[CheckedLock]) -> Result<Self, DatabaseError> {
        let mut needs = Self::default();
        for record in store.database().locks().await? {
            for sha256 in store.database().lock_files(&record.name).await? {
                needs.needed_by.entry(sha256).or_default().insert(record.name.clone());
            }
        }
        for lock in locks {
            let of_lock = LockNeeds::read(store, lock).await?;
            for file in of_lock.files.values() {
                for sha256 in [Some(file.record.sha256), file.record.metadata].into_iter().flatten()
                {
                    needs.needed_by.entry(sha256).or_default().insert(lock.name.clone());
                }
            }
            needs.locks.push(of_lock);
        }
        Ok(needs)
    }

    /// What the lock of a name needs.
    pub(super) fn of(&self, lock: &CheckedLock) -> Option<&LockNeeds> {
        self.locks.iter().find(|needs| needs.name == lock.name)
    }
}

impl LockNeeds {
    async fn read(store: &Store, lock: &CheckedLock) -> Result<Self, DatabaseError> {
        let mut needs = Self { name: lock.name.clone(), ..Self::default() };
        let scope = match Scope::of(lock.target()) {
            Ok(scope) => scope,
            Err(error) => {
                needs.diagnostics.push(no_target(lock, &error));
                return Ok(needs);
            }
        };
        let pins: Vec<_> = lock.lock.projects.iter().chain(&lock.lock.build).collect();
        let keys: Vec<_> =
            pins.iter().filter_map(|pin| Some((pin.name.clone(), pin.version.clone()?))).collect();
        let rows = store.database().releases(STOCK, &keys).await?;
        let mut releases: BTreeMap<(ProjectName, Version), Vec<StockedFile>> = BTreeMap::new();
        for row in rows {
            let key = (row.record.project.clone(), row.record.version.clone());
            releases.entry(key).or_default().push(row);
        }
        let mut stocked = Earlier::read(store, lock).await?;
        for pin in &pins {
            stocked.listed.extend(pin.files.iter().filter_map(|file| file.hash.sha256()));
        }
        for pin in pins {
            let rows = pin
                .version
                .as_ref()
                .and_then(|version| releases.get(&(pin.name.clone(), version.clone())));
            needs.pin(lock, pin, rows.map_or(&[], Vec::as_slice), &scope, &stocked);
        }
        let known: BTreeSet<_> = releases.values().flatten().map(|row| row.record.sha256).collect();
        if stocked.is_same && !stocked.files.is_subset(&known) {
            let gone: Vec<_> = stocked.files.difference(&known).collect();
            needs.diagnostics.push(forgotten(lock, &gone));
        }
        Ok(needs)
    }

    fn pin(
        &mut self,
        lock: &CheckedLock,
        pin: &LockedProject,
        rows: &[StockedFile],
        scope: &Scope,
        stocked: &Earlier,
    ) {
        let hashes: BTreeSet<_> = pin.files.iter().filter_map(|file| file.hash.sha256()).collect();
        if let Some(diagnostic) = unprovable(lock, pin, &hashes) {
            self.diagnostics.push(diagnostic);
            return;
        }
        // A wheel that was built here and lost cannot be had again; then its sdist can.
        let listed: Vec<_> = rows
            .iter()
            .filter(|row| hashes.contains(&row.record.sha256))
            .filter(|row| row.present || row.record.url.is_some())
            .collect();
        let lost = rows.iter().filter(|row| {
            let sha256 = &row.record.sha256;
            stocked.files.contains(sha256) && !stocked.listed.contains(sha256)
        });
        let lost: Vec<_> = lost.map(|row| row.record.filename.as_str()).collect();
        if !lost.is_empty() {
            self.diagnostics.push(lost_hash(lock, pin, &lost));
        }
        for row in &listed {
            self.listed.insert(row.record.sha256, (*row).clone());
            if stocked.is_same && stocked.files.contains(&row.record.sha256) {
                self.files.insert(row.record.filename.clone(), (*row).clone());
            }
        }
        let candidates: Vec<_> = listed
            .iter()
            .map(|row| Candidate {
                filename: &row.record.filename,
                requires_python: row.record.requires_python.as_deref(),
            })
            .collect();
        let marker = Marker::parse(pin.marker.as_deref());
        let choice = choose(&pin.name, &candidates, scope, &marker);
        if !choice.applies {
            return;
        }
        if listed.is_empty() {
            self.diagnostics.push(unknown(lock, pin, rows));
        } else if !choice.is_complete() {
            self.diagnostics.push(no_file(lock, pin));
        }
        if choice.needs_build {
            self.built.insert(pin.name.clone());
        }
        for place in choice.chosen {
            let row = listed[place];
            self.files.insert(row.record.filename.clone(), row.clone());
        }
    }
}

/// What the last stocking of a lock took for it.
struct Earlier {
    files: BTreeSet<Sha256>,
    /// Whether the lock reads as it did then.
    is_same: bool,
    /// Every hash that the lock lists now, for whatever pin.
    listed: BTreeSet<Sha256>,
}

impl Earlier {
    async fn read(store: &Store, lock: &CheckedLock) -> Result<Self, DatabaseError> {
        let records = store.database().locks().await?;
        let record = records.iter().find(|record| record.name == lock.name);
        let files = match record {
            Some(record) => store.database().lock_files(&record.name).await?,
            None => Vec::new(),
        };
        let is_same = record.is_some_and(|record| record.text == lock.text);
        Ok(Self { files: files.into_iter().collect(), is_same, listed: BTreeSet::new() })
    }
}

fn no_target(lock: &CheckedLock, error: &ScopeError) -> Diagnostic {
    at(lock, Diagnostic::error("check/target", "the lock's target is none that wheels are for"))
        .because(error.to_string())
        .hint("lock for a Python and platforms that exist, and stock again")
}

/// Why nothing of a pin can be verified, if that is so.
fn unprovable(
    lock: &CheckedLock,
    pin: &LockedProject,
    hashes: &BTreeSet<Sha256>,
) -> Option<Diagnostic> {
    let location = match &pin.source {
        LockedSource::Index(_) => None,
        LockedSource::Direct(location) => Some(redact::without_credentials(location)),
        LockedSource::Editable(folder) => Some(folder.as_str().into()),
    };
    if let Some(location) = location {
        let message = format!("{} comes from {location}, which no index can serve", pin.name);
        return Some(at(lock, Diagnostic::error("check/direct", message)).hint(
            "require a release of it from an index, or publish one there; then lock and stock again",
        ));
    }
    if pin.version.is_some() && !hashes.is_empty() {
        return None;
    }
    let message = format!("{} has no SHA-256 in the lock", shown(pin));
    Some(at(lock, Diagnostic::error("check/no-hash", message)).hint(
        "make the lock anew with `provender lock`, which writes the hashes of every file, and \
         find out who took them out",
    ))
}

/// Files that the last stocking took for the lock, and that no index of the store has any more.
fn forgotten(lock: &CheckedLock, gone: &[&Sha256]) -> Diagnostic {
    let message = "files that were stocked for the lock are not in the index any more";
    let diagnostic = at(lock, Diagnostic::error("check/missing", message));
    let diagnostic = gone
        .iter()
        .take(5)
        .fold(diagnostic, |diagnostic, sha256| diagnostic.because(format!("sha256:{sha256}")));
    diagnostic.hint("fetch them with `provender stock`; another lock may have taken their names")
}

fn lost_hash(lock: &CheckedLock, pin: &LockedProject, files: &[&str]) -> Diagnostic {
    let message =
        format!("the lock lost the hash of {}, which was stocked for {}", names(files), shown(pin));
    at(lock, Diagnostic::error("check/hash", message)).hint(
        "find out who changed the lock; then make it anew with `provender lock`, and stock it",
    )
}

/// The stock knows nothing with one of the hashes of a pin.
fn unknown(lock: &CheckedLock, pin: &LockedProject, rows: &[StockedFile]) -> Diagnostic {
    if rows.is_empty() {
        let message = format!("{} is not stocked", shown(pin));
        return at(lock, Diagnostic::error("check/missing", message))
            .hint("stock the lock with `provender stock`");
    }
    let message = format!("no file of {} has a hash that the lock lists for it", shown(pin));
    let mut diagnostic = at(lock, Diagnostic::error("check/hash", message));
    for row in rows.iter().take(5) {
        let (filename, sha256) = (&row.record.filename, &row.record.sha256);
        diagnostic = diagnostic.because(format!("known: {filename} with sha256:{sha256}"));
    }
    diagnostic.hint(
        "the lock lost a hash, or was made from other files: find out which before you lock anew",
    )
}

fn no_file(lock: &CheckedLock, pin: &LockedProject) -> Diagnostic {
    let on = match lock.target() {
        Some(target) => target.to_string(),
        None => "any Python".to_owned(),
    };
    let message = format!(
        "{} has neither a wheel for {on} nor an sdist among the files that the lock lists",
        shown(pin)
    );
    at(lock, Diagnostic::error("check/no-file", message))
        .hint("lock for this target and stock again; a hash may have got lost from the lock")
}

fn shown(pin: &LockedProject) -> String {
    match &pin.version {
        Some(version) => format!("{} {version}", pin.name),
        None => pin.name.to_string(),
    }
}

/// Says which lock is meant.
pub(super) fn at(lock: &CheckedLock, mut diagnostic: Diagnostic) -> Diagnostic {
    match lock.kind {
        LockKind::File => diagnostic.at(Place::file(&lock.name)),
        LockKind::Carried => {
            diagnostic.message = format!("{} ({})", diagnostic.message, lock.name);
            diagnostic
        }
    }
}
