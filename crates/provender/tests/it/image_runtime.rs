//! `provender image scan` of an interpreter that no distribution made.

use provender_test::{docker_archive, osv};
use serde_json::{Value, json};

use crate::project::{APP, Project, one_error, says};

/// Python as its own build installs it.
const PYTHON: [(&str, &str); 2] = [
    ("usr/local/lib/python3.11/os.py", ""),
    ("usr/local/include/python3.11/patchlevel.h", "#define PY_VERSION \"3.11.9\"\n"),
];

/// Python as Debian packages it.
const DEBIAN: [(&str, &str); 4] = [
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    ("usr/lib/python3.11/os.py", ""),
    (
        "var/lib/dpkg/status",
        "Package: libpython3.11-minimal\nStatus: install ok installed\nArchitecture: amd64\nSource: python3.11\nVersion: 3.11.2-6\n",
    ),
    ("var/lib/dpkg/info/libpython3.11-minimal:amd64.list", "/.\n/usr/lib/python3.11/os.py\n"),
];

/// A record of the PSF's advisory database: a repository with commits, and neither a package nor
/// versions.
fn psf() -> Value {
    json!({
        "modified": "2024-06-17T15:11:36.402Z",
        "published": "2024-06-17T15:05:58.827Z",
        "schema_version": "1.5.0",
        "id": "PSF-2024-99",
        "aliases": ["CVE-2024-99999"],
        "details": "A module of the standard library does what it should not.",
        "affected": [{"ranges": [{
            "type": "GIT",
            "repo": "https://git.example/cpython",
            "events": [
                {"introduced": "0"},
                {"fixed": "22adf29da8d99933ffed8647d3e0726edd16f7f8"},
                {"fixed": "40d75c2b7f5c67e254d0a025e0f2e2c7ada7f69f"},
            ],
        }]}],
        "references": [{"type": "FIX", "url": "https://git.example/cpython/commit/22adf29"}],
        "database_specific": {"cwe_ids": []},
    })
}

/// The same as OSV gives it out: with the tags from which the fixes can be reached. Those of a branch
/// without a fix are not among them, although they are affected.
fn listed() -> Value {
    let mut record = psf();
    record["affected"][0]["versions"] = json!(["v3.11.0a7", "v3.11.0b1", "v3.12.0", "v3.12.1"]);
    record
}

/// A project whose advisories are of its own folder.
fn project(records: &[Value]) -> Project {
    let project = Project::new(APP, "app\n", Vec::new());
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    let other = osv("X-1", "other").introduced("0").json();
    for (number, record) in records.iter().chain([&other]).enumerate() {
        project.sandbox.write(&format!("advisories/{number}.json"), record.to_string());
    }
    let tracker = json!({"python3.11": {"CVE-2024-99999": {"releases": {"bookworm":
        {"status": "open", "urgency": "medium"}}}}});
    project.sandbox.write("advisories/debian.json", tracker.to_string());
    project.sandbox.write("app.tar", docker_archive(&[&PYTHON]));
    project
}

#[test]
fn an_interpreter_that_nobody_watches_leaves_no_answer_and_names_the_command_that_accepts_it() {
    let project = project(&[]);
    let run = project.run("image scan app.tar").exits(2);
    one_error(&run);
    says(
        &run,
        &[
            "error[image/runtime-not-audited]: no advisory data tells what is wrong with python 3.11.9",
            "caused by: found at /usr/local/lib/python3.11/os.py",
            "CPython's own advisories name commits and not versions",
            "`provender waiver add not-audited --project python --scope image --reason REASON \
             --owner OWNER --until DATE`",
        ],
    );
    assert!(run.stdout.contains("not compared: 1 package, "), "{run}");
    assert!(!run.stdout.contains("waiver add"), "told once: {run}");
    let document = project.json("image scan app.tar");
    assert_eq!(document["diagnostics"][0]["rule"], "image/runtime-not-audited");
    assert_eq!(document["not_compared"][0]["reason"], "ecosystem");

    // The command holds as it stands, but for its three words.
    let add = "waiver add not-audited --project python --scope image --reason looked --owner me --until 2999-12-31";
    project.run(add).exits(0);
    let run = project.run("image scan app.tar").exits(0);
    assert!(!run.stderr.contains("image/runtime-not-audited"), "{run}");
    assert!(run.stdout.contains("python 3.11.9 (accepted)"), "{run}");
}

#[test]
fn advisories_that_name_commits_make_no_interpreter_a_clean_one() {
    for record in [psf(), listed()] {
        let project = project(&[record]);
        let run = project.run("image scan app.tar").exits(2);
        says(&run, &["error[image/runtime-not-audited]"]);
        assert!(run.stdout.contains("0 findings"), "{run}");
        // They are kept for who looks by hand.
        let shown = project.run("advisories show CVE-2024-99999").exits(0);
        assert!(shown.stdout.contains("PSF-2024-99"), "{shown}");
    }
}

#[test]
fn a_distribution_s_python_is_that_distribution_s_whatever_else_is_known() {
    let project = project(&[psf(), listed()]);
    project.sandbox.write("debian.tar", docker_archive(&[&DEBIAN]));
    let run = project.run("image scan debian.tar").exits(1);
    assert!(run.stdout.contains("libpython3.11-minimal 3.11.2-6  CVE-2024-99999  no fix"), "{run}");
    assert!(!run.stderr.contains("image/runtime-not-audited"), "{run}");
    assert!(run.stdout.contains("1 package: 1 finding"), "{run}");
}

#[test]
fn a_finding_beside_an_interpreter_is_a_no() {
    let project = project(&[osv("X-2", "lib").introduced("0").json()]);
    let metadata = "usr/local/lib/python3.11/site-packages/lib-1.0.dist-info/METADATA";
    let lib = (metadata, "Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n");
    project.sandbox.write("app.tar", docker_archive(&[&PYTHON, &[lib]]));
    let run = project.run("image scan app.tar").exits(1);
    says(&run, &["error[image/runtime-not-audited]"]);
}
