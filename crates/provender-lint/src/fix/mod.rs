//! Making fixes: which edits may be made, making them, and what a Dockerfile needs besides.

mod apply;
mod edits;
pub mod image;
mod project;
mod uses;

#[cfg(test)]
pub(crate) mod proof;

pub use apply::{Fixer, Grounds, Left, Made, Plan};
pub use edits::apply;
pub use project::{ProjectFix, Trust, project};

use crate::finding::Edit;
use crate::source::File;

/// Tells whether TLS to a host verifies without a bypass.
pub trait Prover {
    /// Whether a handshake with `host` (with a port where one is named) was proved to verify.
    fn verifies(&self, host: &str) -> bool;
}

/// Brings the CA to what a file builds or runs: given the file, all files, and the edits that take
/// its bypasses away, those edits together with what has to come with them, in the file's text, in
/// order and without overlap. None where the CA cannot be brought to every step that needs it: then
/// the bypasses stay.
pub type Provide<'a> = dyn Fn(&File, &[File], &[Edit]) -> Option<Vec<Edit>> + 'a;
