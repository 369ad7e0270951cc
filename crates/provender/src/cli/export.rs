//! `provender export`.

use std::path::PathBuf;

use clap::Args;

/// Writes what is stocked as a tree of files that any web server can serve.
#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The folder; it is made, or must be empty or an earlier export
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Copy the files; without it they are linked where that is possible
    #[arg(long)]
    pub(crate) copy: bool,
}
