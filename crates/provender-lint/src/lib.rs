//! Rules for insecure settings, and their fixes.
//!
//! The way of a file: [`discover`] finds it and says what [`FileKind`] it is; a parser reduces its
//! text to [`facts`] (settings, variables, commands, and for a Dockerfile its [`dockerfile::Dockerfile`]), each
//! with the exact span it stands at; the [`rules`], one file each, look at facts and never at text;
//! what they find carries its [`fix`], if there is one that keeps the file's meaning.
//!
//! No network: whether a handshake verifies is asked of the [`fix::Prover`] that the caller brings.

pub mod discover;
pub mod dockerfile;
pub mod dockerignore;
mod excerpt;
mod expansion;
pub mod facts;
pub mod finding;
pub mod fix;
mod image;
mod kind;
pub mod lint;
pub mod passage;
mod pip;
pub mod project;
mod read;
pub mod rules;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod source;
mod suppress;

pub use excerpt::excerpts;
pub use facts::Span;
pub use finding::{Edit, Finding, Fix, Needs};
pub use lint::{Allowance, FileFindings, Linter, Options, OptionsError, Suppressed, lint};
pub use project::Project;
pub use read::read;
pub use source::{File, FileKind};
