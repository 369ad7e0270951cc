//! What is wrong with what an index or an advisory source gives, or with what was kept of it.

use std::fs;
use std::path::PathBuf;

use provender_test::{Fault, osv};

use crate::project::{LOCK, Project, fails, library as project, says};

#[test]
fn an_index_that_gives_no_index_page_is_no_answer() {
    let cases = [
        (Fault::HtmlPage, "lock/index-answer"),
        (Fault::WrongBytes, "lock/index-answer"),
        (Fault::Status(500), "lock/index-status"),
        (Fault::Status(503), "lock/index-status"),
        (Fault::Status(403), "lock/index-status"),
        (Fault::Status(401), "lock/index-status"),
        (Fault::Closed, "lock/index-unreachable"),
        (Fault::Truncated, "lock/index-unreachable"),
    ];
    for (fault, rule) in cases {
        let project = project("app\n");
        project.index.http().fail("/simple/", fault.clone());
        let run = project.run(LOCK);
        assert_eq!(run.code, Some(2), "{fault:?}\n{run}");
        fails(&project, LOCK, 2, &[rule]);
    }
}

#[test]
fn an_index_that_gives_no_metadata_is_no_answer() {
    let cases = [
        (Fault::HtmlPage, "lock/index-answer"),
        (Fault::WrongBytes, "lock/index-answer"),
        (Fault::Status(500), "lock/index-status"),
        (Fault::Status(403), "lock/index-status"),
        (Fault::Closed, "lock/index-unreachable"),
        (Fault::Truncated, "lock/index-unreachable"),
    ];
    for (fault, rule) in cases {
        let project = project("app\n");
        project.index.http().fail("/files/", fault.clone());
        let run = project.run(LOCK);
        assert_eq!(run.code, Some(2), "{fault:?}\n{run}");
        fails(&project, LOCK, 2, &[rule]);
    }
}

#[test]
fn an_archive_that_is_not_one_of_records_is_not_imported() {
    let project = project("app\n");
    project.sandbox.write("bad.zip", "PK\x03\x04 and no more");
    project.sandbox.write("page.zip", "<!DOCTYPE html><html></html>");
    project.sandbox.write("empty.zip", provender_test::osv_zip([] as [serde_json::Value; 0]));
    project.sandbox.write("folder/X-1.json", "{\"id\": 1}");
    project.sandbox.write("void/readme.txt", "nothing here");
    let cases: &[(&str, &[&str])] = &[
        ("bad.zip", &["`bad.zip`", "zip archive"]),
        ("page.zip", &["`page.zip` is a web page"]),
        ("empty.zip", &["`empty.zip` holds no OSV record"]),
        ("folder", &["folder/X-1.json", "not an OSV record"]),
        ("void", &["`void` holds no OSV record"]),
        ("nope.zip", &["nope.zip"]),
    ];
    for (path, words) in cases {
        fails(&project, &format!("advisories import {path}"), 2, words);
        project.run("advisories status").exits(2);
    }
}

#[test]
fn what_cannot_be_imported_leaves_the_earlier_data() {
    let project = project("app\n");
    project.run("advisories update").exits(0);
    let before = project.json("advisories status");
    project.sandbox.write("bad.zip", "PK\x03\x04 and no more");
    fails(&project, "advisories import bad.zip", 2, &["advisories/bad-source"]);
    assert_eq!(project.json("advisories status"), before);
    project.run("audit constraints.txt").exits(1);
}

#[test]
fn an_answer_that_is_no_archive_leaves_the_earlier_data() {
    let faults = [
        Fault::HtmlPage,
        Fault::WrongBytes,
        Fault::Status(403),
        Fault::Status(500),
        Fault::Closed,
        Fault::Truncated,
    ];
    for fault in faults {
        let project = project("app\n");
        project.advisories.http().fail("/", fault.clone());
        fails(&project, "advisories update", 2, &["the source `osv` gave nothing"]);
        project.advisories.http().heal();
        project.run("advisories update").exits(0);
        let before = project.json("advisories status");

        project.advisories.publish([osv("X-2", "lib").introduced("0")]);
        project.advisories.http().fail("/", fault);
        let run = project.run("advisories update").exits(0);
        says(&run, &["warning[", "the source `osv` gave nothing", "= hint: "]);
        assert_eq!(project.json("advisories status"), before);
    }
}

/// The compiled database.
fn database(project: &Project) -> PathBuf {
    let folder = project.sandbox.data_dir().join("advisories");
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "advdb")).unwrap()
}

#[test]
fn a_damaged_database_answers_nothing_until_it_is_made_anew() {
    let project = project("app\n");
    project.run("advisories update").exits(0);
    let path = database(&project);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    for command in [
        "audit constraints.txt",
        "audit constraints.txt --allow-stale",
        "advisories status",
        "advisories show X-1",
        "lock --python-version 3.11 --platform linux",
    ] {
        fails(&project, command, 2, &["advisories/damaged", "provender advisories update"]);
    }
    project.run("advisories update").exits(0);
    project.run("audit constraints.txt").exits(1);
}

#[test]
fn a_database_that_is_missing_or_cut_short_answers_nothing() {
    let project = project("app\n");
    project.run("advisories update").exits(0);
    let path = database(&project);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    fails(&project, "audit constraints.txt", 2, &["advisories/damaged"]);
    fs::write(&path, "").unwrap();
    fails(&project, "audit constraints.txt", 2, &["advisories/damaged"]);
    fs::remove_file(&path).unwrap();
    fails(&project, "audit constraints.txt", 2, &["advisories/damaged"]);
}

#[test]
fn a_damaged_state_file_answers_nothing_and_is_named() {
    for text in ["", "{", "{}", "{\"schema\": \"provender.advisories-state/99\"}"] {
        let project = project("app\n");
        project.run("advisories update").exits(0);
        fs::write(project.sandbox.data_dir().join("advisories/state.json"), text).unwrap();
        let commands =
            ["audit constraints.txt", "advisories status", "advisories update", "lock --no-update"];
        for command in commands {
            fails(&project, command, 2, &["advisories/damaged", "state.json"]);
        }
    }
}
