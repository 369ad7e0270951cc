//! Which package of the distribution owns a file.

use std::collections::HashMap;
use std::sync::Arc;

use super::apk;
use super::collector::Collector;
use super::evidence::Evidence;
use crate::tree::Tree;

/// How many files are remembered; the largest known distributions have some ten thousand that tell
/// something.
const FILES: usize = 500_000;

/// The owners of the files that a scan reads.
#[derive(Debug, Default)]
pub(super) struct Owners {
    packages: HashMap<String, Arc<str>>,
}

impl Owners {
    /// Reads the lists of files that dpkg and apk keep.
    pub(super) fn read(tree: &Tree, found: &[(&str, Evidence)], collector: &mut Collector) -> Self {
        let mut owners = Self::default();
        for (path, evidence) in found {
            match evidence {
                Evidence::DpkgFiles => {
                    if let Some(text) = collector.text(tree, path) {
                        owners.add_dpkg(path, &text);
                    }
                }
                Evidence::ApkInstalled => {
                    if let Some(text) = collector.text(tree, path) {
                        for (package, file) in apk::files(&text) {
                            owners.add(&file, &Arc::from(package));
                        }
                    }
                }
                _ => {}
            }
        }
        owners
    }

    /// The package that owns a file.
    pub(super) fn of(&self, path: &str) -> Option<&str> {
        self.packages.get(merged(path)).map(|package| &**package)
    }

    /// `info/NAME[:ARCH].list` with one path a line, or `status.d/NAME.md5sums` with a digest
    /// before each.
    fn add_dpkg(&mut self, list: &str, text: &str) {
        let name = list.rsplit('/').next().unwrap_or(list);
        if let Some(name) = name.strip_suffix(".md5sums") {
            let package = Arc::from(name);
            for (_, path) in text.lines().filter_map(|line| line.split_once("  ")) {
                self.add(path, &package);
            }
        } else if let Some(name) = name.strip_suffix(".list") {
            let package = Arc::from(name.split(':').next().unwrap_or(name));
            text.lines().for_each(|path| self.add(path, &package));
        }
    }

    /// Remembers the owner of a file that tells something; there are too many of the others.
    fn add(&mut self, path: &str, package: &Arc<str>) {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        if self.packages.len() < FILES && Evidence::of(path).is_some() {
            self.packages.insert(merged(path).to_owned(), Arc::clone(package));
        }
    }
}

/// A path without the `usr/` that merging `/lib` and `/bin` into `/usr` put before it: lists of
/// files name the one or the other.
fn merged(path: &str) -> &str {
    let rest = path.strip_prefix("usr/").unwrap_or(path);
    let merges = ["lib", "lib64", "bin", "sbin"].contains(&rest.split('/').next().unwrap_or(rest));
    if merges { rest } else { path }
}
