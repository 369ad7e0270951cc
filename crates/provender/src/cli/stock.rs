//! `provender stock`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use provender_core::{Platform, PythonVersion};

use super::IndexArgs;

/// Fetches every file that locks need into the store, verified.
#[derive(Args, Clone, Default)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct StockArgs {
    #[command(subcommand)]
    pub(crate) command: Option<StockCommand>,
    /// Locks (constraints.txt, pylock.toml), or requirement files, which are locked on the way
    /// [default: the lock of this project]
    #[arg(value_name = "LOCK")]
    pub(crate) locks: Vec<PathBuf>,
    /// Carry a tool along, such as pip-audit, with everything that it needs (may be repeated)
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) with: Vec<String>,
    /// Fetch every file that the locks list, whatever their target
    #[arg(long)]
    pub(crate) all_files: bool,
    /// Build a wheel once of what has none, in isolation, and add its hash to the lock
    #[arg(long)]
    pub(crate) build_wheels: bool,
    /// Ask the index again for everything that is known of its files
    #[arg(long)]
    pub(crate) refresh: bool,

    /// The Python to stock for, in place of the lock's own
    #[arg(short, long, value_name = "VERSION", help_heading = "Target")]
    pub(crate) python_version: Option<PythonVersion>,
    /// A platform to stock for, in place of the lock's own (may be repeated)
    #[arg(long, value_name = "PLATFORM", help_heading = "Target", conflicts_with = "universal")]
    pub(crate) platform: Vec<Platform>,
    /// Stock for all platforms
    #[arg(long, help_heading = "Target")]
    pub(crate) universal: bool,

    #[command(flatten)]
    pub(crate) indexes: IndexArgs,
}

/// What else can be done with the stock.
#[derive(Clone, Subcommand)]
pub(crate) enum StockCommand {
    /// Show what is stocked: projects, files, sizes, and which lock needs them
    List,
    /// Remove what no known lock needs, and what was kept of images and not used for long
    Prune(PruneArgs),
}

/// Removes what no known lock needs, and what was kept of images and not used for long.
#[derive(Args, Clone)]
pub(crate) struct PruneArgs {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Remove what was kept of images and not used for this many days; all of it can be made again
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) images_older_than: u32,
}
