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

/// The times of an image, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Of the image and its application: `SOURCE_DATE_EPOCH`, else the commit's, else the lock's.
    pub(super) image: i64,
    /// Of what is locked: the lock's.
    pub(super) locked: i64,
}

/// What a lock without a time of its own counts as: the first day that every archive can hold.
const NO_TIME: i64 = 315_532_800;

/// The time of what is locked, in seconds since 1970.
pub(super) fn of_lock(lock: &Lock) -> i64 {
    let uploads = lock.projects.iter().flat_map(|project| &project.files);
    let newest = uploads.filter_map(|file| file.upload_time).max();
    lock.header.exclude_newer.or(newest).map_or(NO_TIME, |time| time.as_second())
}

/// The times of an image of this commit with this lock.
pub(super) fn times(commit: &Commit, lock: &Lock) -> Result<Times, Diagnostic> {
    let locked = of_lock(lock);
    let Some(text) = variable("SOURCE_DATE_EPOCH") else {
        return Ok(Times { image: commit.time.unwrap_or(locked), locked });
    };
    let image = text.trim().parse().ok().filter(|time| *time >= 0).ok_or_else(|| {
        let message = format!("SOURCE_DATE_EPOCH is no time: `{text}`");
        Diagnostic::error("image/time", message)
            .hint("set it to seconds since 1970, or unset it")
            .decided_by("SOURCE_DATE_EPOCH")
    })?;
    Ok(Times { image, locked })
}

fn git(context: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Settings of the repository must not run programs of its own here.
    command.args(["-c", "core.fsmonitor=false", "-c", "log.showSignature=false"]);
    let run = command.args(args).current_dir(context).stdin(Stdio::null()).output().ok()?;
    run.status.success().then(|| String::from_utf8_lossy(&run.stdout).into_owned())
}
