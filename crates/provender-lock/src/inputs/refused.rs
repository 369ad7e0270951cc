//! What is told of inputs that cannot be read.

use std::path::Path;

use provender_core::{Diagnostic, Place};

use super::shown_path;
use crate::failure::LockFailure;

pub(super) fn output_is_input(shown: &str, from: Option<&Place>) -> LockFailure {
    let message = format!("{shown} is where the lock goes, and cannot be locked itself");
    let diagnostic = Diagnostic::error("lock/output-is-input", message)
        .hint("write the lock elsewhere with -o, or name the file it is made from");
    LockFailure::no_answer(placed(diagnostic, from))
}

pub(super) fn malformed(message: String, place: &Place) -> LockFailure {
    let diagnostic = Diagnostic::error("lock/input-malformed", message)
        .at(place.clone())
        .hint("a line is a requirement such as `fastapi>=0.109`, an option, or a comment");
    LockFailure::no_answer(diagnostic)
}

pub(super) fn missing(path: &Path, base: &Path, from: Option<&Place>) -> LockFailure {
    let shown = shown_path(path, base);
    let diagnostic = Diagnostic::error("lock/input-missing", format!("{shown} does not exist"));
    let hint = if from.is_some() { "correct the `-r` or `-c` line" } else { "check the path" };
    LockFailure::no_answer(placed(diagnostic.hint(hint), from))
}

pub(super) fn placed(diagnostic: Diagnostic, place: Option<&Place>) -> Diagnostic {
    match place {
        Some(place) => diagnostic.at(place.clone()),
        None => diagnostic,
    }
}
