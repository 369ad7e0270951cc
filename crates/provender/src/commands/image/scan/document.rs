//! A scan for machines: `provender.image.scan/1`.

use std::collections::BTreeMap;

use provender_advisory::packages::Fix;
use provender_advisory::{NotComparedReason, Snapshot};
use provender_core::audit::{AdvisoryStamp, Waiver};
use provender_core::{Diagnostic, Severity};
use provender_image::scan::{Kind, ScanFinding};
use provender_report::diagnostics::{self, DiagnosticJson};
use serde::Serialize;

use super::newer::{Change, NewerJson};
use super::text::by;
use super::{Scanned, Seen};

#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    image: String,
    digest: String,
    platform: String,
    os: Option<&'a str>,
    advisories: AdvisoryStamp,
    packages: usize,
    findings: Vec<FindingJson<'a>>,
    not_compared: Vec<NotComparedJson<'a>>,
    hardening: Vec<DiagnosticJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_base: Option<NewerJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

/// A finding.
#[derive(Serialize)]
pub(in crate::commands::image) struct FindingJson<'a> {
    ecosystem: &'a str,
    package: &'a str,
    version: &'a str,
    source: Option<&'a str>,
    ids: &'a [String],
    severity: Severity,
    fixed_in: Option<&'a str>,
    fixed_by: &'static str,
    inside: Option<&'a str>,
    reason: Option<&'a str>,
    location: Option<&'a str>,
    layer: Option<usize>,
    from_sbom: bool,
    waiver: Option<&'a Waiver>,
}

/// Packages of one ecosystem that could not be compared for one reason.
#[derive(Serialize)]
pub(in crate::commands::image) struct NotComparedJson<'a> {
    pub(super) ecosystem: Option<&'a str>,
    reason: &'static str,
    count: usize,
    pub(super) packages: Vec<SkippedJson<'a>>,
    #[serde(skip)]
    pub(super) told: NotComparedReason,
}

#[derive(Serialize)]
pub(super) struct SkippedJson<'a> {
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) waiver: Option<&'a Waiver>,
}

pub(super) fn document<'a>(
    scanned: &'a Scanned,
    newer: Option<&'a Change<'a>>,
    snapshot: &Snapshot,
    notes: &'a [Diagnostic],
) -> Document<'a> {
    let Scanned { seen, assessment } = scanned;
    Document {
        schema: "provender.image.scan/1",
        image: seen.location.to_string(),
        digest: seen.image.digest().to_string(),
        platform: seen.image.platform().to_string(),
        os: seen.os(),
        advisories: snapshot.stamp(),
        packages: seen.look.inventory.packages.len(),
        findings: assessment.findings.iter().filter_map(|one| finding(seen, one)).collect(),
        not_compared: not_compared(scanned),
        hardening: diagnostics::json(&seen.look.hardening),
        newer_base: newer.map(Change::json),
        diagnostics: diagnostics::json(notes),
    }
}

/// A finding as it is written.
pub(in crate::commands::image) fn finding<'a>(
    seen: &'a Seen,
    one: &'a ScanFinding,
) -> Option<FindingJson<'a>> {
    let package = seen.package(one.package)?;
    let group = by(&one.remedy);
    Some(FindingJson {
        ecosystem: seen.look.inventory.osv_ecosystem(package).unwrap_or_default(),
        package: &package.name,
        version: &package.version,
        source: package.source.as_ref().map(|source| source.name.as_str()),
        ids: &one.finding.ids,
        severity: one.finding.severity,
        fixed_in: match &one.finding.fix {
            Fix::In(version) => Some(version),
            Fix::None | Fix::WontFix(_) => None,
        },
        fixed_by: group.word,
        inside: group.inside,
        reason: match &one.finding.fix {
            Fix::WontFix(reason) => Some(reason),
            Fix::In(_) | Fix::None => None,
        },
        location: package.locations.first().map(String::as_str),
        layer: (package.kind != Kind::FromSbom).then_some(package.layer),
        from_sbom: package.kind == Kind::FromSbom,
        waiver: one.waiver.as_ref(),
    })
}

/// What could not be compared, by ecosystem and reason.
pub(in crate::commands::image) fn not_compared(scanned: &Scanned) -> Vec<NotComparedJson<'_>> {
    let mut groups = BTreeMap::<_, NotComparedJson<'_>>::new();
    for one in &scanned.assessment.not_compared {
        let Some(package) = scanned.seen.package(one.package) else { continue };
        let named = scanned.seen.look.inventory.osv_ecosystem(package);
        let ecosystem = named.or(package.ecosystem.osv_name());
        let reason = word(one.reason);
        let group = groups.entry((ecosystem, reason)).or_insert_with(|| NotComparedJson {
            ecosystem,
            reason,
            count: 0,
            packages: Vec::new(),
            told: one.reason,
        });
        group.count += 1;
        group.packages.push(SkippedJson {
            package: &package.name,
            version: &package.version,
            waiver: one.waiver.as_ref(),
        });
    }
    groups.into_values().collect()
}

fn word(reason: NotComparedReason) -> &'static str {
    match reason {
        NotComparedReason::Ecosystem => "ecosystem",
        NotComparedReason::NoData => "no-data",
        NotComparedReason::Name => "name",
        NotComparedReason::Version => "version",
    }
}
