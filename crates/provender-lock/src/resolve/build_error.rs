//! What goes wrong in a build, in the user's words.

use std::error::Error;
use std::path::{Path, PathBuf};

use provender_core::Diagnostic;
use url::Url;
use uv_resolver::{NoSolutionError, ResolveError};

use super::build_wheel::Order;
use super::error;
use super::sdist::SdistError;
use crate::failure::LockFailure;
use crate::request::LockRequest;

/// So many lines of a build's output are told: the reason stands at the end.
const TAIL: usize = 40;

/// How uv begins to say that no hash is locked for something.
const UNHASHED: &str = "In `--require-hashes` mode";

/// Why a build gave no wheel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The folder for the wheel cannot be written to.
    #[error("cannot write to {}", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// Its requirements could not be had, or its own code failed.
    #[error(transparent)]
    Build(#[from] uv_build_frontend::Error),
}

/// The sdist is not the locked one, or none.
pub(crate) fn sdist(error: &SdistError, what: &str) -> LockFailure {
    let (rule, hint) = match error {
        SdistError::NotLocked(_) => ("build/hash-mismatch", "lock again: every file needs a hash"),
        SdistError::OtherBytes { .. } => (
            "build/hash-mismatch",
            "fetch the file again; if it stays so, find out why its source has other bytes",
        ),
        SdistError::Unreadable(..) => ("build/bad-sdist", "check the path and its permissions"),
        SdistError::Unpackable(..) => {
            ("build/bad-sdist", "the sdist itself is bad: choose another version")
        }
    };
    let diagnostic = Diagnostic::error(rule, format!("{what} cannot be built: {error}"));
    let causes = error::chain(error).into_iter().skip(1);
    LockFailure::no_answer(causes.fold(diagnostic, Diagnostic::because).hint(hint))
}

/// The wheel's folder cannot be written to.
pub(crate) fn cannot_write(folder: &Path, error: &std::io::Error) -> LockFailure {
    let message = format!("cannot write to {}", folder.display());
    LockFailure::no_answer(
        Diagnostic::error("build/cannot-write", message)
            .because(error.to_string())
            .hint("make room or grant access"),
    )
}

/// Something that cannot happen did.
pub(crate) fn internal(error: &anyhow::Error, what: &str) -> LockFailure {
    error::unexpected(&anyhow::anyhow!("{what}: {error}"))
}

/// The build's requirements could not be had, or its own code failed. `refusal` is an index that
/// refused to answer.
pub(crate) fn build(
    failure: Failure,
    request: &LockRequest,
    order: &Order,
    refusal: Option<(u16, &Url)>,
) -> LockFailure {
    let failed = match failure {
        Failure::Folder(folder, error) => return cannot_write(&folder, &error),
        Failure::Build(failed) => failed,
    };
    let what = order.what();
    let chain = error::chain(&failed);
    let all = chain.join("\n");
    let told = |rule, message: String, hint: &str| {
        let diagnostic = Diagnostic::error(rule, message);
        // uv speaks of an option of its own there; the message says it.
        let causes = chain.iter().filter(|cause| !cause.starts_with(UNHASHED));
        let causes = causes.map(|cause| tail(cause));
        LockFailure::no_answer(causes.fold(diagnostic, Diagnostic::because).hint(hint))
    };
    if let Some(name) = unlocked(&all) {
        return told(
            "build/not-locked",
            format!("the build of {what} needs {name}, which is not among its locked requirements"),
            "lock again, so that what the build needs is locked with hashes",
        );
    }
    if let Some(name) = quoted(&all, "Hash mismatch for `") {
        return told(
            "build/hash-mismatch",
            format!("{name}, which the build of {what} needs, has other bytes than those promised"),
            "find out why the index offers other bytes before you lock them",
        );
    }
    if let Some(conflict) = conflict(&failed) {
        if let Some((status, url)) = refusal {
            return error::refused(status, Some(url));
        }
        return unmet(error::no_solution(conflict, request, &[]), &what, order);
    }
    if all.contains("The build backend returned an error") {
        return told(
            "build/failed",
            format!("the build of {what} failed"),
            "install what its build needs, or choose a version with a wheel",
        );
    }
    in_words_of_builds(error::failure(&failed, request), &what)
}

/// The requirements of a build contradict each other, or the index has them not.
fn unmet(failure: LockFailure, what: &str, order: &Order) -> LockFailure {
    let mut failure = in_words_of_builds(failure, what);
    let diagnostic = &mut failure.diagnostic;
    if diagnostic.rule == "lock/no-solution" {
        diagnostic.rule = "build/requirements";
        diagnostic.message = format!("what the build of {what} requires cannot be had");
        if !order.requirements.is_empty() {
            diagnostic.hint =
                Some("lock again: its locked build requirements do not fit it".to_owned());
        }
    }
    failure
}

/// A failure that is told of a lock elsewhere.
fn in_words_of_builds(mut failure: LockFailure, what: &str) -> LockFailure {
    let diagnostic = &mut failure.diagnostic;
    let (rule, message) = match diagnostic.rule {
        "lock/offline" => (
            "build/offline",
            format!(
                "the build of {what} needs files that are not here, and --offline forbids to fetch them"
            ),
        ),
        "lock/failed" | "lock/build-failed" | "lock/needs-build" => {
            ("build/failed", format!("the build of {what} failed"))
        }
        _ => return failure,
    };
    let earlier = std::mem::replace(&mut diagnostic.message, message);
    diagnostic.rule = rule;
    if rule == "build/failed" {
        diagnostic.causes.insert(0, earlier);
    }
    failure
}

/// The project that uv refused because no hash is locked for it.
fn unlocked(all: &str) -> Option<&str> {
    quoted(all.split_once(UNHASHED)?.1, "found: `")
}

/// What stands between `before` and the next backquote.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once('`').map(|(quoted, _)| quoted)
}

fn conflict<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a NoSolutionError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ResolveError::NoSolution(conflict)) = error.downcast_ref() {
            return Some(conflict);
        }
        next = error.source();
    }
    None
}

/// The last lines of a text.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    match lines.len().checked_sub(TAIL) {
        None | Some(0) => text.to_owned(),
        Some(skipped) => format!("[{skipped} lines before]\n{}", lines[skipped..].join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_told_by_its_end() {
        let text = (1..=50).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        let told = tail(&text);
        assert!(told.starts_with("[10 lines before]\n11\n") && told.ends_with("\n50"), "{told}");
        assert_eq!(tail("short"), "short");
    }

    #[test]
    fn a_project_without_a_locked_hash_is_named() {
        let text = "Failed\nIn `--require-hashes` mode, all requirements must be pinned upfront \
                    with `==`, but found: `tool`";
        assert_eq!(unlocked(text), Some("tool"));
        assert_eq!(unlocked("Failed"), None);
    }
}
