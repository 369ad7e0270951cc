//! `provender check`.

use std::path::PathBuf;

use clap::Args;
use provender_core::Severity;
use url::Url;

/// Proves that what is stocked can be installed.
#[derive(Args, Default)]
pub(crate) struct CheckArgs {
    /// Locks to prove [default: the lock of this project, else every lock that was stocked]
    #[arg(value_name = "LOCK")]
    pub(crate) locks: Vec<PathBuf>,
    /// Install from this index [default: an own server on a free port]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<Url>,
    /// The Python to install with [default: one on the PATH that fits the lock]
    #[arg(long, value_name = "FILE")]
    pub(crate) python: Option<PathBuf>,
    /// The severity from which a finding counts [default: low]
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
    /// Answer although the advisory data is older than allowed
    #[arg(long)]
    pub(crate) allow_stale: bool,
}
