//! The words of an inventory.

use std::collections::BTreeSet;

use provender_core::Version;
use serde::{Deserialize, Serialize};

/// What an image holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// The distribution, where the image says which it is.
    pub os: Option<Os>,
    /// The packages, sorted by ecosystem, name and version. What is there several times in one
    /// layer is here once, with every place.
    pub packages: Vec<Package>,
    /// What could not be read, or not whole.
    pub notes: Vec<Note>,
}

/// A distribution (os-release(5)).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Os {
    /// `debian`, `ubuntu`, `alpine`.
    pub id: String,
    /// What it is made from, the nearest first: `debian` for Ubuntu.
    pub id_like: Vec<String>,
    /// Its release: `12`, `22.04`, `3.18.4`. Debian's testing and unstable name none.
    pub version_id: Option<String>,
    /// Its release's name: `bookworm`.
    pub version_codename: Option<String>,
    /// What people call it: `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Option<String>,
    /// Where OSV keeps its advisories (OSV schema 1.7, "Defined ecosystems"): `Debian:12`,
    /// `Ubuntu:22.04`, `Alpine:v3.18`. None for a distribution that OSV does not know and for a
    /// release without a number.
    pub ecosystem: Option<String>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Whose package it is.
    pub ecosystem: Ecosystem,
    /// Its name; a Python distribution's is normalised.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// What it was built from: what the distributions' advisories name. Always there for a
    /// distribution's package, never for another.
    pub source: Option<Source>,
    /// Its architecture, in its ecosystem's words: `amd64`, `x86_64`, `all`.
    pub arch: Option<String>,
    /// The files that prove it, relative to the root.
    pub locations: Vec<String>,
    /// The layer of the first of them, counted from 0.
    pub layer: usize,
    /// How it came to be there.
    pub kind: Kind,
    /// The distribution's package that owns its files, and patches it.
    pub owner: Option<String>,
    /// Where a Python distribution was installed from, when not from an index (packaging
    /// specifications, "Recording the Direct URL Origin of installed distributions"), without
    /// credentials.
    pub direct_url: Option<String>,
    /// Its package URL (ECMA-427).
    pub purl: String,
    /// Its licence, as its own words name it.
    pub licence: Option<String>,
}

/// What a distribution's package was built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// The source package: Debian's `Source`, Alpine's `origin`.
    pub name: String,
    /// Its version, which is not that of a package that was merely built once more (`1.0-1+b1`).
    pub version: String,
}

/// Whose packages they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ecosystem {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Alpine.
    Alpine,
    /// Wolfi.
    Wolfi,
    /// Chainguard.
    Chainguard,
    /// Python's package index.
    PyPI,
    /// node's packages.
    #[serde(rename = "npm")]
    Npm,
    /// Nobody's for whom OSV has an ecosystem: interpreters that were built from source, and the
    /// packages of distributions that OSV does not know.
    Other,
}

/// How a package came to be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// By an installer.
    Installed,
    /// As a part of another project, which alone can update it.
    Vendored {
        /// The project: `pip`, `setuptools`, `npm`; `python` for what the interpreter brings.
        inside: String,
    },
    /// It is an interpreter that no distribution's package owns.
    Runtime,
    /// An SBOM says so.
    FromSbom,
}

/// Something that could not be read, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// The file, relative to the root.
    pub place: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// Whether the image has a package by it that is not in the inventory.
    #[serde(default)]
    pub hides: bool,
}

impl Ecosystem {
    /// The name that OSV gives it; a distribution's lacks the release, which [`Os::ecosystem`] has.
    pub fn osv_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Debian => "Debian",
            Self::Ubuntu => "Ubuntu",
            Self::Alpine => "Alpine",
            Self::Wolfi => "Wolfi",
            Self::Chainguard => "Chainguard",
            Self::PyPI => "PyPI",
            Self::Npm => "npm",
            Self::Other => return None,
        })
    }

    /// Whether its packages are a distribution's.
    pub fn is_distribution(self) -> bool {
        !matches!(self, Self::PyPI | Self::Npm | Self::Other)
    }
}

impl Inventory {
    /// The ecosystem, in OSV's words and with its release, in which advisories for a package are
    /// looked for. None where there can be none, which is not to say that it has no vulnerability.
    pub fn osv_ecosystem(&self, package: &Package) -> Option<&str> {
        if package.ecosystem.is_distribution() {
            self.os.as_ref()?.ecosystem.as_deref()
        } else {
            package.ecosystem.osv_name()
        }
    }

    /// Adds what an SBOM names and the image itself does not show. A package that was found as well
    /// stays as it was found, and one whose advisories are looked for nowhere is not added. How many
    /// those are.
    pub fn add_from_sbom(&mut self, packages: Vec<Package>) -> usize {
        let mut known: BTreeSet<_> = self.packages.iter().map(Package::release).collect();
        let os = self.os.as_ref().and_then(|os| os.ecosystem.as_deref());
        let mut left_out = 0;
        for package in packages {
            let own = package.ecosystem.osv_name();
            let of_image = own.is_some_and(|own| os.is_some_and(|os| is_of(os, own)));
            if own.is_none() || (package.ecosystem.is_distribution() && !of_image) {
                left_out += 1;
            } else if known.insert(package.release()) {
                self.packages.push(package);
            }
        }
        self.packages.sort_by(Package::order);
        left_out
    }
}

/// Whether `Debian:12` is of `Debian`.
fn is_of(release: &str, ecosystem: &str) -> bool {
    release.split(':').next() == Some(ecosystem)
}

impl Package {
    /// What an SBOM and an image call the same, however they write a Python version: 1.0 is 1.0.0.
    fn release(&self) -> (Ecosystem, String, Option<Version>, String) {
        let python = self.version.parse().ok().filter(|_| self.ecosystem == Ecosystem::PyPI);
        let word = if python.is_some() { String::new() } else { self.version.clone() };
        (self.ecosystem, self.name.clone(), python, word)
    }

    /// The order of an inventory.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        fn key(package: &Package) -> impl Ord + '_ {
            let Package { ecosystem, name, version, arch, layer, kind, owner, .. } = package;
            (ecosystem, name, version, arch, layer, kind, owner)
        }
        key(self).cmp(&key(other))
    }
}
