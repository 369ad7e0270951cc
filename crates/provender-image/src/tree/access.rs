//! Looking things up in a tree.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::places::{follow, under};
use super::{Node, Tree, lay};

impl Tree {
    /// A tree of these nodes. Paths are as in [`Tree`]; folders that are missing are added.
    pub fn from_nodes(mut nodes: BTreeMap<String, Node>) -> Self {
        let paths: Vec<(String, usize)> =
            nodes.iter().map(|(path, node)| (path.clone(), node.layer)).collect();
        for (path, layer) in paths {
            lay::make_folders(&mut nodes, &path, layer);
        }
        Self { nodes }
    }

    /// How many files, folders and links there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many bytes the files have together.
    pub fn bytes(&self) -> u64 {
        self.nodes.values().map(Node::size).sum()
    }

    /// What is at a path, links not followed. A leading `/` does not matter, here and below.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(relative(path))
    }

    /// Everything, in the order of the paths' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// What lies in a folder, at whatever depth, in the order of the paths' bytes. Links are not
    /// followed: see [`resolve`](Self::resolve). An empty path is the root.
    pub fn under<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        under(&self.nodes, relative(folder)).map(|(path, node)| (path.as_str(), node))
    }

    /// What lies directly in a folder, by name. Links are not followed.
    pub fn children<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let folder = relative(folder);
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut from = Bound::Included(prefix.clone());
        std::iter::from_fn(move || {
            loop {
                let (path, node) = self.nodes.range((from.clone(), Bound::Unbounded)).next()?;
                let name = path.strip_prefix(&prefix)?;
                let Some((child, _)) = name.split_once('/') else {
                    from = Bound::Excluded(path.clone());
                    return Some((name, node));
                };
                // `0` comes after `/`: this is where the paths begin that lie in no such child.
                from = Bound::Included(format!("{prefix}{child}0"));
            }
        })
    }

    /// Where a path leads and what is there, with every symbolic link followed as within a
    /// container: absolute targets and `..` never leave the root. None where nothing is there or
    /// there are more than 40 links.
    pub fn resolve(&self, path: &str) -> Option<(String, &Node)> {
        let reached = follow(&self.nodes, path, true)?;
        let node = self.nodes.get(&reached)?;
        Some((reached, node))
    }

    /// Where a path leads with every symbolic link followed, whether or not something is there: where
    /// a new file of this path would come to lie. None where there are more than 40 links.
    pub fn follow(&self, path: &str) -> Option<String> {
        follow(&self.nodes, path, true)
    }

    /// The bytes of the file that a path leads to, where they were kept.
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        self.resolve(path)?.1.content()
    }

    /// The text of the file that a path leads to, where its bytes were kept; what is no UTF-8 in it
    /// is replaced.
    pub fn text(&self, path: &str) -> Option<String> {
        self.content(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Drops the content of files for which `keep` is false; path and size are asked.
    pub fn forget(&mut self, mut keep: impl FnMut(&str, u64) -> bool) {
        for (path, node) in &mut self.nodes {
            if let super::Kind::File { size, content, .. } = &mut node.kind
                && content.is_some()
                && !keep(path, *size)
            {
                *content = None;
            }
        }
    }
}

fn relative(path: &str) -> &str {
    path.trim_matches('/')
}
