//! The step `blobs`: every file has the bytes that its digest promises, and the metadata beside a
//! wheel are the wheel's own.

use std::collections::BTreeMap;
use std::num::NonZero;

use futures_util::{StreamExt as _, stream};
use provender_core::check::Step;
use provender_core::{Diagnostic, Sha256};
use provender_store::{BlobRow, FileRecord, STOCK, Store, StoreError, Verdict};
use sha2::Digest as _;

use super::complaint::{bytes, count, names, store_failed};
use super::needs::Needs;
use super::request::CheckObserver;
use crate::transfer::{OwnMetadataError, own_metadata};

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
    let foreign = foreign_metadata(store, cores).await?;
    if bad.is_empty() && foreign.is_empty() {
        let summary = format!("{}, {}", count(rows.len(), "blob"), bytes(read));
        return Ok(Step::passed(ID, TITLE, summary));
    }
    let mut said = Vec::new();
    if !bad.is_empty() {
        let (all, files) = (count(rows.len(), "blob"), bad.keys().collect::<Vec<_>>());
        said.push(format!("{} of {all} damaged or missing: {}", files.len(), names(&files)));
    }
    if !foreign.is_empty() {
        let files: Vec<_> = foreign.keys().collect();
        said.push(format!("the metadata beside {} are not its own", names(&files)));
    }
    let diagnostics = bad.into_values().chain(foreign.into_values()).collect();
    Ok(Step::failed(ID, TITLE, said.join("; "), diagnostics))
}

/// The wheels beside which other metadata are promised than they hold. These are forgotten, so that
/// they are not served any more and the next stocking reads them out of the wheel.
async fn foreign_metadata(
    store: &Store,
    at_once: usize,
) -> Result<BTreeMap<String, Diagnostic>, StoreError> {
    let mut wheels = store.database().all_files(STOCK).await?;
    wheels.retain(|file| file.record.filename.ends_with(".whl") && file.record.metadata.is_some());
    let mut read = stream::iter(wheels)
        .map(|file| async move {
            let FileRecord { sha256, filename, .. } = &file.record;
            let own = own_metadata(store, sha256, filename).await;
            (file.record, own)
        })
        .buffer_unordered(at_once);
    let mut foreign = BTreeMap::new();
    while let Some((record, own)) = read.next().await {
        let found = match own {
            Ok(own) => {
                let own = Sha256::from_bytes(sha2::Sha256::digest(own).into());
                if record.metadata == Some(own) {
                    continue;
                }
                format!("those in the wheel have sha256:{own}")
            }
            Err(OwnMetadataError::Wheel(error)) => error.to_string(),
            Err(OwnMetadataError::Store(error)) => return Err(error),
        };
        let diagnostic = not_its_own(&record, &found);
        foreign.insert(record.filename.clone(), diagnostic);
        store.database().put_files(&[FileRecord { metadata: None, ..record }]).await?;
    }
    Ok(foreign)
}

fn not_its_own(record: &FileRecord, found: &str) -> Diagnostic {
    let FileRecord { filename, project, version, .. } = record;
    let message =
        format!("the metadata beside {filename} ({project} {version}) are not those in the wheel");
    let promised = record.metadata.iter().map(|promised| format!("promised: sha256:{promised}"));
    promised
        .fold(Diagnostic::error("check/metadata", message), Diagnostic::because)
        .because(found)
        .hint(
            "they are not served any more; `provender stock` reads them out of the wheel. Find out \
             which index promised them before you trust it with more",
        )
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
