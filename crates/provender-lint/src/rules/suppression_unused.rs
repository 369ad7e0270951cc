//! A comment that allows what is not found.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::source::File;
use crate::suppress;

/// `lint/suppression-unused`.
pub(crate) struct SuppressionUnused;

impl Rule for SuppressionUnused {
    fn id(&self) -> &'static str {
        suppress::UNUSED
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "a comment allows what is not found"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/suppression-unused.md")
    }

    /// [`suppress`] tells it, which alone knows what the other rules found.
    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}
}
