//! `provender image scan`: an image made by hand against advisories written by hand.

use provender_test::{docker_archive, osv, root_tar};
use serde_json::{Value, json};

use crate::project::{APP, Project, says};

const OS: (&str, &str) = (
    "etc/os-release",
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
);
const SITE: &str = "usr/local/lib/python3.11/site-packages";

/// dpkg's record of packages, given as `NAME VERSION`.
fn status(packages: &[&str]) -> String {
    let one = |package: &&str| {
        let (name, version) = package.split_once(' ').unwrap();
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {name}-src\nVersion: {version}\n"
        )
    };
    packages.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn metadata(name: &str, version: &str) -> (String, String) {
    let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    (format!("{SITE}/{name}-{version}.dist-info/METADATA"), text)
}

/// An image of two layers: Debian with pip in it, and a project's `lib`.
fn image(packages: &[&str], lib: &str) -> Vec<u8> {
    let status = status(packages);
    let (pip, lib) = (metadata("pip", "23.0"), metadata("lib", lib));
    let vendored = format!("{SITE}/pip/_vendor/vendor.txt");
    let base: &[(&str, &str)] =
        &[OS, ("var/lib/dpkg/status", &status), (&pip.0, &pip.1), (&vendored, "urllib3==1.26.0\n")];
    docker_archive(&[base, &[(&lib.0, &lib.1)]])
}

/// What Debian's tracker says of three sources: a fix, none yet, and that there will be none.
fn tracker() -> Value {
    let fixed = json!({"status": "resolved", "urgency": "high", "fixed_version": "3.0-2"});
    let open = json!({"status": "open", "urgency": "medium"});
    let ignored =
        json!({"status": "open", "urgency": "low", "nodsa": "minor", "nodsa_reason": "ignored"});
    json!({
        "openssl-src": {"CVE-2024-1": {"releases": {"bookworm": fixed}}},
        "zlib-src": {"CVE-2024-2": {"releases": {"bookworm": open}}},
        "bash-src": {"CVE-2024-3": {"releases": {"bookworm": ignored}}},
    })
}

const PACKAGES: [&str; 4] = ["openssl 3.0-1", "zlib 1.2-1", "bash 5.2-1", "clean 1-1"];

/// A project whose advisories are a folder of its own, and `app.tar`, an image with one finding of
/// every kind.
fn project() -> Project {
    let project = Project::new(APP, "app\n", Vec::new());
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    project.sandbox.write("advisories/debian.json", tracker().to_string());
    for record in [
        osv("X-1", "lib").alias("CVE-2024-4").introduced("0").fixed("1.0.1").severity("MODERATE"),
        osv("X-2", "urllib3").alias("CVE-2024-5").introduced("0").fixed("1.26.1").severity("LOW"),
    ] {
        let record = record.json();
        let path = format!("advisories/{}.json", record["id"].as_str().unwrap());
        project.sandbox.write(&path, record.to_string());
    }
    project.sandbox.write("app.tar", image(&PACKAGES, "1.0.0"));
    project
}

fn waiver(id: &str, name: &str, more: &str) -> String {
    format!(
        "[[waiver]]\nid = \"{id}\"\nproject = \"{name}\"\nreason = \"not reachable\"\n\
         owner = \"backend\"\nuntil = \"2999-12-31\"\n{more}\n"
    )
}

fn settings(project: &Project, waivers: &str) {
    let source = "[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n\n";
    project.settings(&format!("{source}{waivers}"));
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn findings_are_grouped_by_what_takes_them_away() {
    let project = project();
    let run = project.run("image scan docker-archive:app.tar").exits(1);
    let document = project.json("image scan docker-archive:app.tar");
    let findings = document["findings"].as_array().unwrap().iter();
    let told: Vec<_> = findings
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap_or("-").to_owned();
            let id = one["ids"][0].as_str().unwrap().to_owned();
            [text("fixed_by"), text("package"), id, text("fixed_in"), text("inside")].join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "lock lib CVE-2024-4 1.0.1 -",
            "base openssl CVE-2024-1 3.0-2 -",
            "vendored urllib3 CVE-2024-5 1.26.1 pip",
            "no-fix zlib CVE-2024-2 - -",
            "wont-fix bash CVE-2024-3 - -",
        ]
    );
    let mut at = 0;
    for words in [
        "fixed by your lock: run `provender lock`",
        "medium   lib 1.0.0  CVE-2024-4  fixed in 1.0.1",
        "fixed by a newer base image",
        "high     openssl 3.0-1  CVE-2024-1  fixed in 3.0-2",
        "vendored inside pip",
        "no fix is published",
        "the distribution will not fix these",
        "Debian GNU/Linux 12 (bookworm), 7 packages: 5 findings",
    ] {
        let found = run.stdout[at..].find(words);
        at += found.unwrap_or_else(|| panic!("no `{words}` after {at} in\n{run}"));
    }
}

#[test]
fn the_threshold_and_waivers_decide_the_answer() {
    let project = project();
    for (threshold, code) in [("low", 1), ("high", 1), ("critical", 0)] {
        project.run(&format!("image scan app.tar --fail-on {threshold}")).exits(code);
    }
    // By the package, by its source, and by what it is called in a lock.
    settings(&project, &waiver("CVE-2024-1", "openssl-src", "scope = \"image\""));
    project.run("image scan app.tar --fail-on high").exits(0);
    let waivers: String = [
        waiver("CVE-2024-1", "openssl", "scope = \"image\""),
        waiver("CVE-2024-2", "zlib", "scope = \"image\""),
        waiver("DEBIAN-CVE-2024-3", "bash", "scope = \"image\""),
        waiver("X-2", "urllib3", "scope = \"image\""),
        waiver("X-1", "lib", ""),
    ]
    .concat();
    settings(&project, &waivers);
    let run = project.run("image scan app.tar").exits(0);
    assert_eq!(run.stdout.matches("waived by backend until 2999-12-31").count(), 5, "{run}");
    assert!(!run.stderr.contains("waiver/"), "{run}");
}

#[test]
fn each_waiver_is_missed_only_where_it_belongs() {
    let project = project();
    project.sandbox.write("constraints.txt", "lib==1.0.1\n");
    let of_lock = waiver("X-9", "app", "");
    let of_image = waiver("CVE-2024-9", "openssl", "scope = \"image\"");
    settings(&project, &(of_lock + &of_image));
    let run = project.run("audit").exits(0);
    says(&run, &["waiver/unmatched", "X-9"]);
    assert!(!run.stderr.contains("CVE-2024-9"), "{run}");
    let run = project.run("image scan app.tar").exits(1);
    says(&run, &["waiver/unmatched", "CVE-2024-9", "--> provender.toml:"]);
    assert!(!run.stderr.contains("X-9"), "{run}");
    // What is accepted in images says nothing of a lock.
    project.sandbox.write("constraints.txt", "lib==1.0.0\n");
    settings(&project, &waiver("X-1", "lib", "scope = \"image\""));
    project.run("audit").exits(1);
    project.run("image scan app.tar --fail-on medium").exits(1);
}

#[test]
fn a_waiver_for_images_is_added_by_command() {
    let project = project();
    let add = "waiver add CVE-2024-1 --project openssl --reason r --owner o --until fixed";
    project.run(&format!("{add} --scope image")).exits(0);
    assert!(project.sandbox.read("provender.toml").contains("scope = \"image\""));
    project.run(&format!("{add} --scope image")).exits(2);
    let list = project.json("waiver list");
    assert_eq!(list["waivers"][0]["scope"], "image");
    let run = project.run("image scan app.tar").exits(1);
    says(&run, &["waiver/fixed-available"]);
}

#[test]
fn what_cannot_be_compared_is_counted_by_ecosystem_and_leaves_no_answer() {
    let project = project();
    let (odd, other) = (metadata("odd", "not-a-version"), metadata("odder", "neither!"));
    let files: &[(&str, &str)] = &[OS, (&odd.0, &odd.1), (&other.0, &other.1)];
    project.sandbox.write("odd.tar", root_tar(files));
    let run = project.run("image scan odd.tar --platform linux/amd64").exits(2);
    assert!(run.stdout.contains("not compared: 2 packages of PyPI"), "{run}");
    assert!(run.stdout.contains("--scope image"), "{run}");
    let document = project.json("image scan odd.tar --platform linux/amd64");
    let group = &document["not_compared"][0];
    assert_eq!(keys(group), ["count", "ecosystem", "packages", "reason"]);
    assert_eq!((&group["count"], &group["reason"]), (&2.into(), &"version".into()));
    assert_eq!(keys(&group["packages"][0]), ["package", "version", "waiver"]);
    let waivers = ["odd", "odder"].map(|name| waiver("not-audited", name, "scope = \"image\""));
    settings(&project, &waivers.concat());
    project.run("image scan odd.tar --platform linux/amd64").exits(0);
}

#[test]
fn a_scan_is_a_document_and_two_are_the_same() {
    let project = project();
    let first = project.run("image scan app.tar --format json").exits(1);
    let second = project.run("image scan app.tar --format json").exits(1);
    assert_eq!(first.stdout, second.stdout);
    let document: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(document["schema"], "provender.image.scan/1");
    let fields = [
        "advisories",
        "diagnostics",
        "digest",
        "findings",
        "hardening",
        "image",
        "not_compared",
        "os",
        "packages",
        "platform",
        "schema",
    ];
    assert_eq!(keys(&document), fields);
    let fields = [
        "ecosystem",
        "fixed_by",
        "fixed_in",
        "from_sbom",
        "ids",
        "inside",
        "layer",
        "location",
        "package",
        "reason",
        "severity",
        "source",
        "version",
        "waiver",
    ];
    assert_eq!(keys(&document["findings"][0]), fields);
    assert_eq!(document["findings"][1]["source"], "openssl-src");
    assert_eq!(document["platform"], "linux/amd64");
    assert_eq!((&document["packages"], &document["findings"][0]["layer"]), (&7.into(), &1.into()));
}

#[test]
fn two_images_are_compared() {
    let project = project();
    let packages = ["openssl 3.0-2", "zlib 1.2-1", "new 1-1", "clean 1-1"];
    project.sandbox.write("newer.tar", image(&packages, "1.0.1"));
    let run = project.run("image scan --compare app.tar newer.tar").exits(1);
    for words in [
        "gone: 3 findings",
        "lib 1.0.0  CVE-2024-4",
        "new: 0 findings",
        "kept: 2 findings",
        "packages: 1 added, 1 removed, 2 updated",
        "+ new 1-1",
        "- bash 5.2-1",
        "openssl 3.0-1 -> 3.0-2",
        "lib 1.0.0 -> 1.0.1",
    ] {
        assert!(run.stdout.contains(words), "no `{words}` in\n{run}");
    }
    let compare = "image scan newer.tar --compare app.tar";
    let document = project.json(compare);
    assert_eq!(document["schema"], "provender.image.compare/1");
    let fields = [
        "advisories",
        "diagnostics",
        "findings",
        "new",
        "not_compared",
        "old",
        "packages",
        "schema",
    ];
    assert_eq!(keys(&document), fields);
    assert_eq!(
        (&document["old"]["findings"], &document["new"]["findings"]),
        (&5.into(), &2.into())
    );
    let gone = document["findings"]["gone"].as_array().unwrap().iter();
    let gone: Vec<_> = gone.map(|one| one["ids"][0].as_str().unwrap()).collect();
    assert_eq!(gone, ["CVE-2024-4", "CVE-2024-1", "CVE-2024-3"]);
    let update = &document["packages"]["updated"][0];
    assert_eq!((&update["from"], &update["to"]), (&"3.0-1".into(), &"3.0-2".into()));

    // Backwards, what was gone is new; and the answer is that of the image that is named last.
    let back = project.json("image scan app.tar --compare newer.tar");
    assert_eq!(back["findings"]["new"].as_array().unwrap().len(), 3);
    project.run(&format!("{compare} --fail-on high")).exits(0);
    project.run("image scan app.tar --compare newer.tar --fail-on high").exits(1);
    let same = project.json("image scan app.tar --compare app.tar");
    assert_eq!(same["findings"]["kept"].as_array().unwrap().len(), 5);
    assert_eq!(same["packages"], json!({"added": [], "removed": [], "updated": []}));
}
