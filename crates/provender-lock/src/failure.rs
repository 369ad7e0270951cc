//! Why there is no lock.

use provender_core::Diagnostic;

/// What kind of no-answer a failure is; the caller makes an exit code of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The requirements cannot be met: the answer is no.
    NoSolution,
    /// There is no answer: bad input, no network, no Python, a full disk.
    NoAnswer,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
#[error("{}", diagnostic.message)]
pub struct LockFailure {
    /// Which kind.
    pub kind: FailureKind,
    /// What to tell the user.
    pub diagnostic: Box<Diagnostic>,
}

impl LockFailure {
    /// There is no answer.
    pub(crate) fn no_answer(diagnostic: Diagnostic) -> Self {
        Self { kind: FailureKind::NoAnswer, diagnostic: Box::new(diagnostic) }
    }

    /// The answer is no.
    pub(crate) fn no_solution(diagnostic: Diagnostic) -> Self {
        Self { kind: FailureKind::NoSolution, diagnostic: Box::new(diagnostic) }
    }
}
