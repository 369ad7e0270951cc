//! `provender audit`.

use std::path::PathBuf;

use clap::Args;
use provender_core::Severity;

/// Compares requirement and lock files with the advisory data, offline.
#[derive(Args)]
pub(crate) struct AuditArgs {
    /// constraints.txt, requirements.txt, pylock.toml or uv.lock files [default: the project's
    /// lock]
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<PathBuf>,
    /// The severity from which a finding counts [default: low]
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
    /// Answer although the advisory data is older than allowed
    #[arg(long)]
    pub(crate) allow_stale: bool,
}
