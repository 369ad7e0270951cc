//! `provender stock`: what is fetched, what is remembered, and what is said of what cannot be had.

mod list;
mod refusals;
mod wheels;

use std::fs;
use std::path::Path;

use provender_test::{Fault, Run, Scenario};
use serde_json::json;

use crate::project::{APP, LOCK, Project, files_of, one_error, says};
use crate::stored::{blob_of, downloaded, locked, lose, requests, stocked};

/// What every lock of these tests is for, where it does not say so itself.
const TARGET: &str = "--python-version 3.11 --platform linux";

/// Runs a command that must succeed and ask nothing of the index.
#[track_caller]
fn asks_nothing(project: &Project, args: &str) -> Run {
    project.index.http().forget_requests();
    let run = project.run(args).exits(0);
    assert_eq!(requests(project), 0, "the index was asked\n{run}");
    run
}

#[test]
fn a_lock_is_stocked_with_every_file_that_it_needs() {
    let project = locked();
    let run = project.run("stock").exits(0);
    assert!(run.stdout.starts_with("2 files ("), "{run}");
    assert!(run.stdout.contains("in stock for constraints.txt: 2 files fetched now ("), "{run}");
    for (name, version) in [("app", "1.0"), ("lib", "2.0.0")] {
        assert!(blob_of(&project, name, version).is_file(), "{name}\n{run}");
    }
}

#[test]
fn stocking_is_told_in_json_as_well() {
    let project = locked();
    let document = project.json("stock");
    assert_eq!(document["schema"], "provender.stock/1");
    assert_eq!(document["locks"], json!(["constraints.txt"]));
    assert_eq!(document["complete"], true);
    assert_eq!((&document["files"], &document["fetched_files"]), (&2.into(), &2.into()));
    assert_eq!(document["bytes"], document["fetched_bytes"]);
    let nothing = json!([]);
    for list in ["incomplete", "builds", "built", "diagnostics"] {
        assert_eq!(document[list], nothing, "{list}");
    }
    let again = project.json("stock");
    assert_eq!((&again["files"], &again["fetched_files"]), (&2.into(), &0.into()));
}

#[test]
fn a_second_run_asks_nothing_and_writes_nothing() {
    let project = stocked();
    let data = files_of(&project.sandbox.data_dir().join("blobs"));
    let run = asks_nothing(&project, "stock");
    assert!(
        run.stdout.ends_with("in stock for constraints.txt: nothing had to be fetched\n"),
        "{run}"
    );
    assert_eq!(files_of(&project.sandbox.data_dir().join("blobs")), data);
    asks_nothing(&project, "stock --offline");
}

#[test]
fn refreshing_asks_for_pages_and_for_no_file_twice() {
    let project = stocked();
    project.run("stock --refresh").exits(0);
    assert_eq!(project.index.http().count("/simple/"), 2);
    assert_eq!(downloaded(&project), [""; 0]);
}

#[test]
fn both_forms_of_lock_are_stocked() {
    let project = locked();
    project.run(&format!("{LOCK} -o pylock.toml")).exits(0);
    let document = project.json("stock pylock.toml");
    assert_eq!(document["locks"], json!(["pylock.toml"]));
    assert_eq!(document["fetched_files"], 2);
    asks_nothing(&project, "stock pylock.toml constraints.txt");
}

#[test]
fn a_requirements_file_is_locked_on_the_way() {
    let project = Project::new(APP, "app\nlib<2\n", []);
    let before = project.files();
    let run = project.run(&format!("stock requirements.txt {TARGET}")).exits(0);
    says(&run, &["locked requirements.txt on the way: 2 projects, neither audited nor repaired"]);
    assert!(run.stdout.contains("in stock for requirements.txt: 2 files fetched now"), "{run}");
    assert!(blob_of(&project, "lib", "1.1.0").is_file());
    assert_eq!(project.files(), before, "no lock is written");
    let again = project.run(&format!("stock requirements.txt {TARGET}")).exits(0);
    assert!(again.stdout.contains("nothing had to be fetched"), "{again}");
}

#[test]
fn a_tool_is_carried_along_and_remembered() {
    let scenario =
        format!("{APP}[tool]\n\"1.0\" = {{ requires = [\"part\"] }}\n[part]\n\"1.0\" = {{}}\n");
    let project = Project::new(&scenario, "app\n", []);
    project.run(LOCK).exits(0);
    let run = project.run("stock --with tool").exits(0);
    assert!(
        run.stdout.contains("in stock for constraints.txt, with:tool: 4 files fetched"),
        "{run}"
    );
    asks_nothing(&project, "stock --with tool");
    // The lock alone still leaves the tool needed.
    asks_nothing(&project, "stock");
    let run = project.run("stock prune --yes").exits(0);
    assert!(run.stdout.contains("every file in stock is needed by a known lock"), "{run}");
    let list = project.json("stock list");
    let part =
        list["releases"].as_array().unwrap().iter().find(|release| release["project"] == "part");
    assert_eq!(part.unwrap()["needed_by"], json!(["with:tool"]));
}

#[test]
fn tools_come_from_the_settings_and_without_any_lock() {
    let project = Project::new(APP, "", []);
    project.settings("[stock]\nwith = [\"app\"]\n");
    fs::remove_file(project.sandbox.path("requirements.txt")).unwrap();
    let run = project.run(&format!("stock --with lib<2 {TARGET}")).exits(0);
    for words in ["3 files (", "with:app", "with:lib<2"] {
        assert!(run.stdout.contains(words), "{words}\n{run}");
    }
}

/// A release for every system, and one that has only an sdist beside a wheel of one system.
const SYSTEMS: &str = r#"
[app]
"1.0" = { files = ["cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64", "cp311-cp311-win_amd64", "sdist"] }
"#;

/// The files that `stock` with these arguments takes of [`SYSTEMS`].
fn taken(args: &str) -> Vec<String> {
    let project = Project::new(SYSTEMS, "app\n", []);
    project.run(LOCK).exits(0);
    project.index.http().forget_requests();
    project.run(&format!("stock {args}")).exits(0);
    downloaded(&project)
}

#[test]
fn only_what_the_target_needs_is_taken_unless_all_is_asked_for() {
    let linux = "app-1.0-cp311-cp311-manylinux_2_17_x86_64.whl";
    let newer = "app-1.0-cp312-cp312-manylinux_2_17_x86_64.whl";
    let windows = "app-1.0-cp311-cp311-win_amd64.whl";
    let sdist = "app-1.0.tar.gz";
    assert_eq!(taken(""), [linux]);
    assert_eq!(taken("--all-files"), [linux, windows, newer, sdist]);
    assert_eq!(taken("--platform windows"), [windows]);
    assert_eq!(taken("--platform linux --platform windows"), [linux, windows]);
    assert_eq!(taken("--python-version 3.12"), [newer]);
    assert_eq!(taken("--python-version 3.13"), [sdist]);
}

#[test]
fn a_deleted_and_a_truncated_file_are_healed() {
    let truncate = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    for damage in ["deleted", "truncated"] {
        let project = stocked();
        let path = blob_of(&project, "lib", "2.0.0");
        let whole = fs::read(&path).unwrap();
        match damage {
            "deleted" => lose(&project, "lib", "2.0.0"),
            _ => truncate(&path),
        }
        let run = project.run("stock").exits(0);
        says(&run, &["stock/healed", "lib-2.0.0-py3-none-any.whl was damaged or lost"]);
        assert_eq!(fs::read(&path).unwrap(), whole, "{damage}");
        assert_eq!(downloaded(&project), ["lib-2.0.0-py3-none-any.whl"], "{damage}");
    }
}

#[test]
fn what_was_verified_stays_when_the_rest_cannot_be_had() {
    let project = locked();
    project.index.http().fail("/files/lib-2.0.0", Fault::WrongBytes);
    let run = project.run("stock").exits(2);
    one_error(&run);
    says(&run, &["error[stock/download]: lib-2.0.0-py3-none-any.whl was not stocked"]);
    assert!(run.stdout.contains("and not all that is needed"), "{run}");
    assert!(blob_of(&project, "app", "1.0").is_file());
    assert!(!blob_of(&project, "lib", "2.0.0").exists(), "wrong bytes were kept");
    project.index.http().heal();
    project.index.http().forget_requests();
    project.run("stock").exits(0);
    assert_eq!(downloaded(&project), ["lib-2.0.0-py3-none-any.whl"]);
}

#[test]
fn one_project_is_stocked_from_an_index_of_its_own() {
    let project = locked();
    let own = Scenario::parse("[lib]\n\"2.0.0\" = {}\n").serve();
    project.index.http().forget_requests();
    project.run(&format!("stock --index-for lib={}", own.url())).exits(0);
    assert_eq!(downloaded(&project), ["app-1.0-py3-none-any.whl"]);
    assert_eq!(project.index.http().count("/simple/lib/"), 0, "the other index is not asked");
}
