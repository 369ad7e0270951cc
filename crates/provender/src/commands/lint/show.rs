//! Showing what was seen.

use std::path::PathBuf;

use provender_core::Level;
use provender_lint::fix::Made;
use provender_report::{annotations, diagnostics, excerpts, sarif};
use serde::Serialize;

use super::Seen;
use super::fixing::Fixed;
use crate::cli::{Format, LintArgs};
use crate::commands::explain;
use crate::exit::Failure;
use crate::output::{Output, counted};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    files: usize,
    findings: Vec<excerpts::ExcerptJson<'a>>,
    accepted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<Vec<FixedJson<'a>>>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct FixedJson<'a> {
    file: String,
    rule: &'a str,
    fix: &'a str,
}

impl<'a> From<&'a (PathBuf, Made)> for FixedJson<'a> {
    fn from((path, made): &'a (PathBuf, Made)) -> Self {
        Self { file: crate::output::shown(path), rule: made.rule, fix: &made.title }
    }
}

pub(super) fn result(
    seen: &Seen,
    fixed: Option<&Fixed>,
    threshold: Level,
    args: &LintArgs,
    output: &Output,
) -> Result<(), Failure> {
    match output.format {
        Format::Json => {
            let document = Document {
                schema: "provender.lint/1",
                files: seen.files,
                findings: excerpts::json(&seen.excerpts),
                accepted: seen.accepted,
                fixed: fixed.map(|fixed| fixed.made.iter().map(FixedJson::from).collect()),
                diagnostics: diagnostics::json(&seen.unreadable),
            };
            output.result(&super::super::json(&document)?)?;
        }
        Format::Sarif => {
            let results = seen.excerpts.iter().map(sarif::Result::Excerpt);
            let results: Vec<_> =
                results.chain(seen.unreadable.iter().map(sarif::Result::Diagnostic)).collect();
            let version = env!("CARGO_PKG_VERSION");
            output.result(&sarif::document(version, &explain::lint_rules(), &results))?;
        }
        Format::Github => {
            output.result(&annotations::github(&seen.excerpts))?;
            output.diagnostics(&seen.unreadable);
        }
        _ => {
            if let Some(fixed) = fixed.filter(|_| args.diff) {
                output.result(&fixed.diff)?;
            }
            if !args.diff {
                let shown: Vec<_> = seen
                    .excerpts
                    .iter()
                    .filter(|excerpt| !output.quiet || excerpt.diagnostic.level >= threshold)
                    .cloned()
                    .collect();
                output.result(&excerpts::terminal(&shown, output.style()))?;
            }
            output.diagnostics(&seen.unreadable);
            if let Some(fixed) = fixed {
                for line in fixed.told(args.fix) {
                    output.say(&line);
                }
            }
            output.say(&summary(seen, fixed.filter(|_| args.fix)));
        }
    }
    Ok(())
}

fn summary(seen: &Seen, fixed: Option<&Fixed>) -> String {
    let count =
        |level| seen.excerpts.iter().filter(|excerpt| excerpt.diagnostic.level == level).count();
    let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let counts: Vec<String> = levels
        .iter()
        .filter(|(level, _)| count(*level) > 0)
        .map(|(level, word)| counted(count(*level), word))
        .collect();
    let mut text = match counts.is_empty() {
        true => format!("nothing found in {}", counted(seen.files, "file")),
        false => format!("{} in {}", counts.join(", "), counted(seen.files, "file")),
    };
    if seen.accepted > 0 {
        text.push_str(&format!("; {} accepted with a reason", seen.accepted));
    }
    match fixed {
        Some(fixed) if !fixed.made.is_empty() => {
            text.push_str(&format!("; {} fixed", fixed.made.len()));
        }
        Some(_) => text.push_str("; nothing to fix"),
        None => {
            let fixable = seen.excerpts.iter().filter(|excerpt| excerpt.fix.is_some()).count();
            if fixable > 0 {
                text.push_str(&format!("; --fix may fix {fixable} of them"));
            }
        }
    }
    text
}
