//! How the tools of a development machine come by their trust in TLS servers: which roots each of them takes, which
//! setting decided that, whether verification is on at all, and which setting would make it succeed; and how they are
//! set up for an index and a certificate authority.
//!
//! Two ways lead to an answer. Each tool has *rules*, applied to the [`Machine`]'s variables and configuration files
//! ([`mod@tools`]); and a tool that is installed can be *asked*: it is run with a harmless request. [`matrix`](matrix())
//! does both and holds one against the other.
//!
//! [`configure`] plans and makes the edits of a tool's own files; [`environment`] writes variables for a shell.
//!
//! The crate reads and writes configuration files and starts tools. It makes no request of its own and reads no
//! variable: what the user's environment says is in the [`Machine`], which the binary makes.

pub mod configure;
pub mod environment;
mod files;
pub mod machine;
mod matrix;
mod process;
mod setting;
pub mod tools;

pub use machine::{Machine, Os};
pub use matrix::{Judge, Question, matrix};
pub use process::Invocation;
pub use setting::{CaBundle, Setting};
pub use tools::{
    Asked, Installed, Request, Tool, ToolTrust, Verification, Words, ask, judged, tools,
};
