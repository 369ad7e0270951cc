//! The steps of the path in one line each, and the answer in one line.

use provender_core::{Diagnostic, check};

use super::{Answer, Locked, Part, Reports, SecureReport, State, Stocked};
use crate::audit::summary::{self, Fetched};
use crate::style::Mark;
use crate::wording::{counted, size};

/// A step as every rendering tells it.
pub(super) struct Row<'a> {
    pub(super) id: &'static str,
    pub(super) state: &'a State,
    pub(super) why: Option<&'a str>,
    pub(super) diagnostics: &'a [Diagnostic],
}

impl State {
    pub(super) fn mark(&self) -> Mark {
        match self {
            Self::Done => Mark::Yes,
            Self::No => Mark::No,
            Self::Missing => Mark::Missing,
            Self::Skipped { .. } => Mark::Skipped,
        }
    }
}

fn row<'a, T>(id: &'static str, part: &'a Part<T>) -> Row<'a> {
    let Part { state, why, diagnostics, .. } = part;
    Row { id, state, why: why.as_deref(), diagnostics }
}

impl SecureReport {
    /// Every step, in the order of the path.
    pub(super) fn rows(&self) -> [Row<'_>; 6] {
        [
            row("advisories", &self.advisories),
            row("lock", &self.lock),
            row("audit", &self.audit),
            row("stock", &self.stock),
            row("check", &self.check),
            row("report", &self.report),
        ]
    }

    /// What is to be told of a step besides; of the audit also what it says itself, such as that a
    /// waiver has expired.
    pub(super) fn told(&self, row: &Row<'_>) -> Vec<Diagnostic> {
        let audit = self.audit.result.as_ref().filter(|_| row.id == "audit");
        let audited = audit.map_or(&[][..], |audit| &audit.diagnostics);
        audited.iter().chain(row.diagnostics).cloned().collect()
    }

    /// What a step came to, in one line.
    pub(super) fn summary(&self, row: &Row<'_>, told: Fetched) -> String {
        let result = match row.id {
            "advisories" => self.stamp().map(|stamp| {
                let data = summary::stamp(stamp, self.generated_at, told);
                format!("{data}, {}", summary::digest(stamp))
            }),
            "lock" => self.lock.result.as_ref().map(locked),
            "audit" => {
                self.audit_report().map(|report| summary::answer(&report, &report.sections()))
            }
            "stock" => self.stock.result.as_ref().map(stocked),
            "check" => self.check.result.as_ref().map(|steps| crate::check::counts(steps)),
            _ => self.report.result.as_ref().map(reports),
        };
        let skipped = match row.state {
            State::Skipped { by } => Some(format!("left out by {by}")),
            State::Done | State::No | State::Missing => None,
        };
        let why = row.why.map(str::to_owned);
        let parts: Vec<String> = [skipped, why, result].into_iter().flatten().collect();
        parts.join("; ")
    }

    /// The answer in one line, such as `no: trading-backend is not secure yet: 3 findings are left`.
    pub(super) fn conclusion(&self) -> String {
        let project = &self.project;
        match self.answer() {
            Answer::Yes => format!("yes: {project} is {}", self.achieved()),
            Answer::No => {
                format!("no: {project} is not secure yet: {}", self.reasons(&State::No))
            }
            Answer::Missing => {
                format!("no answer for {project}: {}", self.reasons(&State::Missing))
            }
        }
    }

    /// What was done, and what was left out.
    fn achieved(&self) -> String {
        let told = |row: &Row<'_>| match row.id {
            "lock" => Some("locked"),
            "audit" => Some("audited"),
            "stock" => Some("stocked"),
            "check" => Some("checked"),
            _ => None,
        };
        let (mut done, mut skipped) = (Vec::new(), Vec::new());
        for row in self.rows() {
            match (told(&row), row.state) {
                (Some(word), State::Skipped { by }) => skipped.push(format!("not {word} ({by})")),
                (Some(word), _) => done.push(word),
                (None, _) => {}
            }
        }
        let mut text = match done.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "as it was".to_owned(),
        };
        if !skipped.is_empty() {
            text.push_str(&format!("; {}", skipped.join(", ")));
        }
        text
    }

    /// Why the answer is what it is: a reason for each step of this state.
    fn reasons(&self, state: &State) -> String {
        let rows = self.rows();
        let told = rows.iter().filter(|row| row.state == state).map(|row| self.reason(row));
        told.collect::<Vec<_>>().join("; ")
    }

    fn reason(&self, row: &Row<'_>) -> String {
        if let Some(why) = row.why {
            return why.to_owned();
        }
        match row.id {
            "audit" => self.audit_reason(),
            "check" => {
                let steps = self.check.result.as_deref().unwrap_or_default();
                let count = |outcome| steps.iter().filter(|step| step.outcome == outcome).count();
                let step = |count: usize| counted(count as u64, "step");
                match (count(check::Outcome::Failed), count(check::Outcome::NotRun)) {
                    (0, not_run) => format!("{} of the check could not be run", step(not_run)),
                    (failed, _) => format!("{} of the check failed", step(failed)),
                }
            }
            "stock" => {
                let incomplete = self.stock.result.as_ref().map_or(0, |s| s.incomplete.len());
                let verb = if incomplete == 1 { "is" } else { "are" };
                format!("{} {verb} not wholly in stock", counted(incomplete as u64, "project"))
            }
            "advisories" => "the advisory data could not be updated".to_owned(),
            "lock" => "the lock cannot be relied on".to_owned(),
            _ => "the report could not be written".to_owned(),
        }
    }

    fn audit_reason(&self) -> String {
        let Some(report) = self.audit_report() else {
            return "nothing was audited".to_owned();
        };
        let sections = report.sections();
        let (count, what) = match (sections.counting.len(), sections.not_audited.len()) {
            (0, 0) => return "the audit has no answer".to_owned(),
            (0, count) => {
                return format!("{} could not be audited", counted(count as u64, "requirement"));
            }
            (count, _) => (count, "left"),
        };
        let verb = if count == 1 { "is" } else { "are" };
        format!("{} {verb} {what}", counted(count as u64, "finding"))
    }
}

fn locked(locked: &Locked) -> String {
    let Locked { path, target, projects, files, changed, moves, .. } = locked;
    let target = target.as_ref().map(|target| format!(" for {target}")).unwrap_or_default();
    let change = match (moves.len(), changed) {
        (0, true) => "written".to_owned(),
        (0, false) => "unchanged".to_owned(),
        (count, _) => format!("{count} moved"),
    };
    format!(
        "{path}: {}, {}{target}; {change}",
        counted(*projects as u64, "project"),
        counted(*files as u64, "file")
    )
}

fn stocked(stocked: &Stocked) -> String {
    let Stocked { files, bytes, fetched_files, fetched_bytes, incomplete } = stocked;
    let mut text = format!("{}, {}", counted(*files, "file"), size(*bytes));
    match fetched_files {
        0 => text.push_str("; nothing had to be fetched"),
        count if count == files => text.push_str("; all fetched now"),
        count => text.push_str(&format!("; {count} ({}) fetched now", size(*fetched_bytes))),
    }
    if !incomplete.is_empty() {
        text.push_str(&format!("; incomplete: {}", incomplete.join(", ")));
    }
    text
}

fn reports(reports: &Reports) -> String {
    format!("{}: {}", reports.folder, reports.files.join(", "))
}
