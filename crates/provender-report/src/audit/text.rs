//! An audit for a file, for `grep` and for `diff`.

use provender_core::Severity;
use provender_core::audit::{Finding, NotAudited, Waiver};

use super::AuditReport;
use super::sections;
use super::summary::{Fetched, summary};
use crate::untrusted::line;
use crate::{Style, diagnostics};

/// One block for each finding, accepted ones last; then what could not be audited, the
/// diagnostics, and the summary with the digest of the advisories.
pub(super) fn render(report: &AuditReport<'_>) -> String {
    let sections = report.sections();
    let mut blocks = Vec::new();
    for findings in [&sections.counting, &sections.below, &sections.waived] {
        blocks.extend(findings.iter().map(|found| finding(found, report.threshold)));
    }
    blocks.extend(report.audit.not_audited.iter().map(not_audited));
    if !report.audit.diagnostics.is_empty() {
        blocks.push(diagnostics::terminal(&report.audit.diagnostics, Style::PLAIN));
    }
    let summary = summary(report, &sections, Fetched::On);
    blocks.push(format!("{summary}\nadvisories sha256: {}\n", report.audit.advisories.digest));
    blocks.join("\n")
}

fn finding(finding: &Finding, threshold: Severity) -> String {
    let component = &finding.component;
    let below = if finding.severity.meets(threshold) { "" } else { " (below the threshold)" };
    let mut fields =
        vec![("severity", format!("{}{below}", finding.severity)), ("ids", finding.ids.join(", "))];
    if let Some(summary) = &finding.summary {
        fields.push(("summary", summary.clone()));
    }
    fields.push(("fixed in", sections::fixes(finding)));
    fields.push(("where", component.place.to_string()));
    fields.extend(finding.waiver.as_ref().map(accepted));
    block(&format!("{} {}", component.project, component.version), &fields)
}

fn not_audited(other: &NotAudited) -> String {
    let mut fields =
        vec![("not audited", other.reason.to_string()), ("where", other.place.to_string())];
    fields.extend(other.waiver.as_ref().map(accepted));
    block(&sections::requirement(other), &fields)
}

pub(crate) fn accepted(waiver: &Waiver) -> (&'static str, String) {
    let Waiver { reason, owner, until, .. } = waiver;
    ("accepted", format!("{reason} ({owner}, until {until})"))
}

/// A title, and a line below it for each field.
pub(crate) fn block(title: &str, fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(label, value)| format!("  {label}: {}\n", line(value)));
    format!("{}\n{}", line(title), fields.collect::<String>())
}
