//! What `provender secure` came to: first the answer, then what to do next, then what it stands on.

mod findings;
mod json;
mod markdown;
mod steps;
mod terminal;

use std::fmt;

use jiff::Timestamp;
use provender_core::audit::{AdvisoryStamp, Audit};
use provender_core::check::{self, Outcome, Step};
use provender_core::{Diagnostic, Severity, Target};
use serde::{Deserialize, Serialize};

use crate::style::Mark;
use crate::{AuditReport, Change, Kept, ReportFormat, Style};

/// The whole path of a project, from its requirements to a proof that it installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecureReport {
    /// The project's name, as it is shown.
    pub project: String,
    /// When the report was made; the time from which the terminal tells ages.
    pub generated_at: Timestamp,
    /// The severity from which on a finding counts.
    pub threshold: Severity,
    /// The update of the advisory data, and the data that was used.
    pub advisories: Part<AdvisoryStamp>,
    /// The lock.
    pub lock: Part<Locked>,
    /// The audit of the lock. Its own diagnostics are told with it.
    pub audit: Part<Audit>,
    /// The stock.
    pub stock: Part<Stocked>,
    /// The proof that the project installs from the stock.
    pub check: Part<Vec<Step>>,
    /// Where the report itself is kept.
    pub report: Part<Reports>,
    /// The address of the index that goes on serving, if it does.
    pub serving: Option<String>,
    /// What to do next, the most urgent first, each in one sentence without a full stop; commands
    /// between backticks.
    pub next: Vec<String>,
}

/// One step of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// What the step came to.
    pub state: State,
    /// Why it came to that, in one line without a full stop; what the result says already need
    /// not be said here.
    pub why: Option<String>,
    /// What it gave, where it gave something; a step that has no clear answer may still have some.
    pub result: Option<T>,
    /// What is to be told besides.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a step of the path came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was done, and the answer is yes.
    Done,
    /// The answer is no.
    No,
    /// It could not be done; a missing answer is never a yes.
    Missing,
    /// It was not asked for.
    Skipped {
        /// The flag or setting that said so, such as `--no-check`.
        by: String,
    },
}

impl<T> Part<T> {
    /// A step whose answer is yes.
    pub fn done(result: T) -> Self {
        Self { state: State::Done, why: None, result: Some(result), diagnostics: Vec::new() }
    }

    /// A step whose answer is no, as its result shows.
    pub fn no(result: T) -> Self {
        Self { state: State::No, ..Self::done(result) }
    }

    /// A step whose answer is no, and that gave nothing.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { state: State::No, ..Self::missing(why) }
    }

    /// A step that could not be done, or not to its end.
    pub fn missing(why: impl Into<String>) -> Self {
        let why = Some(why.into());
        Self { state: State::Missing, why, result: None, diagnostics: Vec::new() }
    }

    /// A step that was left out.
    pub fn skipped(by: impl Into<String>) -> Self {
        let state = State::Skipped { by: by.into() };
        Self { state, why: None, result: None, diagnostics: Vec::new() }
    }

    /// Adds what it gave nevertheless.
    #[must_use]
    pub fn with(mut self, result: T) -> Self {
        self.result = Some(result);
        self
    }

    /// Adds what is to be told besides.
    #[must_use]
    pub fn told(mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> Self {
        self.diagnostics.extend(diagnostics);
        self
    }
}

impl Part<Vec<Step>> {
    /// A check with the answer that its steps give together.
    pub fn checked(steps: Vec<Step>) -> Self {
        let state = match check::outcome(&steps) {
            Outcome::Passed => State::Done,
            Outcome::Failed => State::No,
            Outcome::NotRun => State::Missing,
        };
        Self { state, ..Self::done(steps) }
    }
}

/// A lock that was written or found to be up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The lock file, as it is shown.
    pub path: String,
    /// What it is for.
    pub target: Option<Target>,
    /// How many projects it pins.
    pub projects: usize,
    /// How many files it allows.
    pub files: usize,
    /// Whether the file is different from before.
    pub changed: bool,
    /// Pins that moved, came or went.
    pub moves: Vec<Change>,
    /// Vulnerable pins that stayed.
    pub kept: Vec<Kept>,
    /// Inputs that were left out, such as requirement files for development.
    pub left_out: Vec<String>,
    /// What had to be built to learn its metadata: its own code ran.
    pub built: Vec<String>,
}

/// What the stock holds for the lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Stocked {
    /// How many files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// How many of them were fetched by this run.
    pub fetched_files: u64,
    /// The size of those in bytes.
    pub fetched_bytes: u64,
    /// The projects of which something that the target needs is not there.
    pub incomplete: Vec<String>,
}

/// Where a report is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reports {
    /// The folder, as it is shown. The JSON does not name it, because it has the time in its name.
    pub folder: String,
    /// The names of the files in it.
    pub files: Vec<String>,
}

/// What all steps come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Every step that was asked for says yes.
    Yes,
    /// A step says no.
    No,
    /// No step says no, and the answer of one is missing.
    Missing,
}

impl Answer {
    pub(crate) fn mark(self) -> Mark {
        match self {
            Self::Yes => Mark::Yes,
            Self::No => Mark::No,
            Self::Missing => Mark::Missing,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Missing => "no answer",
        })
    }
}

impl SecureReport {
    /// What all steps come to. The exit code follows from it.
    pub fn answer(&self) -> Answer {
        let rows = self.rows();
        let any = |state: &State| rows.iter().any(|row| row.state == state);
        if any(&State::No) {
            Answer::No
        } else if any(&State::Missing) {
            Answer::Missing
        } else {
            Answer::Yes
        }
    }

    /// The report in a format; every line ends with a line feed.
    ///
    /// Only [`ReportFormat::Table`] looks at the style, is as brief as it can be and tells ages;
    /// the others tell everything and days. The JSON is of the schema `provender.secure/1`.
    pub fn render(&self, format: ReportFormat, style: Style) -> String {
        match format {
            ReportFormat::Table => terminal::brief(self, style),
            ReportFormat::Text => terminal::full(self),
            ReportFormat::Markdown => markdown::render(self),
            ReportFormat::Json => json::render(self),
        }
    }

    /// The advisory data that the answer stands on.
    fn stamp(&self) -> Option<&AdvisoryStamp> {
        let audited = self.audit.result.as_ref().map(|audit| &audit.advisories);
        audited.or(self.advisories.result.as_ref())
    }

    /// The audit as it is shown elsewhere.
    fn audit_report(&self) -> Option<AuditReport<'_>> {
        let audit = self.audit.result.as_ref()?;
        Some(AuditReport { audit, threshold: self.threshold, now: self.generated_at })
    }
}
