//! The Python distributions that somebody installed.

use provender_core::{ProjectName, Version};

use super::Read;
use crate::scan::{Ecosystem, Kind};

/// The end of the path that proves a distribution.
const METADATA: &str = ".dist-info/METADATA";

/// An installed distribution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Distribution {
    pub(super) name: ProjectName,
    /// As written.
    pub(super) version: String,
    /// The folder `NAME-VERSION.dist-info`, relative to the root.
    pub(super) dist_info: String,
    /// Whether its metadata is in a layer above the base.
    pub(super) is_ours: bool,
    /// Whether a package of the base's distribution holds it.
    pub(super) is_owned: bool,
}

impl Distribution {
    /// The folder that it is installed into, relative to the root.
    pub(super) fn site(&self) -> &str {
        self.dist_info.rsplit_once('/').map_or("", |(site, _)| site)
    }

    /// `NAME VERSION`.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Whether it is of this release, however the version is written.
    pub(super) fn is(&self, name: &ProjectName, version: &Version) -> bool {
        self.name == *name && same(&self.version, version)
    }
}

/// Whether a version as written is this one.
pub(super) fn same(written: &str, version: &Version) -> bool {
    written
        .parse::<Version>()
        .map_or_else(|_| written == version.to_string(), |own| own == *version)
}

/// The distributions with a `.dist-info` of their own, in the order of their names. What another
/// project carries along is a part of that.
pub(super) fn find(read: &Read) -> Vec<Distribution> {
    let mut found = Vec::new();
    for package in &read.inventory.packages {
        if package.ecosystem != Ecosystem::PyPI || package.kind != Kind::Installed {
            continue;
        }
        let Ok(name) = package.name.parse::<ProjectName>() else { continue };
        for location in &package.locations {
            if !location.ends_with(METADATA) {
                continue;
            }
            let Some((dist_info, _)) = location.rsplit_once('/') else { continue };
            found.push(Distribution {
                name: name.clone(),
                version: package.version.clone(),
                dist_info: dist_info.to_owned(),
                is_ours: package.layer >= read.base_layers,
                is_owned: package.owner.is_some(),
            });
        }
    }
    found.sort();
    found
}
