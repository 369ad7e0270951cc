//! A scan for people.

use std::fmt::Write as _;

use provender_advisory::NotComparedReason;
use provender_advisory::packages::Fix;
use provender_image::scan::{Kind, Package, Remedy, ScanFinding};

use super::data::accept;
use super::document::{NotComparedJson, SkippedJson, not_compared};
use super::{Scanned, Seen};
use crate::output::counted;

/// How many packages of a group are named.
const NAMED: usize = 5;

/// Findings that one thing takes away.
pub(super) struct Group<'a> {
    /// The word for machines.
    pub(super) word: &'static str,
    /// What the package is a part of.
    pub(super) inside: Option<&'a str>,
    /// The title, which says what to do.
    pub(super) title: String,
}

pub(super) fn text(scanned: &Scanned) -> String {
    let Scanned { seen, assessment } = scanned;
    let mut text = String::new();
    let mut group = None;
    for one in &assessment.findings {
        let Group { title, .. } = by(&one.remedy);
        if group.as_ref() != Some(&title) {
            let _ = writeln!(text, "{title}");
            group = Some(title);
        }
        if let Some(line) = line(seen, one) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let skipped = not_compared(scanned);
    for group in &skipped {
        let _ = writeln!(text, "{}", not_compared_line(group));
    }
    // Of an interpreter its own diagnostic tells, and of data that is missing too.
    let mut open = assessment
        .not_compared
        .iter()
        .filter(|one| one.waiver.is_none() && one.reason != NotComparedReason::NoData);
    let is_runtime = |at| seen.package(at).is_some_and(|package| package.kind == Kind::Runtime);
    if open.any(|one| !is_runtime(one.package)) {
        let accept = accept("PACKAGE");
        let _ = writeln!(text, "  what cannot be compared is accepted with {accept}");
    }
    let packages = counted(seen.look.inventory.packages.len(), "package");
    let findings = counted(assessment.findings.len(), "finding");
    let os = seen.os().unwrap_or("no distribution");
    let waived = assessment.findings.iter().filter(|one| one.waiver.is_some()).count();
    let waived = if waived > 0 { format!(", {waived} accepted") } else { String::new() };
    let _ = writeln!(text, "{os}, {packages}: {findings}{waived}");
    text
}

/// How much of what hardening finds decides the answer; nothing where nothing does.
pub(super) fn too_soft(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!("{} of hardening counted\n", counted(count, "diagnostic")),
    }
}

fn not_compared_line(group: &NotComparedJson<'_>) -> String {
    let named = group.packages.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|SkippedJson { package, version, waiver }| {
            let waived = if waiver.is_some() { " (accepted)" } else { "" };
            format!("{package} {version}{waived}")
        })
        .collect();
    let more = match group.packages.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let packages = counted(group.packages.len(), "package");
    let of = group.ecosystem.map(|of| format!(" of {of}")).unwrap_or_default();
    format!("not compared: {packages}{of}, {}: {}{more}", group.told, named.join(", "))
}

/// A finding in one line.
pub(in crate::commands::image) fn line(seen: &Seen, one: &ScanFinding) -> Option<String> {
    let Package { name, version, kind, .. } = seen.package(one.package)?;
    let fix = match &one.finding.fix {
        Fix::In(version) => format!("fixed in {version}"),
        other => fix(other),
    };
    let waived = match &one.waiver {
        Some(waiver) => format!(", waived by {} until {}", waiver.owner, waiver.until),
        None => String::new(),
    };
    let known = if *kind == Kind::FromSbom { ", known only from the SBOM" } else { "" };
    let (severity, id) = (one.finding.severity, one.finding.headline_id());
    Some(format!("{severity:<9}{name} {version}  {id}  {fix}{known}{waived}"))
}

/// The version that fixes something, or why none does.
pub(super) fn fix(fix: &Fix) -> String {
    match fix {
        Fix::In(version) => version.clone(),
        Fix::None => "no fix".to_owned(),
        Fix::WontFix(reason) => format!("will not be fixed: {reason}"),
    }
}

/// The group of a remedy.
pub(super) fn by(remedy: &Remedy) -> Group<'_> {
    let (word, inside, title) = match remedy {
        Remedy::Lock => (
            "lock",
            None,
            "fixed by your lock: run `provender lock`, stock it, and build again".to_owned(),
        ),
        Remedy::Base => (
            "base",
            None,
            "fixed by a newer base image: take its newest digest, and build again".to_owned(),
        ),
        Remedy::Vendored { inside } => (
            "vendored",
            Some(inside.as_str()),
            format!("vendored inside {inside}: fixed by a newer {inside}"),
        ),
        Remedy::NoFix => ("no-fix", None, "no fix is published".to_owned()),
        Remedy::WontFix => ("wont-fix", None, "the distribution will not fix these".to_owned()),
    };
    Group { word, inside, title }
}
