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
        // One problem often makes many: the first of each kind is told.
        let (shell, others): (Vec<_>, Vec<_>) =
            file.facts.errors.iter().partition(|error| error.of_shell);
        // A grammar of bash does not know all that shells do, so that is no fault of the file.
        for (errors, level) in [(others, self.level()), (shell, Level::Note)] {
            let Some((first, rest)) = errors.split_first() else { continue };
            let message = match rest.len() {
                0 => first.message.clone(),
                1 => format!("{}, and something in one more place", first.message),
                more => format!("{}, and something in {more} more places", first.message),
            };
            let finding =
                Finding::new(self.id(), level, first.span.clone(), message, "not looked at");
            findings.push(finding.because(
                "what could not be understood was not looked at; the rest of the file was",
            ));
        }
    }
}
