//! A report as a document of the schema `provender.secure/1`.

use jiff::Timestamp;
use provender_core::Severity;
use provender_core::audit::AdvisoryStamp;
use serde::Serialize;

use super::steps::Row;
use super::{Answer, Locked, SecureReport, State, Stocked};
use crate::diagnostics::{self, DiagnosticJson};
use crate::{audit, check};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    generated_at: Timestamp,
    project: &'a str,
    answer: Answer,
    conclusion: String,
    next: &'a [String],
    steps: Vec<StepJson<'a>>,
    threshold: Severity,
    advisories: Option<&'a AdvisoryStamp>,
    lock: Option<LockJson<'a>>,
    audit: Option<audit::json::Document<'a>>,
    stock: Option<&'a Stocked>,
    check: Option<check::Document<'a>>,
    reports: &'a [String],
    serving: Option<&'a str>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    id: &'static str,
    state: &'static str,
    skipped_by: Option<&'a str>,
    why: Option<&'a str>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct LockJson<'a> {
    file: &'a str,
    python: Option<String>,
    platforms: Option<String>,
    projects: usize,
    files: usize,
    changed: bool,
    moves: Vec<MoveJson<'a>>,
    kept: Vec<KeptJson<'a>>,
    left_out: &'a [String],
    built: &'a [String],
}

#[derive(Serialize)]
struct MoveJson<'a> {
    project: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
    why: &'a str,
}

#[derive(Serialize)]
struct KeptJson<'a> {
    project: &'a str,
    version: &'a str,
    why: &'a str,
}

impl<'a> From<&Row<'a>> for StepJson<'a> {
    fn from(row: &Row<'a>) -> Self {
        let (state, skipped_by) = match row.state {
            State::Done => ("done", None),
            State::No => ("no", None),
            State::Missing => ("missing", None),
            State::Skipped { by } => ("skipped", Some(by.as_str())),
        };
        let diagnostics = diagnostics::json(row.diagnostics);
        Self { id: row.id, state, skipped_by, why: row.why, diagnostics }
    }
}

impl<'a> From<&'a Locked> for LockJson<'a> {
    fn from(locked: &'a Locked) -> Self {
        let target = locked.target.as_ref();
        Self {
            file: &locked.path,
            python: target.map(|target| target.python.to_string()),
            platforms: target.map(|target| target.platforms.to_string()),
            projects: locked.projects,
            files: locked.files,
            changed: locked.changed,
            moves: locked
                .moves
                .iter()
                .map(|moved| MoveJson {
                    project: &moved.project,
                    from: moved.from.as_deref(),
                    to: moved.to.as_deref(),
                    why: &moved.why,
                })
                .collect(),
            kept: locked
                .kept
                .iter()
                .map(|kept| KeptJson {
                    project: &kept.project,
                    version: &kept.version,
                    why: &kept.why,
                })
                .collect(),
            left_out: &locked.left_out,
            built: &locked.built,
        }
    }
}

/// The document, pretty-printed. `audit` and `check` hold what `provender audit` and
/// `provender check` write.
#[expect(clippy::expect_used, reason = "strings, numbers and lists always have a form in JSON")]
pub(super) fn render(report: &SecureReport) -> String {
    let document = Document {
        schema: "provender.secure/1",
        generated_at: report.generated_at,
        project: &report.project,
        answer: report.answer(),
        conclusion: report.conclusion(),
        next: &report.next,
        steps: report.rows().iter().map(StepJson::from).collect(),
        threshold: report.threshold,
        advisories: report.stamp(),
        lock: report.lock.result.as_ref().map(LockJson::from),
        audit: report.audit.result.as_ref().map(audit::json::Document::from),
        stock: report.stock.result.as_ref(),
        check: report.check.result.as_ref().map(|steps| check::Document::new(steps, None)),
        reports: report.report.result.as_ref().map_or(&[], |reports| &reports.files),
        serving: report.serving.as_deref(),
    };
    crate::json::document(&document).expect("the document has a form in JSON")
}
