//! Advisories of what images hold: where they come from, and that no lock waits for them.

use provender_test::{Fault, Run, docker_archive, osv, osv_zip};
use serde_json::{Value, json};

use crate::project::{APP, Project, one_error, says};

const OS: (&str, &str) = (
    "etc/os-release",
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
);
const STATUS: (&str, &str) = (
    "var/lib/dpkg/status",
    "Package: demo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n",
);

/// A record of Debian's about `demo`, fixed in a version.
pub(crate) fn debian(id: &str, fixed: &str) -> Value {
    let events = json!([{"introduced": "0"}, {"fixed": fixed}]);
    json!({
        "id": id, "modified": "2024-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": "demo"},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

/// A project with a lock that one advisory is about, and an image of Debian with one package.
fn project() -> Project {
    let project = Project::new(APP, "app\n", [osv("X-1", "lib").introduced("0")]);
    project.sandbox.write("constraints.txt", "lib==1.0.0\n");
    project.sandbox.write("debian.tar", docker_archive(&[&[OS, STATUS]]));
    project.advisories.put("/Debian/all.zip", osv_zip([debian("DEBIAN-CVE-2024-1", "1.0-2")]));
    project
}

fn names(status: &Value, list: &str, field: &str) -> Vec<String> {
    let entries = status[list].as_array().unwrap().iter();
    entries.map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_scan_without_the_distribution_s_data_has_no_answer_and_names_the_command() {
    let project = project();
    let asked = |run: &Run| {
        says(
            run,
            &[
                "error[advisories/none]: there is no advisory data for Debian",
                "`provender advisories update --ecosystem Debian`",
                "import FILE --ecosystem Debian`",
            ],
        );
    };
    asked(&project.run("image scan debian.tar").exits(2));
    project.run("advisories update").exits(0);
    asked(&project.run("image scan debian.tar").exits(2));
    project.run("advisories update --ecosystem Debian").exits(0);
    let run = project.run("image scan debian.tar").exits(1);
    assert!(run.stdout.contains("CVE-2024-1  fixed in 1.0-2"), "{run}");
}

#[test]
fn an_image_with_python_besides_is_told_what_is_known_and_has_no_answer() {
    let project = project();
    let metadata = "usr/lib/python3.11/site-packages/lib-1.0.0.dist-info/METADATA";
    let lib = (metadata, "Metadata-Version: 2.1\nName: lib\nVersion: 1.0.0\n");
    project.sandbox.write("both.tar", docker_archive(&[&[OS, STATUS, lib]]));
    project.run("advisories update").exits(0);
    let run = project.run("image scan both.tar").exits(2);
    one_error(&run);
    says(
        &run,
        &[
            "there is no advisory data for Debian:12 (1 package)",
            "`provender advisories update --ecosystem Debian`",
        ],
    );
    assert!(run.stdout.contains("lib 1.0.0  X-1"), "{run}");
    assert!(run.stdout.contains("not compared: 1 package of Debian:12"), "{run}");
}

#[test]
fn an_ecosystem_that_was_asked_for_once_is_fetched_from_then_on() {
    let project = project();
    says(
        &project.run("advisories update --ecosystem debian:12").exits(0),
        &["osv: new data", "osv-debian: new data"],
    );
    says(
        &project.run("advisories update").exits(0),
        &["osv: nothing newer", "osv-debian: nothing newer"],
    );
    let status = project.json("advisories status");
    assert_eq!(names(&status, "sources", "name"), ["osv", "osv-debian"]);
    assert_eq!(names(&status, "sources", "ecosystem"), ["PyPI", "Debian"]);
    assert_eq!(names(&status, "ecosystems", "ecosystem"), ["Debian:12", "PyPI"]);
    assert_eq!(status["ecosystems"][0]["records"], 1);
    let run = project.run("advisories status").exits(0);
    assert!(run.stdout.contains("Debian:12  1 records, newest 2024-01-01"), "{run}");

    project.run("advisories update --forget-ecosystem Debian").exits(0);
    let status = project.json("advisories status");
    assert_eq!(names(&status, "sources", "name"), ["osv"]);
    assert_eq!(names(&status, "ecosystems", "ecosystem"), ["PyPI"]);
    let run = project.run("advisories update --forget-ecosystem Debian").exits(2);
    one_error(&run);
}

#[test]
fn an_ecosystem_whose_dump_never_came_is_not_remembered() {
    let project = project();
    let run = project.run("advisories update --ecosystem Alpine").exits(2);
    one_error(&run);
    says(&run, &["the source `osv-alpine` gave nothing"]);
    assert_eq!(names(&project.json("advisories status"), "sources", "name"), ["osv"]);
    let run = project.run("advisories update --ecosystem Wolfi").exits(2);
    says(&run, &["advisories of `Wolfi` are not read"]);
}

#[test]
fn a_lock_neither_waits_for_other_ecosystems_nor_grows_old_with_them() {
    let project = project();
    project.run("advisories update --ecosystem Debian").exits(0);
    let path = project.sandbox.data_dir().join("advisories/state.json");
    let mut state: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    state["sources"][1]["fetched_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, state.to_string()).unwrap();

    project.run("audit").exits(1);
    project.run("advisories status").exits(0);
    let asked = project.advisories.http().requests().len();
    project.lock("").exits(1);
    assert_eq!(project.advisories.http().requests().len(), asked, "a lock asks for Python's only");
    let run = project.run("image scan debian.tar").exits(2);
    says(&run, &["error[advisories/stale]"]);
    project.run("image scan debian.tar --allow-stale").exits(1);

    // And the other way round: no scan of Debian waits for Python's.
    project.run("advisories update").exits(0);
    let mut state: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    state["sources"][0]["fetched_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, state.to_string()).unwrap();
    project.run("audit").exits(2);
    project.run("image scan debian.tar").exits(1);
}

#[test]
fn a_local_source_of_another_ecosystem_that_is_gone_does_not_fail_an_audit() {
    let project = project();
    let source = "[[advisories.source]]\nname = \"osv\"\n\n\
                  [[advisories.source]]\nname = \"ours\"\npath = \"gone.json\"\n";
    project.settings(&format!("{source}ecosystem = \"Debian\"\n"));
    let run = project.run("advisories update").exits(2);
    says(&run, &["the source `ours` gave nothing"]);
    project.run("audit").exits(1);
    let run = project.run("image scan debian.tar").exits(2);
    says(&run, &["advisories/bad-source"]);
    // Without the word, the source may be about anything.
    project.settings(source);
    project.run("advisories update").exits(2);
    project.run("audit").exits(2);
}

#[test]
fn a_dump_is_carried_over_by_hand() {
    let project = project();
    project.run("advisories update").exits(0);
    project.sandbox.write("dump.zip", osv_zip([debian("DEBIAN-CVE-2024-1", "1.0-2")]));
    project.run("advisories import dump.zip --ecosystem Debian").exits(0);
    project.run("image scan debian.tar").exits(1);
    project.run("audit").exits(1);
    let status = project.json("advisories status");
    assert_eq!(names(&status, "sources", "name"), ["osv", "osv-debian"]);
}

#[test]
fn a_tracker_is_taken_from_an_address_and_tells_what_it_left_out() {
    let project = project();
    let open = json!({"status": "open", "urgency": "low"});
    let tracker = json!({"demo": {
        "CVE-2024-2": {"releases": {"bookworm": open}},
        "CVE-2024-3": {"releases": {"zurg": open}},
    }});
    project.advisories.put("/tracker.json", tracker.to_string().into_bytes());
    let url = format!("{}/tracker.json", project.advisories.http().base().trim_end_matches('/'));
    let source = format!("[[advisories.source]]\nname = \"tracker\"\nurl = \"{url}\"\n");
    project.settings(&format!("{source}ecosystem = \"Debian\"\n"));
    let run = project.run("advisories update").exits(0);
    says(&run, &["tracker: new data", "warning[advisories/unknown-release]", "zurg"]);
    let run = project.run("image scan debian.tar").exits(1);
    assert!(run.stdout.contains("CVE-2024-2  no fix"), "{run}");
    // It is named by its address; the next update asks for what is newer.
    says(&project.run("advisories update").exits(0), &["tracker: nothing newer"]);
    project.advisories.http().fail("/", Fault::Closed);
    project.run("image scan debian.tar").exits(1);
}

#[test]
fn a_release_that_no_record_names_is_no_clean_one() {
    let project = project();
    let os = ("etc/os-release", "ID=debian\nVERSION_ID=\"99\"\n");
    project.sandbox.write("newer.tar", docker_archive(&[&[os, STATUS]]));
    project.run("advisories update --ecosystem Debian").exits(0);
    let run = project.run("image scan newer.tar").exits(2);
    one_error(&run);
    says(&run, &["no advisory data for Debian:99", "there is data for Debian:12"]);
}
