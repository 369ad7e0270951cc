//! A scan for reports: text and Markdown.

use provender_core::audit::AdvisoryStamp;
use provender_core::{Diagnostic, Severity};
use provender_report::ScanReport;
use provender_report::scan::{NotCompared, ScanFinding, ScanGroup};

use super::text::{by, fix};
use super::{Scanned, Seen};

/// What a report borrows from and what has no place in a scan.
pub(super) struct Facts {
    image: String,
    digest: String,
    platform: String,
    advisories: AdvisoryStamp,
    remarks: String,
}

impl Facts {
    pub(super) fn of(seen: &Seen, advisories: AdvisoryStamp, remarks: String) -> Self {
        Self {
            image: seen.location.to_string(),
            digest: seen.image.digest().to_string(),
            platform: seen.image.platform().to_string(),
            advisories,
            remarks,
        }
    }
}

pub(super) fn report<'a>(
    scanned: &'a Scanned,
    facts: &'a Facts,
    notes: &'a [Diagnostic],
    threshold: Severity,
) -> ScanReport<'a> {
    let Scanned { seen, assessment } = scanned;
    let mut groups: Vec<ScanGroup<'a>> = Vec::new();
    for one in &assessment.findings {
        let Some(package) = seen.package(one.package) else { continue };
        let title = by(&one.remedy).title;
        let finding = ScanFinding {
            package: &package.name,
            version: &package.version,
            severity: one.finding.severity,
            headline: one.finding.headline_id(),
            ids: &one.finding.ids,
            fix: fix(&one.finding.fix),
            location: package.locations.first().map(String::as_str),
            waiver: one.waiver.as_ref(),
        };
        match groups.last_mut().filter(|group| group.title == title) {
            Some(group) => group.findings.push(finding),
            None => groups.push(ScanGroup { title, findings: vec![finding] }),
        }
    }
    let not_compared = assessment.not_compared.iter().filter_map(|one| {
        let package = seen.package(one.package)?;
        let named = seen.look.inventory.osv_ecosystem(package);
        Some(NotCompared {
            package: &package.name,
            version: &package.version,
            ecosystem: named.or(package.ecosystem.osv_name()),
            reason: one.reason.to_string(),
            waiver: one.waiver.as_ref(),
        })
    });
    ScanReport {
        image: &facts.image,
        digest: &facts.digest,
        platform: &facts.platform,
        os: seen.os(),
        packages: seen.look.inventory.packages.len(),
        groups,
        not_compared: not_compared.collect(),
        remarks: &facts.remarks,
        hardening: &seen.look.hardening,
        diagnostics: notes,
        advisories: &facts.advisories,
        threshold,
    }
}
