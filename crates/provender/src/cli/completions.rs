//! `provender completions` and `provender man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Writes a shell's completion script.
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Writes the manual.
#[derive(Args)]
pub(crate) struct ManArgs {
    /// Write the pages of all commands into this folder, which is made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
