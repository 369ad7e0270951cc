//! A file, or a part of it, that could not be understood.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::source::File;

/// `lint/unreadable`.
pub(crate) struct Unreadable;

impl Rule for Unreadable {
    fn id(&self) -> &'static str {
        "lint/unreadable"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a part of a file could not be understood"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/unreadable.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        findings.extend(file.facts.errors.iter().map(|error| {
            let span = error.span.clone();
            Finding::new(self.id(), self.level(), span, &error.message, "not looked at")
                .because("what could not be understood was not looked at; the rest of the file was")
        }));
    }
}
