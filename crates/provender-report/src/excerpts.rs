//! Diagnostics about texts: as rustc prints its own, and as JSON.

use std::borrow::Cow;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};
use provender_core::Level;
use provender_core::excerpt::{Excerpt, Position, position};
use serde::Serialize;

use crate::Style;
use crate::untrusted;

/// The lines that each is about with the spans marked, and a blank line between two.
///
/// ```text
/// error[lint/pip-trusted-host]: TLS verification of pip is switched off for `index.example`
///  --> Dockerfile:4:17
///   |
/// 4 | RUN pip install --trusted-host index.example flask
///   |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ whoever answers for this host is believed
///   |
///   = help: ...
/// ```
pub fn terminal(excerpts: &[Excerpt], style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    // As everywhere else: the lines of a quotation are not drawn with more than ASCII.
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.columns());
    let shown = excerpts.iter().map(|excerpt| renderer.render(&[group(excerpt)]) + "\n");
    shown.collect::<Vec<_>>().join("\n")
}

fn group(excerpt: &Excerpt) -> Group<'_> {
    let Excerpt { diagnostic, source, primary, also, fix } = excerpt;
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Note => Shown::NOTE,
    };
    let title = level.primary_title(untrusted::line(&diagnostic.message)).id(diagnostic.rule);
    let path = diagnostic.place.as_ref().map(|place| place.file.to_string_lossy());
    let path = path.map(|path| untrusted::line(&path));
    let label = |text: &str| (!text.is_empty()).then(|| untrusted::line(text));
    let snippet = Snippet::source(drawable(source))
        .path(path)
        .annotation(AnnotationKind::Primary.span(primary.span.clone()).label(label(&primary.label)))
        .annotations(also.iter().map(|marked| {
            AnnotationKind::Context.span(marked.span.clone()).label(label(&marked.label))
        }));
    let mut group = Group::with_title(title).element(snippet);
    for cause in &diagnostic.causes {
        group = group.element(Shown::NOTE.message(untrusted::lines(cause).join("\n")));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Shown::HELP.message(untrusted::lines(hint).join("\n")));
    }
    if let Some(fix) = fix {
        let text = format!("`provender lint --fix` would {}", untrusted::line(fix));
        group = group.element(Shown::HELP.message(text));
    }
    group
}

/// The text as it can be drawn: an equally long sign in the place of each character that a terminal
/// could obey, so that all spans stay where they are. Those of one byte are left to the renderer,
/// which shows a sign for each.
fn drawable(source: &str) -> Cow<'_, str> {
    let obeyed = |c: char| !c.is_ascii() && untrusted::is_deceptive(c);
    if !source.contains(obeyed) {
        return source.into();
    }
    let mut out = String::with_capacity(source.len());
    for c in source.chars() {
        match c.len_utf8() {
            2 if obeyed(c) => out.push('\u{b7}'),
            3 if obeyed(c) => out.push(char::REPLACEMENT_CHARACTER),
            4 if obeyed(c) => out.push_str("\u{fffd}?"),
            _ => out.push(c),
        }
    }
    out.into()
}

/// A diagnostic about a text as it stands in JSON.
#[derive(Debug, Serialize)]
pub struct ExcerptJson<'a> {
    rule: &'a str,
    level: Level,
    message: &'a str,
    file: String,
    start: PositionJson,
    end: PositionJson,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    causes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct PositionJson {
    line: u32,
    column: u32,
}

impl From<Position> for PositionJson {
    fn from(position: Position) -> Self {
        Self { line: position.line, column: position.column }
    }
}

/// Diagnostics about texts as the value of a field in a JSON document: `rule`, `level`, `message`,
/// `file`, `start` and `end` (each `line` and `column` in characters, from 1; the end is the first
/// character that does not belong to it), and where there are such `label`, `causes`, `hint` and
/// `fix`.
pub fn json(excerpts: &[Excerpt]) -> Vec<ExcerptJson<'_>> {
    let one = |excerpt| {
        let Excerpt { diagnostic, source, primary, fix, .. }: &Excerpt = excerpt;
        ExcerptJson {
            rule: diagnostic.rule,
            level: diagnostic.level,
            message: &diagnostic.message,
            file: file(excerpt),
            start: position(source, primary.span.start).into(),
            end: position(source, primary.span.end).into(),
            label: &primary.label,
            causes: &diagnostic.causes,
            hint: diagnostic.hint.as_deref(),
            fix: fix.as_deref(),
        }
    };
    excerpts.iter().map(one).collect()
}

/// The file's name, with `/` between folders on every platform.
pub(crate) fn file(excerpt: &Excerpt) -> String {
    let place = excerpt.diagnostic.place.as_ref();
    place.map(|place| crate::sarif::uri_path(&place.file)).unwrap_or_default()
}
