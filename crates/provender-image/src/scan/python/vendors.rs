//! Which project a vendored one is inside of.

use std::collections::HashMap;

use provender_core::ProjectName;

use super::metadata::Metadata;
use crate::scan::collector::Collector;
use crate::scan::evidence::Evidence;
use crate::scan::inventory::Kind;
use crate::tree::Tree;

/// How many files and modules are remembered; the largest known images have a few thousand.
const ENTRIES: usize = 200_000;

/// What the `RECORD` files of installed distributions say of who brought which file.
pub(super) struct Vendors {
    /// The distribution of a file that tells something.
    files: HashMap<String, ProjectName>,
    /// The first distribution with files in a folder or module directly under a site folder.
    modules: HashMap<String, ProjectName>,
}

impl Vendors {
    /// Reads the `RECORD` files beside the metadata of these distributions.
    pub(super) fn read(
        tree: &Tree,
        distributions: &[(&str, Metadata)],
        collector: &mut Collector,
    ) -> Self {
        let mut vendors = Self { files: HashMap::new(), modules: HashMap::new() };
        for (path, metadata) in distributions {
            let Some(folder) = path.strip_suffix("/METADATA") else { continue };
            // One that is vendored itself records its files as if it were not.
            let Some((site, rest)) = split_site(path).filter(|(_, rest)| is_top(rest)) else {
                continue;
            };
            let own = rest.split('/').next().unwrap_or_default();
            let Some(record) = collector.text(tree, &format!("{folder}/RECORD")) else { continue };
            let mut last = "";
            for line in record.lines() {
                let file = line.split(',').next().unwrap_or_default();
                let module = file.split('/').next().unwrap_or_default();
                if matches!(module, "" | "." | "..") || module == own {
                    continue;
                }
                if vendors.files.len() + vendors.modules.len() >= ENTRIES {
                    collector.note(path, None, "not all files of its RECORD are known");
                    return vendors;
                }
                if Evidence::of(file).is_some() {
                    vendors.files.insert(format!("{site}/{file}"), metadata.name.clone());
                }
                if module != last {
                    last = module;
                    let module = format!("{site}/{module}");
                    vendors.modules.entry(module).or_insert_with(|| metadata.name.clone());
                }
            }
        }
        vendors
    }

    /// How what a file tells of came to be there.
    pub(super) fn kind_of(&self, path: &str) -> Kind {
        match self.inside(path) {
            Some(inside) => Kind::Vendored { inside },
            None => Kind::Installed,
        }
    }

    /// Who carries a wheel along.
    pub(super) fn carrier_of_wheel(&self, path: &str) -> Option<String> {
        if path.contains("/ensurepip/_bundled/") || path.contains("/share/python-wheels/") {
            return Some("python".to_owned());
        }
        self.inside(path)
    }

    /// The project that a file below another project's folder belongs to.
    fn inside(&self, path: &str) -> Option<String> {
        if let Some((site, rest)) = split_site(path) {
            if is_top(rest) {
                return None;
            }
            let module = rest.split('/').next().unwrap_or_default();
            let by_module = || self.modules.get(&format!("{site}/{module}"));
            return Some(match self.files.get(path).or_else(by_module) {
                Some(project) => project.to_string(),
                None => project_of_module(module),
            });
        }
        // A folder that is on nobody's path by itself: the project is what has it.
        let mut before = None;
        for part in path.split('/') {
            if matches!(part, "_vendor" | "_vendored" | "vendored") {
                return before.map(project_of_module);
            }
            before = Some(part);
        }
        None
    }
}

/// Splits a path after the innermost folder into which installers put distributions.
fn split_site(path: &str) -> Option<(&str, &str)> {
    let ends = ["site-packages/", "dist-packages/"];
    let at = ends.iter().filter_map(|end| {
        let is_whole = |at: &usize| *at == 0 || path.as_bytes().get(at - 1) == Some(&b'/');
        let at = path.rmatch_indices(end).map(|(at, _)| at).find(is_whole)?;
        Some(at + end.len())
    });
    let at = at.max()?;
    Some((path.get(..at - 1)?, path.get(at..)?))
}

/// Whether a path below a site folder is that of a distribution on its own: `x.dist-info/METADATA`,
/// `x.egg-info`, `x.egg/EGG-INFO/PKG-INFO`.
fn is_top(rest: &str) -> bool {
    let parts = rest.split('/').count();
    let (egg, metadata) = (rest.ends_with(".egg/EGG-INFO/PKG-INFO"), rest.ends_with("/METADATA"));
    match parts {
        1 => true,
        2 => metadata || rest.ends_with(".egg-info/PKG-INFO"),
        3 => egg,
        _ => false,
    }
}

/// The project by the name of a module or of an egg's folder.
fn project_of_module(module: &str) -> String {
    let name = module.strip_suffix(".egg").and_then(|egg| egg.split('-').next()).unwrap_or(module);
    if name == "pkg_resources" {
        return "setuptools".to_owned();
    }
    name.parse::<ProjectName>().map_or_else(|_| name.to_owned(), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(path: &str) -> Option<String> {
        Vendors { files: HashMap::new(), modules: HashMap::new() }.inside(path)
    }

    #[test]
    fn what_lies_in_a_site_folder_is_installed_and_what_lies_deeper_is_vendored() {
        for (path, expected) in [
            ("lib/site-packages/a-1.dist-info/METADATA", None),
            ("lib/site-packages/a-1.egg-info", None),
            ("lib/site-packages/a-1.egg/EGG-INFO/PKG-INFO", None),
            ("site-packages/a-1.dist-info/METADATA", None),
            ("app/a-1.dist-info/METADATA", None),
            ("lib/site-packages/pip/_vendor/vendor.txt", Some("pip")),
            ("lib/dist-packages/A_b/_vendor/c-1.dist-info/METADATA", Some("a-b")),
            ("lib/site-packages/pkg_resources/_vendor/c-1.dist-info/METADATA", Some("setuptools")),
            ("lib/site-packages/x-1-py3.egg/x/_vendor/c-1.dist-info/METADATA", Some("x")),
            ("app/tool/_vendor/c-1.dist-info/METADATA", Some("tool")),
            ("xsite-packages/a/b/c-1.dist-info/METADATA", None),
            ("a/site-packages/b/site-packages/c-1.dist-info/METADATA", None),
        ] {
            assert_eq!(inside(path).as_deref(), expected, "{path}");
        }
    }
}
