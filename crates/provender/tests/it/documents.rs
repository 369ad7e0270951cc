//! The JSON that other things read: its schemas, and the fields that they promise.

use provender_test::{Run, osv};
use serde_json::Value;

use crate::project::{APP, Project};

/// A project with one finding that a waiver accepts, one that stays, and one pin that cannot be audited.
fn project() -> Project {
    let records = [
        osv("X-1", "lib").alias("CVE-2024-1").introduced("0").fixed("3.0.0").severity("HIGH"),
        osv("X-2", "app").introduced("0"),
    ];
    let project = Project::new(APP, "app\n", records);
    project.settings("[[waiver]]\nid = \"X-2\"\nproject = \"app\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"fixed\"\n");
    project.sandbox.write(
        "pins.txt",
        "app==1.0\nlib==1.0.0\nother @ https://user:pass@files.example/other.zip\n",
    );
    project.run("advisories update").exits(0);
    project
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Every key, however deep, is snake_case.
fn snake_case(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                assert!(key.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{key}");
                snake_case(value);
            }
        }
        Value::Array(values) => values.iter().for_each(snake_case),
        _ => {}
    }
}

/// Nothing but one document is on stdout.
fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

#[test]
fn an_audit_is_a_document() {
    let project = project();
    let run = project.run("audit pins.txt --format json").exits(1);
    let audit = document(&run);
    assert_eq!(audit["schema"], "provender.audit/1");
    assert_eq!(
        keys(&audit),
        ["advisories", "components", "diagnostics", "findings", "not_audited", "schema"]
    );
    assert_eq!(keys(&audit["advisories"]), ["digest", "newest", "records", "sources"]);
    let source = &audit["advisories"]["sources"][0];
    assert_eq!(keys(source), ["fetched_at", "name", "newest", "records"]);
    assert_eq!(audit["components"], 2);

    let findings = audit["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    for finding in findings {
        let fields =
            ["file", "fixed_in", "ids", "line", "project", "severity", "version", "waiver"];
        assert_eq!(keys(finding), fields);
    }
    let lib = findings.iter().find(|finding| finding["project"] == "lib").unwrap();
    assert_eq!(lib["version"], "1.0.0");
    assert_eq!(lib["ids"], serde_json::json!(["CVE-2024-1", "X-1"]));
    assert_eq!(lib["severity"], "high");
    assert_eq!(lib["fixed_in"], serde_json::json!(["3.0.0"]));
    assert_eq!((&lib["file"], &lib["line"]), (&"pins.txt".into(), &2.into()));
    assert!(lib["waiver"].is_null());
    let app = findings.iter().find(|finding| finding["project"] == "app").unwrap();
    assert_eq!(app["severity"], "unknown");
    assert_eq!(keys(&app["waiver"]), ["id", "owner", "project", "reason", "until"]);

    let other = &audit["not_audited"][0];
    assert_eq!(keys(other), ["file", "line", "project", "reason", "requirement", "waiver"]);
    assert_eq!(other["reason"], "url");
    snake_case(&audit);
    assert!(!run.stdout.contains("pass"), "a secret is shown\n{run}");
}

#[test]
fn two_audits_of_the_same_give_the_same_document() {
    let project = project();
    let first = project.run("audit pins.txt --format json").exits(1);
    let second = project.run("audit pins.txt --format json").exits(1);
    assert_eq!(first, second);
}

#[test]
fn a_lock_is_a_document() {
    let project = project();
    project.sandbox.write("constraints.txt", "app==1.0\nlib==1.0.0\n");
    let run = project.lock("--upgrade --format json").exits(1);
    let lock = document(&run);
    assert_eq!(lock["schema"], "provender.lock/1");
    let fields = [
        "audit",
        "built",
        "changed",
        "diagnostics",
        "left_out",
        "moves",
        "output",
        "platforms",
        "projects",
        "python",
        "schema",
        "unfixed",
    ];
    assert_eq!(keys(&lock), fields);
    assert_eq!(lock["output"], "constraints.txt");
    assert_eq!(lock["python"], "3.11");
    assert_eq!(lock["platforms"], "x86_64-manylinux_2_28");
    assert_eq!(lock["projects"], 2);
    assert_eq!(lock["changed"], true);
    assert_eq!(lock["audit"]["schema"], "provender.audit/1");
    assert_eq!(keys(&lock["moves"][0]), ["for_fix_of", "from", "project", "reason", "to"]);
    assert_eq!(lock["moves"][0]["to"], "2.0.0");
    assert_eq!(keys(&lock["unfixed"][0]), ["explanation", "project", "reason", "version"]);
    assert_eq!(lock["unfixed"][0]["reason"], "no-fix-published");
    snake_case(&lock);
}

#[test]
fn a_lock_without_audit_says_so_in_its_document() {
    let lock = document(&project().lock("--fix off --format json").exits(0));
    assert!(lock["audit"].is_null());
}

#[test]
fn a_checked_lock_is_a_document_too() {
    let lock = document(&project().lock("--fix off --check --format json").exits(1));
    assert_eq!(lock["changed"], true);
}

#[test]
fn the_status_of_advisories_is_a_document() {
    let status = project().json("advisories status");
    assert_eq!(status["schema"], "provender.advisories/1");
    let fields =
        ["digest", "ecosystems", "newest", "records", "schema", "sources", "stale", "usable"];
    assert_eq!(keys(&status), fields);
    let source = &status["sources"][0];
    let fields = ["ecosystem", "fetched_at", "name", "newest", "optional", "origin", "records"];
    assert_eq!(keys(source), fields);
    assert_eq!(keys(&status["ecosystems"][0]), ["ecosystem", "newest", "records"]);
    assert_eq!((&status["records"], &status["usable"]), (&2.into(), &true.into()));
    snake_case(&status);
}

#[test]
fn a_record_is_shown_as_its_source_gave_it() {
    let shown = project().json("advisories show CVE-2024-1");
    assert_eq!(shown["schema"], "provender.advisory/1");
    assert_eq!(shown["records"][0]["affected"][0]["package"]["name"], "lib");
}

#[test]
fn other_forms_are_for_audits_only() {
    let project = project();
    let run = project.run("audit pins.txt --format text").exits(1);
    assert!(run.stdout.contains("ids: CVE-2024-1, X-1"), "{run}");
    let run = project.run("audit pins.txt --format markdown").exits(1);
    assert!(run.stdout.contains("| lib |"), "{run}");
    let run = project.lock("--format markdown").exits(2);
    assert!(run.stderr.contains("error[cli/format]"), "{run}");
}

#[test]
fn quiet_leaves_the_result_and_errors() {
    let project = project();
    let run = project.run("lock --python-version 3.11 --platform linux --fix off --quiet").exits(0);
    assert_eq!((&*run.stdout, &*run.stderr), ("", ""));
    let run = project.run("audit nope.txt --quiet").exits(2);
    assert!(run.stderr.contains("error[audit/unreadable]"), "{run}");
}
