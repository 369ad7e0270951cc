//! Which shared libraries the dynamic loader finds (`ld.so(8)`, `ldconfig(8)`; musl's manual).

use std::collections::{BTreeMap, BTreeSet};

use super::{Env, Libc};
use crate::elf::{Object, is_elf};
use crate::tree::Tree;

/// How deep `include` may go in the loader's configuration.
const MAX_INCLUDES: usize = 8;

/// Where a program itself says that its libraries are.
pub(super) fn search(object: &Object, program: &str) -> Vec<String> {
    let origin = program.rsplit_once('/').map_or("", |(folder, _)| folder);
    object.search.iter().map(|path| at_origin(path, origin)).collect()
}

/// A search path of a program or library that lies in the folder `origin`.
pub(crate) fn at_origin(path: &str, origin: &str) -> String {
    path.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
}

/// The folders that are searched, in order, links followed.
pub(super) fn folders(tree: &Tree, libc: Libc, env: &Env<'_>, first: Vec<String>) -> Vec<String> {
    let mut folders = first;
    folders.extend(env.folders("LD_LIBRARY_PATH").unwrap_or_default());
    match libc {
        Libc::Musl(..) => folders.extend(musl(tree)),
        Libc::Glibc(..) | Libc::None => {
            configured(tree, "etc/ld.so.conf", MAX_INCLUDES, &mut folders);
            for folder in ["/lib", "/usr/lib", "/lib64", "/usr/lib64"] {
                // Debian's loader has the folders for its processor built in.
                let own = tree.resolve(folder).map(|(folder, _)| folder).unwrap_or_default();
                let multiarch =
                    tree.children(&own).filter(|(name, _)| name.ends_with("-linux-gnu"));
                folders.extend(multiarch.map(|(name, _)| format!("{folder}/{name}")));
                folders.push(folder.to_owned());
            }
        }
    }
    let mut seen = BTreeSet::new();
    let real = folders.iter().filter_map(|folder| tree.resolve(folder));
    real.map(|(folder, _)| folder).filter(|folder| seen.insert(folder.clone())).collect()
}

/// The names of the libraries in these folders.
pub(super) fn names(tree: &Tree, folders: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in folders {
        for (name, node) in tree.children(folder) {
            // A link that leads nowhere, as a package without its partner leaves it, is no library.
            let there = node.is_file() || tree.resolve(&format!("{folder}/{name}")).is_some();
            if name.contains(".so") && !node.is_folder() && there {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// The versions of symbols of those libraries whose content was read.
pub(super) fn symbols(tree: &Tree, folders: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let mut symbols = BTreeMap::new();
    for name in ["libc.so.6", "libgcc_s.so.1", "libstdc++.so.6"] {
        let found = folders.iter().find_map(|folder| tree.content(&format!("{folder}/{name}")));
        let object = found.filter(|bytes| is_elf(bytes)).and_then(|bytes| Object::read(bytes).ok());
        if let Some(object) = object.filter(|object| !object.defined.is_empty()) {
            symbols.insert(name.to_owned(), object.defined);
        }
    }
    symbols
}

/// The folders in `/etc/ld-musl-ARCHITECTURE.path`, else musl's own.
fn musl(tree: &Tree) -> Vec<String> {
    let named = |(name, _): &(&str, _)| name.starts_with("ld-musl-") && name.ends_with(".path");
    let text =
        tree.children("etc").find(named).and_then(|(name, _)| tree.text(&format!("etc/{name}")));
    let text = text.unwrap_or_else(|| "/lib:/usr/local/lib:/usr/lib".to_owned());
    text.split([':', '\n'])
        .map(str::trim)
        .filter(|folder| folder.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

/// The folders in `ld.so.conf` and what it includes.
fn configured(tree: &Tree, path: &str, depth: usize, folders: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Some(text) = tree.text(path) else { return };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include ") {
            let pattern = pattern.trim();
            let within = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let pattern = match pattern.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None => format!("{within}/{pattern}"),
            };
            for included in matching(tree, &pattern) {
                configured(tree, &included, depth, folders);
            }
        } else if line.starts_with('/') {
            folders.push(line.trim_end_matches('/').to_owned());
        }
    }
}

/// The files that a pattern with at most one `*` in its last part names, in order.
fn matching(tree: &Tree, pattern: &str) -> Vec<String> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let Some((first, last)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let names = tree.children(folder).map(|(name, _)| name);
    let fits = |name: &&str| {
        name.len() >= first.len() + last.len() && name.starts_with(first) && name.ends_with(last)
    };
    names.filter(fits).map(|name| format!("{folder}/{name}")).collect()
}
