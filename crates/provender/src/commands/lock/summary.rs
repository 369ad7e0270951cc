//! What a lock came to, for people and as JSON.

use jiff::Timestamp;
use provender_core::audit::Audit;
use provender_core::{Diagnostic, ProjectName, Severity};
use provender_lock::{LockOutcome, Move, MoveReason, Unfixed, UnfixedReason};
use provender_report::audit::{AuditReport, ReportFormat};
use provender_report::changes::{Change, Kept, changes};
use provender_report::diagnostics;
use serde::Serialize;

use super::out_of_date;
use super::plan::Plan;
use crate::cli::Format;
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};

/// Everything there is to tell.
pub(crate) struct Summary<'a> {
    pub(crate) outcome: &'a LockOutcome,
    pub(crate) audit: Option<&'a Audit>,
    pub(crate) plan: &'a Plan,
    /// What deserves to be known of how the lock was made.
    pub(crate) notes: &'a [Diagnostic],
    pub(crate) threshold: Severity,
    pub(crate) now: Timestamp,
    /// Whether the file is different from before.
    pub(crate) changed: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    output: Option<String>,
    python: String,
    platforms: String,
    projects: usize,
    changed: bool,
    moves: Vec<MoveDocument>,
    unfixed: Vec<UnfixedDocument>,
    built: Vec<String>,
    left_out: Vec<String>,
    audit: Option<serde_json::Value>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct MoveDocument {
    project: ProjectName,
    from: Option<String>,
    to: Option<String>,
    reason: &'static str,
    for_fix_of: Vec<ProjectName>,
}

#[derive(Serialize)]
struct UnfixedDocument {
    project: ProjectName,
    version: String,
    reason: &'static str,
    explanation: String,
}

impl Summary<'_> {
    /// Prints what was locked.
    pub(crate) fn show(&self, output: &Output) -> Result<(), Failure> {
        // Where the lock itself went to stdout, people are told beside it.
        if output.format == Format::Json && self.plan.output.is_some() {
            output.result(&json(&self.document())?)?;
            return Ok(());
        }
        output.say(&self.changes(output));
        if let Some(audit) = self.audit {
            output.diagnostics(&audit.diagnostics);
            self.findings(audit, output)?;
            let skipped = audit.not_audited.iter().filter(|entry| entry.waiver.is_none()).count();
            if skipped > 0 {
                let what = if skipped == 1 { "requirement" } else { "requirements" };
                let message = format!("{skipped} {what} could not be audited");
                output.diagnostics(&[Diagnostic::warning("lock/partly-audited", message).hint(
                    "`provender audit` gives no answer for this lock (exit code 2) until a waiver \
                     with the id `not-audited` accepts them",
                )]);
            }
        } else {
            let note =
                Diagnostic::note("lock/not-audited", "nothing was audited and nothing repaired")
                    .decided_by(self.plan.fix_setting);
            output.diagnostics(&[note]);
        }
        output.say(&self.last_line());
        Ok(())
    }

    /// Says whether the lock is what its inputs give.
    pub(crate) fn check(&self, output: &Output) -> Result<Answer, Failure> {
        if output.format == Format::Json {
            output.result(&json(&self.document())?)?;
        } else if self.changed {
            output.say(&self.changes(output));
            if let Some(path) = &self.plan.output {
                output.diagnostics(&[out_of_date(path)]);
            }
        } else if let Some(path) = &self.plan.output {
            output.say(&format!("{} is up to date", shown(path)));
        }
        Ok(if self.changed { Answer::No } else { Answer::Yes })
    }

    fn changes(&self, output: &Output) -> String {
        let (moved, kept) = shown_changes(self.outcome);
        let mut lines = Vec::new();
        let told = changes(&moved, &kept, output.side_style());
        if !told.is_empty() {
            lines.push(told.trim_end().to_owned());
        }
        if !self.outcome.left_out.is_empty() {
            lines.push(format!("left out for development: {}", self.outcome.left_out.join(", ")));
        }
        if !self.outcome.built.is_empty() {
            lines.push(format!("built for their metadata: {}", self.outcome.built.join(", ")));
        }
        lines.join("\n")
    }

    fn findings(&self, audit: &Audit, output: &Output) -> Result<(), Failure> {
        let report = AuditReport { audit, threshold: self.threshold, now: self.now };
        // With the lock on stdout, the findings must not be mixed into it.
        if self.plan.output.is_some() {
            output.result(&report.render(ReportFormat::Table, output.style()))?;
        } else {
            output.say(report.render(ReportFormat::Table, output.side_style()).trim_end());
        }
        Ok(())
    }

    fn last_line(&self) -> String {
        let projects = self.outcome.lock.projects.len();
        let what = format!("{projects} projects for {}", self.outcome.target);
        match (&self.plan.output, self.changed) {
            (Some(path), true) => format!("locked {what} in {}", shown(path)),
            (Some(path), false) => format!("{} is unchanged: {what}", shown(path)),
            (None, _) => format!("locked {what}"),
        }
    }

    fn document(&self) -> Document<'_> {
        let outcome = self.outcome;
        let audit = self.audit.and_then(|audit| {
            let report = AuditReport { audit, threshold: self.threshold, now: self.now };
            let text = report.render(ReportFormat::Json, provender_report::Style::PLAIN);
            serde_json::from_str(&text).ok()
        });
        Document {
            schema: "provender.lock/1",
            output: self.plan.output.as_deref().map(shown),
            python: outcome.target.python.to_string(),
            platforms: outcome.target.platforms.to_string(),
            projects: outcome.lock.projects.len(),
            changed: self.changed,
            moves: outcome.moves.iter().map(move_document).collect(),
            unfixed: outcome
                .unfixed
                .iter()
                .map(|unfixed| UnfixedDocument {
                    project: unfixed.project.clone(),
                    version: unfixed.version.to_string(),
                    reason: reason_name(&unfixed.reason),
                    explanation: explain(unfixed),
                })
                .collect(),
            built: outcome.built.clone(),
            left_out: outcome.left_out.clone(),
            audit,
            diagnostics: diagnostics::json(self.notes),
        }
    }
}

/// What moved and why, and what had to stay, as they are told.
pub(crate) fn shown_changes(outcome: &LockOutcome) -> (Vec<Change>, Vec<Kept>) {
    let kept = outcome.unfixed.iter().map(|unfixed| Kept {
        project: unfixed.project.to_string(),
        version: unfixed.version.to_string(),
        why: explain(unfixed),
    });
    (outcome.moves.iter().map(change).collect(), kept.collect())
}

fn change(moved: &Move) -> Change {
    let why = match &moved.reason {
        MoveReason::Vulnerable => "was vulnerable".to_owned(),
        MoveReason::ForFixOf(projects) => format!("for the fix of {}", list(projects)),
        MoveReason::Requirements => String::new(),
    };
    Change {
        project: moved.project.to_string(),
        from: moved.from.as_ref().map(ToString::to_string),
        to: moved.to.as_ref().map(ToString::to_string),
        why,
    }
}

fn move_document(moved: &Move) -> MoveDocument {
    let (reason, for_fix_of) = match &moved.reason {
        MoveReason::Vulnerable => ("vulnerable", Vec::new()),
        MoveReason::ForFixOf(projects) => ("for-fix-of", projects.clone()),
        MoveReason::Requirements => ("requirements", Vec::new()),
    };
    MoveDocument {
        project: moved.project.clone(),
        from: moved.from.as_ref().map(ToString::to_string),
        to: moved.to.as_ref().map(ToString::to_string),
        reason,
        for_fix_of,
    }
}

fn reason_name(reason: &UnfixedReason) -> &'static str {
    match reason {
        UnfixedReason::NoFixPublished => "no-fix-published",
        UnfixedReason::OutsideStep { .. } => "outside-step",
        UnfixedReason::PinnedByUser { .. } => "pinned-by-user",
        UnfixedReason::CappedBy { .. } => "capped-by",
        UnfixedReason::NoSolution => "no-solution",
    }
}

/// Why a vulnerable pin stays, and what would change that.
fn explain(unfixed: &Unfixed) -> String {
    let project = &unfixed.project;
    match &unfixed.reason {
        UnfixedReason::NoFixPublished => "no fix is published for this Python".to_owned(),
        UnfixedReason::OutsideStep { nearest } => {
            let same = nearest.epoch() == unfixed.version.epoch()
                && nearest.release().first() == unfixed.version.release().first();
            let step = if same { "minor" } else { "major" };
            format!(
                "the nearest fix, {nearest}, is outside the allowed step: allow it with \
                 `{project} = \"{step}\"` in [lock.fix-project]"
            )
        }
        UnfixedReason::PinnedByUser { requirement, place } => match place {
            Some(place) => format!("pinned by you: `{requirement}` in {place}"),
            None => format!("pinned by you: `{requirement}`"),
        },
        UnfixedReason::CappedBy { caps } => {
            let caps: Vec<String> = caps
                .iter()
                .map(|cap| {
                    let told = format!("{} (demands {project}{})", cap.parent, cap.demand);
                    match &cap.pinned {
                        Some((pin, place)) => format!("{told}, which you pin at {place} (`{pin}`)"),
                        None => told,
                    }
                })
                .collect();
            format!("capped by {}", caps.join(", "))
        }
        UnfixedReason::NoSolution => "no fix goes with these requirements".to_owned(),
    }
}

fn list(projects: &[ProjectName]) -> String {
    projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
