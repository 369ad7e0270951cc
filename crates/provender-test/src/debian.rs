//! A real Debian for tests that need one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The tar of the root file system of a minimal Debian with Python and the certificates of public authorities:
/// `PROVENDER_TEST_DEBIAN` where that names one, else one that mmdebstrap makes in `folder` from the machine's own sources
/// of packages, which takes minutes.
///
/// # Errors
///
/// Why there is none to be had here.
pub fn debian(folder: &Path) -> Result<PathBuf, String> {
    if let Some(archive) = std::env::var_os("PROVENDER_TEST_DEBIAN") {
        return Ok(archive.into());
    }
    let archive = folder.join("debian.tar");
    let sources = sources();
    if sources.is_empty() {
        return Err("the machine has no sources of Debian's packages".to_owned());
    }
    let made = Command::new("mmdebstrap")
        .args(["--variant=minbase", "--include=python3,ca-certificates", "--quiet", ""])
        .arg(&archive)
        .args(sources)
        .output()
        .map_err(|_| "mmdebstrap is not installed".to_owned())?;
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    made.status.success().then_some(archive).ok_or(said)
}

/// Where apt gets packages from, of those of its files that say something.
fn sources() -> Vec<PathBuf> {
    let more = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut sources: Vec<PathBuf> = more.map(|entry| entry.path()).collect();
    sources.push("/etc/apt/sources.list".into());
    sources.retain(|path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let known = path.extension().is_some_and(|ending| ending == "sources" || ending == "list");
        known && text.lines().any(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
    });
    sources
}
