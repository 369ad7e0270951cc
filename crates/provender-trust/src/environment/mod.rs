//! The variables that point the tools of a session at an index and a certificate authority, written for a shell, a
//! CI system, a Dockerfile or a `.env` file.
//!
//! Most variables for authorities replace a tool's own roots: these get the full bundle, and where there is none they
//! are left out, and it is said why. Those that add to a tool's roots get the private authority alone. A value that a
//! syntax cannot hold is an error, and credentials are refused: variables are seen by every child process, and by
//! whoever reads the log of a build.

mod docker;
mod shell;
mod variables;

pub use shell::{Shell, render, undo, unset};
pub use variables::{EnvironmentError, LeftOut, Roots, Variable, Variables, WantedVariables};
