//! What a Dockerfile's build reads and what it leaves behind: which stages become images, what is
//! copied into them, what the build's context leaves out, and which compose services build them.
//!
//! A Dockerfile with many stages ships few of them: the last one, and those that a compose file
//! names with `target`. Rules about what lasts in an image look at these and what they stand on, no
//! further.

pub(crate) mod anchors;
pub(crate) mod compose;
pub(crate) mod copying;
pub(crate) mod ignore;
pub(crate) mod network;
pub(crate) mod reference;
pub(crate) mod shipped;
pub(crate) mod used;

use std::path::{Component, Path, PathBuf};

/// A path without `.` and, as far as it can be told without a disk, without `..`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidied.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

/// The folder that a file stands in, tidied; empty for a file of the current folder.
pub(crate) fn folder(path: &Path) -> PathBuf {
    tidy(path.parent().unwrap_or(Path::new("")))
}
