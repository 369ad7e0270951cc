//! What the whole path came to.

use provender_core::{Diagnostic, Place, Severity, Target};
use provender_report::ReportFormat::{self, Json, Markdown, Table, Text};
use provender_report::reports::Answer;
use provender_report::secure::{Locked, Part, Reports, SecureReport, Stocked};
use provender_report::{Change, Kept, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::sample::{self, time, wide};
use crate::{changes, check};

/// Findings are left, a step of the check failed, and a file could not be fetched.
pub(crate) fn failing() -> SecureReport {
    let audit = sample::audit();
    let (moves, kept) = changes::sample();
    let unreachable = Diagnostic::error("stock/fetch", "numpy-1.26.4.tar.gz could not be fetched")
        .because("the connection was closed after 3 of 15 MB")
        .hint("run `provender stock` again; it goes on where it stopped");
    SecureReport {
        advisories: Part::done(audit.advisories.clone()),
        lock: Part::done(locked(moves, kept)),
        audit: Part::no(audit),
        stock: Part::missing("1 of 312 files could not be fetched")
            .with(Stocked { files: 311, incomplete: vec!["numpy".to_owned()], ..stocked() })
            .told([unreachable]),
        check: Part::checked(check::steps()),
        next: vec![
            "move python-jose to 3.4.0: allow it with `python-jose = \"minor\"` in \
             [lock.fix-project]"
                .to_owned(),
            "run `provender stock` again".to_owned(),
        ],
        ..passing()
    }
}

/// Everything is there; nothing moved.
fn passing() -> SecureReport {
    let audit = sample::clean();
    SecureReport {
        project: "trading-backend".to_owned(),
        generated_at: time("2024-10-14T12:00:00Z"),
        threshold: Severity::Low,
        advisories: Part::done(audit.advisories.clone()),
        lock: Part::done(Locked { changed: false, ..locked(Vec::new(), Vec::new()) }),
        audit: Part::done(audit),
        stock: Part::done(stocked()),
        check: Part::checked(check::steps()[..1].to_vec()),
        report: Part::done(Reports {
            folder: "provender-reports/2024-10-14T120000Z".to_owned(),
            files: ["report.txt", "report.md", "report.json", "sbom.cdx.json"]
                .map(str::to_owned)
                .to_vec(),
        }),
        serving: None,
        next: Vec::new(),
    }
}

fn locked(moves: Vec<Change>, kept: Vec<Kept>) -> Locked {
    Locked {
        path: "constraints.txt".to_owned(),
        target: Some(Target {
            python: "3.11".parse().unwrap(),
            platforms: "x86_64-manylinux_2_28".parse().unwrap(),
        }),
        projects: 43,
        files: 812,
        changed: true,
        left_out: if moves.is_empty() { vec![] } else { vec!["requirements-dev.txt".to_owned()] },
        moves,
        kept,
        built: Vec::new(),
    }
}

fn stocked() -> Stocked {
    Stocked {
        files: 312,
        bytes: 214_000_000,
        fetched_files: 14,
        fetched_bytes: 9_100_000,
        incomplete: Vec::new(),
    }
}

fn shown(report: &SecureReport, format: ReportFormat, style: Style) -> String {
    report.render(format, style)
}

#[test]
fn a_clear_yes_is_a_few_lines() {
    assert_eq!(shown(&passing(), Table, Style { unicode: true, ..wide(120) }), "\
yes: trading-backend is locked, audited, stocked and checked

✓ advisories  2661 records, newest 2024-10-10, fetched 3 days ago (osv 3 days, sample 2 minutes), digest abababababab
✓ lock        constraints.txt: 43 projects, 812 files for Python 3.11 on x86_64-manylinux_2_28; unchanged
✓ audit       no known vulnerability in 43 components
✓ stock       312 files, 214 MB; 14 (9.1 MB) fetched now
✓ check       1 of 1 step passed
✓ report      provender-reports/2024-10-14T120000Z: report.txt, report.md, report.json, sbom.cdx.json
");
}

#[test]
fn the_answer_comes_first_and_then_what_to_do_next() {
    assert_eq!(
        shown(&failing(), Table, wide(100)),
        include_str!("../snapshots/secure.terminal.txt")
    );
}

#[test]
fn the_text_tells_everything_and_knows_no_terminal() {
    let text = shown(&failing(), Text, wide(40));
    assert_eq!(text, include_str!("../snapshots/secure.txt"));
}

#[test]
fn the_markdown_is_good_in_a_merge_request() {
    assert_eq!(shown(&failing(), Markdown, wide(40)), include_str!("../snapshots/secure.md"));
}

#[test]
fn machines_get_every_part_and_no_folder_with_a_time_in_its_name() {
    let text = shown(&failing(), Json, wide(40));
    let document: Value = serde_json::from_str(&text).unwrap();
    let field = |path: &str| document.pointer(path).unwrap_or(&Value::Null).clone();
    assert_eq!(field("/schema"), "provender.secure/1");
    assert_eq!(field("/answer"), "no");
    assert_eq!(field("/steps/3/id"), "stock");
    assert_eq!(field("/steps/3/state"), "missing");
    assert_eq!(field("/steps/3/diagnostics/0/rule"), "stock/fetch");
    assert_eq!(field("/lock/file"), "constraints.txt");
    assert_eq!(field("/lock/moves/0/to"), "0.36.3");
    assert_eq!(field("/audit/schema"), "provender.audit/1");
    assert_eq!(field("/stock/bytes"), 214_000_000);
    assert_eq!(field("/check/steps/1/outcome"), "failed");
    assert_eq!(field("/reports/0"), "report.txt");
    let later = SecureReport { generated_at: time("2024-10-15T12:00:00Z"), ..failing() };
    let mut folder = later.report.result.clone().unwrap();
    folder.folder = "provender-reports/2024-10-15T120000Z".to_owned();
    let later = SecureReport { report: Part::done(folder), ..later };
    let mut other: Value = serde_json::from_str(&shown(&later, Json, wide(40))).unwrap();
    other["generated_at"] = field("/generated_at");
    assert_eq!(other, document, "only the time of the run differs");
}

#[test]
fn what_was_left_out_is_no_answer_of_no_and_is_named() {
    let report = SecureReport {
        stock: Part::skipped("--no-stock"),
        check: Part::skipped("--no-check"),
        ..passing()
    };
    assert_eq!(report.answer(), Answer::Yes);
    let text = shown(&report, Table, wide(120));
    let first = "yes: trading-backend is locked and audited; not stocked (--no-stock), not checked \
                 (--no-check)\n";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("-- check       left out by --no-check\n"), "{text}");
}

#[test]
fn a_missing_answer_is_never_a_yes() {
    let stale = Part::missing("the advisory data is 9 days old");
    let report = SecureReport { audit: stale, ..passing() };
    assert_eq!(report.answer(), Answer::Missing);
    let text = shown(&report, Table, wide(120));
    let first = "no answer for trading-backend: the advisory data is 9 days old\n";
    assert!(text.starts_with(first), "{text}");
    let refused = Part::refused("the requirements have no solution");
    let after = || "there is no lock".to_owned();
    let report = SecureReport {
        lock: refused,
        audit: Part::missing(after()),
        stock: Part::missing(after()),
        check: Part::missing(after()),
        ..passing()
    };
    assert_eq!(report.answer(), Answer::No, "a no outweighs what could not be run");
    let text = shown(&report, Table, wide(120));
    let first = "no: trading-backend is not secure yet: the requirements have no solution\n";
    assert!(text.starts_with(first), "{text}");
}

#[test]
fn a_terminal_is_not_flooded() {
    let change = |n: usize| Change {
        project: format!("project-{n}"),
        from: None,
        to: Some("1.0".to_owned()),
        why: String::new(),
    };
    let lock = Part::done(locked((0..40).map(change).collect(), Vec::new()));
    let report = SecureReport { lock, ..passing() };
    let text = shown(&report, Table, wide(80));
    assert!(text.contains("... and 25 more in the reports\n"), "{text}");
    assert!(shown(&report, Text, wide(80)).contains("project-39"), "the file tells everything");
}

fn hostile() -> SecureReport {
    let long = "a-very-long-word".repeat(12);
    let mut report = failing();
    report.project = format!("{long} x\u{1b}[2J");
    report.next.push(format!("{long} {} \n# y", "word ".repeat(60)));
    report.serving = Some(format!("http://127.0.0.1:8080/{long}"));
    report.stock.diagnostics.push(
        Diagnostic::warning("a/b", &long).at(Place::file(&long)).hint(format!("{long}\u{9b}31m")),
    );
    if let Some(locked) = &mut report.lock.result {
        locked.path.clone_from(&long);
        locked.built.push(format!("{long}\rz"));
    }
    report
}

#[test]
fn no_line_but_a_command_to_copy_is_wider_than_the_terminal() {
    for report in [passing(), failing(), hostile()] {
        for width in [0, 40, 57, 80, 120, 200] {
            for unicode in [true, false] {
                let text = shown(&report, Table, Style { unicode, ..wide(width) });
                for line in text.lines() {
                    // A command to copy is not broken up.
                    let is_command = line.contains('`') && line.starts_with(char::is_numeric);
                    assert!(is_command || line.width() <= width.max(40), "{width}: {line}");
                    assert_eq!(line, line.trim_end());
                }
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_the_colours() {
    for report in [passing(), failing()] {
        let plain = shown(&report, Table, wide(80));
        let colored = shown(&report, Table, Style { color: true, ..wide(80) });
        assert_ne!(colored, plain);
        let mut stripped = String::new();
        for (i, part) in colored.split('\u{1b}').enumerate() {
            stripped.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_eq!(stripped, plain);
    }
}

#[test]
fn no_control_character_reaches_a_report() {
    for format in ReportFormat::ALL {
        let text = shown(&hostile(), format, wide(80));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{format}: {text:?}");
        assert!(!text.contains("\n# y"), "no line is begun by a stranger: {text}");
    }
}
