//! `provender image scan --newer-base`: what another base would take away.

use provender_test::{OciRegistry, Run, osv, root_tar};
use serde_json::{Value, json};

use crate::image_sample::Sample;
use crate::project::{APP, Project, one_error, says};

const OS: (&str, &str) = (
    "etc/os-release",
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
);
const SITE: &str = "usr/local/lib/python3.11/site-packages";

/// A layer of Debian with these packages, given as `NAME VERSION`, and pip with what it vendors.
fn debian(packages: &[&str], os: &str) -> Vec<u8> {
    let one = |package: &&str| {
        let (name, version) = package.split_once(' ').unwrap();
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
        )
    };
    let status = packages.iter().map(one).collect::<Vec<_>>().join("\n");
    let pip = format!("{SITE}/pip-23.0.dist-info/METADATA");
    let vendored = format!("{SITE}/pip/_vendor/vendor.txt");
    root_tar(&[
        ("etc/os-release", os),
        ("var/lib/dpkg/status", &status),
        (&pip, "Metadata-Version: 2.1\nName: pip\nVersion: 23.0\n"),
        (&vendored, "urllib3==1.26.0\n"),
    ])
}

/// The layer of an application with a vulnerable release.
fn application() -> Vec<u8> {
    let lib = format!("{SITE}/lib-1.0.0.dist-info/METADATA");
    root_tar(&[(&lib, "Metadata-Version: 2.1\nName: lib\nVersion: 1.0.0\n")])
}

/// A base of Debian with these packages.
fn base(packages: &[&str]) -> Sample {
    Sample::of("amd64", &[debian(packages, OS.1)], json!({}), json!({}))
}

/// What stands on a base, and says that it is called so.
fn above(packages: &[&str], base: Option<&str>) -> Sample {
    let annotations = match base {
        Some(base) => json!({"org.opencontainers.image.base.name": base}),
        None => json!({}),
    };
    Sample::of("amd64", &[debian(packages, OS.1), application()], annotations, json!({}))
}

const OLD: [&str; 4] = ["openssl 3.0-1", "zlib 1.2-1", "bash 5.2-1", "clean 1-1"];
const NEW: [&str; 4] = ["openssl 3.0-2", "zlib 1.2-1", "worse 1-1", "clean 1-1"];

/// A project whose advisories know each of those packages but one.
fn project() -> Project {
    let project = Project::new(APP, "app\n", Vec::new());
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    let of = |fixed: Option<&str>| match fixed {
        Some(fixed) => json!({"status": "resolved", "urgency": "high", "fixed_version": fixed}),
        None => json!({"status": "open", "urgency": "medium"}),
    };
    let tracker = json!({
        "openssl": {"CVE-2024-1": {"releases": {"bookworm": of(Some("3.0-2"))}}},
        "zlib": {"CVE-2024-2": {"releases": {"bookworm": of(None)}}},
        "bash": {"CVE-2024-3": {"releases": {"bookworm": of(None)}}},
        "worse": {"CVE-2024-6": {"releases": {"bookworm": of(None)}}},
    });
    project.sandbox.write("advisories/debian.json", tracker.to_string());
    for record in [
        osv("X-1", "lib").alias("CVE-2024-4").introduced("0").fixed("1.0.1"),
        osv("X-2", "urllib3").alias("CVE-2024-5").introduced("0").fixed("1.26.1"),
    ] {
        let record = record.json();
        let path = format!("advisories/{}.json", record["id"].as_str().unwrap());
        project.sandbox.write(&path, record.to_string());
    }
    project
}

/// The ids of a list of findings.
fn ids<'a>(newer: &'a Value, list: &str) -> Vec<&'a str> {
    let found = newer[list].as_array().unwrap_or_else(|| panic!("no {list} in {newer:#}"));
    found.iter().map(|one| one["ids"][0].as_str().unwrap()).collect()
}

#[track_caller]
fn tells(run: &Run, words: &[&str]) {
    let mut at = 0;
    for words in words {
        let found = run.stdout[at..].find(words);
        at += found.unwrap_or_else(|| panic!("no `{words}` after {at} in\n{run}"));
    }
}

#[test]
fn what_a_named_base_removes_brings_and_leaves_is_told_wherever_it_is() {
    let (project, registry) = (project(), OciRegistry::start());
    above(&OLD, None).write(&project, "app");
    let newer = base(&NEW);
    newer.write(&project, "base");
    newer.push(&registry, "team/base", "1");
    project.sandbox.write("base.tar", debian(&NEW, OS.1));
    let plain = project.run("image scan oci:app").exits(1);
    let registry = format!("{}/team/base:1", registry.name());
    for place in ["oci:base", "base.tar", &registry] {
        let run = project.run(&format!("image scan oci:app --newer-base {place}")).exits(1);
        assert!(run.stdout.starts_with(&plain.stdout), "{place}: {run}");
        tells(
            &run,
            &[
                &format!("a newer base ({place}, sha256:"),
                "): removes 2 of 4 findings, brings 1, leaves 2",
                "  removes\n    high     openssl 3.0-1  CVE-2024-1  fixed in 3.0-2",
                "bash 5.2-1  CVE-2024-3",
                "  brings\n    medium   worse 1-1  CVE-2024-6",
                "  leaves\n",
                "urllib3 1.26.0  CVE-2024-5",
                "zlib 1.2-1  CVE-2024-2",
            ],
        );
        let document = project.json(&format!("image scan oci:app --newer-base={place}"));
        let newer = &document["newer_base"];
        assert_eq!(newer["image"], place);
        assert_eq!((&newer["same"], &newer["os"]), (&false.into(), &document["os"]));
        assert_eq!(ids(newer, "removes"), ["CVE-2024-1", "CVE-2024-3"]);
        assert_eq!(ids(newer, "brings"), ["CVE-2024-6"]);
        assert_eq!(ids(newer, "leaves"), ["CVE-2024-5", "CVE-2024-2"]);
        assert_eq!(newer["brings"][0]["package"], "worse");
    }
    let document = project.json("image scan oci:app");
    assert!(document.get("newer_base").is_none(), "{document:#}");
}

#[test]
fn the_recorded_base_is_asked_by_its_tag_and_looked_at_once() {
    let (project, registry) = (project(), OciRegistry::start());
    let name = format!("{}/team/base:1", registry.name());
    let old = base(&OLD).push(&registry, "team/base", "1");
    // As it is pinned in settings: it is the tag that is asked.
    above(&OLD, Some(&format!("{name}@{old}"))).write(&project, "app");
    let run = project.run("image scan oci:app --newer-base").exits(1);
    tells(&run, &[&format!("the base is the newest there is ({name}, {old})\n")]);
    let document = project.json("image scan oci:app --newer-base");
    let newer = &document["newer_base"];
    assert_eq!((&newer["same"], &newer["digest"]), (&true.into(), &old.into()));
    assert_eq!(ids(newer, "removes").len() + ids(newer, "brings").len(), 0);
    assert_eq!(ids(newer, "leaves").len(), 4);
    let layers = |registry: &OciRegistry| {
        let asked = registry.http().requests().into_iter();
        asked.filter(|request| request.path.contains("/blobs/")).count()
    };
    assert_eq!(layers(&registry), 1, "the configuration tells that it is the same");

    let new = base(&NEW).push(&registry, "team/base", "1");
    let first = project.run("image scan oci:app --newer-base").exits(1);
    tells(&first, &[&format!("a newer base ({name}, {new}): removes 2 of 4 findings")]);
    registry.http().forget_requests();
    // Neither what was fetched nor the layers are needed again.
    let pulled = project.sandbox.data_dir().join("images/pulled");
    std::fs::remove_dir_all(pulled).unwrap();
    assert_eq!(project.run("image scan oci:app --newer-base").exits(1), first);
    assert_eq!(layers(&registry), 1, "{:#?}", registry.http().requests());
}

#[test]
fn an_image_in_a_registry_is_scanned_on_its_newer_base() {
    let (project, registry) = (project(), OciRegistry::start());
    let name = format!("{}/team/base", registry.name());
    base(&NEW).push(&registry, "team/base", "latest");
    above(&OLD, Some(&name)).push(&registry, "team/app", "1");
    let args = format!("image scan {}/team/app:1 --newer-base", registry.name());
    tells(&project.run(&args).exits(1), &[&name, "removes 2 of 4 findings, brings 1, leaves 2"]);
    let run = project.run(&format!("{args} --offline")).exits(2);
    one_error(&run);
    says(&run, &["image/offline"]);
}

#[test]
fn labels_say_the_base_where_no_annotation_does() {
    let (project, registry) = (project(), OciRegistry::start());
    let name = format!("{}/team/base:1", registry.name());
    base(&NEW).push(&registry, "team/base", "1");
    let layers = [debian(&OLD, OS.1), application()];
    let labels = json!({"org.opencontainers.image.base.name": name});
    Sample::of("amd64", &layers, json!({}), labels).write(&project, "app");
    tells(&project.run("image scan oci:app --newer-base").exits(1), &[&name, "removes 2 of 4"]);
}

#[test]
fn a_base_that_nobody_can_be_asked_for_is_a_clear_error() {
    let (project, registry) = (project(), OciRegistry::start());
    let pinned = format!("registry.example/python@sha256:{}", "1".repeat(64));
    let gone = format!("{}/team/gone:1", registry.name());
    for (said, rule, words) in [
        (None, "image/no-base", "does not say the name of its base"),
        (Some(&*pinned), "image/no-base", "a digest without a tag is never a newer one"),
        (Some("python:3.11"), "image/no-base", "\"python:3.11\", which names no image"),
        (Some("./base.tar"), "image/no-base", "\"./base.tar\", which names no image"),
        (Some("x\u{1b}[2J\n"), "image/no-base", "\"x\\u{1b}[2J\\n\""),
        (Some(&*gone), "image/registry", "team/gone"),
    ] {
        above(&OLD, said).write(&project, "app");
        let run = project.run("image scan oci:app --newer-base").exits(2);
        one_error(&run);
        says(&run, &[rule, words]);
        assert_eq!(run.stdout, "", "{run}");
        assert!(rule != "image/no-base" || run.stderr.contains("--newer-base HOST/"), "{run}");
        std::fs::remove_dir_all(project.sandbox.path("app")).unwrap();
    }
    above(&OLD, None).write(&project, "app");
    let run = project.run("image scan oci:app --newer-base missing.tar").exits(2);
    says(&run, &["image/unreadable", "missing.tar"]);
    Sample::of("arm64", &[debian(&NEW, OS.1)], json!({}), json!({})).write(&project, "arm");
    let run = project.run("image scan oci:app --newer-base oci:arm").exits(2);
    says(&run, &["linux/amd64", "linux/arm64"]);
    project.run("image scan oci:app --newer-base --compare oci:app").exits(2);
}

#[test]
fn the_answer_is_that_of_the_image() {
    let project = project();
    let clean = root_tar(&[OS, ("var/lib/dpkg/status", "Package: clean\nVersion: 1-1\n")]);
    Sample::of("amd64", &[clean], json!({}), json!({})).write(&project, "clean");
    above(&OLD, None).write(&project, "app");
    base(&NEW).write(&project, "base");
    for (image, code) in [("clean", 0), ("app", 1)] {
        for newer in ["", "--newer-base oci:base"] {
            project.run(&format!("image scan oci:{image} {newer}")).exits(code);
        }
    }
}

#[test]
fn a_base_that_no_advisory_speaks_of_takes_nothing_away() {
    let project = project();
    above(&OLD, None).write(&project, "app");
    let os = OS.1.replace("12", "99");
    Sample::of("amd64", &[debian(&NEW, &os)], json!({}), json!({})).write(&project, "base");
    let run = project.run("image scan oci:app --newer-base oci:base").exits(1);
    // bash is not in it, whatever else is.
    tells(&run, &["removes 1 of 4 findings, brings 0, leaves 3", "bash 5.2-1", "openssl 3.0-1"]);
    says(&run, &["warning[advisories/none]", "of the newer base", "Debian:99"]);
}

#[test]
fn a_package_that_a_layer_over_the_base_brought_is_not_removed_by_a_base_without_it() {
    let project = project();
    let brought = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n";
    let layers = [
        debian(&["clean 1-1"], OS.1),
        root_tar(&[
            ("var/lib/dpkg/status", brought),
            ("var/lib/dpkg/info/bash.list", "/bin/bash\n"),
        ]),
    ];
    Sample::of("amd64", &layers, json!({}), json!({})).write(&project, "app");
    base(&NEW).write(&project, "base");
    let document = project.json("image scan oci:app --newer-base oci:base");
    assert_eq!(ids(&document["newer_base"], "removes"), [""; 0]);
    assert_eq!(ids(&document["newer_base"], "leaves"), ["CVE-2024-5", "CVE-2024-3"]);
}
