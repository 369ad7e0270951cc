//! `provender report`: earlier reports are found, and what is none is named.

use provender_test::{Run, Sandbox};
use serde_json::{Value, json};

use crate::project::{one_error, says};

const OLDER: &str = "2024-10-13T08-00-00Z";
const NEWER: &str = "2024-10-14T12-00-00Z";

/// A project with two reports.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("provender.toml", "");
    report(&sandbox, OLDER, "2024-10-13T08:00:00Z", "no");
    report(&sandbox, NEWER, "2024-10-14T12:00:00Z", "yes");
    // What else stands beside them is no report.
    sandbox.write("provender-reports/notes/a.txt", "mine");
    sandbox.write("provender-reports/2024.txt", "mine");
    #[cfg(unix)]
    std::os::unix::fs::symlink(NEWER, sandbox.path("provender-reports/latest")).unwrap();
    sandbox
}

fn report(sandbox: &Sandbox, id: &str, generated_at: &str, answer: &str) {
    let document = json!({
        "schema": "provender.secure/1",
        "generated_at": generated_at,
        "project": "trading",
        "answer": answer,
        "conclusion": "as it was",
        "steps": [],
    });
    sandbox.write(&format!("provender-reports/{id}/report.json"), document.to_string());
    sandbox.write(&format!("provender-reports/{id}/report.txt"), format!("report {id}\n"));
}

fn provender(sandbox: &Sandbox, args: &str) -> Run {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    sandbox.finish(command.args(args.split_whitespace()))
}

/// A run that has no answer, and says why.
#[track_caller]
fn fails(sandbox: &Sandbox, args: &str, words: &[&str]) {
    let run = provender(sandbox, args).exits(2);
    one_error(&run);
    says(&run, words);
    assert_eq!(run.stdout, "", "{run}");
}

#[test]
fn reports_are_listed_the_newest_first() {
    let sandbox = project();
    let run = provender(&sandbox, "report list").exits(0);
    let lines: Vec<_> = run.stdout.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{run}");
    assert!(lines[0].starts_with("2024-10-14 12:00"), "{run}");
    assert!(lines[0].ends_with(&format!("provender-reports/{NEWER}")), "{run}");
    assert!(lines[1].starts_with("2024-10-13 08:00"), "{run}");

    let run = provender(&sandbox, "report list --format json").exits(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "provender.report/1");
    let answers: Vec<_> = document["reports"].as_array().unwrap().iter().collect();
    assert_eq!([&answers[0]["answer"], &answers[1]["answer"]], ["yes", "no"]);
}

#[test]
fn a_report_is_shown_by_its_id_its_path_or_as_the_latest() {
    let sandbox = project();
    for (args, id) in [
        ("report show".to_owned(), NEWER),
        ("report show latest".to_owned(), NEWER),
        (format!("report show {OLDER}"), OLDER),
        (format!("report show provender-reports/{OLDER}/"), OLDER),
        (format!("report show {OLDER} --report-dir provender-reports"), OLDER),
        (format!("report --report-dir ./provender-reports show {OLDER}"), OLDER),
    ] {
        let run = provender(&sandbox, &args).exits(0);
        assert_eq!(run.stdout, format!("report {id}\n"), "{args}");
    }
    let run = provender(&sandbox, &format!("report show {OLDER} --format json")).exits(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "provender.secure/1");
    assert_eq!(document["generated_at"], "2024-10-13T08:00:00Z");
}

#[test]
fn reports_are_found_beside_the_settings_from_below() {
    let sandbox = project();
    sandbox.write("app/main.py", "");
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    let run = sandbox.finish(command.args(["report", "show"]).current_dir(sandbox.path("app")));
    assert_eq!(run.exits(0).stdout, format!("report {NEWER}\n"));
}

#[test]
fn reports_are_found_where_the_settings_say() {
    let sandbox = project();
    sandbox.write("provender.toml", "[secure]\nreport-dir = \"out\"\n");
    fails(&sandbox, "report list", &["error[report/no-folder]", "--> out"]);
    std::fs::rename(sandbox.path("provender-reports"), sandbox.path("out")).unwrap();
    assert_eq!(provender(&sandbox, "report show").exits(0).stdout, format!("report {NEWER}\n"));
    // A project below the settings may have reports of its own.
    sandbox.write("provender.toml", "");
    let folder = sandbox.path("a");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(sandbox.path("out"), folder.join("provender-reports")).unwrap();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    let run = sandbox.finish(command.args(["report", "show"]).current_dir(folder)).exits(0);
    assert_eq!(run.stdout, format!("report {NEWER}\n"));
}

#[test]
fn of_several_reports_of_one_second_the_last_is_the_latest() {
    let sandbox = project();
    for number in [2, 9, 10] {
        let time = format!("2024-10-14T12:00:00.{number:03}Z");
        report(&sandbox, &format!("{NEWER}-{number}"), &time, "yes");
    }
    let run = provender(&sandbox, "report show").exits(0);
    assert_eq!(run.stdout, format!("report {NEWER}-10\n"));
    let run = provender(&sandbox, "report list").exits(0);
    let first = run.stdout.lines().nth(1).unwrap();
    assert!(first.ends_with(&format!("{NEWER}-10")), "{run}");
}

#[test]
fn what_a_terminal_would_obey_is_not_passed_on() {
    let sandbox = project();
    sandbox.write(&format!("provender-reports/{NEWER}/report.txt"), "a\u{1b}[2Jb\r\nc\n");
    let run = provender(&sandbox, "report show").exits(0);
    assert_eq!(run.stdout, "a\u{fffd}[2Jb\nc\n");
}

#[test]
fn without_reports_there_is_no_answer() {
    let sandbox = Sandbox::new();
    for args in ["report list", "report show", "report list --report-dir elsewhere"] {
        fails(&sandbox, args, &["error[report/no-folder]", "provender secure"]);
    }
    std::fs::create_dir(sandbox.path("provender-reports")).unwrap();
    for args in ["report list", "report show"] {
        fails(&sandbox, args, &["error[report/none]", "--> provender-reports"]);
    }
    sandbox.write("file", "");
    fails(&sandbox, "report list --report-dir file", &["error[report/unreadable]", "--> file"]);
}

#[test]
fn an_unknown_id_is_no_answer() {
    let sandbox = project();
    for id in
        ["2024-10-15T00-00-00Z", "notes", "../provender-reports", ".", "/", "elsewhere/latest"]
    {
        let args = format!("report show {id}");
        fails(&sandbox, &args, &["error[report/unknown]", "`provender report list`"]);
    }
}

#[test]
fn a_latest_report_that_cannot_be_read_is_not_replaced_by_an_older_one() {
    for (text, rule, words) in [
        (None, "report/unreadable", "cannot read it"),
        (Some("{"), "report/malformed", "not a report of provender"),
        (Some("{}"), "report/malformed", "not a report of provender"),
        (Some(r#"{"schema": "other/1"}"#), "report/malformed", "`other/1`"),
    ] {
        let sandbox = project();
        let path = format!("provender-reports/{NEWER}/report.json");
        match text {
            Some(text) => drop(sandbox.write(&path, text)),
            None => std::fs::remove_file(sandbox.path(&path)).unwrap(),
        }
        let error = format!("error[{rule}]");
        let place = format!("--> {path}");
        fails(&sandbox, "report show", &[&error, words, &place]);
        provender(&sandbox, &format!("report show {OLDER}")).exits(0);
        // The list shows what there is, and is not the whole answer.
        let run = provender(&sandbox, "report list").exits(2);
        one_error(&run);
        says(&run, &[&error, &place]);
        assert!(run.stdout.contains(OLDER) && !run.stdout.contains(NEWER), "{run}");
    }
}

#[test]
fn a_report_without_its_text_still_has_its_document() {
    let sandbox = project();
    std::fs::remove_file(sandbox.path(&format!("provender-reports/{NEWER}/report.txt"))).unwrap();
    fails(&sandbox, "report show", &["error[report/unreadable]", "report.txt"]);
    provender(&sandbox, "report show --format json").exits(0);
}
