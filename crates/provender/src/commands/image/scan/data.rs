//! Which advisories a scan needs, and what is said where there are none.

use std::collections::BTreeMap;

use provender_advisory::{NotComparedReason, Snapshot};
use provender_core::Diagnostic;
use provender_image::scan::Inventory;

use super::Scanned;
use crate::commands::audited;
use crate::commands::data::{AdvisoryData, Need};
use crate::exit::Failure;
use crate::output::counted;
use crate::settings::ecosystem::Ecosystem;

/// The ecosystems of what images hold; Python's where they hold nothing that advisories speak of.
pub(super) fn need<'a>(inventories: impl Iterator<Item = &'a Inventory>) -> Need {
    let held = inventories.flat_map(|inventory| {
        // What a distribution's package owns is that package's.
        let own = inventory
            .packages
            .iter()
            .filter(|package| package.owner.is_none() || package.ecosystem.is_distribution());
        own.filter_map(move |package| inventory.osv_ecosystem(package)?.parse::<Ecosystem>().ok())
    });
    let mut held = held.peekable();
    match held.peek() {
        Some(_) => Need::of(held),
        None => Need::python(),
    }
}

/// Tells each ecosystem that the image has packages of and the data says nothing about.
pub(super) fn missing(
    scanned: &Scanned,
    data: &AdvisoryData,
    snapshot: &Snapshot,
) -> Result<Vec<Diagnostic>, Failure> {
    let inventory = &scanned.seen.look.inventory;
    let mut without = BTreeMap::<&str, usize>::new();
    let open = scanned.assessment.not_compared.iter().filter(|one| one.waiver.is_none());
    for one in open.filter(|one| one.reason == NotComparedReason::NoData) {
        let package = scanned.seen.package(one.package);
        if let Some(name) = package.and_then(|package| inventory.osv_ecosystem(package)) {
            *without.entry(name).or_default() += 1;
        }
    }
    let there = snapshot.database.ecosystems().map_err(|error| audited::damaged(&error))?;
    let mut told = Vec::new();
    for (name, packages) in without {
        let Ok(ecosystem) = name.parse::<Ecosystem>() else { continue };
        let packages = counted(packages, "package");
        let message = format!("there is no advisory data for {name} ({packages})");
        let others: Vec<&str> = there
            .iter()
            .map(|(other, _)| other.as_str())
            .filter(|other| other.parse() == Ok(ecosystem))
            .collect();
        if others.is_empty() {
            told.push(data.none_for(&Need::of([ecosystem]), message));
            continue;
        }
        told.push(Diagnostic::error("advisories/none", message).hint(format!(
            "there is data for {}; newer data may know this release: run `provender advisories \
             update`, or add a source that knows it",
            others.join(", ")
        )));
    }
    Ok(told)
}
