//! The whole path in one command.

use std::fs;
use std::path::{Path, PathBuf};

use provender_test::{Fault, OsvRecord, left_out, osv, python};
use serde_json::Value;

use crate::project::{APP, PRESENT, Project, one_error, says};

const RECORDS: fn() -> Vec<OsvRecord> = || vec![osv("X-1", "lib").introduced("0").fixed("1.0.1")];

/// What the path asks of Python: the version of the one that is here, so that it can install.
fn settings() -> Option<String> {
    let code = "import sys; print('%d.%d' % sys.version_info[:2])";
    let home = tempfile::tempdir().ok()?;
    let output = python(home.path())?.args(["-c", code]).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let version = version.trim();
    Some(format!("[lock]\npython-version = \"{version}\"\nplatform = [\"linux\"]\n"))
}

/// A project with a vulnerable lock.
fn project(test: &str) -> Option<Project> {
    let Some(settings) = settings() else {
        left_out(test, "no Python");
        return None;
    };
    let project = Project::new(APP, "app\n", RECORDS());
    project.settings(&settings);
    project.sandbox.write("constraints.txt", PRESENT);
    Some(project)
}

fn reports(project: &Project) -> PathBuf {
    project.sandbox.path("provender-reports")
}

/// The folders of reports, without the link to the newest one.
fn runs(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "latest");
    names.sort();
    names
}

#[test]
fn a_vulnerable_project_is_locked_stocked_proved_and_reported() {
    let Some(project) = project("a_vulnerable_project_is_locked_stocked_proved_and_reported")
    else {
        return;
    };
    let run = project.run("secure").exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==1.0.1"]);
    for told in ["lib", "1.0.0", "1.0.1", "constraints.txt", "provender-reports/"] {
        assert!(run.stdout.contains(told), "no `{told}` in\n{run}");
    }
    let folder = reports(&project);
    assert_eq!(runs(&folder).len(), 1);
    for name in ["report.txt", "report.md", "report.json", "sbom.cdx.json", "constraints.txt"] {
        assert!(folder.join("latest").join(name).is_file(), "no {name}");
    }
    let read = |name: &str| fs::read_to_string(folder.join("latest").join(name)).unwrap();
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["schema"], "provender.secure/1");
    assert_eq!(report["answer"], "yes");
    let sbom: Value = serde_json::from_str(&read("sbom.cdx.json")).unwrap();
    assert_eq!(sbom["bomFormat"], "CycloneDX");
    assert_eq!(sbom["components"].as_array().unwrap().len(), 2);
    assert_eq!(read("constraints.txt"), project.sandbox.read("constraints.txt"));
}

#[test]
fn a_second_run_changes_no_byte_of_the_lock_and_keeps_the_old_report() {
    let Some(project) = project("a_second_run_changes_no_byte_of_the_lock") else { return };
    project.run("secure").exits(0);
    let lock = project.sandbox.read("constraints.txt");
    let run = project.run("secure").exits(0);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
    assert!(run.stdout.contains("nothing") || !run.stdout.contains("commit"), "{run}");
    let folder = reports(&project);
    let names = runs(&folder);
    assert_eq!(names.len(), 2, "{names:?}");
    let latest = fs::read_link(folder.join("latest")).unwrap();
    assert_eq!(latest.to_str().unwrap(), names[1]);
    let listed = project.run("report list").exits(0);
    assert_eq!(listed.stdout.matches("yes").count(), 2, "{listed}");
    let shown = project.run("report show").exits(0);
    assert_eq!(shown.stdout, fs::read_to_string(folder.join("latest/report.txt")).unwrap());
}

#[test]
fn a_finding_that_is_left_makes_it_a_no_and_everything_else_is_done() {
    let Some(settings) = settings() else {
        return left_out("a_finding_that_is_left_makes_it_a_no", "no Python");
    };
    let project = Project::new(APP, "app\n", vec![osv("X-1", "lib").introduced("0")]);
    project.settings(&settings);
    let run = project.run("secure").exits(1);
    assert!(run.stdout.contains("X-1"), "{run}");
    assert!(run.stdout.contains("waiver add"), "{run}");
    let stocked = project.json("stock list");
    assert_eq!(stocked["totals"]["projects"], 2);
}

#[test]
fn steps_that_are_left_out_are_named() {
    let Some(project) = project("steps_that_are_left_out_are_named") else { return };
    let run = project.run("secure --no-stock").exits(0);
    assert!(run.stdout.contains("--no-stock"), "{run}");
    assert!(!project.sandbox.data_dir().join("provender.db").exists());
    let run = project.run("secure --no-check").exits(0);
    assert!(run.stdout.contains("--no-check"), "{run}");
    let document = project.json("secure --no-check --no-update");
    assert_eq!(document["schema"], "provender.secure/1");
    assert_eq!(document["answer"], "yes");
}

#[test]
fn the_validated_lock_stays_where_a_later_step_fails() {
    let Some(project) = project("the_validated_lock_stays_where_a_later_step_fails") else {
        return;
    };
    // Pages and metadata answer, the file itself does not.
    let wheel = file_path(&project, "lib-1.0.1");
    project.index.http().fail(&wheel, Fault::Status(503));
    project.index.http().fail(&format!("{wheel}.metadata"), Fault::Spared);
    let run = project.run("secure").exits(2);
    assert_eq!(project.pins(), ["app==1.0", "lib==1.0.1"], "{run}");
    assert!(run.stdout.contains("lib-1.0.1"), "{run}");
    assert!(run.stdout.contains("constraints.txt"), "{run}");
    let report = fs::read_to_string(reports(&project).join("latest/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["answer"], "missing");
}

/// The path of a wheel on the index.
fn file_path(project: &Project, stem: &str) -> String {
    let name = stem.split('-').next().unwrap();
    let files = project.index.hashes(name, stem.split('-').nth(1).unwrap());
    let (file, _) = files.iter().find(|(file, _)| file.starts_with(stem)).unwrap();
    format!("/files/{file}")
}

#[test]
fn requirement_files_that_are_no_input_are_named() {
    let Some(project) = project("requirement_files_that_are_no_input_are_named") else { return };
    project.sandbox.write("requirements-extra.txt", "app\n");
    let run = project.run("secure --no-stock").exits(0);
    assert!(run.stdout.contains("requirements-extra.txt"), "{run}");
}

#[test]
fn the_lock_can_go_elsewhere_and_starts_from_the_projects_own() {
    let Some(project) = project("the_lock_can_go_elsewhere") else { return };
    let settings = settings().unwrap();
    project.settings(&format!("{settings}[secure]\noutput = \"provender-reports/lock.txt\"\n"));
    project.run("secure --no-stock").exits(0);
    assert_eq!(project.sandbox.read("constraints.txt"), PRESENT);
    let lock = project.sandbox.read("provender-reports/lock.txt");
    assert!(lock.contains("lib==1.0.1"), "{lock}");
}

#[test]
fn bad_projects_are_refused_with_one_error() {
    let project = Project::new(APP, "app\n", RECORDS());
    let run = project.run("secure nowhere").exits(2);
    one_error(&run);
    says(&run, &["secure/no-project", "nowhere"]);
    let run = project.run("secure requirements.txt").exits(2);
    one_error(&run);
    says(&run, &["secure/no-project", "lock FILE"]);
    fs::remove_file(project.sandbox.path("requirements.txt")).unwrap();
    let run = project.run("secure").exits(2);
    one_error(&run);
    says(&run, &["lock/no-input"]);
    assert!(!reports(&project).exists());
}

#[test]
fn a_place_where_no_report_can_be_is_refused_before_the_work() {
    let Some(project) = project("a_place_where_no_report_can_be") else { return };
    project.sandbox.write("provender-reports", "a file\n");
    let run = project.run("secure --no-stock").exits(2);
    one_error(&run);
    says(&run, &["secure/report", "provender-reports"]);
    assert_eq!(project.sandbox.read("constraints.txt"), PRESENT);
}

#[test]
fn without_an_audit_a_complete_path_is_a_yes() {
    let Some(project) = project("without_an_audit_a_complete_path_is_a_yes") else { return };
    let run = project.run("secure --fix off").exits(0);
    assert!(run.stdout.contains("--fix off"), "{run}");
    assert_eq!(project.pins(), ["app==1.0", "lib==1.0.0"]);
}
