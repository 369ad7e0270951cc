//! Which advisories a scan needs, and what is said where there are none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use provender_advisory::{NotComparedReason, Snapshot};
use provender_core::{Diagnostic, Level};
use provender_image::scan::{Inventory, Kind, Package};

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

/// Tells what of the image could not be read. What hides packages leaves no answer until somebody
/// accepts it.
pub(super) fn unreadable(scanned: &Scanned) -> Vec<Diagnostic> {
    const RULE: &str = "image/unreadable-part";
    let open = scanned.assessment.hidden.iter().filter(|part| part.waiver.is_none());
    let open: Vec<usize> = open.map(|part| part.note).collect();
    let notes = scanned.seen.look.inventory.notes.iter().enumerate();
    let told = notes.map(|(at, note)| {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = if note.place.is_empty() { "the image" } else { &note.place };
        let message = format!("{place}{line}: {}", note.message);
        if !open.contains(&at) {
            return Diagnostic::note(RULE, message);
        }
        let told =
            Diagnostic::error(RULE, message).because("a package of the image is not known by it");
        if note.place.is_empty() {
            return told;
        }
        told.hint(format!("look at the file; accept it with {}", accept(&note.place)))
    });
    told.collect()
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

/// What makes the answer about an image doubtful that is only looked at besides.
pub(super) fn doubts(
    besides: &Scanned,
    data: &AdvisoryData,
    snapshot: &Snapshot,
    now: Timestamp,
    allow_stale: bool,
) -> Result<Vec<Diagnostic>, Failure> {
    let need = need([&besides.seen.look.inventory].into_iter());
    let mut doubts = match data.usable(&need, now, allow_stale) {
        Ok(_) => missing(besides, data, snapshot)?,
        Err(failure) => failure.diagnostics,
    };
    for doubt in &mut doubts {
        doubt.level = Level::Warning;
        doubt.message = format!("of the newer base nothing is certain: {}", doubt.message);
    }
    Ok(doubts)
}

/// Tells each interpreter that is no distribution's, and that nobody has answered for.
pub(super) fn runtimes(scanned: &Scanned) -> Vec<Diagnostic> {
    let open = scanned.assessment.not_compared.iter().filter(|one| one.waiver.is_none());
    let packages = open.filter_map(|one| scanned.seen.package(one.package));
    let runtimes = packages.filter(|package| package.kind == Kind::Runtime);
    let told = runtimes.map(|Package { name, version, locations, .. }| {
        let message = format!("no advisory data tells what is wrong with {name} {version}");
        let place = locations.first().map(|path| format!("found at /{path}"));
        let mut told = Diagnostic::error("image/runtime-not-audited", message);
        told.causes.extend(place);
        told = told.because("it is no distribution's package, which that distribution would watch");
        if name == "python" {
            told = told.because("CPython's own advisories name commits and not versions");
        }
        told.hint(format!(
            "look at what is known of {name} {version}, and accept it for a while: {}; or take a base \
             whose {name} is a distribution's package",
            accept(name)
        ))
    });
    told.collect()
}

/// The command that accepts that a package cannot be compared.
pub(super) fn accept(name: &str) -> String {
    format!(
        "`provender waiver add not-audited --project {name} --scope image --reason REASON --owner \
         OWNER --until DATE`"
    )
}
