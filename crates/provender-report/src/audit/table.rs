//! An audit for a terminal.

use provender_core::audit::{Finding, NotAudited, Waiver};

use super::AuditReport;
use super::sections::{self, Sections};
use super::summary::{self, Fetched};
use crate::Style;
use crate::style::{BOLD, DIM, GOOD, PLAIN, of_severity};
use crate::table::{self, Cell, Column};
use crate::wrap;

/// How many fixed versions a cell names; the text and the Markdown name all of them.
const FIXES_SHOWN: usize = 2;

/// Findings that count, those below the threshold, accepted risks, what could not be audited, and
/// a summary; what is empty is left out, but never the summary.
pub(super) fn render(report: &AuditReport<'_>, style: Style) -> String {
    let sections = report.sections();
    let below = format!("below the threshold ({})", report.threshold);
    let parts = [
        (None, findings(&sections.counting, style)),
        (Some(below.as_str()), findings(&sections.below, style)),
        (Some("accepted risks"), accepted(&sections.accepted, style)),
        (Some("not audited"), not_audited(&sections.not_audited, style)),
    ];
    let mut out = String::new();
    for (title, table) in parts {
        if table.is_empty() {
            continue;
        }
        if let Some(title) = title {
            out.push_str(&format!("{}\n", style.paint(BOLD, title)));
        }
        out.push_str(&table);
        out.push('\n');
    }
    out.push_str(&conclusion(report, &sections, style));
    out
}

fn findings(findings: &[&Finding], style: Style) -> String {
    const COLUMNS: [Column; 6] = [
        Column::new("severity", 8),
        Column::new("project", 10),
        Column::new("version", 7),
        // As long as a GHSA id, which would be hard to copy from two lines.
        Column::new("advisory", 19),
        Column::new("fixed in", 8),
        Column::new("where", 12),
    ];
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            let component = &finding.component;
            [
                Cell::painted(finding.severity, of_severity(finding.severity)),
                Cell::new(&component.project),
                Cell::new(&component.version),
                Cell::new(finding.headline_id()),
                fixes(finding, style),
                Cell::new(&component.place),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { table::render(&COLUMNS, &rows, style) }
}

/// The nearest fixes of a finding, or that there is none.
pub(crate) fn fixes(finding: &Finding, style: Style) -> Cell {
    let Some(nearest) = finding.fixed_in.get(..FIXES_SHOWN + 1) else {
        let paint = if finding.fixed_in.is_empty() { DIM } else { PLAIN };
        return Cell::painted(sections::fixes(finding), paint);
    };
    let nearest: Vec<_> = nearest[..FIXES_SHOWN].iter().map(ToString::to_string).collect();
    Cell::new(format_args!("{}, {}", nearest.join(", "), style.ellipsis()))
}

fn accepted(waivers: &[&Waiver], style: Style) -> String {
    const COLUMNS: [Column; 5] = [
        Column::new("advisory", 19),
        Column::new("project", 10),
        Column::new("reason", 16),
        Column::new("owner", 8),
        Column::new("until", 10),
    ];
    let rows: Vec<_> = waivers
        .iter()
        .map(|waiver| {
            [
                Cell::new(&waiver.id),
                Cell::new(&waiver.project),
                Cell::new(&waiver.reason),
                Cell::new(&waiver.owner),
                Cell::new(waiver.until),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { table::render(&COLUMNS, &rows, style) }
}

fn not_audited(others: &[&NotAudited], style: Style) -> String {
    const COLUMNS: [Column; 3] =
        [Column::new("requirement", 20), Column::new("why", 16), Column::new("where", 12)];
    let rows: Vec<_> = others
        .iter()
        .map(|other| {
            [
                Cell::new(sections::requirement(other)),
                Cell::new(other.reason),
                Cell::new(&other.place),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { table::render(&COLUMNS, &rows, style) }
}

fn conclusion(report: &AuditReport<'_>, sections: &Sections<'_>, style: Style) -> String {
    let paint = if summary::is_clean(report, sections) { GOOD } else { BOLD };
    let text = summary::summary(report, sections, Fetched::Ago);
    let text = format!("{text}, {}", summary::digest(&report.audit.advisories));
    wrap::painted(&text, paint, style)
}
