//! The same finding in two images.

use std::collections::BTreeMap;

use super::{Assessment, Ecosystem, Inventory, Kind, Package, ScanFinding};

/// What a finding is at: whose package, its name, and what it is vendored in. A distribution's package
/// has the name of its source, since one source is one finding.
pub type At<'a> = (Ecosystem, &'a str, Option<&'a str>);

/// What a finding at this package is at.
pub fn at(package: &Package) -> At<'_> {
    let name = package.source.as_ref().map_or(&package.name, |source| &source.name);
    let inside = match &package.kind {
        Kind::Vendored { inside } => Some(inside.as_str()),
        Kind::Installed | Kind::Runtime | Kind::FromSbom => None,
    };
    (package.ecosystem, name, inside)
}

/// The findings of an image by what they are at.
#[derive(Debug, Clone, Default)]
pub struct FindingsAt<'a>(BTreeMap<At<'a>, Vec<&'a ScanFinding>>);

impl<'a> FindingsAt<'a> {
    /// Those of an image that holds this.
    pub fn of(inventory: &'a Inventory, assessment: &'a Assessment) -> Self {
        let mut found = BTreeMap::<_, Vec<_>>::new();
        for one in &assessment.findings {
            if let Some(package) = inventory.packages.get(one.package) {
                found.entry(at(package)).or_default().push(one);
            }
        }
        Self(found)
    }

    /// Whether the image has a finding of another one that is at this package: one at the same package
    /// that shares an id.
    pub fn has(&self, package: &Package, one: &ScanFinding) -> bool {
        let same = |other: &&ScanFinding| one.finding.ids.iter().any(|id| other.finding.has_id(id));
        self.0.get(&at(package)).is_some_and(|found| found.iter().any(same))
    }
}
