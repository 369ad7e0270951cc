//! A report for a terminal, and as text for a file.

use provender_core::check::Outcome;
use provender_core::{Diagnostic, check::Step};

use super::findings::Line;
use super::{Locked, SecureReport};
use crate::audit::summary::Fetched;
use crate::audit::table::fixes;
use crate::style::{BOLD, DIM, MARK, PLAIN, of_level, of_severity};
use crate::table::{self, Cell, Column};
use crate::{Style, changes, check, diagnostics, untrusted, wrap};

/// How many moves, kept pins and findings a terminal shows of each; the files name all of them.
const SHOWN: usize = 15;

/// How much is told, and where.
#[derive(Clone, Copy)]
struct Layout {
    style: Style,
    /// Whether everything is told.
    full: bool,
}

/// What somebody has to know who waited for it.
pub(super) fn brief(report: &SecureReport, style: Style) -> String {
    Layout { style, full: false }.render(report)
}

/// Everything, for a file.
pub(super) fn full(report: &SecureReport) -> String {
    Layout { style: Style { width: 100, ..Style::PLAIN }, full: true }.render(report)
}

impl Layout {
    fn render(self, report: &SecureReport) -> String {
        let mut parts = vec![
            self.conclusion(report),
            self.next(&report.next),
            self.steps(report),
            self.moved(report.lock.result.as_ref()),
        ];
        let (findings, not_audited) = report.findings();
        parts.push(self.findings(&findings));
        parts.push(self.not_audited(not_audited));
        parts.push(self.check(report.check.result.as_deref().unwrap_or_default()));
        if let Some(address) = &report.serving {
            parts.push(self.wrapped(&format!("serving at {address}"), 2));
        }
        if self.full {
            let mut last = String::new();
            if let Some(stamp) = report.stamp() {
                last.push_str(&format!("advisories sha256: {}\n", stamp.digest));
            }
            let made = report.generated_at.strftime("%Y-%m-%dT%H:%M:%SZ");
            parts.push(format!("{last}made {made}\n"));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    fn conclusion(self, report: &SecureReport) -> String {
        let paint = report.answer().mark().paint();
        let text = untrusted::line(&report.conclusion());
        wrap::painted(&text, paint, self.style)
    }

    fn next(self, next: &[String]) -> String {
        let numbered = next.iter().enumerate().map(|(index, what)| {
            let line = format!("{}. {what}", index + 1);
            // A command that is broken up cannot be copied.
            if what.contains('`') {
                format!("{}\n", untrusted::line(&line))
            } else {
                self.wrapped(&line, 3)
            }
        });
        self.titled("next", numbered.collect())
    }

    fn steps(self, report: &SecureReport) -> String {
        const COLUMNS: [Column; 2] = [Column::new("", 14), Column::new("", 16)];
        let told = if self.full { Fetched::On } else { Fetched::Ago };
        let (rows, below): (Vec<_>, Vec<_>) = report
            .rows()
            .iter()
            .map(|row| {
                let mark = row.state.mark();
                let id = Cell::new(row.id).marked(mark.text(self.style), mark.paint());
                let below = self.diagnostics(&report.told(row));
                ([id, Cell::new(report.summary(row, told))], below)
            })
            .unzip();
        table::render_with(&COLUMNS, &rows, &below, self.style)
    }

    fn moved(self, locked: Option<&Locked>) -> String {
        let Some(locked) = locked else { return String::new() };
        let (moves, kept) = (self.shown(&locked.moves), self.shown(&locked.kept));
        let mut body = changes::changes(moves, kept, self.style);
        let hidden = locked.moves.len() - moves.len() + locked.kept.len() - kept.len();
        body.push_str(&self.more(hidden));
        let lists =
            [("left out", &locked.left_out), ("built to learn their metadata", &locked.built)];
        for (what, list) in lists {
            if !list.is_empty() {
                body.push_str(&self.wrapped(&format!("{what}: {}", list.join(", ")), 2));
            }
        }
        if moves.is_empty() && kept.is_empty() {
            return body;
        }
        self.titled("what moved and what stayed", body)
    }

    fn findings(self, findings: &[Line<'_>]) -> String {
        const COLUMNS: [Column; 5] = [
            Column::new("severity", 8),
            Column::new("project", 10),
            Column::new("version", 7),
            // As long as a GHSA id, which would be hard to copy from two lines.
            Column::new("advisory", 19),
            Column::new("fix or waiver", 16),
        ];
        // What is below the threshold is counted with the audit.
        let told: Vec<_> = findings
            .iter()
            .filter(|line| self.full || line.counts || line.finding.waiver.is_some())
            .collect();
        let rows: Vec<_> = self.shown(&told).iter().map(|line| self.finding(line)).collect();
        if rows.is_empty() {
            return String::new();
        }
        let mut body = table::render(&COLUMNS, &rows, self.style);
        body.push_str(&self.more(told.len() - rows.len()));
        self.titled("findings", body)
    }

    fn finding(self, line: &Line<'_>) -> [Cell; 5] {
        let Line { finding, counts, remedy } = line;
        let component = &finding.component;
        let (severity, paint) =
            if *counts { (of_severity(finding.severity), PLAIN) } else { (DIM, DIM) };
        let remedy = match &finding.waiver {
            None if !self.full => fixes(finding, self.style),
            _ => Cell::painted(remedy, paint),
        };
        [
            Cell::painted(finding.severity, severity),
            Cell::painted(&component.project, paint),
            Cell::painted(&component.version, paint),
            Cell::painted(finding.headline_id(), paint),
            remedy,
        ]
    }

    fn not_audited(self, rows: Vec<[String; 2]>) -> String {
        const COLUMNS: [Column; 2] = [Column::new("", 20), Column::new("", 16)];
        let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(Cell::new)).collect();
        let shown = self.shown(&rows);
        let mut body = table::render(&COLUMNS, shown, self.style);
        body.push_str(&self.more(rows.len() - shown.len()));
        self.titled("not audited", body)
    }

    /// The steps that did not pass; every step where everything is told.
    fn check(self, steps: &[Step]) -> String {
        let told = steps.iter().filter(|step| self.full || step.outcome != Outcome::Passed);
        let body = check::rows(told, |step| self.diagnostics(&step.diagnostics), self.style);
        self.titled("check", body)
    }

    /// What is wrong and what to do about it; where everything is told, also why.
    fn diagnostics(self, told: &[Diagnostic]) -> String {
        if self.full {
            return check::indented(&diagnostics::terminal(told, self.style));
        }
        told.iter().map(|diagnostic| self.diagnostic(diagnostic)).collect()
    }

    fn diagnostic(self, diagnostic: &Diagnostic) -> String {
        const INDENT: usize = 4;
        let Diagnostic { rule, level, message, place, hint, .. } = diagnostic;
        let title = format!("{level}[{rule}]");
        let mut lines = vec![(title, of_level(*level), format!(": {message}"))];
        if let Some(place) = place {
            lines.push(("  -->".to_owned(), MARK, format!(" {place}")));
        }
        if let Some(hint) = hint {
            lines.push(("  =".to_owned(), MARK, format!(" hint: {hint}")));
        }
        let mut out = String::new();
        for (lead, paint, text) in lines {
            let text = untrusted::line(&format!("{lead}{text}"));
            let hang = if lead.starts_with(' ') { 4 } else { 2 };
            for line in wrap::wrap(&text, self.style.columns() - INDENT, hang) {
                let line = match line.strip_prefix(&lead) {
                    Some(rest) => format!("{}{rest}", self.style.paint(paint, &lead)),
                    None => line,
                };
                out.push_str(&format!("{}{line}\n", " ".repeat(INDENT)));
            }
        }
        out
    }

    fn shown<T>(self, list: &[T]) -> &[T] {
        if self.full { list } else { &list[..list.len().min(SHOWN)] }
    }

    fn more(self, hidden: usize) -> String {
        match hidden {
            0 => String::new(),
            _ => format!("{} and {hidden} more in the reports\n", self.style.ellipsis()),
        }
    }

    fn titled(self, title: &str, body: String) -> String {
        if body.is_empty() {
            return body;
        }
        format!("{}\n{body}", self.style.paint(BOLD, title))
    }

    fn wrapped(self, text: &str, hang: usize) -> String {
        let lines = wrap::wrap(&untrusted::line(text), self.style.columns(), hang);
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
