//! Diagnostics, for a terminal and for machines.

use provender_core::{Diagnostic, Level, Place};
use serde::Serialize;

use crate::Style;
use crate::style::{BOLD, MARK, of_level};
use crate::untrusted;

/// Diagnostics as rustc shows its own, with a blank line between two of them; nothing for none.
///
/// Lines are not wrapped to the style's width: the terminal does that, and paths and URLs can
/// still be copied.
///
/// ```text
/// error[lock/no-solution]: the requirements cannot be met together
///   --> requirements.txt:3:1
///   caused by: because flask 3.0 needs werkzeug>=3.0
///     and you need werkzeug<3.0, there is no solution
///   = hint: allow werkzeug 3.0
///   = decided by: requirements.txt
/// ```
pub fn terminal(diagnostics: &[Diagnostic], style: Style) -> String {
    let texts: Vec<String> = diagnostics.iter().map(|shown| one(shown, style)).collect();
    texts.join("\n")
}

fn one(diagnostic: &Diagnostic, style: Style) -> String {
    let Diagnostic { rule, level, message, place, causes, hint, decided_by } = diagnostic;
    let title = style.paint(of_level(*level), format_args!("{level}[{rule}]"));
    let message = style.paint(BOLD, format_args!(": {}", untrusted::line(message)));
    let mut out = format!("{title}{message}\n");
    if let Some(place) = place {
        let place = untrusted::line(&place.to_string());
        out.push_str(&format!("  {} {place}\n", style.paint(MARK, "-->")));
    }
    for cause in causes {
        push_lines(&mut out, &format!("  {}: ", style.paint(BOLD, "caused by")), 4, cause);
    }
    for (label, text) in [("hint", hint), ("decided by", decided_by)] {
        let Some(text) = text else { continue };
        let lead = format!("  {} {}: ", style.paint(MARK, "="), style.paint(BOLD, label));
        push_lines(&mut out, &lead, "  = : ".len() + label.len(), text);
    }
    out
}

/// The first line after its lead, the others below one another, indented.
fn push_lines(out: &mut String, lead: &str, indent: usize, text: &str) {
    let lines = untrusted::lines(text);
    let (first, others) = lines.split_first().map_or(("", &[][..]), |(f, o)| (f.as_str(), o));
    out.push_str(lead);
    out.push_str(first);
    out.truncate(out.trim_end().len());
    out.push('\n');
    for line in others {
        if !line.trim().is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line.trim_end());
        }
        out.push('\n');
    }
}

/// A diagnostic as it stands in the JSON of every command: `rule`, `level` (`note`, `warning` or
/// `error`) and `message`, and where there are such `place` (`file`, `line`, `column`), `causes`,
/// `hint` and `decided_by`.
#[derive(Debug, Serialize)]
pub struct DiagnosticJson<'a> {
    rule: &'a str,
    level: Level,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceJson<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    causes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct PlaceJson<'a> {
    file: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl<'a> From<&'a Place> for PlaceJson<'a> {
    fn from(place: &'a Place) -> Self {
        // A name that is not Unicode has no form in JSON; a lossy one is better than no report.
        Self { file: place.file.to_string_lossy(), line: place.line, column: place.column }
    }
}

/// Diagnostics as the value of a field `diagnostics` in a JSON document.
pub fn json(diagnostics: &[Diagnostic]) -> Vec<DiagnosticJson<'_>> {
    diagnostics
        .iter()
        .map(|diagnostic| DiagnosticJson {
            rule: diagnostic.rule,
            level: diagnostic.level,
            message: &diagnostic.message,
            place: diagnostic.place.as_ref().map(PlaceJson::from),
            causes: &diagnostic.causes,
            hint: diagnostic.hint.as_deref(),
            decided_by: diagnostic.decided_by.as_deref(),
        })
        .collect()
}
