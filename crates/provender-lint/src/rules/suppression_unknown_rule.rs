//! A comment that allows a rule that there is not.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::source::File;
use crate::suppress;

/// `lint/suppression-unknown-rule`.
pub(crate) struct SuppressionUnknownRule;

impl Rule for SuppressionUnknownRule {
    fn id(&self) -> &'static str {
        suppress::UNKNOWN_RULE
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "a comment allows a rule that there is not"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/suppression-unknown-rule.md")
    }

    /// [`suppress`] tells it, which alone knows what the other rules found.
    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}
}
