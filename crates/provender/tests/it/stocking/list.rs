//! `provender stock list` and `provender stock prune`.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use super::asks_nothing;
use crate::project::{LOCK, Project, files_of, one_error, says};
use crate::stored::{blob_of, stocked};

/// A stock with a file that its lock needs no longer.
fn with_needless() -> Project {
    let project = stocked();
    project.sandbox.write("requirements.txt", "app\nlib<2\n");
    project.run(LOCK).exits(0);
    project.run("stock").exits(0);
    project
}

/// Every file of the store with its bytes.
fn blobs(project: &Project) -> BTreeMap<String, Vec<u8>> {
    files_of(&project.sandbox.data_dir().join("blobs"))
}

/// The lines of a text, without the blanks that align them.
fn rows(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_is_stocked_is_listed_with_the_locks_that_need_it() {
    let project = with_needless();
    let run = asks_nothing(&project, "stock list");
    let rows = rows(&run.stdout);
    let row = |start: &str| rows.iter().find(|row| row.starts_with(start)).unwrap().clone();
    assert_eq!(rows[0], "project version files size needed by");
    assert!(row("app 1.0 1 ").ends_with(" constraints.txt"), "{run}");
    assert!(row("lib 1.1.0 1 ").ends_with(" constraints.txt"), "{run}");
    assert!(row("lib 2.0.0 1 ").ends_with(" no lock"), "{run}");
    assert!(row("2 projects, 3 releases, 3 files, ").ends_with("is needed by no lock"), "{run}");
}

#[test]
fn the_list_is_there_in_json() {
    let document = with_needless().json("stock list");
    assert_eq!(document["schema"], "provender.stock-list/1");
    assert_eq!(document["totals"]["projects"], 2);
    assert_eq!(document["totals"]["files"], 3);
    let releases = document["releases"].as_array().unwrap();
    let needed_by: Vec<_> = releases
        .iter()
        .map(|release| format!("{} {}", release["version"], release["needed_by"]))
        .collect();
    let expected =
        [r#""1.0" ["constraints.txt"]"#, r#""1.1.0" ["constraints.txt"]"#, r#""2.0.0" []"#];
    assert_eq!(needed_by, expected);
}

#[test]
fn without_a_stock_there_is_nothing_to_list_or_to_prune() {
    let project = Project::new("", "", []);
    for command in ["stock list", "stock prune --yes"] {
        let run = project.run(command).exits(2);
        one_error(&run);
        says(&run, &["error[store/none]", "provender stock"]);
    }
    assert_eq!(files_of(&project.sandbox.data_dir()).len(), 0, "looking makes no store");
}

#[test]
fn a_dry_run_names_what_would_go_and_removes_nothing() {
    let project = with_needless();
    let before = blobs(&project);
    let run = project.run("stock prune --dry-run").exits(0);
    says(&run, &["  lib-2.0.0-py3-none-any.whl\n"]);
    assert!(run.stdout.starts_with("would remove 1 file, "), "{run}");
    let document = project.json("stock prune --dry-run");
    assert_eq!(document["schema"], "provender.stock-prune/1");
    assert_eq!(document["removed"], false);
    assert_eq!(document["files"], json!(["lib-2.0.0-py3-none-any.whl"]));
    assert_eq!(blobs(&project), before);
}

#[test]
fn where_nobody_can_answer_nothing_is_removed() {
    let project = with_needless();
    let before = blobs(&project);
    let run = project.run("stock prune").exits(2);
    one_error(&run);
    says(&run, &["error[stock/not-asked]: 1 file, ", "--yes", "--dry-run"]);
    assert_eq!(blobs(&project), before);
}

#[test]
fn what_no_lock_needs_is_removed_when_it_is_agreed_to() {
    let project = with_needless();
    let run = project.run("stock prune --yes").exits(0);
    assert!(run.stdout.starts_with("removed 1 file, "), "{run}");
    assert!(!blob_of(&project, "lib", "2.0.0").exists());
    assert!(blob_of(&project, "lib", "1.1.0").is_file());
    asks_nothing(&project, "stock");
    let run = project.run("stock prune --yes").exits(0);
    assert!(run.stdout.contains("every file in stock is needed"), "{run}");
}

#[test]
fn a_lock_that_is_gone_needs_nothing() {
    let project = stocked();
    fs::remove_file(project.sandbox.path("constraints.txt")).unwrap();
    let document = project.json("stock prune --yes");
    assert_eq!(document["forgotten_locks"], json!(["constraints.txt"]));
    assert_eq!(document["files"].as_array().unwrap().len(), 2);
    assert_eq!(blobs(&project).len(), 0);
    assert_eq!(project.json("stock list")["releases"], json!([]));
}
