//! Diagnostics for terminals and machines.

use provender_core::{Diagnostic, Place};
use provender_report::{Style, diagnostics, json};
use serde_json::Value;

fn no_solution() -> Diagnostic {
    Diagnostic::error("lock/no-solution", "the requirements cannot be met together")
        .at(Place { file: "requirements.txt".into(), line: Some(3), column: Some(1) })
        .because("because flask 3.0 needs werkzeug>=3.0\nand you need werkzeug<3.0, there is no solution")
        .because("werkzeug is pinned by you")
        .hint("allow werkzeug 3.0\nor pin flask 2")
        .decided_by("requirements.txt")
}

#[test]
fn a_diagnostic_is_shown_as_rustc_shows_its_own() {
    assert_eq!(
        diagnostics::terminal(&[no_solution()], Style::PLAIN),
        "\
error[lock/no-solution]: the requirements cannot be met together
  --> requirements.txt:3:1
  caused by: because flask 3.0 needs werkzeug>=3.0
    and you need werkzeug<3.0, there is no solution
  caused by: werkzeug is pinned by you
  = hint: allow werkzeug 3.0
          or pin flask 2
  = decided by: requirements.txt
"
    );
}

#[test]
fn diagnostics_are_parted_by_a_blank_line() {
    let two = [Diagnostic::warning("a/b", "first"), Diagnostic::note("c/d", "second")];
    assert_eq!(
        diagnostics::terminal(&two, Style::PLAIN),
        "warning[a/b]: first\n\nnote[c/d]: second\n"
    );
    assert_eq!(diagnostics::terminal(&[], Style::PLAIN), "");
}

#[test]
fn colours_are_there_when_wanted() {
    let shown = diagnostics::terminal(
        &[Diagnostic::error("a/b", "wrong")],
        Style { color: true, ..Style::PLAIN },
    );
    assert_eq!(shown, "\u{1b}[1m\u{1b}[31merror[a/b]\u{1b}[0m\u{1b}[1m: wrong\u{1b}[0m\n");
}

#[test]
fn machines_get_every_part() {
    let document = json::document(&diagnostics::json(&[no_solution()])).unwrap();
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value, serde_json::to_value([no_solution()]).unwrap());
    assert!(document.ends_with("]\n"));
}

#[cfg(unix)]
#[test]
fn a_file_name_that_is_not_unicode_is_still_reported() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"a\xff.txt");
    let diagnostic = Diagnostic::error("a/b", "wrong").at(Place::file(name));
    let document = json::document(&diagnostics::json(&[diagnostic])).unwrap();
    assert!(document.contains("\"file\": \"a\u{fffd}.txt\""), "{document}");
}
