//! Inventories of trees made by hand, and of this machine against the tools that it has.

mod bounds;
mod distributions;
mod machine;
mod npm;
mod python;

use std::collections::BTreeMap;
use std::sync::Arc;

use provender_image::scan::{self, Ecosystem, Inventory, Kind, Package};
use provender_image::tree::{Keep, Kind as NodeKind, Node, Tree};

/// A tree whose files have the content that a scan wants of them.
#[derive(Default)]
struct Builder {
    nodes: BTreeMap<String, Node>,
    layer: usize,
}

impl Builder {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut builder = Self::default();
        for (path, content) in files {
            builder.file(path, content.as_bytes());
        }
        builder
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let kept = scan::wanted()(path, size) == Keep::Content;
        let content = kept.then(|| Arc::from(bytes));
        self.add(path, NodeKind::File { size, sha256: None, content });
    }

    fn link(&mut self, path: &str, target: &str) {
        self.add(path, NodeKind::Link(target.to_owned()));
    }

    fn add(&mut self, path: &str, kind: NodeKind) {
        let node = Node { kind, mode: 0o644, uid: 0, gid: 0, layer: self.layer };
        self.nodes.insert(path.to_owned(), node);
    }

    /// What a scan finds.
    fn scan(&self) -> Inventory {
        scan::inventory(&Tree::from_nodes(self.nodes.clone()))
    }
}

fn scan_of(files: &[(&str, &str)]) -> Inventory {
    Builder::of(files).scan()
}

/// `NAME VERSION` of every package of an ecosystem.
fn names(inventory: &Inventory, ecosystem: Ecosystem) -> Vec<String> {
    let packages = inventory.packages.iter().filter(|package| package.ecosystem == ecosystem);
    packages.map(|package| format!("{} {}", package.name, package.version)).collect()
}

#[track_caller]
fn package<'a>(inventory: &'a Inventory, name: &str) -> &'a Package {
    let found: Vec<_> = inventory.packages.iter().filter(|package| package.name == name).collect();
    match found[..] {
        [only] => only,
        _ => panic!("{} packages are named {name}: {:#?}", found.len(), inventory.packages),
    }
}

fn inside(project: &str) -> Kind {
    Kind::Vendored { inside: project.to_owned() }
}
