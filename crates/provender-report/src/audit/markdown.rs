//! An audit as GitHub-flavoured Markdown (GFM 0.29), for comments and summaries of builds.

use std::fmt::Display;

use provender_core::Diagnostic;
use provender_core::audit::{AdvisoryStamp, Finding, NotAudited, Waiver};

use super::AuditReport;
use super::sections;
use super::summary::{Fetched, summary};
use crate::untrusted;
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
    let columns = ["advisory", "project", "reason", "owner", "until"];
    section(&mut out, "Accepted risks", columns, sections.accepted.iter().map(|w| waiver(w)));
    let columns = ["requirement", "why", "where"];
    section(&mut out, "Not audited", columns, sections.not_audited.iter().map(|o| not_audited(o)));
    let columns = ["level", "rule", "message", "where", "hint", "decided by"];
    section(&mut out, "Diagnostics", columns, audit.diagnostics.iter().map(diagnostic));
    let columns = ["source", "records", "newest", "fetched"];
    section(&mut out, "Advisory data", columns, sources(&audit.advisories));
    out.push_str(&format!("\nDigest of the advisory data: `{}`\n", audit.advisories.digest));
    out
}

fn section<const N: usize>(
    out: &mut String,
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    out.push_str(&format!(
        "\n### {title}\n\n| {} |\n|{}\n",
        columns.join(" | "),
        " --- |".repeat(N)
    ));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
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

fn waiver(waiver: &Waiver) -> [String; 5] {
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

fn diagnostic(diagnostic: &Diagnostic) -> [String; 6] {
    let message = std::iter::once(&diagnostic.message).chain(&diagnostic.causes);
    [
        escaped(diagnostic.level),
        escaped(diagnostic.rule),
        escaped(message.map(String::as_str).collect::<Vec<_>>().join(": ")),
        diagnostic.place.as_ref().map(escaped).unwrap_or_default(),
        escaped(diagnostic.hint.as_deref().unwrap_or_default()),
        escaped(diagnostic.decided_by.as_deref().unwrap_or_default()),
    ]
}

fn sources(stamp: &AdvisoryStamp) -> impl Iterator<Item = [String; 4]> {
    stamp.sources.iter().map(|source| {
        [
            escaped(&source.name),
            source.records.to_string(),
            source.newest.map(|newest| day(newest).to_string()).unwrap_or_default(),
            source.fetched_at.to_string(),
        ]
    })
}

/// One line of text that Markdown shows as it is: every character that could mean something is
/// escaped with a backslash (CommonMark section 2.4), addresses do not become links, and nobody is
/// notified because a summary contains an `@`.
fn escaped(text: impl Display) -> String {
    let text = untrusted::line(&text.to_string());
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '@' if chars.peek().is_some_and(|next| next.is_alphanumeric()) => {
                out.push_str("@&#8203;");
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#'
            | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    // The addresses that GFM links on its own (section 6.9).
    out.replace("://", "\\://").replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_shown_and_not_obeyed() {
        assert_eq!(escaped("a|b `c` <img> [x](y)"), "a\\|b \\`c\\` \\<img\\> \\[x\\](y)");
        assert_eq!(escaped("one\ntwo\r\n| three"), "one two \\| three");
        assert_eq!(
            escaped("https://a.example www.a.example"),
            "https\\://a.example www\\.a.example"
        );
        assert_eq!(escaped("ask @team @ home"), "ask @&#8203;team @ home");
        assert_eq!(escaped("&lt;\\|"), "\\&lt;\\\\\\|");
    }
}
