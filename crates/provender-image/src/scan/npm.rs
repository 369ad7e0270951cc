//! npm's packages, and the node that runs them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::collector::Collector;
use super::evidence::{Evidence, npm_folder};
use super::inventory::{Ecosystem, Kind, Package};
use super::owners::Owners;
use super::purl::Purl;
use crate::tree::Tree;

/// What is read of a `package.json`.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    version: Value,
    #[serde(default)]
    license: Value,
    #[serde(default, alias = "bundledDependencies", rename = "bundleDependencies")]
    bundles: Value,
}

/// Reads the packages under `node_modules` and node itself.
pub(super) fn read(
    tree: &Tree,
    found: &[(&str, Evidence)],
    owners: &Owners,
    collector: &mut Collector,
) {
    let mut packages = Vec::new();
    for (path, evidence) in found {
        match evidence {
            Evidence::NpmPackage => packages.extend(package(tree, path, collector)),
            Evidence::NodeHeader => node(tree, path, owners, collector),
            _ => {}
        }
    }
    let bundlers: HashMap<&str, &str> = packages
        .iter()
        .filter(|(_, package, bundles)| *bundles && !package.name.is_empty())
        .map(|(folder, package, _)| (*folder, package.name.as_str()))
        .collect();
    let kinds: Vec<_> = packages.iter().map(|(folder, ..)| kind(folder, &bundlers)).collect();
    for ((_, mut package, _), kind) in packages.into_iter().zip(kinds) {
        package.kind = kind;
        package.owner =
            package.locations.first().and_then(|path| owners.of(path)).map(str::to_owned);
        collector.add(package);
    }
}

/// The package of a folder, and whether it brings others along.
fn package<'a>(
    tree: &Tree,
    path: &'a str,
    collector: &mut Collector,
) -> Option<(&'a str, Package, bool)> {
    let folder = path.strip_suffix("/package.json")?;
    if !is_loadable(folder) {
        return None;
    }
    let text = collector.text(tree, path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let manifest: Manifest = match serde_json::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let message = format!("no package.json of npm: {error}");
            collector.note(path, Some(error.line()), message);
            return None;
        }
    };
    let name = manifest.name.as_str().map(str::to_owned).or_else(|| npm_folder(folder))?;
    let Some(version) = manifest.version.as_str().map(str::to_owned) else {
        collector.note(path, None, "a package without a version");
        return None;
    };
    let bundles = match &manifest.bundles {
        Value::Array(names) => !names.is_empty(),
        bundles => bundles.as_bool() == Some(true),
    };
    let licence = manifest.license.as_str().or_else(|| manifest.license.get("type")?.as_str());
    let package = Package {
        ecosystem: Ecosystem::Npm,
        purl: Purl::new("npm", &name, &version).to_string(),
        name,
        version,
        source: None,
        arch: None,
        locations: vec![path.to_owned()],
        layer: tree.get(path).map_or(0, |node| node.layer),
        kind: Kind::Installed,
        owner: None,
        direct_url: None,
        licence: licence.filter(|licence| licence.len() <= 200).map(str::to_owned),
    };
    Some((folder, package, bundles))
}

/// Whether node would find the package: each `node_modules` is directly in a package, not among
/// its test's data. pnpm keeps packages in a folder of its own.
fn is_loadable(folder: &str) -> bool {
    let mut parts = folder.split("node_modules/");
    // What is before the first one is anybody's.
    parts.next();
    parts.all(|part| {
        let part = part.trim_end_matches('/');
        let depth = if part.starts_with('@') || part.starts_with(".pnpm/") { 2 } else { 1 };
        part.split('/').count() == depth
    })
}

/// What is below a package that brings others along can be updated with it only.
fn kind(folder: &str, bundlers: &HashMap<&str, &str>) -> Kind {
    let ends = folder.match_indices("/node_modules/").map(|(at, _)| at);
    let bundler = ends.filter_map(|at| bundlers.get(folder.get(..at)?)).next();
    match bundler {
        Some(name) => Kind::Vendored { inside: (*name).to_owned() },
        None => Kind::Installed,
    }
}

/// node itself, where no distribution's package owns it.
fn node(tree: &Tree, path: &str, owners: &Owners, collector: &mut Collector) {
    if owners.of(path).is_some() {
        return;
    }
    let Some(text) = collector.text(tree, path) else { return };
    let Some(version) = node_version(&text) else {
        return collector.note(path, None, "it defines no version of node");
    };
    collector.add(Package {
        ecosystem: Ecosystem::Other,
        name: "node".to_owned(),
        purl: Purl::new("generic", "node", &version).to_string(),
        version,
        source: None,
        arch: None,
        locations: vec![path.to_owned()],
        layer: tree.get(path).map_or(0, |node| node.layer),
        kind: Kind::Runtime,
        owner: None,
        direct_url: None,
        licence: None,
    });
}

/// The three numbers that the header defines.
fn node_version(header: &str) -> Option<String> {
    let number = |name: &str| {
        header.lines().take(1_000).find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("#define") && words.next() == Some(name)).then_some(())?;
            words.next()?.parse::<u32>().ok()
        })
    };
    let (major, minor) = (number("NODE_MAJOR_VERSION")?, number("NODE_MINOR_VERSION")?);
    Some(format!("{major}.{minor}.{}", number("NODE_PATCH_VERSION")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_among_a_tests_data_are_not_installed() {
        for (folder, expected) in [
            ("app/node_modules/a", true),
            ("node_modules/@s/a/node_modules/b", true),
            ("app/node_modules/.pnpm/a@1.0.0/node_modules/a", true),
            ("app/node_modules/a/test/data/node_modules/b", false),
            ("app/node_modules/@s/a/test/node_modules/b", false),
        ] {
            assert_eq!(is_loadable(folder), expected, "{folder}");
        }
    }

    #[test]
    fn a_header_defines_nodes_version() {
        let header = "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 11\n#define NODE_PATCH_VERSION 1\n";
        assert_eq!(node_version(header).as_deref(), Some("20.11.1"));
        assert_eq!(node_version("#define NODE_MAJOR_VERSION x\n"), None);
    }
}
