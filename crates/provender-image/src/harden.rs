//! Hardening: the configuration of an image that provender builds, and the rules that any image is
//! held against.
//!
//! [`config`] says how a container is run: as whom, from which program, with which settings of the
//! base. [`passwd`] gives that user a name. [`check`] looks at the result, or at an image that
//! somebody else built, and tells what a hardened image would do otherwise.

mod check;
mod config;
mod environment;
mod labels;
mod passwd;

pub use check::{CheckOptions, check, rule, wanted};
pub use config::{HardenOptions, Hardened, Health, NewLayer, config};
pub use environment::{Dropped, PYTHON};
pub use labels::Facts;
pub use passwd::{Account, PasswdError, passwd};
