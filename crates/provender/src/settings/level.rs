//! The level from which findings count.

use provender_core::{Diagnostic, Level};

use crate::cli::LevelArg;

/// The level that a flag names, else the one that the setting `key` names.
pub(crate) fn of(
    flag: Option<LevelArg>,
    setting: Option<&str>,
    key: &'static str,
) -> Result<Option<Level>, Diagnostic> {
    if let Some(level) = flag {
        return Ok(Some(match level {
            LevelArg::Note => Level::Note,
            LevelArg::Warning => Level::Warning,
            LevelArg::Error => Level::Error,
        }));
    }
    Ok(Some(match setting {
        None => return Ok(None),
        Some("note") => Level::Note,
        Some("warning") => Level::Warning,
        Some("error") => Level::Error,
        Some(other) => {
            let message = format!("`{other}` is no level of findings");
            return Err(Diagnostic::error("settings/malformed", message)
                .hint("take `note`, `warning` or `error`")
                .decided_by(key));
        }
    }))
}
