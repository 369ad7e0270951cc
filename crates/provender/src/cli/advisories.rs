//! `provender advisories`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::settings::ecosystem::Ecosystem;

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
    Update(UpdateArgs),
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

/// What is fetched.
#[derive(Args)]
pub(crate) struct UpdateArgs {
    /// Fetch OSV's dump of this ecosystem as well, now and at every later update: Debian, Ubuntu,
    /// Alpine or npm, for what images hold (may be repeated)
    #[arg(long = "ecosystem", value_name = "NAME")]
    pub(crate) ecosystems: Vec<Ecosystem>,
    /// Drop what --ecosystem once asked for (may be repeated)
    #[arg(long = "forget-ecosystem", value_name = "NAME")]
    pub(crate) forget: Vec<Ecosystem>,
}

/// What is imported.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// Zips of OSV records, folders of them, single records, or trackers of distributions
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The configured source whose data this is; it replaces what that source had [default: the
    /// first that would be fetched, which is `osv` where none is configured]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// It stands for OSV's dump of this ecosystem: Debian, Ubuntu, Alpine or npm
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(crate) ecosystem: Option<Ecosystem>,
}
