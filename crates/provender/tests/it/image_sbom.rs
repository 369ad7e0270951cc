//! `provender image scan` of an image with an SBOM attached.

use std::fs;

use provender_test::{Fault, OciRegistry, docker_archive, osv, root_tar};
use serde_json::{Value, json};

use crate::image_sample::Sample;
use crate::project::{APP, Project, says};

const SITE: &str = "usr/local/lib/python3.11/site-packages";

/// A project whose advisories know `lib` and `hidden`.
fn project() -> Project {
    let project = Project::new(APP, "app\n", Vec::new());
    project.settings("[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n");
    for record in [
        osv("X-1", "lib").introduced("0").fixed("1.0.1").severity("LOW"),
        osv("X-2", "hidden").introduced("0").fixed("1.0.1").severity("HIGH"),
    ] {
        let record = record.json();
        let path = format!("advisories/{}.json", record["id"].as_str().unwrap());
        project.sandbox.write(&path, record.to_string());
    }
    project
}

/// An image that shows `lib` alone.
fn layers() -> [Vec<u8>; 2] {
    let lib = format!("{SITE}/lib-1.0.0.dist-info/METADATA");
    let metadata = (&*lib, "Metadata-Version: 2.1\nName: lib\nVersion: 1.0.0\n");
    [root_tar(&[("etc/hostname", "x\n")]), root_tar(&[metadata])]
}

fn image() -> Sample {
    Sample::of("amd64", &layers(), json!({}), json!({}))
}

/// An SBOM with these package URLs, about an image with this digest or about nothing.
fn sbom(purls: &[&str], subject: Option<&str>) -> String {
    let components: Vec<Value> = purls.iter().map(|purl| json!({"purl": purl})).collect();
    let mut document = json!({"bomFormat": "CycloneDX", "components": components});
    if let Some(subject) = subject {
        document["metadata"] = json!({"component": {"type": "container", "version": subject}});
    }
    document.to_string()
}

const BOTH: [&str; 3] =
    ["pkg:pypi/lib@1.0", "pkg:pypi/hidden@1.0.0", "pkg:oci/base@sha256%3A00?arch=amd64"];

#[test]
fn what_only_the_sbom_names_is_found_wherever_it_is_attached() {
    let project = project();
    let plain = image();
    let sbom = sbom(&BOTH, Some(&plain.digest()));
    let image = plain.attach(&sbom);
    image.write(&project, "app");
    let mut places = vec!["oci:app".to_owned()];
    let registries = [OciRegistry::start(), OciRegistry::start()];
    registries[1].without_referrers();
    for registry in &registries {
        image.push(registry, "team/app", "1");
        places.push(format!("{}/team/app:1", registry.name()));
    }
    for place in &places {
        project.run(&format!("image scan {place} --fail-on critical")).exits(0);
        let run = project.run(&format!("image scan {place} --fail-on high")).exits(1);
        let known = "hidden 1.0.0  X-2  fixed in 1.0.1, known only from the SBOM";
        assert!(run.stdout.contains(known), "{run}");
        // 1.0 is 1.0.0, and was found.
        assert!(run.stdout.contains("lib 1.0.0  X-1  fixed in 1.0.1\n"), "{run}");
        assert!(run.stdout.contains("2 packages: 2 findings"), "{run}");
        says(
            &run,
            &[
                "note[image/sbom-only]: only its SBOM names 1 package of the image",
                "caused by: hidden 1.0.0",
            ],
        );
        assert!(!run.stderr.contains("warning["), "{run}");
        let document = project.json(&format!("image scan {place}"));
        let hidden = &document["findings"][0];
        assert_eq!((&hidden["from_sbom"], &hidden["layer"]), (&true.into(), &Value::Null));
        assert_eq!(hidden["fixed_by"], "lock");
        let lib = &document["findings"][1];
        assert_eq!((&lib["from_sbom"], &lib["layer"]), (&false.into(), &1.into()));
        // A look that is remembered is that of the image alone.
        assert_eq!(project.run(&format!("image scan {place} --fail-on high")).exits(1), run);
    }
    let waiver = "[[waiver]]\nid = \"X-2\"\nproject = \"hidden\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2999-12-31\"\n";
    let source = "[[advisories.source]]\nname = \"own\"\npath = \"advisories\"\n\n";
    project.settings(&format!("{source}{waiver}"));
    project.run("image scan oci:app --fail-on high").exits(0);
}

#[test]
fn a_file_beside_an_archive_is_read_where_it_is_about_the_image() {
    let project = project();
    let lib = format!("{SITE}/lib-1.0.0.dist-info/METADATA");
    let metadata = (&*lib, "Metadata-Version: 2.1\nName: lib\nVersion: 1.0.0\n");
    project.sandbox.write("app.tar", docker_archive(&[&[("etc/hostname", "x\n")], &[metadata]]));
    let scan = "image scan app.tar --fail-on high";
    let without = project.run(scan).exits(0);
    let digest = project.json(scan)["digest"].as_str().unwrap().to_owned();
    for (subject, words) in [
        (None, "app.sbom.cdx.json does not say which image it is about"),
        (Some("sha256:00"), "app.sbom.cdx.json is about another image: sha256:00"),
    ] {
        project.sandbox.write("app.sbom.cdx.json", sbom(&BOTH, subject));
        let run = project.run(scan).exits(0);
        assert_eq!(run.stdout, without.stdout);
        says(&run, &["warning[image/other-subject]", words]);
    }
    project.sandbox.write("app.sbom.cdx.json", sbom(&BOTH, Some(&digest)));
    let run = project.run(scan).exits(1);
    assert!(run.stdout.contains("known only from the SBOM"), "{run}");
    let document = project.json(scan);
    assert_eq!(document["findings"][0]["location"], "app.sbom.cdx.json");
    fs::remove_file(project.sandbox.path("app.sbom.cdx.json")).unwrap();
    fs::create_dir(project.sandbox.path("app.sbom.cdx.json")).unwrap();
    let run = project.run(scan).exits(0);
    says(&run, &["warning[image/attachment-unreadable]", "is no file"]);
}

#[test]
fn an_sbom_that_is_of_no_use_is_told_and_takes_nothing_away() {
    let project = project();
    image().write(&project, "plain");
    let without = project.run("image scan oci:plain").exits(1);
    let own = image().digest();
    let many = format!(
        "{{\"bomFormat\": \"CycloneDX\", \"components\": [{}{{}}]}}",
        "{},".repeat(400_000)
    );
    let deep = format!(
        "{{\"bomFormat\": \"CycloneDX\", \"components\": {}",
        "[{\"components\": ".repeat(500)
    );
    for (text, rule, words) in [
        ("no JSON".to_owned(), "image/attachment-unreadable", "expected"),
        (
            "{\"spdxVersion\": \"SPDX-2.3\"}".to_owned(),
            "image/attachment-unreadable",
            "no CycloneDX",
        ),
        (many, "image/attachment-unreadable", "more than 300000 objects"),
        (deep, "image/attachment-unreadable", "recursion limit"),
        (sbom(&BOTH, Some("sha256:\u{1b}[2J")), "image/other-subject", "sha256:\\u{1b}[2J"),
        (sbom(&BOTH, Some(&own.replace(['0', '1'], "2"))), "image/other-subject", "another image"),
    ] {
        let project = self::project();
        image().attach(&text).write(&project, "app");
        let run = project.run("image scan oci:app").exits(1);
        assert_eq!(run.stdout, without.stdout, "{rule} {words}");
        says(&run, &[&format!("warning[{rule}]: nothing is taken from an SBOM"), words]);
    }
    // What is attached besides is read all the same, and a document that is gone is told.
    let image = image().attach("no JSON").attach(&sbom(&BOTH, None)).attach("gone");
    image.write(&project, "app");
    let gone = crate::image_sample::digest(b"gone").replace("sha256:", "app/blobs/sha256/");
    fs::remove_file(project.sandbox.path(&gone)).unwrap();
    let run = project.run("image scan oci:app").exits(1);
    assert!(run.stdout.contains("hidden 1.0.0  X-2"), "{run}");
    assert_eq!(run.stderr.matches("warning[image/attachment-unreadable]").count(), 2, "{run}");
}

#[test]
fn a_registry_that_does_not_tell_what_is_attached_ends_no_scan() {
    let (project, registry) = (project(), OciRegistry::start());
    image().attach(&sbom(&BOTH, None)).push(&registry, "team/app", "1");
    registry.http().fail("/v2/team/app/referrers/", Fault::Status(403));
    let run = project.run(&format!("image scan {}/team/app:1", registry.name())).exits(1);
    says(&run, &["warning[image/attachment-unreadable]"]);
    assert!(run.stdout.contains("1 package: 1 finding"), "{run}");
}

#[test]
fn one_question_more_is_asked_where_nothing_is_attached() {
    let (project, registry) = (project(), OciRegistry::start());
    image().push(&registry, "team/app", "1");
    let scan = format!("image scan {}/team/app:1", registry.name());
    let first = project.run(&scan).exits(1);
    assert!(!first.stderr.contains("sbom"), "{first}");
    registry.http().forget_requests();
    assert_eq!(project.run(&scan).exits(1), first);
    let asked = registry.http().requests().into_iter();
    let asked: Vec<String> = asked.map(|request| request.path).collect();
    assert_eq!(asked.iter().filter(|path| path.contains("/referrers/")).count(), 1, "{asked:?}");
}

#[test]
fn two_images_are_compared_without_what_is_attached() {
    let project = project();
    image().attach(&sbom(&BOTH, None)).write(&project, "with");
    image().write(&project, "without");
    for (old, new) in [("with", "without"), ("without", "with")] {
        let run = project.run(&format!("image scan oci:{new} --compare oci:{old}")).exits(1);
        assert!(run.stdout.contains("kept: 1 finding\n"), "{run}");
        assert!(run.stdout.contains("packages: 0 added, 0 removed, 0 updated"), "{run}");
    }
}

#[test]
fn what_nobody_looks_for_and_what_is_no_name_is_counted_and_left_out() {
    let project = project();
    let purls = [
        "pkg:golang/example.com/a@1.0",
        "pkg:deb/debian/openssl@3.0-1?arch=amd64",
        "pkg:npm/a%1b%5B2J@1.0",
        "pkg:pypi/hidden",
        "pkg:oci/base@sha256%3A00",
    ];
    image().attach(&sbom(&purls, None)).write(&project, "app");
    let run = project.run("image scan oci:app").exits(1);
    says(&run, &["note[image/sbom-partly]: 4 components are not compared that the SBOM sha256:"]);
    assert!(run.stdout.contains("1 package: 1 finding"), "{run}");
    assert!(!run.to_string().contains('\u{1b}'), "{run}");
}

#[test]
fn what_only_the_sbom_names_is_not_the_base_s() {
    let project = project();
    image().attach(&sbom(&BOTH, None)).write(&project, "app");
    let document = project.json("image scan oci:app --newer-base oci:app");
    assert_eq!(document["newer_base"]["leaves"], json!([]));
}
