//! `provender advisories`: where records come from, how old they are, and what happens when a source fails.

use std::fs;

use provender_test::{AdvisoryServer, Fault, osv, osv_zip};

use crate::project::{APP, Project, SETTINGS, one_error, says};

fn project() -> Project {
    let record = osv("X-1", "lib").alias("CVE-2024-1").introduced("0").summary("a flaw");
    let project = Project::new(APP, "app\n", [record]);
    project.sandbox.write("constraints.txt", "lib==1.0.0\n");
    project
}

/// Settings with one source of a URL.
fn source(name: &str, server: &AdvisoryServer, optional: bool) -> String {
    format!(
        "[[advisories.source]]\nname = \"{name}\"\nurl = \"{}\"\noptional = {optional}\n",
        server.url()
    )
}

#[test]
fn a_second_update_asks_only_for_what_is_newer() {
    let project = project();
    says(&project.run("advisories update").exits(0), &["osv: new data"]);
    let status = project.json("advisories status");
    says(&project.run("advisories update").exits(0), &["osv: nothing newer"]);
    let requests = project.advisories.http().requests();
    assert_eq!(requests.iter().map(|r| r.status).collect::<Vec<_>>(), [Some(200), Some(304)]);
    assert!(requests[0].header("if-none-match").is_none());
    assert!(requests[1].header("if-none-match").is_some());
    assert_eq!(project.json("advisories status")["digest"], status["digest"]);

    project.advisories.publish([osv("X-2", "lib").introduced("0")]);
    says(&project.run("advisories update").exits(0), &["osv: new data"]);
    assert_ne!(project.json("advisories status")["digest"], status["digest"]);
}

#[test]
fn an_answer_that_nothing_is_newer_makes_the_data_fresh_again() {
    let project = project();
    project.run("advisories update").exits(0);
    project.fetched_at("2020-01-01T00:00:00Z");
    project.run("advisories status").exits(2);
    project.run("advisories update").exits(0);
    project.run("advisories status").exits(0);
    assert_eq!(project.advisories.http().requests()[1].status, Some(304));
}

#[test]
fn a_source_that_fails_keeps_its_last_data_and_its_age() {
    let project = project();
    project.run("advisories update").exits(0);
    project.fetched_at("2020-01-01T00:00:00Z");
    let before = project.json("advisories status");
    project.advisories.http().fail("/", Fault::Status(503));
    let run = project.run("advisories update").exits(0);
    says(&run, &["warning[", "the source `osv` gave nothing"]);
    let after = project.json("advisories status");
    assert_eq!(after, before);
    assert_eq!(after["stale"], true, "old data does not get younger by a failure");
    let run = project.run("advisories status").exits(2);
    assert!(run.stdout.contains("the data is stale"), "{run}");
}

#[test]
fn one_source_that_fails_does_not_hold_up_another() {
    let project = project();
    let second = AdvisoryServer::start([osv("Y-1", "lib").introduced("0")]);
    let sources = source("first", &project.advisories, false) + &source("second", &second, false);
    project.settings(&sources);
    project.run("advisories update").exits(0);
    project.advisories.http().fail("/", Fault::Closed);
    second.publish([osv("Y-2", "lib").introduced("0")]);
    project.run("advisories update").exits(0);
    project.run("advisories show X-1").exits(0);
    project.run("advisories show Y-1").exits(1);
    project.run("advisories show Y-2").exits(0);
}

#[test]
fn a_required_source_that_never_answered_leaves_no_answer() {
    let project = project();
    let silent = AdvisoryServer::start([osv("Y-1", "lib").introduced("0")]);
    silent.http().fail("/", Fault::Status(404));
    let sources = source("first", &project.advisories, false) + &source("second", &silent, false);
    project.settings(&sources);
    let run = project.run("advisories update").exits(2);
    one_error(&run);
    says(&run, &["the source `second` gave nothing"]);
    let run = project.run("audit").exits(2);
    one_error(&run);
    says(&run, &["advisories/none", "second", "`optional`"]);
    let lock = project.sandbox.read("constraints.txt");
    project.lock("").exits(2);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
}

#[test]
fn an_optional_source_that_never_answered_is_only_told() {
    let project = project();
    let silent = AdvisoryServer::start([osv("Y-1", "lib").introduced("0")]);
    silent.http().fail("/", Fault::Status(404));
    let sources = source("first", &project.advisories, false) + &source("second", &silent, true);
    project.settings(&sources);
    let run = project.run("advisories update").exits(0);
    says(&run, &["warning[", "the source `second` gave nothing"]);
    let run = project.run("audit").exits(1);
    says(&run, &["warning[advisories/optional-source-missing]", "`second`"]);
    let rule = &project.json("audit")["diagnostics"][0]["rule"];
    assert_eq!(rule, "advisories/optional-source-missing");
}

#[test]
fn optional_sources_alone_must_have_answered_once() {
    let project = project();
    project.advisories.http().fail("/", Fault::Status(404));
    project.settings(&source("only", &project.advisories, true));
    project.run("advisories update").exits(0);
    let run = project.run("audit").exits(2);
    one_error(&run);
    says(&run, &["advisories/none"]);
}

#[test]
fn zips_folders_and_records_are_imported_together() {
    let project = project();
    project.sandbox.write("all.zip", osv_zip([osv("Z-1", "lib").introduced("0")]));
    let record = |id: &str| osv(id, "lib").introduced("0").json().to_string();
    project.sandbox.write("folder/deeper/Z-2.json", record("Z-2"));
    project.sandbox.write("Z-3.json", record("Z-3"));
    project.run("advisories import all.zip folder Z-3.json").exits(0);
    for id in ["Z-1", "Z-2", "Z-3"] {
        project.run(&format!("advisories show {id}")).exits(0);
    }
    let document = project.json("audit");
    assert_eq!(document["findings"].as_array().unwrap().len(), 3);
    assert_eq!(
        document["advisories"]["sources"][0]["name"], "osv",
        "it stands for what is fetched"
    );
    assert_eq!(project.advisories.http().requests().len(), 0);
}

#[test]
fn an_import_replaces_what_its_source_had() {
    let project = project();
    project.run("advisories update").exits(0);
    project.sandbox.write("all.zip", osv_zip([osv("Z-1", "lib").introduced("0")]));
    project.run("advisories import all.zip").exits(0);
    project.run("advisories show X-1").exits(1);
    project.run("advisories show Z-1").exits(0);
    // What was fetched before is not here any more, so the whole has to come again.
    project.run("advisories update").exits(0);
    assert_eq!(project.advisories.http().requests()[1].status, Some(200));
    project.run("advisories show X-1").exits(0);
}

#[test]
fn an_import_is_for_a_source_that_the_settings_name() {
    let project = project();
    project.settings(&source("first", &project.advisories, false));
    project.sandbox.write("all.zip", osv_zip([osv("Z-1", "lib").introduced("0")]));
    let run = project.run("advisories import all.zip --name other").exits(2);
    one_error(&run);
    says(&run, &["no source is called `other`", "first", "decided by: --name"]);
    project.run("advisories import all.zip --name first").exits(0);
    project.run("audit").exits(1);
}

#[test]
fn the_status_says_what_there_is_from_where_and_how_old() {
    let project = project();
    let run = project.run("advisories status").exits(2);
    assert!(run.stdout.contains("no advisory data yet"), "{run}");
    assert!(run.stdout.contains("never answered"), "{run}");
    project.run("advisories update").exits(0);
    let run = project.run("advisories status").exits(0);
    for words in [
        "1 records, newest 2024-01-01, digest ",
        "osv  1 records, fetched less than an hour ago",
        "[ADVISORIES]/PyPI/all.zip",
        "an audit can stand on this data",
    ] {
        assert!(run.stdout.contains(words), "no `{words}` in\n{run}");
    }
}

#[test]
fn a_record_is_shown_by_its_id_and_by_any_alias() {
    let project = project();
    project.run("advisories update").exits(0);
    for id in ["X-1", "CVE-2024-1", "cve-2024-1"] {
        let run = project.run(&format!("advisories show {id}")).exits(0);
        for words in
            ["X-1\n", "aliases    CVE-2024-1", "summary    a flaw", "affects    lib (PyPI)"]
        {
            assert!(run.stdout.contains(words), "no `{words}` in\n{run}");
        }
    }
    let run = project.run("advisories show X-9").exits(1);
    one_error(&run);
    says(&run, &["`X-9`"]);
}

#[test]
fn a_folder_of_the_project_is_taken_in_by_an_audit() {
    let project = project();
    let record = |id: &str| osv(id, "lib").introduced("0").json().to_string();
    project.sandbox.write("advisories/Z-1.json", record("Z-1"));
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    assert_eq!(project.json("audit")["findings"][0]["ids"][0], "Z-1");
    assert_eq!(project.advisories.http().requests().len(), 0);

    // A record that is new in the folder counts at once.
    project.sandbox.write("advisories/Z-2.json", record("Z-2"));
    assert_eq!(project.json("audit")["findings"].as_array().unwrap().len(), 2);

    // Settings that name no source do not answer from this project's.
    project.sandbox.write("provender.toml", SETTINGS);
    project.run("audit").exits(2);
}

#[test]
fn a_folder_that_is_gone_leaves_no_answer() {
    let project = project();
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    let run = project.run("audit").exits(2);
    one_error(&run);
    says(&run, &["advisories/bad-source", "advisories`"]);
}

#[test]
fn the_allowed_age_is_a_setting() {
    let project = project();
    project.run("advisories update").exits(0);
    project.fetched_at("2020-01-01T00:00:00Z");
    project.run("audit").exits(2);
    project.settings("[advisories]\nmax-age-days = 36500\n");
    project.run("audit").exits(1);
}

#[test]
fn a_second_database_leaves_no_first_one_behind() {
    let project = project();
    project.run("advisories update").exits(0);
    project.advisories.publish([osv("X-2", "lib").introduced("0")]);
    project.run("advisories update").exits(0);
    let folder = project.sandbox.data_dir().join("advisories");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".advdb")).count(), 1, "{names:?}");
}

#[test]
fn a_lock_without_data_says_why_none_could_be_fetched() {
    let project = project();
    project.advisories.http().fail("/", Fault::Status(403));
    let run = project.lock("").exits(2);
    one_error(&run);
    says(
        &run,
        &[
            "warning[",
            "the source `osv` gave nothing new",
            "answered 403",
            "error[advisories/none]",
        ],
    );
}

#[test]
fn a_folder_that_goes_away_leaves_what_it_gave() {
    let project = project();
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    let record = osv("X-1", "lib").introduced("0").json().to_string();
    project.sandbox.write("advisories/X-1.json", record);
    project.run("audit").exits(1);
    fs::remove_dir_all(project.sandbox.path("advisories")).unwrap();
    let run = project.run("audit").exits(1);
    says(&run, &["warning[advisories/bad-source]", "own"]);
}

#[test]
fn an_optional_source_that_is_silent_is_not_asked_at_every_lock() {
    let project = project();
    let sources = "[[advisories.source]]\nname = \"osv\"\noptional = true\n\n\
                   [[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n";
    project.settings(sources);
    project
        .sandbox
        .write("advisories/X-1.json", osv("X-1", "other").introduced("0").json().to_string());
    project.advisories.http().fail("/", Fault::Closed);
    project.run("lock --python-version 3.11 --platform linux").exits(0);
    let asked = project.advisories.http().requests().len();
    assert!(asked > 0);
    project.run("lock --python-version 3.11 --platform linux").exits(0);
    assert_eq!(project.advisories.http().requests().len(), asked);
}
