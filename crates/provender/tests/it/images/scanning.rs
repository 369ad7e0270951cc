//! `provender image scan` of what was built.

use provender_test::osv;

use super::Service;
use crate::project::{one_error, says};

/// That nobody tells of the interpreter itself, which no distribution made.
const UNKNOWN_RUNTIME: &str = "[[waiver]]\nid = 'not-audited'\nproject = 'python'\nreason = 'watched by hand'\nowner = 'me'\nuntil = '2099-01-01'\n";

/// A service with an image in `image.tar`, and these advisories.
fn with_advisories(records: impl IntoIterator<Item = provender_test::OsvRecord>) -> Service {
    let service = Service::new();
    service.build("-o oci-archive:image.tar --tag app:1").exits(0);
    service.project.advisories.publish(records);
    service.project.run("advisories update").exits(0);
    service
}

#[test]
fn a_vulnerable_release_is_found_with_what_fixes_it() {
    let service =
        with_advisories([osv("X-1", "lib").introduced("0").fixed("1.0.1").severity("HIGH")]);
    let run = service.project.run("image scan image.tar").exits(1);
    assert!(run.stdout.contains("fixed by your lock"), "{run}");
    assert!(run.stdout.contains("lib 1.0.0  X-1  fixed in 1.0.1"), "{run}");
    let document = service.project.json("image scan oci-archive:image.tar");
    assert_eq!(document["schema"], "provender.image.scan/1");
    assert_eq!(document["findings"][0]["package"], "lib");
    assert_eq!(document["findings"][0]["fixed_by"], "lock");
}

#[test]
fn an_image_without_findings_is_well_the_second_time_as_the_first() {
    let service = with_advisories([osv("X-1", "other").introduced("0")]);
    // What cannot be compared makes no yes until somebody answers for it.
    let unknown = service.project.run("image scan image.tar --offline").exits(2);
    assert!(unknown.stdout.contains("not compared"), "{unknown}");
    service.project.settings(&format!("{}{UNKNOWN_RUNTIME}", super::IMAGE));
    let first = service.project.run("image scan image.tar --offline").exits(0);
    assert_eq!(service.project.run("image scan image.tar --offline"), first);
}

#[test]
fn a_waiver_accepts_a_finding() {
    let service = with_advisories([osv("X-1", "lib").introduced("0")]);
    service.project.run("image scan image.tar").exits(1);
    let waiver = "[[waiver]]\nid = 'X-1'\nproject = 'lib'\nreason = 'not reached'\nowner = 'me'\nuntil = 'fixed'\n";
    service.project.settings(&format!("{}{UNKNOWN_RUNTIME}{waiver}", super::IMAGE));
    let run = service.project.run("image scan image.tar").exits(0);
    assert!(run.stdout.contains("waived by me"), "{run}");
}

#[test]
fn a_scan_can_be_kept_as_text_and_as_markdown() {
    let service =
        with_advisories([osv("X-1", "lib").introduced("0").fixed("1.0.1").severity("HIGH")]);
    let text = service.project.run("image scan image.tar --format text").exits(1);
    assert!(text.stdout.starts_with("lib 1.0.0\n  severity: high\n  ids: X-1\n"), "{text}");
    assert!(text.stdout.contains("\n  what to do: fixed by your lock: "), "{text}");
    assert!(text.stdout.contains("\n1 finding (1 high); 1 not compared; "), "{text}");
    assert!(text.stdout.contains("\nimage: image.tar\nimage digest: sha256:"), "{text}");
    let markdown = service.project.run("image scan image.tar --format markdown").exits(1);
    assert!(markdown.stdout.starts_with("## Image\n\n1 finding (1 high); "), "{markdown}");
    assert!(markdown.stdout.contains("\n| high | lib | 1.0.0 | X-1 | 1.0.1 | "), "{markdown}");
    assert!(markdown.stdout.contains("### Not compared\n"), "{markdown}");
    let compared = "image scan image.tar --compare image.tar --format markdown";
    says(&service.project.run(compared).exits(2), &["error[cli/format]"]);
}

#[test]
fn without_advisory_data_there_is_no_answer() {
    let service = Service::new();
    service.build("-o oci-archive:image.tar --tag app:1").exits(0);
    let run = service.project.run("image scan image.tar").exits(2);
    one_error(&run);
}

#[test]
fn what_is_no_image_is_no_answer() {
    let service = with_advisories([osv("X-1", "other").introduced("0")]);
    service.project.sandbox.write("text.tar", "no archive\n");
    for name in ["text.tar", "missing.tar", "oci:app"] {
        let run = service.project.run(&format!("image scan {name}")).exits(2);
        one_error(&run);
        says(&run, &["image/unreadable"]);
    }
}

#[test]
fn an_image_that_was_built_shows_what_its_sbom_names_in_every_form() {
    let service = with_advisories([osv("X-1", "hidden").introduced("0")]);
    service.project.settings(&format!("{}{UNKNOWN_RUNTIME}", super::IMAGE));
    service.build("-o oci-archive:plain.tar --tag app:1 --no-attach").exits(0);
    let plain = service.project.run("image scan plain.tar").exits(0);
    service
        .build("-o oci:layout -o oci-archive:oci.tar -o docker-archive:docker.tar --tag app:1")
        .exits(0);
    for place in ["oci:layout", "oci.tar", "docker.tar"] {
        let run = service.project.run(&format!("image scan {place}")).exits(0);
        assert_eq!(run, plain, "{place}");
    }
    for name in ["oci", "docker"] {
        let file = format!("{name}.sbom.cdx.json");
        let sbom = service.project.sandbox.read(&file);
        let mut sbom: serde_json::Value = serde_json::from_str(&sbom).unwrap();
        let hidden = serde_json::json!({"type": "library", "purl": "pkg:pypi/hidden@1.0"});
        sbom["components"].as_array_mut().unwrap().push(hidden);
        service.project.sandbox.write(&file, sbom.to_string());
        let run = service.project.run(&format!("image scan {name}.tar")).exits(1);
        assert!(run.stdout.contains("hidden 1.0  X-1  no fix, known only from the SBOM"), "{run}");
    }
    // Beside an image that was changed since, it is another image's.
    let sbom = service.project.sandbox.read("oci.sbom.cdx.json");
    service.change_a_line();
    service.build("-o oci-archive:oci.tar --tag app:1").exits(0);
    service.project.sandbox.write("oci.sbom.cdx.json", sbom);
    let run = service.project.run("image scan oci.tar").exits(0);
    says(&run, &["warning[image/other-subject]", "is about another image"]);
}
