//! What a check came to: a line a step for a terminal, Markdown and JSON.

use jiff::Timestamp;
use provender_core::Diagnostic;
use provender_core::check::{Outcome, Step, outcome};
use serde::Serialize;

use crate::Style;
use crate::diagnostics::{self, DiagnosticJson};
use crate::markdown::{self, DIAGNOSTIC, escaped};
use crate::style::Mark;
use crate::table::{self, Cell, Column};
use crate::wrap;

/// A line for each step with what is wrong below it, and a last line with the answer.
///
/// Diagnostics are not wrapped to the style's width, as [`diagnostics::terminal`] does not; all
/// else is.
///
/// ```text
/// ✓ every file has its hash     312 files, 214 MB
/// ✗ pages agree with the files  1 of 43 does not
///     error[check/page]: the page of flask names a file that is not there
/// – pip installs the lock       there is no Python 3.11 here
///
/// no: 1 of 3 steps passed, 1 failed, 1 could not be run
/// ```
pub fn terminal(steps: &[Step], style: Style) -> String {
    let below = |step: &Step| indented(&diagnostics::terminal(&step.diagnostics, style));
    let gap = if steps.is_empty() { "" } else { "\n" };
    let answer = wrap::painted(&conclusion(steps), Mark::of(outcome(steps)).paint(), style);
    format!("{}{gap}{answer}", rows(steps, below, style))
}

/// A line for each step, and what `below` says of it.
pub(crate) fn rows<'a>(
    steps: impl IntoIterator<Item = &'a Step>,
    below: impl Fn(&Step) -> String,
    style: Style,
) -> String {
    const COLUMNS: [Column; 2] = [Column::new("", 16), Column::new("", 16)];
    let (rows, below): (Vec<_>, Vec<_>) = steps
        .into_iter()
        .map(|step| {
            let mark = Mark::of(step.outcome);
            let title = Cell::new(&step.title).marked(mark.text(style), mark.paint());
            ([title, Cell::new(&step.summary)], below(step))
        })
        .unzip();
    table::render_with(&COLUMNS, &rows, &below, style)
}

/// Every line that is not blank, moved to the right by four columns.
pub(crate) fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    text.lines().map(line).collect()
}

/// The answer in one line, such as `no: 8 of 10 steps passed, 1 failed, 1 could not be run`.
fn conclusion(steps: &[Step]) -> String {
    let word = match outcome(steps) {
        _ if steps.is_empty() => return counts(steps),
        Outcome::Passed => "yes",
        Outcome::Failed => "no",
        Outcome::NotRun => "no answer",
    };
    format!("{word}: {}", counts(steps))
}

/// How many steps came to what.
pub(crate) fn counts(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "there was no step to run".to_owned();
    }
    let count = |outcome| steps.iter().filter(|step| step.outcome == outcome).count();
    let noun = if steps.len() == 1 { "step" } else { "steps" };
    let mut text = format!("{} of {} {noun} passed", count(Outcome::Passed), steps.len());
    for (outcome, what) in [(Outcome::Failed, "failed"), (Outcome::NotRun, "could not be run")] {
        if count(outcome) > 0 {
            text.push_str(&format!(", {} {what}", count(outcome)));
        }
    }
    text
}

/// GitHub-flavoured Markdown: the answer, a table of the steps, and what is wrong.
pub fn markdown(steps: &[Step]) -> String {
    let mut out = format!("## Check\n\n{}\n", escaped(conclusion(steps)));
    if !steps.is_empty() {
        out.push('\n');
        markdown_table(&mut out, steps);
    }
    let diagnostics = steps.iter().flat_map(|step| &step.diagnostics).map(markdown::diagnostic);
    markdown::section(&mut out, "Diagnostics", DIAGNOSTIC, diagnostics);
    out
}

/// The steps as a table.
pub(crate) fn markdown_table(out: &mut String, steps: &[Step]) {
    let rows = steps.iter().map(|step| {
        let mark = Mark::of(step.outcome).unicode().to_owned();
        [mark, escaped(&step.title), escaped(&step.summary)]
    });
    markdown::table(out, ["", "step", "what was seen"], rows);
}

/// A document of the schema `provender.check/1`.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_at: Option<Timestamp>,
    outcome: Outcome,
    steps: Vec<StepJson<'a>>,
}

/// A step as it stands in JSON.
#[derive(Serialize)]
pub(crate) struct StepJson<'a> {
    id: &'static str,
    title: &'a str,
    outcome: Outcome,
    summary: &'a str,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

impl<'a> From<&'a Step> for StepJson<'a> {
    fn from(step: &'a Step) -> Self {
        let Step { id, title, outcome, summary, diagnostics } = step;
        let diagnostics: &[Diagnostic] = diagnostics;
        let diagnostics = diagnostics::json(diagnostics);
        Self { id, title, outcome: *outcome, summary, diagnostics }
    }
}

impl<'a> Document<'a> {
    pub(crate) fn new(steps: &'a [Step], generated_at: Option<Timestamp>) -> Self {
        Self {
            schema: "provender.check/1",
            generated_at,
            outcome: outcome(steps),
            steps: steps.iter().map(StepJson::from).collect(),
        }
    }
}

/// A document of the schema `provender.check/1`: `outcome` and each step's are `passed`, `failed`
/// or `not_run`. `generated_at` stands in it where a time is given.
#[expect(clippy::expect_used, reason = "strings and lists always have a form in JSON")]
pub fn json(steps: &[Step], generated_at: Option<Timestamp>) -> String {
    crate::json::document(&Document::new(steps, generated_at))
        .expect("the document has a form in JSON")
}
