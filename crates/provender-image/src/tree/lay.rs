//! Layers laid over one another.

use std::collections::BTreeMap;

use super::places::{folders_of, follow, join, remove_under, split};
use super::{Contents, Kind, Node, Tree};

impl Tree {
    /// Lays layers over one another, the lowest first.
    ///
    /// Whiteouts take away what lower layers have, and nothing of their own layer. A folder that
    /// comes over a folder merges with it; anything else takes the place of what was there, with
    /// all that lay in it. A hard link to a file of a lower layer is that file, as it was before
    /// the layer of the link; one to a file that is nowhere is left out.
    pub fn lay(layers: impl IntoIterator<Item = Contents>) -> Self {
        let mut tree = Self::default();
        for contents in layers {
            tree.lay_one(contents);
        }
        tree
    }

    fn lay_one(&mut self, contents: Contents) {
        let Contents { layer, nodes, whiteouts, opaque, links, missed: _ } = contents;
        let linked: Vec<(String, Option<Node>, String)> = links
            .into_iter()
            .map(|(link, target)| (link, self.linkable(&target).cloned(), target))
            .collect();
        for path in whiteouts {
            let path = self.place(&path);
            remove_under(&mut self.nodes, &path);
            self.nodes.remove(&path);
        }
        for folder in opaque {
            let folder = follow(&self.nodes, &folder, true).unwrap_or(folder);
            remove_under(&mut self.nodes, &folder);
        }
        // The folder of the node before, and where it is.
        let mut last: Option<(String, String)> = None;
        for (path, node) in nodes {
            let (folder, name) = split(&path);
            let place = match &last {
                Some((before, place)) if before == folder => place.clone(),
                _ => follow(&self.nodes, folder, true).unwrap_or_else(|| folder.to_owned()),
            };
            let at = join(&place, name);
            // Only a link changes where another path leads: one that comes or one that goes.
            let link =
                |node: Option<&Node>| node.is_some_and(|node| matches!(node.kind, Kind::Link(_)));
            let changes = link(Some(&node)) || link(self.nodes.get(&at));
            last = (!changes).then(|| (folder.to_owned(), place));
            self.put(at, node, layer);
        }
        for (link, node, target) in linked {
            let Some(node) = node.or_else(|| self.linkable(&target).cloned()) else { continue };
            let at = self.place(&link);
            self.put(at, Node { layer, ..node }, layer);
        }
    }

    /// What a hard link may name.
    fn linkable(&self, target: &str) -> Option<&Node> {
        self.nodes.get(&self.place(target)).filter(|node| !node.is_folder())
    }

    /// Where a path is, the symbolic links on the way to it followed.
    fn place(&self, path: &str) -> String {
        follow(&self.nodes, path, false).unwrap_or_else(|| path.to_owned())
    }

    fn put(&mut self, path: String, node: Node, layer: usize) {
        make_folders(&mut self.nodes, &path, layer);
        if !node.is_folder() && self.nodes.get(&path).is_some_and(Node::is_folder) {
            remove_under(&mut self.nodes, &path);
        }
        self.nodes.insert(path, node);
    }
}

/// Sees to it that what the path lies in are folders. Above a folder there are only folders.
pub(super) fn make_folders(nodes: &mut BTreeMap<String, Node>, path: &str, layer: usize) {
    for folder in folders_of(path) {
        if nodes.get(folder).is_some_and(Node::is_folder) {
            break;
        }
        nodes.insert(folder.to_owned(), Node::implied(layer));
    }
}
