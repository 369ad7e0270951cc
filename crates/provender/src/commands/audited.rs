//! What `audit` and `lock` share: from an inventory to an answer.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use provender_advisory::{Auditor, DatabaseError, Snapshot};
use provender_core::audit::{Audit, Waiver};
use provender_core::inventory::Inventory;
use provender_core::{Diagnostic, Place, ProjectName, Severity, Version};
use provender_lock::Advisories;

use crate::exit::{Answer, Failure};
use crate::output::shown;
use crate::settings::Settings;

/// Audits what was read.
pub(crate) fn audit(
    snapshot: &Snapshot,
    inventory: Inventory,
    settings: &Settings,
    now: Timestamp,
) -> Result<Audit, Failure> {
    let Inventory { components, not_audited, .. } = inventory;
    let waivers = &settings.file.values.waivers;
    let mut audit = provender_advisory::audit(snapshot, components, not_audited, waivers, now)
        .map_err(|error| damaged(&error))?;
    place_waivers(&mut audit.diagnostics, settings);
    Ok(audit)
}

/// Says of each diagnostic about a waiver where the waiver stands.
pub(crate) fn place_waivers(diagnostics: &mut [Diagnostic], settings: &Settings) {
    let Some(path) = &settings.file.path else { return };
    let about_waivers =
        diagnostics.iter_mut().filter(|diagnostic| diagnostic.rule.starts_with("waiver/"));
    // Read again only where there is something to place.
    let mut text = None;
    for diagnostic in about_waivers {
        let text = text.get_or_insert_with(|| std::fs::read_to_string(path).unwrap_or_default());
        let mut waivers = settings.file.values.waivers.iter();
        let waiver = waivers.find(|waiver| {
            diagnostic.message.contains(&waiver.id)
                && diagnostic.message.contains(waiver.project.as_str())
        });
        let line = waiver.and_then(|waiver| line_of(text, &waiver.id));
        diagnostic.place = Some(Place { line, ..Place::file(shown(path)) });
    }
}

fn line_of(text: &str, id: &str) -> Option<u32> {
    let names = |line: &str| line.trim_start().starts_with("id") && line.contains(id);
    text.lines().zip(1_u32..).find(|(line, _)| names(line)).map(|(_, number)| number)
}

/// The answer of an audit: a finding that counts is a no, and something that could not be looked
/// at leaves it without one.
pub(crate) fn answer(audit: &Audit, threshold: Severity) -> Answer {
    if audit.findings.iter().any(|finding| finding.counts_at(threshold)) {
        Answer::No
    } else if audit.not_audited.iter().any(|entry| entry.waiver.is_none()) {
        Answer::Missing
    } else {
        Answer::Yes
    }
}

/// Lets the repair ask the advisory data.
pub(crate) struct Questions<'a> {
    auditor: Auditor<'a>,
    failed: Mutex<Option<DatabaseError>>,
}

impl<'a> Questions<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        waivers: &'a [Waiver],
        threshold: Severity,
        now: Timestamp,
    ) -> Self {
        let auditor = Auditor::new(&snapshot.database, waivers, threshold, now);
        Self { auditor, failed: Mutex::new(None) }
    }

    /// Whether every question got an answer.
    pub(crate) fn check(self) -> Result<(), Failure> {
        let failed = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), |error| Err(damaged(&error).into()))
    }
}

impl Advisories for Questions<'_> {
    fn is_vulnerable(&self, project: &ProjectName, version: &Version) -> bool {
        self.auditor.objects_to(project, version).unwrap_or_else(|error| {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert(error);
            // Nothing is called sound on damaged data; the run ends with the error anyway.
            true
        })
    }
}

/// Damaged data as it is told.
pub(crate) fn damaged(error: &DatabaseError) -> Diagnostic {
    Diagnostic::error("advisories/damaged", error.to_string())
        .hint("run `provender advisories update`, or import the data again")
}
