//! What is known of a release: what the upstream says, and what the store has besides.

use std::collections::BTreeSet;

use provender_core::Sha256;
use provender_store::{FileRecord, STOCK, StockedFile};

use super::choose::{Candidate, Choice, Scope, choose};
use super::pins::{Pin, Want};
use crate::simple::ProjectPage;

/// The files of a release as they are to be remembered after its page was read.
///
/// What the page says is believed, with three exceptions. A file that is stocked stays although
/// the upstream took it away, for a lock may still need it. So does a wheel that was built here.
/// And a file that the upstream replaced by another of the same name stays as it was if a lock
/// asks for what it was and none for what it became, and always if it is there for another lock
/// (`elsewhere` are the files of those): one name cannot stand for both.
pub(super) fn merged(
    pin: &Pin,
    rows: &[StockedFile],
    page: &ProjectPage,
    elsewhere: &BTreeSet<Sha256>,
) -> Vec<FileRecord> {
    let wanted = pin.hashes();
    let listed = page.release(&pin.version).filter(|file| file.url.is_some());
    let mut records: Vec<_> = listed.filter_map(|file| file.record(STOCK, &pin.project)).collect();
    for row in rows {
        let ours = &row.record;
        match records.iter_mut().find(|record| record.filename == ours.filename) {
            Some(record) if record.sha256 == ours.sha256 => {
                // Read out of the verified wheel, where it is known. A wheel that is here and has
                // none needs no promise of the upstream's.
                if !(row.present && ours.filename.ends_with(".whl")) {
                    record.metadata = ours.metadata.or(record.metadata);
                } else {
                    record.metadata = ours.metadata;
                }
            }
            Some(record) if row.present && elsewhere.contains(&ours.sha256) => {
                *record = ours.clone();
            }
            Some(record) if wanted.contains(&ours.sha256) && !wanted.contains(&record.sha256) => {
                *record = ours.clone();
            }
            Some(_) => {}
            None if row.present || is_built(ours) => records.push(ours.clone()),
            None => {}
        }
    }
    records
}

/// Whether a file came about here, so that nobody else can give it.
pub(super) fn is_built(record: &FileRecord) -> bool {
    record.url.is_none()
}

/// What one lock gets of a release.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    /// The chosen files.
    pub(super) files: Vec<&'a StockedFile>,
    /// How they were chosen.
    pub(super) choice: Choice,
    /// The hashes of the lock that no known file has.
    pub(super) unknown: BTreeSet<Sha256>,
}

/// Chooses for one lock among the files that are known.
pub(super) fn select<'a>(
    pin: &Pin,
    want: &Want,
    scope: &Scope,
    rows: &'a [StockedFile],
) -> Selection<'a> {
    // A wheel that was built here and lost cannot be had again; then its sdist can.
    let obtainable = |row: &&StockedFile| row.present || !is_built(&row.record);
    let files: Vec<_> = rows
        .iter()
        .filter(|row| want.hashes.contains(&row.record.sha256))
        .filter(obtainable)
        .collect();
    let candidates: Vec<_> = files
        .iter()
        .map(|row| Candidate {
            filename: &row.record.filename,
            requires_python: row.record.requires_python.as_deref(),
        })
        .collect();
    let choice = choose(&pin.project, &candidates, scope, &want.marker);
    let known: BTreeSet<_> = rows.iter().map(|row| row.record.sha256).collect();
    Selection {
        unknown: want.hashes.difference(&known).copied().collect(),
        files: choice.chosen.iter().map(|place| files[*place]).collect(),
        choice,
    }
}

/// Whether a release can be stocked from what is known, without asking the upstream.
///
/// It can where every file that the lock lists is known. Files that the upstream took away never
/// will be; so a lock that was stocked as it stands, with just the files that are chosen now, has
/// been asked for and is believed (`stocked` are the files of such a lock).
pub(super) fn is_known(selection: &Selection<'_>, stocked: Option<&BTreeSet<Sha256>>) -> bool {
    let asked = || {
        selection.choice.is_complete()
            && stocked.is_some_and(|stocked| {
                // What was taken then and is not known any more has to be asked for again.
                stocked.is_disjoint(&selection.unknown)
                    && selection.files.iter().all(|file| stocked.contains(&file.record.sha256))
            })
    };
    !selection.choice.applies || selection.unknown.is_empty() || asked()
}

#[cfg(test)]
mod tests;
