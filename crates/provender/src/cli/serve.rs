//! `provender serve`.

use std::net::SocketAddr;

use clap::{Args, Subcommand};

use super::IndexArgs;

/// Serves what is stocked as an index, and pulls through what is not.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "PROVENDER_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,
    /// Go on in the background, with the log in the data directory
    #[arg(long)]
    pub(crate) background: bool,
    /// Serve only; the foreground process of `--background` starts this one
    #[arg(long, hide = true)]
    pub(crate) detached: bool,

    #[command(flatten)]
    pub(crate) indexes: IndexArgs,
}

/// What else can be done with a server.
#[derive(Subcommand)]
pub(crate) enum ServeCommand {
    /// Say whether a server of this data directory runs, and where
    Status,
    /// End the server of this data directory; answers under way are finished first
    Stop,
}
