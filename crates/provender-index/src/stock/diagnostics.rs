//! What a stocking tells, rule by rule.
//!
//! | rule | what is wrong |
//! |---|---|
//! | `stock/direct` | a pin comes from an address, a repository or a folder, which no index holds |
//! | `stock/no-hash` | a pin has no version or no SHA-256, so nothing about it can be verified |
//! | `stock/index` | the page of a project cannot be read |
//! | `stock/no-project` | no index has the project |
//! | `stock/no-release` | the index has the project and not the release |
//! | `stock/hash` | the index offers other files than the lock lists |
//! | `stock/no-file` | the release has no file for the target |
//! | `stock/download` | a file cannot be fetched, or is not what the lock promises |
//! | `stock/disk-full` | there is no room left |
//! | `stock/healed` | a file that was damaged or lost has been fetched again |
//! | `stock/metadata` | a wheel holds no metadata that could be served beside it |

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use provender_core::{Diagnostic, LockedProject, Place, Platform, ProjectName, Sha256, Version};
use provender_store::LockKind;

use super::pins::Pin;
use super::request::StockedLock;
use crate::transfer::TransferError;
use crate::upstream::UpstreamError;

/// How many versions or files are shown before the rest is only counted.
const SHOWN: usize = 5;

pub(super) fn direct(lock: &StockedLock, project: &LockedProject, location: &str) -> Diagnostic {
    let message = format!("{} comes from {location}, which no index can serve", project.name);
    at(lock, Diagnostic::error("stock/direct", message)).hint(
        "require a release of it from an index, or publish one there; until then pip needs \
         a way to that address",
    )
}

pub(super) fn editable(lock: &StockedLock, project: &LockedProject, folder: &str) -> Diagnostic {
    let message =
        format!("{} is the editable folder {folder}, which no index can serve", project.name);
    at(lock, Diagnostic::error("stock/direct", message))
        .hint("leave it out of the lock, and install it from its folder after the rest")
}

pub(super) fn unpinned(lock: &StockedLock, project: &LockedProject) -> Diagnostic {
    let message = format!("{} is not pinned to a version", project.name);
    at(lock, Diagnostic::error("stock/no-hash", message)).hint("lock it with `provender lock`")
}

pub(super) fn unhashed(lock: &StockedLock, project: &LockedProject) -> Diagnostic {
    let message = match &project.version {
        Some(version) => format!("{} {version} has no SHA-256 in the lock", project.name),
        None => format!("{} has no SHA-256 in the lock", project.name),
    };
    at(lock, Diagnostic::error("stock/no-hash", message))
        .hint("make the lock anew with `provender lock`, which writes the hashes of every file")
}

fn at(lock: &StockedLock, diagnostic: Diagnostic) -> Diagnostic {
    match lock.kind {
        LockKind::File => diagnostic.at(Place::file(&lock.name)),
        LockKind::Carried => diagnostic.because(format!("it is needed by {}", lock.name)),
    }
}

pub(super) fn index(project: &ProjectName, error: &UpstreamError) -> Diagnostic {
    let message = format!("what the index has of {project} is not known");
    let again = "run the same command again when the index answers; what is stocked stays";
    with_causes(Diagnostic::error("stock/index", message), error)
        .hint(error.hint().unwrap_or_else(|| again.to_owned()))
}

pub(super) fn no_project(pin: &Pin) -> Diagnostic {
    Diagnostic::error("stock/no-project", format!("no index has {}", pin.project))
        .hint("name the index it comes from, or lock anew if it was renamed or taken away")
}

pub(super) fn no_release(pin: &Pin, offered: &BTreeSet<&Version>) -> Diagnostic {
    let message = format!("the index has no {} {}", pin.project, pin.version);
    let mut diagnostic = Diagnostic::error("stock/no-release", message);
    let newest: Vec<_> = offered.iter().rev().take(SHOWN).map(ToString::to_string).collect();
    if !newest.is_empty() {
        let more = offered.len() - newest.len();
        let rest = if more > 0 { format!(" and {more} others") } else { String::new() };
        diagnostic = diagnostic.because(format!("it has {}{rest}", newest.join(", ")));
    }
    diagnostic.hint("it may have been deleted; lock anew to get a release that is there")
}

/// A lock's hashes that no file of the release has. It is an error only where a file is missing
/// for it.
pub(super) fn hash(
    pin: &Pin,
    unknown: &BTreeSet<Sha256>,
    offered: &[(&str, Sha256)],
    is_error: bool,
) -> Diagnostic {
    let count = unknown.len();
    let files = if count == 1 { "a file".to_owned() } else { format!("{count} files") };
    let message = format!(
        "the lock lists {files} of {} {} that the index does not offer",
        pin.project, pin.version
    );
    let mut diagnostic = match is_error {
        true => Diagnostic::error("stock/hash", message),
        false => Diagnostic::warning("stock/hash", message),
    };
    for sha256 in unknown.iter().take(SHOWN) {
        diagnostic = diagnostic.because(format!("in the lock: sha256:{sha256}"));
    }
    for (filename, sha256) in offered.iter().take(SHOWN) {
        diagnostic = diagnostic
            .because(format!("offered and not in the lock: {filename} with sha256:{sha256}"));
    }
    if offered.len() > SHOWN {
        let more = offered.len() - SHOWN;
        diagnostic = diagnostic.because(format!("offered and not in the lock: {more} others"));
    }
    diagnostic.hint(match (is_error, offered.is_empty()) {
        (true, false) => {
            "a file may have been replaced after the lock was made: find out why before you \
             lock anew, for its content is not what was locked"
        }
        (true, true) => "the files may have been deleted; lock anew to get what is there",
        (false, _) => {
            "the target does without: what was deleted leaves the lock when it is made anew, and \
             a wheel that was built elsewhere can be built here with `--build-wheels`"
        }
    })
}

pub(super) fn no_file(pin: &Pin, python: &str, platforms: &[Platform]) -> Diagnostic {
    let on: Vec<_> = platforms.iter().map(Platform::to_string).collect();
    let on = if on.is_empty() { String::new() } else { format!(" on {}", on.join(", ")) };
    let message = format!(
        "{} {} has neither a wheel for {python}{on} nor an sdist among the locked files",
        pin.project, pin.version
    );
    Diagnostic::error("stock/no-file", message)
        .hint("lock for this target, so that a release is chosen that can be installed there")
        .decided_by("--python-version, --platform, or the target in the lock's header")
}

pub(super) fn download(filename: &str, error: &TransferError) -> Diagnostic {
    let message = format!("{filename} was not stocked");
    let again = "run the same command again; what was verified stays and is not fetched twice";
    with_causes(Diagnostic::error("stock/download", message), error)
        .hint(error.hint().unwrap_or_else(|| again.to_owned()))
}

pub(super) fn disk_full(data_dir: &Path, left: usize, error: &(dyn Error + 'static)) -> Diagnostic {
    let files = if left == 1 { "1 file was".to_owned() } else { format!("{left} files were") };
    let message = format!("{} is full: {files} not stocked", data_dir.display());
    with_causes(Diagnostic::error("stock/disk-full", message), error).hint(
        "make room, drop what no lock needs with `provender stock prune`, or move the store \
         with `--data-dir`; then run the same command again",
    )
}

pub(super) fn healed(filename: &str) -> Diagnostic {
    let message = format!("{filename} was damaged or lost and has been fetched again");
    Diagnostic::note("stock/healed", message)
}

pub(super) fn metadata(filename: &str, error: &(dyn Error + 'static)) -> Diagnostic {
    let message = format!("{filename} is stocked without its metadata");
    with_causes(Diagnostic::warning("stock/metadata", message), error)
        .hint("installers read it from the wheel itself, which is slower and nothing else")
}

/// The error and what it was caused by, each once.
fn with_causes(mut diagnostic: Diagnostic, error: &(dyn Error + 'static)) -> Diagnostic {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if diagnostic.causes.last().is_none_or(|last| !last.contains(&text)) {
            diagnostic = diagnostic.because(text);
        }
        next = error.source();
    }
    diagnostic
}
