//! The order of a layer's entries, and the folders that are in it because something is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Entry, EntryKind, LayerError};

/// The longest path, in bytes: what Linux takes (`PATH_MAX`).
const LONGEST: usize = 4096;

/// The entries by the bytes of their paths, every folder before what is in it, with the folders that
/// nobody named: root's, mode 0755.
///
/// # Errors
///
/// Paths that leave the root, that are no normal form or that a runtime would take for whiteouts;
/// two entries of one path; entries below something that is no folder.
pub(super) fn arrange(entries: &[Entry]) -> Result<Vec<Cow<'_, Entry>>, LayerError> {
    let mut arranged: BTreeMap<&str, Cow<'_, Entry>> = BTreeMap::new();
    for entry in entries {
        check(&entry.path)?;
        if let EntryKind::Link(target) = &entry.kind {
            check_target(&entry.path, target)?;
        }
        if arranged.insert(&entry.path, Cow::Borrowed(entry)).is_some() {
            return Err(LayerError::Duplicate { path: entry.path.clone() });
        }
    }
    for entry in entries {
        for parent in parents(&entry.path) {
            let folder = arranged.entry(parent).or_insert_with(|| Cow::Owned(folder(parent)));
            if folder.kind != EntryKind::Folder {
                let (path, below) = (parent.to_owned(), entry.path.clone());
                return Err(LayerError::NotAFolder { path, below });
            }
        }
    }
    Ok(arranged.into_values().collect())
}

fn folder(path: &str) -> Entry {
    Entry { path: path.to_owned(), kind: EntryKind::Folder, mode: 0o755, uid: 0, gid: 0 }
}

/// The folders a path is in, the uppermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

fn check(path: &str) -> Result<(), LayerError> {
    let mut parts = path.split('/');
    let reason = if path.is_empty() {
        "it is empty"
    } else if path.starts_with('/') {
        "it is absolute"
    } else if path.len() > LONGEST {
        "it is longer than 4096 bytes"
    } else if path.contains('\0') {
        "it has a zero byte in it"
    } else if parts.clone().any(|part| matches!(part, "" | "." | "..")) {
        "it has an empty part, `.` or `..` in it"
    } else if parts.any(|part| part.starts_with(".wh.")) {
        "runtimes take names that begin with `.wh.` for whiteouts"
    } else {
        return Ok(());
    };
    Err(LayerError::Path { path: path.to_owned(), reason })
}

fn check_target(path: &str, target: &str) -> Result<(), LayerError> {
    if target.is_empty() || target.len() > LONGEST || target.contains('\0') {
        let reason = "its link leads to nothing that could be a path";
        return Err(LayerError::Path { path: path.to_owned(), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Content;
    use super::*;

    fn file(path: &str) -> Entry {
        let kind = EntryKind::File(Content::Bytes(Vec::new()));
        Entry { path: path.to_owned(), kind, mode: 0o644, uid: 0, gid: 0 }
    }

    fn paths(entries: &[Entry]) -> Vec<String> {
        arrange(entries).unwrap().iter().map(|entry| entry.path.clone()).collect()
    }

    #[test]
    fn entries_stand_in_the_order_of_their_bytes_below_their_folders() {
        let entries = [file("b/z"), file("a.b"), file("b-c"), file("b/é"), file("b/a/x")];
        assert_eq!(paths(&entries), ["a.b", "b", "b-c", "b/a", "b/a/x", "b/z", "b/é"]);
    }

    #[test]
    fn a_folder_that_is_named_keeps_its_mode() {
        let tmp = Entry { mode: 0o1777, ..folder("tmp") };
        let entries = [file("tmp/x"), tmp.clone()];
        assert_eq!(*arrange(&entries).unwrap()[0], tmp);
    }

    #[test]
    fn two_entries_of_one_path_are_refused_by_name() {
        let error = arrange(&[file("a/b"), file("a/b")]).unwrap_err();
        assert_eq!(error.to_string(), "two entries of the layer are named a/b");
        let error = arrange(&[file("a/b"), file("a")]).unwrap_err();
        assert_eq!(error.to_string(), "a/b cannot be in the layer, because a is no folder");
    }

    #[test]
    fn paths_that_leave_the_root_or_hide_lower_files_are_refused() {
        let bad =
            ["", "/etc", "a/../../b", "./a", "a//b", "a/", "a\0b", "a/.wh.b", ".wh..wh..opq/a"];
        for path in bad {
            assert!(matches!(arrange(&[file(path)]), Err(LayerError::Path { .. })), "{path}");
        }
    }
}
