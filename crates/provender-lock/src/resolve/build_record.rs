//! Remembering which build requirements a build had.
//!
//! uv builds once and remembers the metadata, so a later run learns nothing of the build. What it
//! used is kept beside uv's own memory, for the lock must say the same again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::build_log::Built;

/// Builds by `name==version`.
pub(crate) type Record = BTreeMap<String, Built>;

fn file(cache_dir: &Path) -> PathBuf {
    cache_dir.join("provender-builds-1.json")
}

/// What earlier runs remembered; nothing where there is no readable record.
pub(crate) fn load(cache_dir: &Path) -> Record {
    let text = std::fs::read_to_string(file(cache_dir)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Adds what was built now.
///
/// # Errors
///
/// The file cannot be written or moved into place.
pub(crate) fn remember(cache_dir: &Path, built: &[Built]) -> std::io::Result<Record> {
    let mut record = load(cache_dir);
    if built.is_empty() {
        return Ok(record);
    }
    for entry in built {
        if let Some(version) = &entry.version {
            record.insert(format!("{}=={version}", entry.project), entry.clone());
        }
    }
    let text = serde_json::to_vec_pretty(&record)?;
    let mut temporary = tempfile::NamedTempFile::new_in(cache_dir)?;
    temporary.write_all(&text)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file(cache_dir))?;
    Ok(record)
}
