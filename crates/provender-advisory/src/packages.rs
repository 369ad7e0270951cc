//! Packages of every ecosystem against a database: what a scan of an image asks.
//!
//! A [`PackageQuery`] names a package as its ecosystem does; for a distribution that is the *source*
//! package, since that is what its records are about. What has no data to be compared with is told
//! apart from what was compared and is clean.

mod advisory;
mod block;
mod matching;

use std::collections::BTreeMap;
use std::fmt;

use provender_core::{ProjectName, Severity, Version};

pub(crate) use advisory::PackageAdvisory;
pub(crate) use block::{Block, Heading, encode};

use crate::database::{Database, DatabaseError};
use crate::ecosystem::Ecosystem;
use matching::PackageAdvisories;

/// A package at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageQuery<'a> {
    /// The ecosystem as OSV calls it, with a distribution's release: `Debian:12`, `Ubuntu:22.04`,
    /// `Alpine:v3.18`, `npm`, `PyPI`.
    pub ecosystem: &'a str,
    /// The package's name; of a distribution, the source package's.
    pub name: &'a str,
    /// The version, as the ecosystem writes it; of a distribution, the source package's.
    pub version: &'a str,
}

/// A vulnerability of one package at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFinding {
    /// The position of the query among those that were asked.
    pub query: usize,
    /// Every id and alias of the merged records and of the vulnerabilities they are made from,
    /// sorted; never empty.
    pub ids: Vec<String>,
    /// The worst severity that the merged records give: by their CVSS vectors, or, where none has
    /// one, by the database's or the distribution's word.
    pub severity: Severity,
    /// One line on what it is, from the first record that has one.
    pub summary: Option<String>,
    /// What takes it away.
    pub fix: Fix,
    /// Whether it is known that the package is affected. Debian lists some that nobody has looked at
    /// yet (`undetermined`); since no answer is not a yes, they are found too.
    pub determined: bool,
}

/// What takes a vulnerability of a package away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// This version: the lowest fix above the one asked about that no merged record affects.
    In(String),
    /// Nothing yet.
    None,
    /// Nothing, and the distribution has said that nothing will: why.
    WontFix(String),
}

/// A package that could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCompared {
    /// The position of the query among those that were asked.
    pub query: usize,
    /// Why.
    pub reason: NotComparedReason,
}

/// Why a package could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotComparedReason {
    /// The ecosystem is none of those that are known here.
    Ecosystem,
    /// There is no data for the ecosystem, or none for this release of the distribution.
    NoData,
    /// The name is none that a package of the ecosystem can have.
    Name,
    /// The version is none that a package of the ecosystem can have.
    Version,
}

/// The answer to queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageMatches {
    /// What was found, in the order of the queries and then of the ids.
    pub findings: Vec<PackageFinding>,
    /// What could not be compared, in the order of the queries.
    pub not_compared: Vec<NotCompared>,
}

impl PackageFinding {
    /// The id people know it by: a CVE if there is one, else a GHSA, else a PYSEC, else the first.
    pub fn headline_id(&self) -> &str {
        provender_core::audit::headline_id(&self.ids)
    }

    /// Whether an id is one of its ids or aliases, in any letter case.
    pub fn has_id(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own.eq_ignore_ascii_case(id))
    }
}

impl fmt::Display for NotComparedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ecosystem => "advisories of its ecosystem are not read",
            Self::NoData => "there is no advisory data for its ecosystem or release",
            Self::Name => "its name is none of its ecosystem",
            Self::Version => "its version is none of its ecosystem",
        })
    }
}

/// Compares packages with a database.
///
/// The answer depends on its arguments only. Every query is either compared, with none, one or many
/// findings, or told in [`PackageMatches::not_compared`].
///
/// # Errors
///
/// When what is read of the database is damaged.
pub fn match_packages(
    database: &Database,
    queries: &[PackageQuery<'_>],
) -> Result<PackageMatches, DatabaseError> {
    let mut asked = Asked { database, ecosystems: BTreeMap::new(), packages: BTreeMap::new() };
    let mut matches = PackageMatches::default();
    for (position, query) in queries.iter().enumerate() {
        match asked.about(query)? {
            Ok(mut found) => {
                found.iter_mut().for_each(|finding| finding.query = position);
                matches.findings.append(&mut found);
            }
            Err(reason) => matches.not_compared.push(NotCompared { query: position, reason }),
        }
    }
    Ok(matches)
}

/// What was read of the database on behalf of earlier queries: images hold many packages that are
/// built from one source.
struct Asked<'d, 'q> {
    database: &'d Database,
    /// The ecosystems that there is data for.
    ecosystems: BTreeMap<&'q str, Result<Ecosystem, NotComparedReason>>,
    packages: BTreeMap<(&'q str, &'q str), PackageAdvisories<'d>>,
}

impl<'q> Asked<'_, 'q> {
    /// The findings of one query, or why there can be none.
    fn about(
        &mut self,
        query: &PackageQuery<'q>,
    ) -> Result<Result<Vec<PackageFinding>, NotComparedReason>, DatabaseError> {
        let ecosystem = match self.ecosystem(query.ecosystem)? {
            Ok(ecosystem) => ecosystem,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(scheme) = ecosystem.scheme() else { return self.about_python(query) };
        let Some(version) = scheme.parse(query.version) else {
            return Ok(Err(NotComparedReason::Version));
        };
        let key = (query.ecosystem, query.name);
        let advisories = match self.packages.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(PackageAdvisories::read(self.database, &ecosystem, query.name)?)
            }
        };
        Ok(Ok(advisories.vulnerabilities(&version)))
    }

    fn ecosystem(
        &mut self,
        text: &'q str,
    ) -> Result<Result<Ecosystem, NotComparedReason>, DatabaseError> {
        if let Some(known) = self.ecosystems.get(text) {
            return Ok(known.clone());
        }
        let ecosystem = match Ecosystem::parse(text) {
            None => Err(NotComparedReason::Ecosystem),
            Some(_) if self.database.covers(text)?.is_none() => Err(NotComparedReason::NoData),
            Some(ecosystem) => Ok(ecosystem),
        };
        self.ecosystems.insert(text, ecosystem.clone());
        Ok(ecosystem)
    }

    fn about_python(
        &self,
        query: &PackageQuery<'_>,
    ) -> Result<Result<Vec<PackageFinding>, NotComparedReason>, DatabaseError> {
        let Ok(project) = query.name.parse::<ProjectName>() else {
            return Ok(Err(NotComparedReason::Name));
        };
        let Ok(version) = query.version.parse::<Version>() else {
            return Ok(Err(NotComparedReason::Version));
        };
        let advisories = self.database.project(&project)?;
        let found = advisories.iter().flat_map(|found| found.vulnerabilities(&version));
        let findings = found.map(|found| PackageFinding {
            query: 0,
            ids: found.ids,
            severity: found.severity,
            summary: found.summary,
            fix: found.fixed_in.first().map_or(Fix::None, |fix| Fix::In(fix.to_string())),
            determined: true,
        });
        Ok(Ok(findings.collect()))
    }
}
