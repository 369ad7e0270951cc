//! Real projects against real advisories, where the shared data is there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use provender_test::{Run, left_out, shared_dir};
use serde_json::Value;

use crate::project::Project;

/// A project that has imported the shared advisories, and the shared folder; nothing, with a word on it, without data.
fn imported(test: &str) -> Option<(Project, PathBuf)> {
    let Some(shared) = shared_dir().and_then(|shared| shared.canonicalize().ok()) else {
        left_out(test, "no shared data (PROVENDER_TEST_SHARED)");
        return None;
    };
    let project = Project::new("", "", []);
    let advisories = shared.join("advisories");
    let mut command = project.command("advisories import");
    command.arg(advisories.join("pypa-2024-10-10.zip")).arg(advisories.join("named"));
    project.sandbox.finish(&mut command).exits(0);
    Some((project, shared.join("projects")))
}

fn audit(project: &Project, lock: PathBuf) -> (Run, Value) {
    let mut command = project.command("audit --format json");
    let run = project.sandbox.finish(command.arg(lock)).exits(1);
    let document = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{run}"));
    (run, document)
}

#[test]
fn a_real_lock_of_99_pins_has_one_vulnerability_and_no_fix_for_it() {
    let name = "a_real_lock_of_99_pins_has_one_vulnerability_and_no_fix_for_it";
    let Some((project, projects)) = imported(name) else { return };
    let (run, audit) = audit(&project, projects.join("paiid/constraints-2025-10-24.txt"));
    assert_eq!(audit["components"], 99);
    let [finding] = &audit["findings"].as_array().unwrap()[..] else { panic!("{run}") };
    assert_eq!((&finding["project"], &finding["version"]), (&"ecdsa".into(), &"0.19.1".into()));
    let ids = finding["ids"].as_array().unwrap();
    assert!(ids.contains(&"GHSA-wj6h-64fc-37mp".into()), "{run}");
    assert_eq!(finding["fixed_in"], Value::Array(Vec::new()));
    assert_eq!(audit["not_audited"], Value::Array(Vec::new()));
}

#[test]
fn a_real_lock_of_2024_has_14_findings_on_10_projects() {
    let name = "a_real_lock_of_2024_has_14_findings_on_10_projects";
    let Some((project, projects)) = imported(name) else { return };
    let (run, audit) = audit(&project, projects.join("trading-backend/constraints.txt"));
    let findings = audit["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 14, "{run}");
    let projects: BTreeSet<_> = findings.iter().map(|f| f["project"].as_str().unwrap()).collect();
    assert_eq!(projects.len(), 10, "{projects:?}");
}
