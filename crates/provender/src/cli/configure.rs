//! `provender configure`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use provender_trust::configure::{ConfigurableTool, Scope};
use url::Url;

/// Sets a tool up for an index and a CA, in the tool's own files.
#[derive(Args)]
pub(crate) struct ConfigureArgs {
    /// The tool
    #[arg(
        value_name = "TOOL",
        value_parser = PossibleValuesParser::new(ConfigurableTool::ALL.map(ConfigurableTool::name)),
    )]
    pub(crate) tool: String,
    /// The Python index [default: the server of this data directory while it runs, else what the
    /// settings name]
    #[arg(long, value_name = "URL")]
    pub(crate) index: Option<Url>,
    /// The tool's own server where it asks no Python index: an npm or container registry, a git
    /// host, a repository of apt or apk
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<Url>,
    /// A file with the CA [default: what --ca-bundle and the settings name, else the one of the
    /// last time]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How far the settings reach
    #[arg(long, value_enum, default_value_t = ScopeArg::User)]
    pub(crate) scope: ScopeArg,
    /// Write without asking first
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write nothing; show what would be written
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Take back what the last run for this tool wrote
    #[arg(long, conflicts_with_all = ["index", "registry", "ca", "dry_run"])]
    pub(crate) rollback: bool,
}

/// How far settings reach.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// All that the user does
    User,
    /// The project in the current folder
    Project,
    /// All users of the machine
    System,
}

impl ScopeArg {
    /// The word that is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::System => "system",
        }
    }
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::User => Self::User,
            ScopeArg::Project => Self::Project,
            ScopeArg::System => Self::System,
        }
    }
}
