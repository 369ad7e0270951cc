//! Sets the tools of a machine up for an index and a certificate authority, in their own configuration files.
//!
//! [`plan`] reads the files of one tool and says what would be written, as text before and after ([`Plan`]); it writes
//! nothing. [`apply`] makes the edits, all or none, and keeps a journal by which [`rollback`] gives back every byte.
//!
//! An edit keeps what it does not mean: comments, order, indentation, line endings and unknown keys. What switched
//! verification off for the same host goes with the edit, and a note says so. The same plan made again is empty.
//! Credentials are never written: each tool has its own place for them, and the refusal names it.

mod apply;
pub mod bundle;
mod draft;
mod error;
mod hosts;
mod plan;
mod syntax;
mod tools;
mod wanted;

pub(crate) use draft::{check_url, path_text};

pub use apply::{Applied, ApplyError, apply, newest_journal, rollback};
pub use bundle::{BundleError, PublicRoot, full_bundle};
pub use error::ConfigureError;
pub use plan::{FileEdit, Plan};
pub use tools::{ConfigurableTool, plan};
pub use wanted::{Scope, ToolVersion, Wanted};
