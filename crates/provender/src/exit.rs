//! Exit codes: 0 the answer is yes, 1 the answer is no, 2 there is no answer.
//!
//! A missing answer is never a yes. This is the one place where library errors become codes.

use std::process::ExitCode;

use provender_core::Diagnostic;
use provender_lock::{FailureKind, LockFailure};

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Code 0.
    Yes,
    /// Code 1.
    No,
    /// Code 2.
    Missing,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        Self::from(match answer {
            Answer::Yes => 0,
            Answer::No => 1,
            Answer::Missing => 2,
        })
    }
}

/// Why a command ended early, with everything to tell.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What kind of answer it is.
    pub(crate) kind: FailureKind,
    /// What to tell.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// The same, with what was noticed before it and may be its cause.
    pub(crate) fn after(mut self, notes: &[Diagnostic]) -> Self {
        self.diagnostics.splice(0..0, notes.iter().cloned());
        self
    }
}

impl From<FailureKind> for Answer {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::NoSolution => Self::No,
            FailureKind::NoAnswer => Self::Missing,
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { kind: FailureKind::NoAnswer, diagnostics: vec![diagnostic] }
    }
}

impl From<LockFailure> for Failure {
    fn from(failure: LockFailure) -> Self {
        Self { kind: failure.kind, diagnostics: vec![*failure.diagnostic] }
    }
}
