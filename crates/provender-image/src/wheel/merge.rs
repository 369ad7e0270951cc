//! Several distributions in one image.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::Installed;
use crate::layer::{Entry, EntryKind};

/// Two distributions that want different files at one path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} both install {path}, and not the same file")]
pub struct Collision {
    /// The path in the image.
    pub path: String,
    /// One distribution: its name and version.
    pub first: String,
    /// The other.
    pub second: String,
}

/// The entries of all of them, by path. Files that are the same in several, such as the
/// `__init__.py` of a namespace, are there once, executable if one of them is.
///
/// # Errors
///
/// The first [`Collision`], by path. An installer would have the last distribution win.
pub fn merge(installed: Vec<Installed>) -> Result<Vec<Entry>, Collision> {
    let owners: Vec<String> =
        installed.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    let mut merged: BTreeMap<String, (usize, Entry)> = BTreeMap::new();
    let mut collisions: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (owner, one) in installed.into_iter().enumerate() {
        for entry in one.entries {
            match merged.entry(entry.path.clone()) {
                Slot::Vacant(slot) => {
                    slot.insert((owner, entry));
                }
                Slot::Occupied(mut slot) => {
                    let (first, there) = slot.get_mut();
                    if same(&there.kind, &entry.kind) {
                        there.mode |= entry.mode;
                    } else {
                        collisions.entry(entry.path).or_insert((*first, owner));
                    }
                }
            }
        }
    }
    // A file of one where another has a folder.
    for (path, (second, _)) in &merged {
        for (at, _) in path.match_indices('/') {
            let parent = path.get(..at).and_then(|parent| merged.get_key_value(parent));
            if let Some((parent, (first, entry))) = parent
                && entry.kind != EntryKind::Folder
            {
                collisions.entry(parent.clone()).or_insert((*first, *second));
            }
        }
    }
    let owner = |index: usize| owners.get(index).cloned().unwrap_or_default();
    match collisions.pop_first() {
        Some((path, (first, second))) => {
            Err(Collision { path, first: owner(first), second: owner(second) })
        }
        None => Ok(merged.into_values().map(|(_, entry)| entry).collect()),
    }
}

/// Whether two entries are the same, wherever their bytes are.
fn same(a: &EntryKind, b: &EntryKind) -> bool {
    match (a, b) {
        (EntryKind::File(a), EntryKind::File(b)) => {
            a.size() == b.size() && a.sha256() == b.sha256()
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Content;

    fn installed(name: &str, files: &[(&str, &str, u32)]) -> Installed {
        let entry = |&(path, text, mode): &(&str, &str, u32)| Entry {
            path: path.to_owned(),
            kind: EntryKind::File(Content::Bytes(text.as_bytes().to_vec())),
            mode,
            uid: 0,
            gid: 0,
        };
        Installed {
            name: name.parse().unwrap(),
            version: "1.0".parse().unwrap(),
            entries: files.iter().map(entry).collect(),
            scripts: Vec::new(),
        }
    }

    #[test]
    fn the_same_file_of_two_distributions_is_there_once() {
        let a = installed("a", &[("n/__init__.py", "", 0o644), ("n/a.py", "a", 0o644)]);
        let b = installed("b", &[("n/__init__.py", "", 0o755), ("n/b.py", "b", 0o644)]);
        let merged = merge(vec![a, b]).unwrap();
        let paths: Vec<_> = merged.iter().map(|e| (e.path.as_str(), e.mode)).collect();
        assert_eq!(paths, [("n/__init__.py", 0o755), ("n/a.py", 0o644), ("n/b.py", 0o644)]);
    }

    #[test]
    fn different_files_at_one_path_are_an_error_that_names_both() {
        let a = installed("a", &[("bin/x", "1", 0o755)]);
        let b = installed("b", &[("bin/x", "2", 0o755)]);
        let error = merge(vec![a.clone(), b]).unwrap_err();
        let said = "a 1.0 and b 1.0 both install bin/x, and not the same file";
        assert_eq!(error.to_string(), said);
        let c = installed("c", &[("bin/x/y", "1", 0o644)]);
        assert_eq!(merge(vec![a, c]).unwrap_err().path, "bin/x");
    }
}
