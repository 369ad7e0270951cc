//! `provender init`.

use std::path::PathBuf;

use clap::Args;

/// Writes the files that a project needs to begin: settings, `.gitignore` lines, `.env.example`
/// and a Makefile.
#[derive(Args)]
pub(crate) struct InitArgs {
    /// The project's folder
    #[arg(value_name = "PROJECT", default_value = ".", hide_default_value = true)]
    pub(crate) project: PathBuf,
    /// Replace files that exist; without it they are left as they are
    #[arg(long)]
    pub(crate) force: bool,
    /// Write nothing; say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
}
