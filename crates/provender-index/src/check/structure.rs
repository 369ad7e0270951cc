//! The step `structure`: what the locks need is there.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::check::Step;
use provender_core::{Diagnostic, Level, Sha256};
use provender_store::{LockKind, StockedFile, Store, StoreError};

use super::complaint::{bytes, count, names, store_failed};
use super::needs::{Needs, at};
use super::request::{CheckRequest, CheckedLock};

pub(super) const ID: &str = "structure";
pub(super) const TITLE: &str = "what the locks need is in the store";

pub(super) async fn step(request: &CheckRequest, store: &Store, needs: &Needs) -> Step {
    match look(request, store, needs).await {
        Ok(step) => step,
        Err(error) => store_failed(ID, TITLE, &error),
    }
}

async fn look(request: &CheckRequest, store: &Store, needs: &Needs) -> Result<Step, StoreError> {
    if request.locks.is_empty() {
        let hint = Diagnostic::note("check/nothing", "no lock is named, and none was stocked")
            .hint("stock one with `provender stock LOCK`");
        return Ok(Step::not_run(ID, TITLE, "there is no lock to prove", vec![hint]));
    }
    let files: BTreeMap<&str, &StockedFile> = needs
        .locks
        .iter()
        .flat_map(|lock| &lock.files)
        .map(|(name, file)| (name.as_str(), file))
        .collect();
    let sizes = sizes(store, files.values().map(|file| file.record.sha256)).await?;
    let mut missing = BTreeSet::new();
    let mut total = 0;
    for (name, file) in &files {
        match sizes.get(&file.record.sha256) {
            Some(size) if file.present => total += size,
            _ => {
                missing.insert(*name);
            }
        }
    }

    let mut diagnostics = Vec::new();
    for (lock, needs) in request.locks.iter().zip(&needs.locks) {
        diagnostics.extend(changed(lock, store).await?);
        diagnostics.extend(needs.diagnostics.iter().cloned());
        let of_lock = needs.files.keys().filter(|name| missing.contains(name.as_str()));
        let of_lock: Vec<_> = of_lock.map(String::as_str).collect();
        diagnostics.extend(of_lock.iter().map(|name| absent(lock, name)));
    }
    let locks = count(request.locks.len(), "lock");
    let is_fine = diagnostics.iter().all(|diagnostic| diagnostic.level < Level::Error);
    if is_fine {
        let files = count(files.len(), "file");
        let summary = format!("{files} for {locks}, {}", bytes(total));
        return Ok(Step { diagnostics, ..Step::passed(ID, TITLE, summary) });
    }
    let summary = if missing.is_empty() {
        let faults = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
        let faults = faults.count();
        let are = if faults == 1 { "is" } else { "are" };
        format!("{} for {locks}; {faults} {are} wrong in the locks", count(files.len(), "file"))
    } else {
        let missing: Vec<_> = missing.into_iter().collect();
        let (there, all) = (files.len() - missing.len(), count(files.len(), "file"));
        format!("{there} of {all} for {locks}; missing: {}", names(&missing))
    };
    Ok(Step::failed(ID, TITLE, summary, diagnostics))
}

/// The lengths of the blobs that are there.
async fn sizes(
    store: &Store,
    digests: impl Iterator<Item = Sha256>,
) -> Result<BTreeMap<Sha256, u64>, StoreError> {
    let digests: Vec<_> = digests.collect();
    let infos = store.blobs().infos(&digests).await?;
    Ok(infos.into_iter().flatten().map(|info| (info.sha256, info.size)).collect())
}

fn absent(lock: &CheckedLock, filename: &str) -> Diagnostic {
    let message = format!("{filename} is missing from the store, or is damaged");
    at(lock, Diagnostic::error("check/missing", message))
        .hint("fetch it with `provender stock`, which takes what is missing and nothing else")
}

/// What is wrong with the lock between its file, what is checked and what was stocked.
async fn changed(lock: &CheckedLock, store: &Store) -> Result<Option<Diagnostic>, StoreError> {
    if lock.kind != LockKind::File {
        return Ok(None);
    }
    let hint = "stock the lock as it stands now with `provender stock`";
    let records = store.database().locks().await?;
    let stocked = records.iter().find(|record| record.name == lock.name);
    Ok(match tokio::fs::read(&lock.name).await {
        Ok(on_disk) => {
            let is_stocked = stocked.is_none_or(|record| record.text.as_bytes() == on_disk);
            (lock.text.as_bytes() != on_disk || !is_stocked).then(|| {
                let message = format!("{} is not the lock that was stocked any more", lock.name);
                at(lock, Diagnostic::error("check/lock-changed", message)).hint(hint)
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("{} is not there any more; it is proved as stocked", lock.name);
            Some(at(lock, Diagnostic::warning("check/lock-gone", message)).hint(
                "if the project is gone too, `provender stock prune` drops what only it needed",
            ))
        }
        Err(error) => {
            let message = format!("{} cannot be compared with what was stocked", lock.name);
            let diagnostic = Diagnostic::error("check/lock-changed", message);
            Some(at(lock, diagnostic).because(error.to_string()).hint("check its permissions"))
        }
    })
}
