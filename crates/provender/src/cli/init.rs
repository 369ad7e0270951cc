//! `provender init`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ImageDockerfileArgs;

/// Writes the files that a project needs to begin: settings, `.gitignore` lines, `.env.example`
/// and a Makefile.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct InitArgs {
    #[command(subcommand)]
    pub(crate) command: Option<InitCommand>,
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

/// What else a project can be given.
#[derive(Subcommand)]
pub(crate) enum InitCommand {
    /// Write a Dockerfile and the files that go with it, as `provender image dockerfile` does
    Image(ImageDockerfileArgs),
}
