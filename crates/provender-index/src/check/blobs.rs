//! The step `blobs`: every file has the bytes that its digest promises.

use std::collections::BTreeMap;
use std::num::NonZero;

use futures_util::{StreamExt as _, stream};
use provender_core::check::Step;
use provender_core::{Diagnostic, Sha256};
use provender_store::{BlobRow, STOCK, Store, StoreError, Verdict};

use super::complaint::{bytes, count, names, store_failed};
use super::needs::Needs;
use super::request::CheckObserver;

pub(super) const ID: &str = "blobs";
pub(super) const TITLE: &str = "every file has its hash";

/// Reads and hashes every blob that is recorded, as many at once as there are cores.
pub(super) async fn step(store: &Store, needs: &Needs, observer: &dyn CheckObserver) -> Step {
    match look(store, needs, observer).await {
        Ok(step) => step,
        Err(error) => store_failed(ID, TITLE, &error),
    }
}

async fn look(
    store: &Store,
    needs: &Needs,
    observer: &dyn CheckObserver,
) -> Result<Step, StoreError> {
    let rows = store.database().blobs().await?;
    if rows.is_empty() {
        return Ok(Step::not_run(ID, TITLE, "the store is empty", Vec::new()));
    }
    // Asked before anything is marked, for a damaged file's metadata is looked for by its wheel.
    let owners = owners_of_metadata(store).await?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut verdicts = stream::iter(&rows)
        .map(|row| async move { (row, store.blobs().verify(&row.info.sha256).await) })
        .buffer_unordered(cores);
    let mut bad: BTreeMap<String, Diagnostic> = BTreeMap::new();
    let (mut done, mut read) = (0, 0);
    while let Some((row, verdict)) = verdicts.next().await {
        done += 1;
        observer.progressed(ID, done, rows.len());
        let sha256 = row.info.sha256;
        let (what, found) = match verdict {
            Ok(Verdict::Intact) => {
                read += row.info.size;
                if row.damaged {
                    // It was put back by hand: from now on it is served again.
                    store.intact(&[sha256]).await?;
                }
                continue;
            }
            Ok(Verdict::Missing) => ("is missing", "there is no such blob".to_owned()),
            Ok(Verdict::Corrupt { actual, size }) => {
                let length = format!("{size} bytes in place of {}", row.info.size);
                ("is damaged", format!("its {length} have sha256:{actual}"))
            }
            Err(error) => ("cannot be read", with_source(&error)),
        };
        store.database().mark_damaged(&sha256).await?;
        let name = name(store, row, &owners).await?;
        bad.insert(name.clone(), damaged(&name, what, &found, &sha256, needs));
    }
    if bad.is_empty() {
        let summary = format!("{}, {}", count(rows.len(), "blob"), bytes(read));
        return Ok(Step::passed(ID, TITLE, summary));
    }
    let (all, damaged) = (count(rows.len(), "blob"), bad.len());
    let (files, diagnostics): (Vec<_>, Vec<_>) = bad.into_iter().unzip();
    let summary = format!("{damaged} of {all} damaged or missing: {}", names(&files));
    Ok(Step::failed(ID, TITLE, summary, diagnostics))
}

/// The names of the files whose METADATA each blob is.
async fn owners_of_metadata(store: &Store) -> Result<BTreeMap<Sha256, String>, StoreError> {
    let files = store.database().all_files(STOCK).await?.into_iter().map(|file| file.record);
    Ok(files.filter_map(|record| Some((record.metadata?, record.filename))).collect())
}

/// What a blob is, with the project that it belongs to.
async fn name(
    store: &Store,
    row: &BlobRow,
    owners: &BTreeMap<Sha256, String>,
) -> Result<String, StoreError> {
    let sha256 = &row.info.sha256;
    if let Some(file) = store.database().files_of(sha256).await?.first() {
        let record = &file.record;
        return Ok(format!("{} ({} {})", record.filename, record.project, record.version));
    }
    Ok(match owners.get(sha256) {
        Some(filename) => format!("{filename}.metadata"),
        None => format!("sha256:{sha256}"),
    })
}

fn damaged(name: &str, what: &str, found: &str, sha256: &Sha256, needs: &Needs) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("check/blob", format!("{name} {what}"))
        .because(format!("its blob is sha256:{sha256}"))
        .because(found);
    for lock in needs.needed_by.get(sha256).into_iter().flatten() {
        diagnostic = diagnostic.because(format!("needed by {lock}"));
    }
    diagnostic.hint(
        "it is not served any more; `provender stock` fetches it again. Look for a failing disk \
         before you trust the machine with more",
    )
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
