//! A report as GitHub-flavoured Markdown (GFM 0.29), for the description of a merge request.

use std::fmt::Write as _;

use super::findings::Line;
use super::{Locked, SecureReport};
use crate::audit::summary::Fetched;
use crate::markdown::{self, DIAGNOSTIC, diagnostic, escaped, prose};
use crate::wording::counted;
use crate::{Change, check};

/// The answer, what to do next, the steps and the findings; then, folded, what moved and the check.
pub(super) fn render(report: &SecureReport) -> String {
    let mark = report.answer().mark().unicode();
    let mut out =
        format!("## {mark} {}\n\n**{}**\n", escaped(&report.project), escaped(report.conclusion()));
    if !report.next.is_empty() {
        out.push_str("\n### Next\n\n");
        for (index, what) in report.next.iter().enumerate() {
            let _ = writeln!(out, "{}. {}", index + 1, prose(what));
        }
    }
    out.push_str("\n### Steps\n\n");
    let rows = report.rows();
    let steps = rows.iter().map(|row| {
        let summary = escaped(report.summary(row, Fetched::On));
        [row.state.mark().unicode().to_owned(), row.id.to_owned(), summary]
    });
    markdown::table(&mut out, ["", "step", "what it came to"], steps);
    let (found, not_audited) = report.findings();
    findings(&mut out, &found);
    let not_audited = not_audited.into_iter().map(|row| row.map(escaped));
    markdown::section(&mut out, "Not audited", ["requirement", "why"], not_audited);
    let told: Vec<_> = rows.iter().flat_map(|row| report.told(row)).collect();
    markdown::section(&mut out, "Diagnostics", DIAGNOSTIC, told.iter().map(diagnostic));
    if let Some(locked) = &report.lock.result {
        lock(&mut out, locked);
    }
    if let Some(steps) = &report.check.result {
        let mut body = String::new();
        check::markdown_table(&mut body, steps);
        let told = steps.iter().flat_map(|step| &step.diagnostics).map(diagnostic);
        markdown::section(&mut body, "What is wrong", DIAGNOSTIC, told);
        folded(&mut out, &format!("Check: {}", check::counts(steps)), &body);
    }
    if let Some(stamp) = report.stamp() {
        let _ = writeln!(out, "\nDigest of the advisory data: `{}`", stamp.digest);
    }
    let _ = writeln!(out, "\nMade {}.", report.generated_at.strftime("%Y-%m-%d %H:%M UTC"));
    out
}

fn lock(out: &mut String, locked: &Locked) {
    let rows =
        locked.kept.iter().map(|kept| [&kept.project, &kept.version, &kept.why].map(escaped));
    markdown::section(out, "Vulnerable and kept", ["project", "version", "why"], rows);
    let lists = [("Left out", &locked.left_out), ("Built to learn their metadata", &locked.built)];
    for (what, list) in lists {
        if !list.is_empty() {
            let _ = writeln!(out, "\n{what}: {}", escaped(list.join(", ")));
        }
    }
    if !locked.moves.is_empty() {
        let mut body = String::new();
        let columns = ["project", "before", "now", "why"];
        markdown::table(&mut body, columns, locked.moves.iter().map(moved));
        let count = counted(locked.moves.len() as u64, "project");
        folded(out, &format!("What moved: {count}"), &body);
    }
}

fn moved(change: &Change) -> [String; 4] {
    let version = |version: &Option<String>| version.as_deref().map(escaped).unwrap_or_default();
    [escaped(&change.project), version(&change.from), version(&change.to), escaped(&change.why)]
}

fn findings(out: &mut String, findings: &[Line<'_>]) {
    let rows = findings.iter().map(|Line { finding, counts, remedy }| {
        let component = &finding.component;
        let severity = match (counts, &finding.waiver) {
            (false, None) => format!("{} (below the threshold)", finding.severity),
            _ => finding.severity.to_string(),
        };
        [
            escaped(severity),
            escaped(&component.project),
            escaped(&component.version),
            escaped(finding.headline_id()),
            escaped(remedy),
            escaped(finding.summary.as_deref().unwrap_or_default()),
        ]
    });
    let columns = ["severity", "project", "version", "advisory", "fix or waiver", "summary"];
    markdown::section(out, "Findings", columns, rows);
}

/// A part that opens on a click; the blank lines are needed for Markdown within it (CommonMark
/// section 4.6).
fn folded(out: &mut String, title: &str, body: &str) {
    let body = body.trim_matches('\n');
    let _ = write!(out, "\n<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>\n");
}
