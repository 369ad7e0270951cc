//! A comment that allows a finding without a reason.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::source::File;
use crate::suppress;

/// `lint/suppression-without-reason`.
pub(crate) struct SuppressionWithoutReason;

impl Rule for SuppressionWithoutReason {
    fn id(&self) -> &'static str {
        suppress::WITHOUT_REASON
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "a comment allows a finding without a reason"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/suppression-without-reason.md")
    }

    /// [`suppress`] tells it, which alone knows what the other rules found.
    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}
}
