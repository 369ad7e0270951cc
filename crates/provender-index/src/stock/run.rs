//! Fetching what a plan lacks.

use provender_store::{FileRecord, Store};

use super::diagnostics;
use super::fetch::{Fetch, fetch_all};
use super::outcome::{FileState, Plan, StockError, Stocked};
use super::plan::plan;
use super::request::{StockObserver, StockRequest};
use crate::transfer::Transfers;
use crate::upstream::Upstreams;

/// Stocks what the locks of a request need.
///
/// Files are fetched eight at a time, the largest first, and each is kept when it has the digest
/// that the lock lists, with the metadata of wheels beside it. Interrupted at any instant, it
/// leaves what was verified, and the next run goes on from there. Where nothing is missing,
/// nobody is asked and nothing is written.
///
/// # Errors
///
/// As for [`plan()`]. Files that cannot be fetched are diagnostics of the outcome.
pub async fn run(
    store: &Store,
    upstreams: &Upstreams,
    transfers: &Transfers,
    request: &StockRequest,
    observer: &dyn StockObserver,
) -> Result<Stocked, StockError> {
    let plan = plan(store, upstreams, request, observer).await?;
    // Before anything is fetched, so that a pruning that runs meanwhile takes nothing away.
    for lock in plan.locks.iter().filter(|lock| !lock.is_recorded) {
        store.database().put_lock(&lock.record, &lock.files).await?;
    }
    let fetched = fetch_all(store, upstreams, transfers, &plan.files, observer).await;
    Ok(outcome(store, plan, fetched))
}

fn outcome(store: &Store, plan: Plan, fetch: Fetch) -> Stocked {
    let mut stocked = Stocked {
        files: plan.files.len(),
        present: 0,
        bytes: 0,
        pages: plan.pages,
        fetched: Vec::new(),
        missing: Vec::new(),
        builds: plan.builds,
        diagnostics: plan.diagnostics,
    };
    let is_fetched = |record: &FileRecord| fetch.fetched.contains(&record.filename);
    for file in plan.files {
        let was_there = matches!(file.state, FileState::Stocked | FileState::WithoutMetadata);
        if !was_there && !is_fetched(&file.record) {
            stocked.missing.push(file.record);
            continue;
        }
        stocked.present += 1;
        stocked.bytes += file.record.size.unwrap_or_default();
        if file.state == FileState::Damaged {
            stocked.diagnostics.push(diagnostics::healed(&file.record.filename));
        }
        if !was_there {
            stocked.fetched.push(file.record);
        }
    }
    let missing: Vec<_> = stocked.missing.iter().map(|record| &record.sha256).collect();
    stocked.builds.retain(|build| !missing.contains(&&build.sha256));
    stocked.diagnostics.extend(fetch.diagnostics);
    if let Some(full) = fetch.full {
        let left = fetch.without_room;
        let data_dir = store.tmp().parent().unwrap_or(store.tmp());
        stocked.diagnostics.push(diagnostics::disk_full(data_dir, left, &full));
    }
    stocked
}
