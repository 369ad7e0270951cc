//! What a stocking came to, for people and as JSON.

use std::collections::BTreeSet;
use std::fmt::Display;

use provender_core::{Diagnostic, Level};
use provender_index::stock::{Stocked, StockedLock};
use provender_report::{diagnostics, size};
use serde::Serialize;

use crate::cli::Format;
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};

/// Everything there is to tell.
pub(crate) struct Totals {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) fetched_files: u64,
    pub(crate) fetched_bytes: u64,
    /// The projects of which something is not there.
    pub(crate) incomplete: Vec<String>,
    /// What has to be built when it is installed.
    pub(crate) builds: Vec<String>,
    /// The wheels that were built.
    pub(crate) built: Vec<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) complete: bool,
    locks: Vec<String>,
    notes: Vec<Diagnostic>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    locks: &'a [String],
    complete: bool,
    files: u64,
    bytes: u64,
    fetched_files: u64,
    fetched_bytes: u64,
    incomplete: &'a [String],
    builds: &'a [String],
    built: &'a [String],
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

/// What two stockings came to together.
pub(super) fn together(mut first: Stocked, second: Stocked) -> Stocked {
    first.files += second.files;
    first.present += second.present;
    first.bytes += second.bytes;
    first.pages += second.pages;
    first.fetched.extend(second.fetched);
    first.missing.extend(second.missing);
    first.builds.extend(second.builds);
    first.diagnostics.extend(second.diagnostics);
    first
}

/// What it came to once wheels were built: the second run saw them, the first one fetched.
pub(super) fn after_builds(first: Stocked, mut second: Stocked) -> Stocked {
    second.fetched.extend(first.fetched);
    second.pages += first.pages;
    second
}

impl Totals {
    pub(super) fn new(
        mut stocked: Stocked,
        locks: &[StockedLock],
        built: Vec<String>,
        notes: Vec<Diagnostic>,
    ) -> Self {
        let mut incomplete: BTreeSet<String> =
            stocked.missing.iter().map(|record| record.project.to_string()).collect();
        let errors = stocked.diagnostics.iter().filter(|found| found.level == Level::Error);
        // A diagnostic names the project that it is about, or a file, which is among the missing.
        let projects =
            locks.iter().flat_map(|lock| lock.lock.projects.iter().chain(&lock.lock.build));
        let projects: BTreeSet<&str> = projects.map(|project| project.name.as_str()).collect();
        incomplete.extend(errors.filter_map(|found| {
            found.message.split(' ').find(|word| projects.contains(word)).map(str::to_owned)
        }));
        let complete = stocked.is_complete();
        for place in stocked.diagnostics.iter_mut().filter_map(|found| found.place.as_mut()) {
            place.file = shown(&place.file).into();
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let builds: BTreeSet<String> = stocked
            .builds
            .iter()
            .filter(|build| !build.to_build_with)
            .map(|build| format!("{}=={}", build.project, build.version))
            .collect();
        Self {
            files: count(stocked.present),
            bytes: stocked.bytes,
            fetched_files: count(stocked.fetched.len()),
            fetched_bytes: stocked.fetched.iter().filter_map(|record| record.size).sum(),
            incomplete: incomplete.into_iter().collect(),
            builds: builds.into_iter().collect(),
            built,
            diagnostics: stocked.diagnostics,
            complete,
            locks: locks.iter().map(|lock| shown(std::path::Path::new(&lock.name))).collect(),
            notes,
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        if self.complete { Answer::Yes } else { Answer::Missing }
    }

    pub(super) fn show(&self, output: &Output) -> Result<(), Failure> {
        if output.format == Format::Json {
            let document = Document {
                schema: "provender.stock/1",
                locks: &self.locks,
                complete: self.complete,
                files: self.files,
                bytes: self.bytes,
                fetched_files: self.fetched_files,
                fetched_bytes: self.fetched_bytes,
                incomplete: &self.incomplete,
                builds: &self.builds,
                built: &self.built,
                diagnostics: diagnostics::json(&self.diagnostics),
            };
            output.result(&json(&document)?)?;
            return Ok(());
        }
        if self.fetched_files > 0 {
            output.diagnostics(&self.notes);
        }
        output.diagnostics(&self.diagnostics);
        for wheel in &self.built {
            output.say(&format!("built {wheel}; its hash is in the lock now"));
        }
        if !self.builds.is_empty() {
            let list = self.builds.join(", ");
            output.say(&format!(
                "without a wheel: {list}; stocked with what builds it (a wheel: --build-wheels)"
            ));
        }
        output.result(&self.last_line())?;
        Ok(())
    }

    /// What it came to, in one line.
    pub(crate) fn last_line(&self) -> String {
        let fetched = match self.fetched_files {
            0 => "nothing had to be fetched".to_owned(),
            files => {
                format!("{} fetched now ({})", counted(files, "file"), size(self.fetched_bytes))
            }
        };
        let what = format!("{} ({})", counted(self.files, "file"), size(self.bytes));
        let locks = self.locks.join(", ");
        if self.complete {
            format!("{what} in stock for {locks}: {fetched}")
        } else {
            format!("{what} in stock for {locks}, and not all that is needed: {fetched}")
        }
    }
}

/// A number and its noun, in the plural where it belongs.
pub(crate) fn counted(count: impl Display + PartialEq + From<u8>, noun: &str) -> String {
    let ending = if count == 1.into() { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
