//! The report for a terminal.

use provender_core::Diagnostic;
use provender_core::check::{Outcome, outcome};
use provender_core::doctor::{HostReport, Known, ToolReport, ToolVerdict};

use super::DoctorReport;
use crate::Style;
use crate::style::{BOLD, MARK, Mark};
use crate::table::{self, Cell, Column};
use crate::{check, diagnostics, untrusted, wrap};

const COLUMNS: [Column; 3] = [Column::new("", 16), Column::new("", 12), Column::new("", 16)];

pub(super) fn text(report: &DoctorReport<'_>, style: Style) -> String {
    let mut parts = Vec::new();
    if !report.hosts.is_empty() {
        let rows: Vec<_> = report.hosts.iter().map(|shown| host(shown, style)).collect();
        parts.push(table::render(&COLUMNS, &rows, style));
    }
    let mut tools = report.tools;
    while let [first, ..] = tools {
        let same = tools.iter().take_while(|tool| tool.url == first.url).count();
        let (group, rest) = tools.split_at(same);
        let rows: Vec<_> = group.iter().map(|shown| tool(shown, style)).collect();
        let heading = format!("tools, for {}", untrusted::line(&first.url));
        let heading = wrap::painted(&heading, BOLD, style);
        parts.push(format!("{heading}{}", table::render(&COLUMNS, &rows, style)));
        tools = rest;
    }
    if !report.exposure.is_empty() {
        parts.push(check::rows(report.exposure, |_| String::new(), style));
    }
    parts.extend(report.findings().into_iter().map(|finding| explained(finding, style)));
    parts.extend(report.hosts.iter().filter_map(|host| remedy(host, style)));
    parts.push(conclusion(report, style));
    parts.join("\n")
}

fn host(report: &HostReport, style: Style) -> [Cell; 3] {
    let mark = if report.diagnosis.is_good() { Mark::Yes } else { Mark::No };
    let mut about = format!("{}, {}", report.purpose, report.route);
    if let Some(issuer) = &report.issuer {
        about.push_str(&format!("; signed by {issuer}"));
    }
    if !report.trusted_by.is_empty() {
        about.push_str(&format!("; trusted by {}", report.trusted_by.join(", ")));
    }
    [
        Cell::new(&report.url).marked(mark.text(style), mark.paint()),
        Cell::new(report.diagnosis),
        Cell::new(about),
    ]
}

fn tool(report: &ToolReport, style: Style) -> [Cell; 3] {
    let installed = report.known != Known::NotInstalled;
    let mark = match report.verdict {
        _ if !installed => Mark::Skipped,
        ToolVerdict::Verifies => Mark::Yes,
        ToolVerdict::Fails | ToolVerdict::NotVerified => Mark::No,
        ToolVerdict::Unknown => Mark::Missing,
    };
    let name = match &report.version {
        Some(version) => format!("{} {version}", report.tool),
        None => report.tool.to_owned(),
    };
    let verdict =
        if installed { report.verdict.word().to_owned() } else { "not installed".to_owned() };
    let mut about = match report.known {
        Known::Asked => format!("asked: {}", report.decided_by),
        Known::ByRules => format!("by its rules: {}", report.decided_by),
        Known::NotInstalled => format!("it {}: {}", would(report.verdict), report.decided_by),
    };
    if let Some(place) = &report.place {
        about.push_str(&format!(" ({place})"));
    }
    if report.verdict != ToolVerdict::Verifies && installed {
        if let Some(detail) = &report.detail {
            about.push_str(&format!("; {detail}"));
        }
        if let Some(remedy) = &report.remedy {
            let proved = if remedy.proved { "proved remedy" } else { "remedy" };
            about.push_str(&format!("; {proved}: {}", remedy.text));
        }
    }
    [Cell::new(name).marked(mark.text(style), mark.paint()), Cell::new(verdict), Cell::new(about)]
}

fn would(verdict: ToolVerdict) -> &'static str {
    match verdict {
        ToolVerdict::Verifies => "would verify",
        ToolVerdict::Fails => "would fail",
        ToolVerdict::NotVerified => "would not verify",
        ToolVerdict::Unknown => "would do what cannot be said",
    }
}

/// A finding, and where there is more about it.
fn explained(finding: &Diagnostic, style: Style) -> String {
    let shown = diagnostics::terminal(std::slice::from_ref(finding), style);
    let more = format!("provender explain {}", finding.rule);
    format!("{shown}  {} {}: {more}\n", style.paint(MARK, "="), style.paint(BOLD, "more"))
}

fn remedy(host: &HostReport, style: Style) -> Option<String> {
    let remedy = host.remedy.as_ref()?;
    let is_said = |finding: &Diagnostic| finding.hint.as_ref() == Some(&remedy.text);
    if !remedy.proved && host.findings.iter().any(is_said) {
        return None;
    }
    let lead = if remedy.proved { "remedy, proved by a handshake" } else { "remedy, not proved" };
    let text = format!("{lead}, for {}:", untrusted::line(&host.url));
    let mut out = wrap::painted(&text, BOLD, style);
    for line in untrusted::lines(&remedy.text) {
        out.push_str(&format!("  {line}\n"));
    }
    Some(out)
}

fn conclusion(report: &DoctorReport<'_>, style: Style) -> String {
    let good = report.hosts.iter().filter(|host| host.diagnosis.is_good()).count();
    let all = report.hosts.len();
    let mut text = match (good, all) {
        (0, 0) => "no host was asked".to_owned(),
        (1, 1) => "yes: the host verifies".to_owned(),
        (0, 1) => "no: the host does not verify".to_owned(),
        _ if good == all => format!("yes: all {all} hosts verify"),
        _ => format!("no: {good} of {all} hosts verify"),
    };
    let asked = report.tools.iter().filter(|tool| tool.known != Known::NotInstalled).count();
    if asked > 0 {
        let verifying = report
            .tools
            .iter()
            .filter(|tool| tool.known != Known::NotInstalled)
            .filter(|tool| tool.verdict == ToolVerdict::Verifies)
            .count();
        text.push_str(&format!("; {verifying} of {asked} installed tools verify"));
    }
    let exposed = outcome(report.exposure) == Outcome::Failed;
    if exposed {
        let rest = text.split_once(": ").map_or("", |(_, rest)| rest);
        text = format!("no: what is installed is not what the index has; {rest}");
    }
    let mark = if good == all && all > 0 && !exposed { Mark::Yes } else { Mark::No };
    wrap::painted(&text, mark.paint(), style)
}
