//! Diagnostics about texts, for terminals and machines.

use provender_core::excerpt::{Excerpt, Marked};
use provender_core::{Diagnostic, Place};
use provender_report::{Style, annotations, excerpts, json};
use serde_json::{Value, json};

/// A diagnostic about this part of a text.
pub(crate) fn about(diagnostic: Diagnostic, file: &str, source: &str, part: &str) -> Excerpt {
    let start = source.find(part).unwrap();
    Excerpt {
        diagnostic: diagnostic.at(Place { file: file.into(), line: Some(1), column: Some(1) }),
        source: source.into(),
        primary: Marked { span: start..start + part.len(), label: "this one".to_owned() },
        also: Vec::new(),
        fix: None,
    }
}

fn bypass() -> Excerpt {
    let diagnostic = Diagnostic::error("lint/x", "verification is off")
        .because("whoever answers is believed")
        .hint("delete it");
    let source = "FROM a\nRUN pip install --trusted-host a.example x\n";
    let mut excerpt = about(diagnostic, "app/Dockerfile", source, "--trusted-host a.example");
    excerpt.fix = Some("delete `--trusted-host`".to_owned());
    excerpt
}

#[test]
fn the_line_is_shown_with_the_span_marked() {
    assert_eq!(
        excerpts::terminal(&[bypass()], Style::PLAIN),
        "\
error[lint/x]: verification is off
 --> app/Dockerfile:2:17
  |
2 | RUN pip install --trusted-host a.example x
  |                 ^^^^^^^^^^^^^^^^^^^^^^^^ this one
  |
  = note: whoever answers is believed
  = help: delete it
  = help: `provender lint --fix` would delete `--trusted-host`
"
    );
}

#[test]
fn what_belongs_to_it_is_marked_otherwise() {
    let source = "ARG VERSION=3\n\n\n\nFROM a:$VERSION\n";
    let mut excerpt = about(Diagnostic::warning("lint/x", "m"), "Dockerfile", source, "$VERSION");
    excerpt.also = vec![Marked { span: 4..13, label: "set here".to_owned() }];
    excerpt.primary.label.clear();
    assert_eq!(
        excerpts::terminal(&[excerpt], Style::PLAIN),
        "\
warning[lint/x]: m
 --> Dockerfile:5:8
  |
1 | ARG VERSION=3
  |     --------- set here
...
5 | FROM a:$VERSION
  |        ^^^^^^^^
"
    );
}

#[test]
fn two_are_parted_by_a_blank_line_and_none_is_nothing() {
    let shown = excerpts::terminal(&[bypass(), bypass()], Style::PLAIN);
    assert_eq!(shown.matches("\n\nerror[lint/x]").count(), 1, "{shown}");
    assert_eq!(excerpts::terminal(&[], Style::PLAIN), "");
}

#[test]
fn colours_are_there_when_wanted() {
    let shown = excerpts::terminal(&[bypass()], Style { color: true, ..Style::PLAIN });
    assert!(shown.contains('\u{1b}'));
    assert!(!excerpts::terminal(&[bypass()], Style::PLAIN).contains('\u{1b}'));
}

#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let diagnostic =
        Diagnostic::error("lint/x", "a\u{1b}[2Jb").because("c\rd").hint("e\u{7}f\u{202e}");
    let source = "x = 'a\u{1b}[2J\u{9b}' # \u{202e}\tb\u{8}\u{200f}\u{61c}\r\n";
    let mut excerpt = about(diagnostic, "a\u{1b}]0;.sh", source, "'a");
    excerpt.primary.label = "l\u{1b}m".to_owned();
    excerpt.fix = Some("go\u{1b}".to_owned());
    let shown = excerpts::terminal(&[excerpt], Style::PLAIN);
    let obeyed =
        |c: char| (c.is_control() && c != '\n') || ['\u{202e}', '\u{200f}', '\u{61c}'].contains(&c);
    assert!(!shown.contains(obeyed), "{shown:?}");
}

#[test]
fn machines_get_places_in_characters() {
    let source = "# \u{fc}\nzw\u{f6}lf = 3\n";
    let excerpt = about(Diagnostic::note("lint/x", "m"), "a.toml", source, "= 3");
    let document = json::document(&excerpts::json(&[excerpt, bypass()])).unwrap();
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(
        value[0],
        json!({
            "rule": "lint/x",
            "level": "note",
            "message": "m",
            "file": "a.toml",
            "start": {"line": 2, "column": 7},
            "end": {"line": 2, "column": 10},
            "label": "this one",
        })
    );
    assert_eq!(value[1]["causes"], json!(["whoever answers is believed"]));
    assert_eq!(value[1]["hint"], "delete it");
    assert_eq!(value[1]["fix"], "delete `--trusted-host`");
}

#[test]
fn github_is_told_the_level_in_its_own_words() {
    let told = |diagnostic| annotations::github(&[about(diagnostic, "a", "x", "x")]);
    assert!(told(Diagnostic::error("a/b", "m")).starts_with("::error file=a,line=1,col=1,"));
    assert!(told(Diagnostic::warning("a/b", "m")).starts_with("::warning "));
    assert!(told(Diagnostic::note("a/b", "m")).starts_with("::notice "));
}
