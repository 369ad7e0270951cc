//! `provender waiver`.

use clap::{Args, Subcommand, ValueEnum};
use provender_core::audit::{WaivedName, WaiverScope};

/// Accepts risks, with reason, owner and end.
#[derive(Args)]
pub(crate) struct WaiverArgs {
    #[command(subcommand)]
    pub(crate) command: WaiverCommand,
}

/// What is done with waivers.
#[derive(Subcommand)]
pub(crate) enum WaiverCommand {
    /// Accept a finding
    Add(AddArgs),
    /// Show the waivers and whether they still hold
    List,
    /// Take out waivers that expired
    Prune,
}

/// The waiver that is added.
#[derive(Args)]
pub(crate) struct AddArgs {
    /// The advisory's id, or any alias of it
    pub(crate) id: String,
    /// The project, or the package of an image, it is accepted for
    #[arg(long)]
    pub(crate) project: WaivedName,
    /// Why the risk is accepted
    #[arg(long)]
    pub(crate) reason: String,
    /// Who accepts it
    #[arg(long)]
    pub(crate) owner: String,
    /// The last day it holds, such as 2027-01-31, or `fixed`: until a fix exists
    #[arg(long, value_name = "DATE")]
    pub(crate) until: String,
    /// Where it is accepted
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scope: ScopeArg,
}

/// Where a risk is accepted.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ScopeArg {
    /// In locks, and in images that hold the same
    #[default]
    Everywhere,
    /// In images only: what a base image brings
    Image,
}

impl From<ScopeArg> for WaiverScope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Everywhere => Self::Everywhere,
            ScopeArg::Image => Self::Image,
        }
    }
}
