//! An audit as GitHub-flavoured Markdown (GFM 0.29), for comments and summaries of builds.

use provender_core::audit::{AdvisoryStamp, Finding, NotAudited, Waiver};

use super::AuditReport;
use super::sections;
use super::summary::{Fetched, summary};
use crate::markdown::{DIAGNOSTIC, diagnostic, escaped, section};
use crate::wording::day;

/// The summary, a section for each part that is not empty, and the advisory data.
pub(super) fn render(report: &AuditReport<'_>) -> String {
    let sections = report.sections();
    let audit = report.audit;
    let mut out = format!("## Audit\n\n{}\n", escaped(summary(report, &sections, Fetched::On)));
    let below = format!("Below the threshold ({})", report.threshold);
    for (title, findings) in [("Findings", &sections.counting), (&below, &sections.below)] {
        let columns =
            ["severity", "project", "version", "advisory", "fixed in", "where", "summary"];
        section(&mut out, title, columns, findings.iter().map(|found| finding(found)));
    }
    section(&mut out, "Accepted risks", WAIVER, sections.accepted.iter().map(|w| waiver(w)));
    let columns = ["requirement", "why", "where"];
    section(&mut out, "Not audited", columns, sections.not_audited.iter().map(|o| not_audited(o)));
    section(&mut out, "Diagnostics", DIAGNOSTIC, audit.diagnostics.iter().map(diagnostic));
    section(&mut out, "Advisory data", SOURCE, sources(&audit.advisories));
    out.push_str(&format!("\nDigest of the advisory data: `{}`\n", audit.advisories.digest));
    out
}

fn finding(finding: &Finding) -> [String; 7] {
    let component = &finding.component;
    // The id that people know it by, then its aliases.
    let headline = finding.headline_id();
    let aliases = finding.ids.iter().map(String::as_str).filter(|id| *id != headline);
    let ids: Vec<&str> = std::iter::once(headline).chain(aliases).collect();
    [
        escaped(finding.severity),
        escaped(&component.project),
        escaped(&component.version),
        escaped(ids.join(", ")),
        escaped(sections::fixes(finding)),
        escaped(&component.place),
        escaped(finding.summary.as_deref().unwrap_or_default()),
    ]
}

/// The columns of [`waiver`].
pub(crate) const WAIVER: [&str; 5] = ["advisory", "project", "reason", "owner", "until"];

/// A waiver as a row of a table.
pub(crate) fn waiver(waiver: &Waiver) -> [String; 5] {
    [
        escaped(&waiver.id),
        escaped(&waiver.project),
        escaped(&waiver.reason),
        escaped(&waiver.owner),
        escaped(waiver.until),
    ]
}

fn not_audited(other: &NotAudited) -> [String; 3] {
    [escaped(sections::requirement(other)), escaped(other.reason), escaped(&other.place)]
}

/// The columns of [`sources`].
pub(crate) const SOURCE: [&str; 4] = ["source", "records", "newest", "fetched"];

/// Each source as a row of a table.
pub(crate) fn sources(stamp: &AdvisoryStamp) -> impl Iterator<Item = [String; 4]> {
    stamp.sources.iter().map(|source| {
        [
            escaped(&source.name),
            source.records.to_string(),
            source.newest.map(|newest| day(newest).to_string()).unwrap_or_default(),
            source.fetched_at.to_string(),
        ]
    })
}
