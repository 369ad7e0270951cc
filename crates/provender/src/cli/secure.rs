//! `provender secure`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use provender_core::Severity;

use super::{FixArg, IndexArgs};

/// Walks the whole path: lock, audit and repair, stock, check, report.
#[derive(Args)]
pub(crate) struct SecureArgs {
    /// The project's folder
    #[arg(value_name = "PROJECT", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Lock and audit only; stock nothing, so nothing can be checked either
    #[arg(long)]
    pub(crate) no_stock: bool,
    /// Do not prove that the stock installs
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Do not fetch newer advisory data first
    #[arg(long)]
    pub(crate) no_update: bool,
    /// Go on serving the index until Ctrl-C
    #[arg(long, conflicts_with = "no_stock")]
    pub(crate) serve: bool,
    /// Where to serve
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "PROVENDER_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,
    /// Keep reports here [default: `[secure] report-dir`, else provender-reports in
    /// the project's folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) report_dir: Option<PathBuf>,
    /// Carry a tool along, such as pip-audit (may be repeated)
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) with: Vec<String>,
    /// Build a wheel once of what has none, in isolation, and add its hash to the lock
    #[arg(long)]
    pub(crate) build_wheels: bool,

    /// How far a vulnerable pin may move [default: minor]
    #[arg(long, value_enum, value_name = "STEP", help_heading = "Audit and repair")]
    pub(crate) fix: Option<FixArg>,
    /// The severity from which a finding counts [default: low]
    #[arg(long, value_name = "SEVERITY", help_heading = "Audit and repair")]
    pub(crate) fail_on: Option<Severity>,
    /// Answer although the advisory data is older than allowed
    #[arg(long, help_heading = "Audit and repair")]
    pub(crate) allow_stale: bool,
    /// Never run a project's code to learn its metadata
    #[arg(long, help_heading = "Resolution")]
    pub(crate) no_build: bool,
    /// Give up all present pins, for the newest versions
    #[arg(short = 'U', long, help_heading = "Resolution")]
    pub(crate) upgrade: bool,
    /// Ask the index again for everything that is remembered of it
    #[arg(long, help_heading = "Index")]
    pub(crate) refresh: bool,

    #[command(flatten)]
    pub(crate) indexes: IndexArgs,
}
