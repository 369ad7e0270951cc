//! The last steps of a check: the advisory data is there and fresh, and what it says of the locks.

use std::path::Path;

use jiff::Timestamp;
use provender_advisory::Snapshot;
use provender_core::audit::Finding;
use provender_core::check::Step;
use provender_core::{Diagnostic, Level};
use provender_index::check::CheckedLock;
use provender_store::LockFormat;

use super::How;
use crate::cli::LockFormat as Form;
use crate::commands::audit::inventory_of;
use crate::commands::audited;
use crate::commands::data::{AdvisoryData, Need};
use crate::exit::Failure;
use crate::settings::Settings;

const DATA: (&str, &str) = ("advisories", "the advisory data is there and fresh");
const AUDIT: (&str, &str) = ("audit", "no finding that nobody accepted");

pub(super) fn steps(locks: &[CheckedLock], how: &How, settings: &Settings) -> Vec<Step> {
    let now = Timestamp::now();
    match data(how, settings, now) {
        Ok((snapshot, notes)) => {
            let state = &snapshot.state;
            let records: u64 = state.sources.iter().map(|source| source.records).sum();
            let newest = state.sources.iter().filter_map(|source| source.newest).max();
            let newest = newest.map(|time| time.strftime("%Y-%m-%d").to_string());
            let summary = match newest {
                Some(newest) => format!("{records} records, the newest of {newest}"),
                None => format!("{records} records"),
            };
            let mut step = Step::passed(DATA.0, DATA.1, summary);
            step.diagnostics = notes;
            vec![step, audit(&snapshot, locks, how, settings, now)]
        }
        Err(failure) => {
            let is_stale = failure.diagnostics.iter().any(|found| found.rule == "advisories/stale");
            let step = if is_stale {
                Step::failed(DATA.0, DATA.1, "it is stale", failure.diagnostics)
            } else {
                let is_none =
                    failure.diagnostics.iter().any(|found| found.rule == "advisories/none");
                let why = if is_none { "there is none" } else { "it cannot be read" };
                Step::not_run(DATA.0, DATA.1, why, failure.diagnostics)
            };
            let without = "there is no data to answer from";
            vec![step, Step::not_run(AUDIT.0, AUDIT.1, without, Vec::new())]
        }
    }
}

fn data(
    how: &How,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Snapshot, Vec<Diagnostic>), Failure> {
    AdvisoryData::of(settings)?.usable(&Need::python(), now, how.allow_stale)
}

fn audit(
    snapshot: &Snapshot,
    locks: &[CheckedLock],
    how: &How,
    settings: &Settings,
    now: Timestamp,
) -> Step {
    let (mut pins, mut accepted, mut below) = (0, 0, 0);
    let (mut counted, mut told, mut unaudited) = (Vec::new(), Vec::new(), 0);
    for lock in locks {
        let form = match lock.format {
            LockFormat::Constraints => Form::Constraints,
            LockFormat::Pylock => Form::Pylock,
        };
        let inventory = inventory_of(&lock.text, form, Path::new(&lock.name));
        let audited =
            inventory.and_then(|inventory| audited::audit(snapshot, inventory, settings, now));
        let audit = match audited {
            Ok(audit) => audit,
            Err(failure) => {
                let why = "a lock could not be audited";
                return Step::not_run(AUDIT.0, AUDIT.1, why, failure.diagnostics);
            }
        };
        pins += audit.components;
        unaudited += audit.not_audited.iter().filter(|entry| entry.waiver.is_none()).count();
        for finding in &audit.findings {
            if finding.counts_at(how.threshold) {
                counted.push(diagnostic(finding));
            } else if finding.waiver.is_some() {
                accepted += 1;
            } else {
                below += 1;
            }
        }
        // A waiver for one lock is unmatched in another.
        let about = audit.diagnostics.into_iter().filter(|found| found.rule != "waiver/unmatched");
        told.extend(about.filter(|found| found.level > Level::Note));
    }
    let mut summary = format!("{pins} pins, {} findings", counted.len());
    if accepted > 0 {
        summary.push_str(&format!(", {accepted} accepted"));
    }
    if below > 0 {
        summary.push_str(&format!(", {below} below {}", how.threshold));
    }
    if !counted.is_empty() {
        counted.extend(told);
        return Step::failed(AUDIT.0, AUDIT.1, summary, counted);
    }
    if unaudited > 0 {
        let message = format!("{unaudited} requirements could not be audited");
        let diagnostic = Diagnostic::error("check/not-audited", message)
            .hint("see which with `provender audit`; accept them with a waiver `not-audited`");
        return Step::not_run(AUDIT.0, AUDIT.1, summary, vec![diagnostic]);
    }
    let mut step = Step::passed(AUDIT.0, AUDIT.1, summary);
    step.diagnostics = told;
    step
}

fn diagnostic(finding: &Finding) -> Diagnostic {
    let component = &finding.component;
    let message = format!(
        "{} {} has {} ({})",
        component.project,
        component.version,
        finding.headline_id(),
        finding.severity
    );
    let hint = match finding.fixed_in.first() {
        Some(fixed) => format!("fixed in {fixed}: `provender lock` repairs what it can"),
        None => "no fix is published: replace it, or accept it with a waiver".to_owned(),
    };
    Diagnostic::error("check/finding", message).at(component.place.clone()).hint(hint)
}
