//! What a check finds and names, and what heals it.

use std::fs;
use std::path::PathBuf;

use provender_test::osv;
use serde_json::Value;

use crate::project::{APP, Project, one_error, says};

/// A project that is locked and stocked for a Python that need not be here.
fn stocked() -> Project {
    let project =
        Project::new(APP, "app\n", vec![osv("X-1", "lib").introduced("0").fixed("1.0.1")]);
    project.lock("").exits(0);
    project.run("stock").exits(0);
    project
}

/// The blob of the wheel `lib-2.0.0`.
fn blob(project: &Project) -> PathBuf {
    let files = project.index.hashes("lib", "2.0.0");
    let (_, found) = files.iter().find(|(name, _)| name.ends_with(".whl")).unwrap();
    let folder = project.sandbox.data_dir().join("blobs/sha256");
    folder.join(&found[0..2]).join(&found[2..4]).join(found)
}

/// The outcome of each step of a check without Python.
fn steps(project: &Project) -> Vec<(String, String)> {
    let run = project.run_without_python("check --format json");
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let steps = document["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps.map(|step| (text(&step["id"]), text(&step["outcome"]))).collect()
}

fn outcome(steps: &[(String, String)], id: &str) -> String {
    let found = steps.iter().find(|(step, _)| step == id);
    found.unwrap_or_else(|| panic!("no step {id}: {steps:?}")).1.clone()
}

#[test]
fn without_python_what_cannot_be_tried_is_not_run() {
    let project = stocked();
    let run = project.run_without_python("check").exits(2);
    assert!(run.stdout.contains("no answer"), "{run}");
    let steps = steps(&project);
    for passed in ["structure", "blobs", "answers", "pages", "advisories", "audit"] {
        assert_eq!(outcome(&steps, passed), "passed", "{passed}");
    }
    for not_run in ["install", "installed"] {
        assert_eq!(outcome(&steps, not_run), "not_run", "{not_run}");
    }
}

#[test]
fn a_flipped_byte_is_named_and_stock_heals_it() {
    let project = stocked();
    let path = blob(&project);
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, &bytes).unwrap();
    // As a failing disk does it: nothing but the bytes is different.
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let run = project.run("check").exits(1);
    assert!(run.stdout.contains("lib-2.0.0"), "{run}");
    project.run("stock").exits(0);
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(outcome(&steps(&project), "blobs"), "passed");
}

#[test]
fn a_missing_file_is_named_and_stock_heals_it() {
    let project = stocked();
    let path = blob(&project);
    fs::remove_file(&path).unwrap();
    let run = project.run("check").exits(1);
    assert!(run.stdout.contains("lib-2.0.0"), "{run}");
    project.run("stock").exits(0);
    assert!(path.is_file());
    assert_eq!(outcome(&steps(&project), "structure"), "passed");
}

#[test]
fn a_lock_that_lost_a_hash_is_named() {
    let project = stocked();
    let lock = project.sandbox.read("constraints.txt");
    let without: String = lock
        .lines()
        .filter(|line| !line.contains("--hash="))
        .map(|line| format!("{}\n", line.trim_end_matches(" \\")))
        .collect();
    project.sandbox.write("constraints.txt", without);
    let run = project.run("check").exits(1);
    assert!(run.stdout.contains("constraints.txt") && run.stdout.contains("hash"), "{run}");
}

#[test]
fn the_lock_is_proved_as_it_stands_on_the_disk() {
    let project = stocked();
    let lock = project.sandbox.read("constraints.txt").replace("lib==2.0.0", "lib==1.1.0");
    project.sandbox.write("constraints.txt", lock);
    let run = project.run("check").exits(1);
    assert!(run.stdout.contains("lib"), "{run}");
    assert_ne!(outcome(&steps(&project), "structure"), "passed");
}

#[test]
fn a_python_that_is_not_there_is_named_at_once() {
    let project = stocked();
    let run = project.run("check --python nowhere/python").exits(2);
    one_error(&run);
    says(&run, &["check/python", "nowhere/python", "--python"]);
}

#[test]
fn stale_data_is_named() {
    let project = stocked();
    project.fetched_at("2020-01-01T00:00:00Z");
    let run = project.run("check").exits(1);
    assert!(run.stdout.contains("advisories/stale"), "{run}");
    assert_eq!(outcome(&steps(&project), "advisories"), "failed");
}

#[test]
fn a_finding_makes_the_audit_fail() {
    let project = Project::new(APP, "app\n", vec![osv("X-1", "lib").introduced("0")]);
    project.lock("").exits(1);
    project.run("stock").exits(0);
    let steps = steps(&project);
    assert_eq!(outcome(&steps, "audit"), "failed");
    assert_eq!(outcome(&steps, "advisories"), "passed");
}

#[test]
fn nothing_stocked_is_one_error() {
    let project = Project::new(APP, "app\n", []);
    let run = project.run("check").exits(2);
    one_error(&run);
    says(&run, &["store/none", "provender stock"]);
}
