//! `provender waiver`.

use clap::{Args, Subcommand};
use provender_core::audit::WaivedName;

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
}
