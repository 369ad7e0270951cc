//! What can be typed.

mod advisories;
mod audit;
mod check;
mod completions;
mod configure;
mod doctor;
mod env;
mod explain;
mod export;
mod image;
mod index;
mod init;
mod lint;
mod lock;
mod report;
mod secure;
mod serve;
mod stock;
mod waiver;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use advisories::{AdvisoriesArgs, AdvisoriesCommand, ImportArgs, UpdateArgs};
pub(crate) use audit::AuditArgs;
pub(crate) use check::CheckArgs;
pub(crate) use completions::{CompletionsArgs, ManArgs};
pub(crate) use configure::ConfigureArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use env::EnvArgs;
pub(crate) use explain::ExplainArgs;
pub(crate) use export::ExportArgs;
pub(crate) use image::{
    ImageArgs, ImageBuildArgs, ImageCommand, ImageDockerfileArgs, ImageScanArgs, ImageVerifyArgs,
};
pub(crate) use index::IndexArgs;
pub(crate) use init::{InitArgs, InitCommand};
pub(crate) use lint::{LevelArg, LintArgs};
pub(crate) use lock::{FixArg, LockArgs, LockFormat};
pub(crate) use report::{ReportArgs, ReportCommand};
pub(crate) use secure::SecureArgs;
pub(crate) use serve::{ServeArgs, ServeCommand};
pub(crate) use stock::{PruneArgs, StockArgs, StockCommand};
pub(crate) use waiver::{AddArgs, WaiverArgs, WaiverCommand};

/// Locks, audits and repairs Python projects inside networks that the public internet does not
/// reach directly.
#[derive(Parser)]
#[command(name = "provender", version, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 the answer is yes, 1 the answer is no, 2 there is no answer."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Walk the whole path: lock, audit and repair, stock, check, report
    Secure(SecureArgs),
    /// Pin a project's requirements with hashes, and repair only what is vulnerable
    Lock(LockArgs),
    /// Compare requirement and lock files with the advisory data, offline
    Audit(AuditArgs),
    /// Fetch, import and show advisory data
    Advisories(AdvisoriesArgs),
    /// Accept risks, with reason, owner and end
    Waiver(WaiverArgs),
    /// Fetch every file that locks need into the store, verified
    Stock(StockArgs),
    /// Serve what is stocked as an index, and pull through what is not
    Serve(ServeArgs),
    /// Prove that what is stocked can be installed
    Check(CheckArgs),
    /// Write what is stocked as a tree of files that any web server can serve
    Export(ExportArgs),
    /// Find settings that switch verification off, leak secrets, or leave to others what is installed
    Lint(LintArgs),
    /// Say what a diagnostic means and what to do
    Explain(ExplainArgs),
    /// Look at the way to the hosts that a project needs, and at what the tools trust
    Doctor(DoctorArgs),
    /// Set a tool up for an index and a CA, in its own files
    Configure(ConfigureArgs),
    /// Write variables that point tools at an index and a CA
    Env(EnvArgs),
    /// Find earlier reports of `provender secure`
    Report(ReportArgs),
    /// Build, verify and scan container images, without a daemon
    Image(ImageArgs),
    /// Write the files that a project needs to begin
    Init(InitArgs),
    /// Write a shell's completion script to stdout
    Completions(CompletionsArgs),
    /// Write the manual: one page to stdout, or the pages of all commands into a folder
    Man(ManArgs),
}

/// Options that every command takes.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Read settings from this file instead of the provender.toml found upwards from the project
    #[arg(long, global = true, value_name = "FILE", env = "PROVENDER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Keep advisory data, the stock and everything remembered of indexes here
    #[arg(long, global = true, value_name = "DIR", env = "PROVENDER_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Ask no network for anything
    #[arg(long, global = true, env = "PROVENDER_OFFLINE", value_parser = FalseyValueParser::new())]
    pub(crate) offline: bool,
    /// Trust the CAs in this PEM file as well (may be repeated)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_bundle: Vec<PathBuf>,
    /// How results are written to stdout
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Say nothing but the result and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more of what is done; twice for what libraries do
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Show no progress
    #[arg(long, global = true, env = "PROVENDER_NO_PROGRESS", value_parser = FalseyValueParser::new())]
    pub(crate) no_progress: bool,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people at a terminal
    Human,
    /// One JSON document with a versioned schema
    Json,
    /// Plain text of a stable form (audit, secure, image scan)
    Text,
    /// Markdown (audit, secure, image scan)
    Markdown,
    /// SARIF 2.1.0 (doctor, lint)
    Sarif,
    /// GitHub workflow commands (lint)
    Github,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
