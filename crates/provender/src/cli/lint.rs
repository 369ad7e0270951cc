//! `provender lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Finds settings that switch verification off, leak secrets, or leave to others what is installed.
#[derive(Args)]
pub(crate) struct LintArgs {
    /// Files and folders to look at [default: the current folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Make the fixes that keep every file's meaning
    #[arg(long)]
    pub(crate) fix: bool,
    /// Show what --fix would change, and change nothing, also with --fix
    #[arg(long)]
    pub(crate) diff: bool,
    /// Take it that every host verifies with the CAs in this PEM file, and bring them into builds of images
    #[arg(long, value_name = "FILE")]
    pub(crate) assume_ca: Option<PathBuf>,
    /// Run these rules only (may be repeated)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Do not run these rules (may be repeated)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// The level from which a finding counts [default: warning]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) fail_on: Option<LevelArg>,
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// Worth knowing
    Note,
    /// Something should be done
    Warning,
    /// Something is wrong wherever it stands
    Error,
}
