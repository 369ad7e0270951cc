//! Showing what was seen.

use provender_core::Level;
use provender_core::excerpt::Excerpt;
use provender_report::{annotations, diagnostics, excerpts, sarif};
use serde::Serialize;

use super::Seen;
use super::fixing::Fixed;
use crate::cli::Format;
use crate::commands::explain;
use crate::exit::Failure;
use crate::output::{Output, counted, shown};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    files: usize,
    findings: Vec<excerpts::ExcerptJson<'a>>,
    accepted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<FixesJson<'a>>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct FixesJson<'a> {
    written: bool,
    made: Vec<MadeJson<'a>>,
    left: Vec<LeftJson<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct MadeJson<'a> {
    file: String,
    rule: &'a str,
    fix: &'a str,
}

#[derive(Serialize)]
struct LeftJson<'a> {
    file: String,
    line: u32,
    rule: Option<&'a str>,
    why: &'a str,
}

impl<'a> From<&'a Fixed> for FixesJson<'a> {
    fn from(fixed: &'a Fixed) -> Self {
        let made = fixed.made.iter().map(|(path, made)| MadeJson {
            file: shown(path),
            rule: made.rule,
            fix: &made.title,
        });
        let left = fixed.left.iter().map(|left| LeftJson {
            file: shown(&left.path),
            line: left.line,
            rule: left.rule,
            why: &left.why,
        });
        Self {
            written: fixed.done,
            made: made.collect(),
            left: left.collect(),
            notes: &fixed.notes,
        }
    }
}

pub(super) fn result(
    seen: &Seen,
    fixed: Option<&Fixed>,
    threshold: Level,
    output: &Output,
) -> Result<(), Failure> {
    match output.format {
        Format::Json => {
            let document = Document {
                schema: "provender.lint/1",
                files: seen.files,
                findings: excerpts::json(&seen.excerpts),
                accepted: seen.accepted,
                fixes: fixed.map(FixesJson::from),
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
            if let Some(fixed) = fixed.filter(|fixed| !fixed.done) {
                output.result(&fixed.diff)?;
            } else {
                let counts =
                    |excerpt: &&Excerpt| !output.quiet || excerpt.diagnostic.level >= threshold;
                let shown: Vec<_> = seen.excerpts.iter().filter(counts).cloned().collect();
                output.result(&excerpts::terminal(&shown, output.style()))?;
            }
            output.diagnostics(&seen.unreadable);
        }
    }
    if output.format != Format::Json {
        for line in fixed.map(Fixed::told).unwrap_or_default() {
            output.say(&line);
        }
        output.say(&summary(seen, fixed));
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
    let mut text = match (counts.as_slice(), seen.files) {
        ([], 0) => "no file was looked at".to_owned(),
        ([], files) => format!("nothing found in {}", counted(files, "file")),
        (counts, files) => format!("{} in {}", counts.join(", "), counted(files, "file")),
    };
    if !seen.unreadable.is_empty() {
        text.push_str(&format!("; {} could not be read", seen.unreadable.len()));
    }
    if seen.accepted > 0 {
        text.push_str(&format!("; {} accepted with a reason", seen.accepted));
    }
    match fixed {
        Some(Fixed { done: true, made, .. }) if made.is_empty() => {
            text.push_str("; nothing was fixed")
        }
        Some(Fixed { done: true, made, .. }) => text.push_str(&format!("; {} fixed", made.len())),
        Some(Fixed { made, .. }) => text.push_str(&format!("; --fix would fix {}", made.len())),
        None => {
            let fixable = seen.excerpts.iter().filter(|excerpt| excerpt.fix.is_some()).count();
            if fixable > 0 {
                text.push_str(&format!("; --fix may fix {fixable} of them"));
            }
        }
    }
    text
}
