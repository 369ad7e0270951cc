//! `provender advisories`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Fetches, imports and shows advisory data.
#[derive(Args)]
pub(crate) struct AdvisoriesArgs {
    #[command(subcommand)]
    pub(crate) command: AdvisoriesCommand,
}

/// What is done with advisory data.
#[derive(Subcommand)]
pub(crate) enum AdvisoriesCommand {
    /// Fetch what is new from the configured sources
    Update,
    /// Take in OSV records from zips, folders and files
    Import(ImportArgs),
    /// Say which data there is, from where, and how old
    Status,
    /// Show one advisory
    Show {
        /// Its id, or any alias of it
        id: String,
    },
}

/// What is imported.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// Zips of OSV records, folders of them, or single records
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The configured source whose data this is; it replaces what that source had [default: the
    /// first that would be fetched, which is `osv` where none is configured]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}
