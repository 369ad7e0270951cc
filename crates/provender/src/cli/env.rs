//! `provender env`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use provender_trust::environment::Shell;
use url::Url;

/// Writes variables that point tools at an index and a CA, to be evaluated.
#[derive(Args)]
pub(crate) struct EnvArgs {
    /// What the variables are written for [default: the shell of the user]
    #[arg(
        long,
        value_name = "SHELL",
        value_parser = PossibleValuesParser::new(Shell::ALL.map(Shell::name)),
    )]
    pub(crate) shell: Option<String>,
    /// Write what takes the variables back
    #[arg(long)]
    pub(crate) undo: bool,
    /// The Python index [default: the server of this data directory while it runs, else what the
    /// settings name]
    #[arg(long, value_name = "URL")]
    pub(crate) index: Option<Url>,
    /// The npm registry
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<Url>,
    /// A file with the CA [default: what --ca-bundle and the settings name, else the one of the
    /// last time]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}
