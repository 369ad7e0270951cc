//! `provender report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Finds earlier reports.
#[derive(Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    pub(crate) command: ReportCommand,
    /// The folder of the reports [default: `[secure] report-dir`, else provender-reports here or
    /// beside provender.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) report_dir: Option<PathBuf>,
}

/// What is done with reports.
#[derive(Subcommand)]
pub(crate) enum ReportCommand {
    /// List the reports, the newest first
    List,
    /// Show a report again
    Show(ShowArgs),
}

/// The report that is shown.
#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The report's folder as `report list` shows it, or `latest`
    #[arg(value_name = "ID", default_value = "latest")]
    pub(crate) id: String,
}
