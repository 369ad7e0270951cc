//! A scan as GitHub-flavoured Markdown (GFM 0.29), for comments and summaries of builds.

use super::{NotCompared, ScanFinding, ScanReport};
use crate::audit::markdown::{SOURCE, WAIVER, sources, waiver};
use crate::markdown::{DIAGNOSTIC, diagnostic, escaped, section};
use crate::untrusted::lines;

/// The summary, a section for each part that is not empty, and the advisory data.
pub(super) fn render(report: &ScanReport<'_>) -> String {
    let mut out = format!("## Image\n\n{}\n", escaped(report.summary()));
    // Indented code, in which nothing is markup.
    let remarks: String =
        lines(report.remarks).iter().map(|remark| format!("    {remark}\n")).collect();
    if !remarks.is_empty() {
        out.push_str(&format!("\n{remarks}"));
    }
    for group in &report.groups {
        let open = group.findings.iter().filter(|finding| finding.waiver.is_none());
        let columns = ["severity", "package", "version", "advisory", "fix", "where"];
        section(&mut out, &escaped(&group.title), columns, open.map(finding));
    }
    section(&mut out, "Accepted risks", WAIVER, report.accepted().into_iter().map(waiver));
    let skipped = report.not_compared.iter().filter(|one| one.waiver.is_none());
    let columns = ["package", "version", "ecosystem", "why"];
    section(&mut out, "Not compared", columns, skipped.map(not_compared));
    section(&mut out, "Hardening", DIAGNOSTIC, report.hardening.iter().map(diagnostic));
    section(&mut out, "Diagnostics", DIAGNOSTIC, report.diagnostics.iter().map(diagnostic));
    section(&mut out, "Advisory data", SOURCE, sources(report.advisories));
    out.push_str(&format!(
        "\nImage: {} ({}), {}\n\nDigest of the advisory data: `{}`\n",
        escaped(report.image),
        escaped(report.platform),
        escaped(report.digest),
        report.advisories.digest
    ));
    out
}

fn finding(finding: &ScanFinding<'_>) -> [String; 6] {
    let aliases = finding.ids.iter().map(String::as_str).filter(|id| *id != finding.headline);
    let ids: Vec<&str> = std::iter::once(finding.headline).chain(aliases).collect();
    [
        escaped(finding.severity),
        escaped(finding.package),
        escaped(finding.version),
        escaped(ids.join(", ")),
        escaped(&finding.fix),
        escaped(finding.location.unwrap_or_default()),
    ]
}

fn not_compared(one: &NotCompared<'_>) -> [String; 4] {
    [
        escaped(one.package),
        escaped(one.version),
        escaped(one.ecosystem.unwrap_or_default()),
        escaped(&one.reason),
    ]
}
