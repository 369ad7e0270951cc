//! Paths within a tree: cleaned, split, and followed through symbolic links.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Kind, Node};

/// The longest path or target of a link in bytes: Linux's `PATH_MAX`.
pub(super) const MAX_PATH: usize = 4096;

/// How many symbolic links are followed for one path: Linux's limit (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The path relative to the root, as Go's `path.Clean` and a root that has no parent make it:
/// `./a//b`, `/a/b` and `../a/c/../b` are `a/b`. The root is empty.
pub(super) fn clean(path: &str) -> String {
    let mut clean = String::with_capacity(path.len());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => ascend(&mut clean),
            part => descend(&mut clean, part),
        }
    }
    clean
}

/// The folder and the name within it.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The path of a name in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folders that something lies in, the nearest first, without the root.
pub(super) fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(split(path).0), |folder| Some(split(folder).0))
        .take_while(|folder| !folder.is_empty())
}

/// Whether something lies in a folder, at whatever depth.
pub(super) fn lies_in(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Where a path leads when symbolic links are followed, the last part's too where `whole` is set.
/// Nothing need be there. None where there are too many links.
pub(super) fn follow(nodes: &BTreeMap<String, Node>, path: &str, whole: bool) -> Option<String> {
    let mut reached = String::with_capacity(path.len());
    let mut left: Vec<&str> = path.rsplit('/').collect();
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part {
            "" | "." => continue,
            ".." => {
                ascend(&mut reached);
                continue;
            }
            _ => {}
        }
        let above = reached.len();
        descend(&mut reached, part);
        if reached.len() > MAX_PATH {
            return None;
        }
        if left.is_empty() && !whole {
            break;
        }
        let Some(Kind::Link(target)) = nodes.get(&reached).map(|node| &node.kind) else { continue };
        links += 1;
        if links > MAX_LINKS {
            return None;
        }
        reached.truncate(if target.starts_with('/') { 0 } else { above });
        left.extend(target.rsplit('/'));
    }
    Some(reached)
}

/// What lies in a folder, at whatever depth.
pub(super) fn under<'a, T>(
    map: &'a BTreeMap<String, T>,
    folder: &str,
) -> impl Iterator<Item = (&'a String, &'a T)> + use<'a, T> {
    let first = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let from = Bound::Included(first.clone());
    map.range((from, Bound::Unbounded)).take_while(move |(path, _)| path.starts_with(&first))
}

/// Takes away what lies in a folder.
pub(super) fn remove_under<T>(map: &mut BTreeMap<String, T>, folder: &str) {
    let paths: Vec<String> = under(map, folder).map(|(path, _)| path.clone()).collect();
    for path in paths {
        map.remove(&path);
    }
}

fn descend(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
}

fn ascend(path: &mut String) {
    path.truncate(path.rfind('/').unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_and_stays_below_the_root() {
        for (path, is) in [
            ("./a//b", "a/b"),
            ("/a/b/", "a/b"),
            ("a/c/../b", "a/b"),
            ("../../a/b", "a/b"),
            ("a/../../../a/b", "a/b"),
            ("./", ""),
            ("..", ""),
        ] {
            assert_eq!(clean(path), is, "{path}");
        }
    }

    #[test]
    fn the_folders_of_a_path_come_nearest_first() {
        assert_eq!(folders_of("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(folders_of("a").count(), 0);
        assert!(
            lies_in("a/b", "a") && lies_in("a", "") && !lies_in("ab", "a") && !lies_in("a", "a")
        );
    }
}
