//! The index that tools are pointed at.

use provender_core::Diagnostic;
use url::Url;

use crate::cli::IndexArgs;
use crate::commands::serve;
use crate::settings::{Settings, indexes};

/// The index of this data directory's server while it runs, else what the settings name, else what
/// the machine's own tools ask; with where it comes from.
pub(crate) fn our_index(settings: &Settings) -> Result<Option<(Url, String)>, Diagnostic> {
    if let Some(url) = serve::running_index(settings)? {
        return Ok(Some((url, "the server that runs".to_owned())));
    }
    let (found, notes) = indexes::gather(&IndexArgs::default(), settings)?;
    let of_machine = notes.into_iter().find_map(|note| note.decided_by);
    Ok(match (found.default, found.fallback) {
        (Some(url), _) => Some((url, "the settings".to_owned())),
        (None, Some(url)) => Some((url, of_machine.unwrap_or_else(|| "this machine".to_owned()))),
        (None, None) => None,
    })
}
