//! `provender image scan` of an image that does not tell all of its packages.

use provender_test::{docker_archive, osv};
use serde_json::json;

use crate::project::{APP, Project, one_error, says};

/// A Debian with a package whose version its database does not tell.
const HALF: [(&str, &str); 2] = [
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    (
        "var/lib/dpkg/status",
        "Package: tar\nStatus: install ok installed\nVersion: 1.34\n\nPackage: ssl\nStatus: install ok installed\n",
    ),
];

fn project() -> Project {
    let project = Project::new(APP, "app\n", Vec::new());
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    let other = osv("X-1", "other").introduced("0").json();
    project.sandbox.write("advisories/1.json", other.to_string());
    let tracker = json!({"bash": {"CVE-1": {"releases": {"bookworm":
        {"status": "open", "urgency": "medium"}}}}});
    project.sandbox.write("advisories/debian.json", tracker.to_string());
    project.sandbox.write("half.tar", docker_archive(&[&HALF]));
    project
}

#[test]
fn a_package_that_is_not_known_leaves_no_answer_until_somebody_accepts_it() {
    let project = project();
    for _ in 0..2 {
        let run = project.run("image scan half.tar").exits(2);
        one_error(&run);
        says(
            &run,
            &[
                "error[image/unreadable-part]: var/lib/dpkg/status:5: a package without Version",
                "caused by: a package of the image is not known by it",
                "`provender waiver add not-audited --project var/lib/dpkg/status --scope image ",
            ],
        );
        assert!(run.stdout.contains("1 package: 0 findings"), "{run}");
    }
    let add = "waiver add not-audited --project var/lib/dpkg/status --scope image --reason looked --owner me --until 2999-12-31";
    project.run(add).exits(0);
    let run = project.run("image scan half.tar").exits(0);
    says(&run, &["note[image/unreadable-part]"]);
}

#[test]
fn a_line_that_is_no_field_is_told_and_hides_nothing() {
    let project = project();
    let status = ("var/lib/dpkg/status", "Package: tar\nnonsense\nVersion: 1.34\n");
    project.sandbox.write("image.tar", docker_archive(&[&[HALF[0], status]]));
    let run = project.run("image scan image.tar").exits(0);
    says(&run, &["note[image/unreadable-part]: var/lib/dpkg/status:2: a line that is no field"]);
}
