//! The one time of an image, and the commit it is of.

use std::path::Path;
use std::process::{Command, Stdio};

use provender_core::{Diagnostic, Lock};

use crate::settings::variable;

/// What the application's version control says.
#[derive(Debug, Default)]
pub(super) struct Commit {
    /// The commit's hash; none where files were changed since.
    pub(super) revision: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(super) time: Option<i64>,
}

/// The commit that is checked out around a folder; nothing without git or outside a repository.
pub(super) fn commit(context: &Path) -> Commit {
    let Some(told) = git(context, &["log", "-1", "--format=%H %ct"]) else {
        return Commit::default();
    };
    let (revision, time) = told.trim().split_once(' ').unwrap_or_default();
    let changed = git(context, &["status", "--porcelain", "--", "."]);
    let clean = changed.is_some_and(|changed| changed.trim().is_empty());
    Commit {
        revision: Some(revision.to_owned()).filter(|revision| clean && !revision.is_empty()),
        time: time.parse().ok(),
    }
}

/// The time of everything in the image, in seconds since 1970: `SOURCE_DATE_EPOCH`, else the
/// commit's, else the lock's, else 0.
pub(super) fn timestamp(commit: &Commit, lock: &Lock) -> Result<i64, Diagnostic> {
    if let Some(text) = variable("SOURCE_DATE_EPOCH") {
        return text.trim().parse().ok().filter(|time| *time >= 0).ok_or_else(|| {
            let message = format!("SOURCE_DATE_EPOCH is no time: `{text}`");
            Diagnostic::error("image/time", message)
                .hint("set it to seconds since 1970, or unset it")
                .decided_by("SOURCE_DATE_EPOCH")
        });
    }
    if let Some(time) = commit.time {
        return Ok(time);
    }
    let uploads = lock.projects.iter().flat_map(|project| &project.files);
    let newest = uploads.filter_map(|file| file.upload_time).max();
    let time = lock.header.exclude_newer.or(newest);
    Ok(time.map_or(0, |time| time.as_second()))
}

fn git(context: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Settings of the repository must not run programs of its own here.
    command.args(["-c", "core.fsmonitor=false", "-c", "log.showSignature=false"]);
    let run = command.args(args).current_dir(context).stdin(Stdio::null()).output().ok()?;
    run.status.success().then(|| String::from_utf8_lossy(&run.stdout).into_owned())
}
