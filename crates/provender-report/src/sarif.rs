//! SARIF 2.1.0 (OASIS), which code hosts read to show diagnostics beside the code.

use std::path::{Component, Path};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use provender_core::excerpt::{Excerpt, position};
use provender_core::{Diagnostic, Level};
use serde::Serialize;

use crate::json;

/// What a rule is, for those who read a result of it.
#[derive(Debug, Clone, Copy)]
pub struct RuleText<'a> {
    /// Its id, `area/name`.
    pub id: &'a str,
    /// What it finds, in one line.
    pub summary: &'a str,
    /// Its page in Markdown.
    pub page: &'a str,
}

/// A result: a diagnostic, and where it is about a text, that text.
#[derive(Debug, Clone, Copy)]
pub enum Result<'a> {
    /// About a part of a text.
    Excerpt(&'a Excerpt),
    /// About a file as a whole, or about no file.
    Diagnostic(&'a Diagnostic),
}

impl<'a> Result<'a> {
    fn diagnostic(self) -> &'a Diagnostic {
        match self {
            Self::Excerpt(excerpt) => &excerpt.diagnostic,
            Self::Diagnostic(diagnostic) => diagnostic,
        }
    }
}

/// A log with one run (section 3.13). Rules that no result names are left out.
#[expect(clippy::expect_used, reason = "strings and lists always have a form in JSON")]
pub fn document(version: &str, rules: &[RuleText<'_>], results: &[Result<'_>]) -> String {
    let mut ids: Vec<&str> = results.iter().map(|result| result.diagnostic().rule).collect();
    ids.sort_unstable();
    ids.dedup();
    let described = ids.iter().map(|id| {
        let known = rules.iter().find(|rule| rule.id == *id);
        Rule {
            id,
            short_description: known.map(|rule| Message { text: rule.summary.to_owned() }),
            help: known.map(|rule| Help { text: rule.page, markdown: rule.page }),
        }
    });
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver { name: "provender", version, rules: described.collect() },
            },
            column_kind: "unicodeCodePoints",
            results: results.iter().map(|result| told(*result, &ids)).collect(),
        }],
    };
    json::document(&log).expect("a log has a form in JSON")
}

fn told(result: Result<'_>, ids: &[&str]) -> ResultJson {
    let diagnostic = result.diagnostic();
    let mut text = diagnostic.message.clone();
    for more in diagnostic.causes.iter().chain(&diagnostic.hint) {
        text.push_str("\n\n");
        text.push_str(more);
    }
    let locations = match result {
        Result::Excerpt(excerpt) => {
            let (start, end) = (
                position(&excerpt.source, excerpt.primary.span.start),
                position(&excerpt.source, excerpt.primary.span.end),
            );
            let region = Region {
                start_line: start.line,
                start_column: Some(start.column),
                end_line: Some(end.line),
                end_column: Some(end.column),
            };
            diagnostic.place.as_ref().map(|place| location(&place.file, Some(region)))
        }
        Result::Diagnostic(_) => diagnostic.place.as_ref().map(|place| {
            let region = |line| Region {
                start_line: line,
                start_column: place.column,
                end_line: None,
                end_column: None,
            };
            location(&place.file, place.line.map(region))
        }),
    };
    ResultJson {
        rule_id: diagnostic.rule,
        rule_index: ids.binary_search(&diagnostic.rule).unwrap_or_default(),
        level: match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        message: Message { text },
        locations: locations.into_iter().collect(),
    }
}

fn location(file: &Path, region: Option<Region>) -> Location {
    let uri = utf8_percent_encode(&uri_path(file), &PATH).to_string();
    Location { physical_location: PhysicalLocation { artifact_location: Artifact { uri }, region } }
}

/// What stands for itself in the path of a relative URI (RFC 3986, section 3.3) is left as it is.
const PATH: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A path with `/` between its parts, `.` left out.
pub(crate) fn uri_path(path: &Path) -> String {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::RootDir => parts.push(String::new()),
            other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<ResultJson>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help<'a>>,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}
