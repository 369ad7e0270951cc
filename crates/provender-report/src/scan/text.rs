//! A scan for a file, for `grep` and for `diff`.

use super::{NotCompared, ScanFinding, ScanReport};
use crate::audit::text::{accepted, block};
use crate::untrusted::{line, lines};
use crate::{Style, diagnostics};

/// One block for each finding, those together that one thing takes away; then what could not be
/// compared, what is said of the image, and the summary with the digests.
pub(super) fn render(report: &ScanReport<'_>) -> String {
    let mut blocks = Vec::new();
    for group in &report.groups {
        blocks.extend(group.findings.iter().map(|one| finding(one, &group.title, report)));
    }
    blocks.extend(report.not_compared.iter().map(not_compared));
    for told in [report.diagnostics, report.hardening] {
        if !told.is_empty() {
            blocks.push(diagnostics::terminal(told, Style::PLAIN));
        }
    }
    let remarks: String =
        lines(report.remarks).iter().map(|remark| format!("{remark}\n")).collect();
    let (image, platform) = (line(report.image), line(report.platform));
    blocks.push(format!(
        "{remarks}{}\nimage: {image}\nimage digest: {}\nplatform: {platform}\nadvisories sha256: {}\n",
        line(&report.summary()),
        line(report.digest),
        report.advisories.digest,
    ));
    blocks.join("\n")
}

fn finding(finding: &ScanFinding<'_>, title: &str, report: &ScanReport<'_>) -> String {
    let below = match finding.severity.meets(report.threshold) {
        true => "",
        false => " (below the threshold)",
    };
    let mut fields = vec![
        ("severity", format!("{}{below}", finding.severity)),
        ("ids", finding.ids.join(", ")),
        ("fixed in", finding.fix.clone()),
        ("what to do", title.to_owned()),
    ];
    fields.extend(finding.location.map(|location| ("where", location.to_owned())));
    fields.extend(finding.waiver.map(accepted));
    block(&format!("{} {}", finding.package, finding.version), &fields)
}

fn not_compared(one: &NotCompared<'_>) -> String {
    let mut fields = vec![("not compared", one.reason.clone())];
    fields.extend(one.ecosystem.map(|ecosystem| ("ecosystem", ecosystem.to_owned())));
    fields.extend(one.waiver.map(accepted));
    block(&format!("{} {}", one.package, one.version), &fields)
}
