//! `provender doctor`.

use std::path::PathBuf;

use clap::Args;

/// Looks at the way to the hosts that a project needs, and at what the tools of this machine trust.
#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Look at these only [default: every host that the project's settings need]
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Let the exit code follow the tools too: each that is installed has to verify
    #[arg(long, conflicts_with = "no_tools")]
    pub(crate) tools: bool,
    /// Look at hosts only
    #[arg(long)]
    pub(crate) no_tools: bool,
    /// The Python whose libraries are meant [default: that of the active environment or of .venv,
    /// else the first on the PATH]
    #[arg(long, value_name = "FILE")]
    pub(crate) python: Option<PathBuf>,
    /// Write the certificate of the authority that was presented to this file; it is not trusted by
    /// that
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tools", "fix", "exposure"])]
    pub(crate) save_ca: Option<PathBuf>,
    /// Let --save-ca replace a file that holds something else
    #[arg(long, requires = "save_ca")]
    pub(crate) force: bool,
    /// Set up the tools that fail or do not verify: shows the changes, asks, writes, and asks the
    /// tools again
    #[arg(long, conflicts_with_all = ["no_tools", "exposure"])]
    pub(crate) fix: bool,
    /// Write without asking first
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
    /// Take back what the last --fix wrote
    #[arg(long, conflicts_with_all = ["urls", "fix", "save_ca", "tools", "exposure"])]
    pub(crate) rollback: bool,
    /// Compare what is installed in this environment with what the index has
    #[arg(long, value_name = "DIR")]
    pub(crate) exposure: Option<PathBuf>,
}
