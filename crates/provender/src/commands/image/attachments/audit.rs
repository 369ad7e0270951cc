//! The audit of the lock that an image is built from.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::Diagnostic;
use provender_image::verify::AuditSummary;
use provender_report::Style;
use provender_report::audit::{AuditReport, ReportFormat};

use crate::cli::LockFormat;
use crate::commands::audit::inventory_of;
use crate::commands::audited;
use crate::commands::data::{AdvisoryData, Need};
use crate::commands::image::project::LockFile;
use crate::exit::Failure;
use crate::settings::Settings;

/// An audit as it is attached.
#[derive(Debug, Default)]
pub(in crate::commands::image) struct LockAudit {
    /// The document that `provender audit --format json` writes; none where there is no audit.
    pub(in crate::commands::image) document: Option<String>,
    /// What it says in a line.
    pub(in crate::commands::image) summary: Option<AuditSummary>,
    /// Why there is none, where that is to be told.
    pub(in crate::commands::image) note: Option<Diagnostic>,
}

impl LockAudit {
    /// Audits a lock against the advisory data of this machine, asking no network. Without data that
    /// an answer may stand on there is no audit, and a note on it: an image can be built all the same.
    pub(in crate::commands::image) fn of(lock: &LockFile, settings: &Settings) -> Self {
        match document(lock, settings) {
            Ok(document) => {
                let summary = AuditSummary::of(document.as_bytes()).ok();
                Self { document: Some(document), summary, note: None }
            }
            Err(failure) => Self { note: Some(why(failure)), ..Self::default() },
        }
    }
}

/// The document. Findings and waivers are those of the day, as in every audit; no other time is in
/// it than that of the advisory data. Files have no folders in it, which other machines do not have.
fn document(lock: &LockFile, settings: &Settings) -> Result<String, Failure> {
    let now = Timestamp::now();
    let data = AdvisoryData::of(settings)?;
    let need = Need::python();
    let mut notes = data.take_in_local(&need, now)?;
    let (snapshot, warnings) = data.usable(&need, now, false)?;
    notes.extend(warnings);
    let name = name_of(&lock.path);
    let format = match name.extension().is_some_and(|end| end == "toml") {
        true => LockFormat::Pylock,
        false => LockFormat::Constraints,
    };
    let mut inventory = inventory_of(&lock.text, format, &name)?;
    inventory.settle();
    let mut audit = audited::audit(&snapshot, inventory, settings, now)?;
    audit.diagnostics.splice(0..0, notes);
    for place in audit.diagnostics.iter_mut().filter_map(|one| one.place.as_mut()) {
        place.file = name_of(&place.file);
    }
    let report = AuditReport { audit: &audit, threshold: settings.fail_on(None), now };
    Ok(report.render(ReportFormat::Json, Style::PLAIN))
}

/// A file without its folders.
fn name_of(path: &Path) -> PathBuf {
    path.file_name().map_or_else(|| path.to_owned(), PathBuf::from)
}

fn why(failure: Failure) -> Diagnostic {
    let reasons = failure.diagnostics.into_iter().map(|reason| reason.message);
    let note = Diagnostic::note("image/no-audit", "no audit of the lock is attached");
    reasons
        .fold(note, Diagnostic::because)
        .hint("run `provender advisories update` before, or `provender advisories import` where no source can be reached")
}
