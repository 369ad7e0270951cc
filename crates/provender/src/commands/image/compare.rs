//! `provender image scan --compare`: what changed from one image to another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use provender_core::Diagnostic;
use provender_core::audit::AdvisoryStamp;
use provender_image::scan::{At, FindingsAt, Inventory, ScanFinding, at};
use provender_report::diagnostics::{self, DiagnosticJson};
use serde::Serialize;

use super::scan::{self, FindingJson, NotComparedJson, Scan, Scanned, Seen, Threshold};
use crate::cli::Format;
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::output::{Output, counted};
use crate::settings::Settings;

/// Compares an old image with a new one. The answer is that of the new one.
pub(super) fn run(
    images: [Seen; 2],
    threshold: &Threshold,
    allow_stale: bool,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, Failure> {
    let Scan { scanned: [old, new], snapshot, mut notes, .. } =
        scan::scan(images, None, allow_stale, settings)?;
    // What hardening finds is told where it counts.
    notes.extend(new.too_soft(threshold).cloned());
    let findings = Findings::between(&old, &new);
    let packages = Packages::between(&old.seen.look.inventory, &new.seen.look.inventory);
    match output.format {
        Format::Json => {
            let advisories = snapshot.stamp();
            let document = document(&old, &new, &findings, packages, advisories, &notes);
            output.result(&json(&document)?)?;
        }
        _ => {
            output.diagnostics(&notes);
            output.result(text(&old, &new, &findings, &packages).trim_end())?;
        }
    }
    Ok(new.answer(threshold))
}

/// What became of the findings.
struct Findings<'a> {
    /// Of the new image only.
    new: Vec<&'a ScanFinding>,
    /// Of the old image only.
    gone: Vec<&'a ScanFinding>,
    /// Of both, as the new image has them.
    kept: Vec<&'a ScanFinding>,
}

impl<'a> Findings<'a> {
    fn between(old: &'a Scanned, new: &'a Scanned) -> Self {
        let at = |of: &'a Scanned| FindingsAt::of(&of.seen.look.inventory, &of.assessment);
        let (before, after) = (at(old), at(new));
        let is_in = |one: &ScanFinding, own: &Scanned, other: &FindingsAt<'_>| {
            own.seen.package(one.package).is_some_and(|package| other.has(package, one))
        };
        let (kept, new) = new.assessment.findings.iter().partition(|one| is_in(one, new, &before));
        let gone = old.assessment.findings.iter().filter(|one| !is_in(one, old, &after));
        Self { new, gone: gone.collect(), kept }
    }
}

/// What became of the packages.
#[derive(Serialize)]
struct Packages<'a> {
    added: Vec<PackageJson<'a>>,
    removed: Vec<PackageJson<'a>>,
    updated: Vec<UpdateJson<'a>>,
}

#[derive(Serialize)]
struct PackageJson<'a> {
    ecosystem: Option<&'a str>,
    package: &'a str,
    version: &'a str,
    inside: Option<&'a str>,
}

#[derive(Serialize)]
struct UpdateJson<'a> {
    ecosystem: Option<&'a str>,
    package: &'a str,
    from: &'a str,
    to: &'a str,
    inside: Option<&'a str>,
}

impl<'a> Packages<'a> {
    fn between(old: &'a Inventory, new: &'a Inventory) -> Self {
        let (before, after) = (versions(old), versions(new));
        let mut packages = Self { added: Vec::new(), removed: Vec::new(), updated: Vec::new() };
        let none = BTreeSet::new();
        let names: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
        for name in names {
            let (old, new) = (before.get(&name), after.get(&name));
            let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
            let removed: Vec<&str> = old.difference(new).copied().collect();
            let added: Vec<&str> = new.difference(old).copied().collect();
            let (ecosystem, package, inside) = (name.0.osv_name(), name.1, name.2);
            let updated = removed.iter().zip(&added);
            let updated =
                updated.map(|(&from, &to)| UpdateJson { ecosystem, package, from, to, inside });
            packages.updated.extend(updated);
            let pairs = removed.len().min(added.len());
            let one = |version| PackageJson { ecosystem, package, version, inside };
            packages.removed.extend(removed.into_iter().skip(pairs).map(one));
            packages.added.extend(added.into_iter().skip(pairs).map(one));
        }
        packages
    }
}

/// The versions of each package: several where the image has it in several places.
fn versions(inventory: &Inventory) -> BTreeMap<At<'_>, BTreeSet<&str>> {
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for package in &inventory.packages {
        let (ecosystem, _, inside) = at(package);
        let name = (ecosystem, package.name.as_str(), inside);
        versions.entry(name).or_default().insert(package.version.as_str());
    }
    versions
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    old: ImageJson<'a>,
    new: ImageJson<'a>,
    advisories: AdvisoryStamp,
    findings: FindingsJson<'a>,
    packages: Packages<'a>,
    not_compared: Vec<NotComparedJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct ImageJson<'a> {
    image: String,
    digest: String,
    platform: String,
    os: Option<&'a str>,
    packages: usize,
    findings: usize,
}

#[derive(Serialize)]
struct FindingsJson<'a> {
    new: Vec<FindingJson<'a>>,
    gone: Vec<FindingJson<'a>>,
    kept: Vec<FindingJson<'a>>,
}

fn document<'a>(
    old: &'a Scanned,
    new: &'a Scanned,
    findings: &Findings<'a>,
    packages: Packages<'a>,
    advisories: AdvisoryStamp,
    notes: &'a [Diagnostic],
) -> Document<'a> {
    let written = |of: &'a Scanned, found: &[&'a ScanFinding]| {
        found.iter().filter_map(|one| scan::finding(&of.seen, one)).collect()
    };
    Document {
        schema: "provender.image.compare/1",
        old: image(old),
        new: image(new),
        advisories,
        findings: FindingsJson {
            new: written(new, &findings.new),
            gone: written(old, &findings.gone),
            kept: written(new, &findings.kept),
        },
        packages,
        not_compared: scan::not_compared(new),
        diagnostics: diagnostics::json(notes),
    }
}

fn image(scanned: &Scanned) -> ImageJson<'_> {
    let Scanned { seen, assessment } = scanned;
    ImageJson {
        image: seen.location.to_string(),
        digest: seen.image.digest().to_string(),
        platform: seen.image.platform().to_string(),
        os: seen.os(),
        packages: seen.look.inventory.packages.len(),
        findings: assessment.findings.len(),
    }
}

fn text(old: &Scanned, new: &Scanned, findings: &Findings<'_>, packages: &Packages<'_>) -> String {
    let mut text = String::new();
    let groups =
        [("gone", old, &findings.gone), ("new", new, &findings.new), ("kept", new, &findings.kept)];
    for (word, of, found) in groups {
        let _ = writeln!(text, "{word}: {}", counted(found.len(), "finding"));
        for line in found.iter().filter_map(|one| scan::line(&of.seen, one)) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let Packages { added, removed, updated } = packages;
    let _ = writeln!(
        text,
        "packages: {} added, {} removed, {} updated",
        added.len(),
        removed.len(),
        updated.len()
    );
    let within = |inside: &Option<&str>| inside.map(|it| format!(" in {it}")).unwrap_or_default();
    for (sign, changed) in [('+', added), ('-', removed)] {
        for PackageJson { package, version, inside, .. } in changed {
            let _ = writeln!(text, "  {sign} {package} {version}{}", within(inside));
        }
    }
    for UpdateJson { package, from, to, inside, .. } in updated {
        let _ = writeln!(text, "  {package} {from} -> {to}{}", within(inside));
    }
    text
}
