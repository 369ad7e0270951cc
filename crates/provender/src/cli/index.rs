//! Which indexes are asked.

use clap::Args;

/// The options of every command that asks an index.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Index")]
pub(crate) struct IndexArgs {
    /// The index to ask [default: what pip's or uv's configuration names]
    #[arg(short, long, value_name = "URL")]
    pub(crate) index: Option<String>,
    /// An index that is asked before (may be repeated)
    #[arg(long, value_name = "URL")]
    pub(crate) extra_index: Vec<String>,
    /// Take a project from this index and from no other (may be repeated)
    #[arg(long, value_name = "NAME=URL")]
    pub(crate) index_for: Vec<String>,
}
