//! What was proved of a stock, step by step.

use serde::Serialize;

use crate::Diagnostic;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was tried, and it is so.
    Passed,
    /// It was tried, and it is not so.
    Failed,
    /// It could not be tried, or had nothing to be tried on; a missing answer is never a yes.
    NotRun,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its stable id in snake case, such as `blobs`.
    pub id: &'static str,
    /// What was asked, such as `every file has its hash`.
    pub title: String,
    /// The answer.
    pub outcome: Outcome,
    /// What was seen, in one line, such as `312 files, 214 MB`.
    pub summary: String,
    /// What is wrong, or why it was not run.
    pub diagnostics: Vec<Diagnostic>,
}

impl Step {
    /// A step that passed.
    pub fn passed(id: &'static str, title: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            outcome: Outcome::Passed,
            summary: summary.into(),
            diagnostics: Vec::new(),
        }
    }

    /// A step that failed.
    pub fn failed(
        id: &'static str,
        title: impl Into<String>,
        summary: impl Into<String>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let outcome = Outcome::Failed;
        Self { outcome, diagnostics, ..Self::passed(id, title, summary) }
    }

    /// A step that could not be run.
    pub fn not_run(
        id: &'static str,
        title: impl Into<String>,
        why: impl Into<String>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let outcome = Outcome::NotRun;
        Self { outcome, diagnostics, ..Self::passed(id, title, why) }
    }
}

/// What all steps came to: no where one failed; missing where none failed and one could not be run.
pub fn outcome(steps: &[Step]) -> Outcome {
    let any = |outcome| steps.iter().any(|step| step.outcome == outcome);
    if any(Outcome::Failed) {
        Outcome::Failed
    } else if any(Outcome::NotRun) {
        Outcome::NotRun
    } else {
        Outcome::Passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_what_could_not_be_run() {
        let passed = Step::passed("a", "a", "");
        let failed = Step::failed("b", "b", "", Vec::new());
        let not_run = Step::not_run("c", "c", "", Vec::new());
        assert_eq!(outcome(&[]), Outcome::Passed);
        assert_eq!(outcome(&[passed.clone(), not_run.clone()]), Outcome::NotRun);
        assert_eq!(outcome(&[not_run, failed, passed]), Outcome::Failed);
    }
}
