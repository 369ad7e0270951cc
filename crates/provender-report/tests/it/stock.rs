//! What is in stock, and which reports there are.

use provender_report::reports::{self, Answer, ReportEntry, ReportEntryError};
use provender_report::stock::{self, StockedRelease};
use provender_report::{ReportFormat, Style};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::sample::{time, wide};
use crate::secure;

fn release(project: &str, version: &str, files: u64, bytes: u64, locks: &[&str]) -> StockedRelease {
    StockedRelease {
        project: project.to_owned(),
        version: version.to_owned(),
        files,
        bytes,
        needed_by: locks.iter().map(ToString::to_string).collect(),
    }
}

fn releases() -> Vec<StockedRelease> {
    vec![
        release("flask", "3.0.0", 2, 774_213, &["constraints.txt", "tools/pylock.toml"]),
        release("numpy", "1.26.4", 36, 512_000_000, &["constraints.txt"]),
        release("numpy", "2.0.0", 1, 18_500_000, &[]),
    ]
}

#[test]
fn every_release_is_a_line_and_the_sums_come_last() {
    assert_eq!(
        stock::terminal(&releases(), wide(90)),
        "\
project  version  files    size  needed by
flask    3.0.0        2  774 kB  constraints.txt, tools/pylock.toml
numpy    1.26.4      36  512 MB  constraints.txt
numpy    2.0.0        1   19 MB  no lock

2 projects, 3 releases, 39 files, 531 MB; 1 file (19 MB) is needed by no lock
"
    );
    assert_eq!(stock::terminal(&[], Style::PLAIN), "nothing is in stock\n");
}

#[test]
fn lists_fit_the_terminal() {
    let long =
        release(&"long-name-".repeat(6), "1.0.0.post1+local", 1, 1, &["some/long/path.txt"; 4]);
    let entries = [entry(&"folder/".repeat(20), Answer::Missing)];
    for width in [0, 40, 57, 80, 120] {
        let stocked = stock::terminal(&[releases(), vec![long.clone()]].concat(), wide(width));
        let listed = reports::terminal(&entries, time("2024-10-14T15:00:00Z"), wide(width));
        for line in stocked.lines().chain(listed.lines()) {
            assert!(line.width() <= width.max(40), "{width}: {line}");
        }
    }
}

#[test]
fn machines_get_bytes() {
    let document: Value = serde_json::from_str(&stock::json(&releases()[1..])).unwrap();
    assert_eq!(
        document,
        json!({
            "schema": "provender.stock-list/1",
            "totals": {"projects": 1, "releases": 2, "files": 37, "bytes": 530_500_000},
            "releases": [
                {
                    "project": "numpy", "version": "1.26.4", "files": 36, "bytes": 512_000_000,
                    "needed_by": ["constraints.txt"],
                },
                {
                    "project": "numpy", "version": "2.0.0", "files": 1, "bytes": 18_500_000,
                    "needed_by": [],
                },
            ],
        })
    );
}

fn entry(folder: &str, answer: Answer) -> ReportEntry {
    ReportEntry {
        folder: folder.to_owned(),
        generated_at: time("2024-10-14T12:00:00Z"),
        project: "trading-backend".to_owned(),
        answer,
        conclusion: "yes: trading-backend is locked".to_owned(),
    }
}

#[test]
fn every_report_is_a_line() {
    let listed = [entry("reports/b", Answer::Yes), entry("reports/a", Answer::Missing)];
    assert_eq!(
        reports::terminal(&listed, time("2024-10-14T15:00:00Z"), wide(80)),
        "\
made (UTC)        age      project          answer     folder
2024-10-14 12:00  3 hours  trading-backend  yes        reports/b
2024-10-14 12:00  3 hours  trading-backend  no answer  reports/a
"
    );
    let now = time("2024-10-14T15:00:00Z");
    assert_eq!(reports::terminal(&[], now, Style::PLAIN), "there are no reports\n");
    let document: Value = serde_json::from_str(&reports::json(&listed)).unwrap();
    assert_eq!(document["schema"], "provender.report/1");
    assert_eq!(document["reports"][1]["answer"], "missing");
}

#[test]
fn a_report_is_listed_from_its_own_json() {
    let report = secure::failing();
    let text = report.render(ReportFormat::Json, Style::PLAIN);
    let entry = ReportEntry::read("reports/a", &text).unwrap();
    assert_eq!((entry.project, entry.answer), (report.project, Answer::No));
    assert_eq!(entry.generated_at, report.generated_at);
    let other = ReportEntry::read("a", r#"{"schema": "provender.secure/2"}"#).unwrap_err();
    assert!(matches!(other, ReportEntryError::Schema(schema) if schema == "provender.secure/2"));
    assert!(matches!(ReportEntry::read("a", "{"), Err(ReportEntryError::Json(_))));
}
