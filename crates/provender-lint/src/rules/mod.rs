//! The rules, one file each.

use provender_core::Level;

use crate::finding::Finding;
use crate::source::File;

/// A rule.
pub trait Rule: Sync {
    /// Its id, `lint/...`, which never changes.
    fn id(&self) -> &'static str;

    /// How much what it finds matters.
    fn level(&self) -> Level;

    /// What it finds, in one line.
    fn summary(&self) -> &'static str;

    /// Its page in Markdown: what it finds, why it matters, what to do, with an example.
    fn page(&self) -> &'static str;

    /// Looks at one file.
    fn check(&self, file: &File, findings: &mut Vec<Finding>);

    /// Looks at one file among all that were given, for what one file alone does not tell.
    fn check_among(&self, _file: &File, _all: &[File], _findings: &mut Vec<Finding>) {}
}
