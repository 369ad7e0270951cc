//! Python distributions, wherever they lie: installed ones, ones that another project carries
//! along, and the interpreters.

mod metadata;
mod runtime;
mod vendors;

use provender_core::ProjectName;
use provender_core::redact::without_userinfo;
use provender_core::requirements_txt::{self, EntryKind};
use serde::Deserialize;

use super::collector::Collector;
use super::evidence::Evidence;
use super::inventory::{Ecosystem, Kind, Package};
use super::owners::Owners;
use super::purl::Purl;
use crate::tree::Tree;
use metadata::Metadata;
use vendors::Vendors;

/// Reads all that is Python's.
pub(super) fn read(
    tree: &Tree,
    found: &[(&str, Evidence)],
    owners: &Owners,
    collector: &mut Collector,
) {
    let of = |wanted| found.iter().filter(move |(_, evidence)| *evidence == wanted);
    let mut distributions = Vec::new();
    for (path, _) in of(Evidence::Distribution) {
        if let Some(metadata) = metadata::read(tree, path, collector) {
            distributions.push((*path, metadata));
        }
    }
    let vendors = Vendors::read(tree, &distributions, collector);
    let mut python = Python { tree, owners, vendors, collector };
    for (path, metadata) in distributions {
        python.distribution(path, metadata);
    }
    for (path, evidence) in found {
        match evidence {
            Evidence::Wheel | Evidence::ZippedEgg => python.archive(path),
            Evidence::VendorList => python.vendor_list(path),
            _ => {}
        }
    }
    runtime::read(tree, found, owners, python.collector);
}

struct Python<'a> {
    tree: &'a Tree,
    owners: &'a Owners,
    vendors: Vendors,
    collector: &'a mut Collector,
}

impl Python<'_> {
    /// A distribution with metadata of its own.
    fn distribution(&mut self, path: &str, metadata: Metadata) {
        let kind = self.vendors.kind_of(path);
        let mut package = self.package(path, &metadata.name, metadata.version, kind);
        package.licence = metadata.licence;
        package.direct_url = self.direct_url(path);
        self.collector.add(package);
    }

    /// A wheel or an egg, which says with its name what it is.
    fn archive(&mut self, path: &str) {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let mut parts = stem.split('-');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next());
        let (Some(version), Ok(name)) = (version, name.parse::<ProjectName>()) else {
            return self.collector.note(path, None, "its name tells no distribution and version");
        };
        let kind = if path.ends_with(".egg") {
            self.vendors.kind_of(path)
        } else if let Some(inside) = self.vendors.carrier_of_wheel(path) {
            Kind::Vendored { inside }
        } else {
            // A wheel that lies beside what is installed is not installed.
            return;
        };
        let package = self.package(path, &name, version.to_owned(), kind);
        self.collector.add(package);
    }

    /// pip's `vendor.txt` and its like: pins of what was copied in, without metadata.
    fn vendor_list(&mut self, path: &str) {
        let Kind::Vendored { inside } = self.vendors.kind_of(path) else { return };
        let Some(text) = self.collector.text(self.tree, path) else { return };
        let entries = match requirements_txt::parse(&text) {
            Ok(entries) => entries,
            Err(error) => {
                let line = usize::try_from(error.line).ok();
                return self.collector.note(path, line, error.message);
            }
        };
        for entry in entries {
            let EntryKind::Requirement(requirement) = entry.kind else { continue };
            if let (Some(name), Some(version)) = (&requirement.name, requirement.pin()) {
                let kind = Kind::Vendored { inside: inside.clone() };
                let package = self.package(path, name, version.to_string(), kind);
                self.collector.add(package);
            } else {
                let line = usize::try_from(entry.line).ok();
                let message = format!("{} has no version", requirement.text);
                self.collector.note(path, line, message);
            }
        }
    }

    fn package(&self, path: &str, name: &ProjectName, version: String, kind: Kind) -> Package {
        Package {
            ecosystem: Ecosystem::PyPI,
            purl: Purl::new("pypi", name.as_str(), &version).to_string(),
            name: name.to_string(),
            version,
            source: None,
            arch: None,
            locations: vec![path.to_owned()],
            layer: self.tree.get(path).map_or(0, |node| node.layer),
            kind,
            owner: self.owners.of(path).map(str::to_owned),
            direct_url: None,
            licence: None,
        }
    }

    fn direct_url(&self, path: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct DirectUrl {
            url: String,
        }
        let folder = path.strip_suffix("/METADATA")?;
        let content = self.tree.content(&format!("{folder}/direct_url.json"))?;
        let direct: DirectUrl = serde_json::from_slice(content).ok()?;
        Some(without_userinfo(&direct.url))
    }
}
