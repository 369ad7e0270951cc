//! `provender explain`.

use clap::Args;

/// Says what a diagnostic means and what to do.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The diagnostic's id, such as `lint/pip-trusted-host`; without one every id is listed
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
}
