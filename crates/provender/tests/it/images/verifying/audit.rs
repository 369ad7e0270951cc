//! The audit of the lock that is attached to an image.

use std::fs;

use provender_test::{OciRegistry, osv};
use serde_json::Value;

use super::{FORMS, PLACES, Service, rules, step, steps};
use crate::project::says;

/// A service whose lock has one finding that nobody accepted.
fn with_a_finding() -> Service {
    let service = Service::new();
    service.project.advisories.publish([osv("X-1", "lib").introduced("0").fixed("1.0.1")]);
    service.project.run("advisories update").exits(0);
    service
}

#[test]
fn the_audit_of_the_lock_is_attached_and_changes_no_image() {
    let service = Service::new();
    let without = service.built(FORMS);
    service.project.advisories.publish([osv("X-1", "lib").introduced("0").fixed("1.0.1")]);
    service.project.run("advisories update").exits(0);
    service.project.advisories.http().forget_requests();
    let with = service.built(&format!("{FORMS} --offline"));
    assert_eq!(with["digest"], without["digest"]);
    assert_eq!(with["diagnostics"], serde_json::json!([]), "a finding ends no build");
    assert_eq!(with["attachments"].as_array().unwrap().len(), 3);
    assert_eq!(without["audit"], Value::Null);
    for (key, number) in [("releases", 2), ("findings", 1), ("accepted", 0), ("not_audited", 0)] {
        assert_eq!(with["audit"][key], number, "{key}");
    }
    let told = service.build(&format!("{FORMS} --offline")).exits(0);
    let line = told.stdout.lines().find_map(|line| line.strip_prefix("audit: "));
    assert!(service.project.advisories.http().requests().is_empty());

    let sandbox = &service.project.sandbox;
    let audit = sandbox.read("oci.audit.json");
    assert_eq!(sandbox.read("docker.audit.json"), audit);
    let run = service.project.run("audit --format json").exits(1);
    assert_eq!(run.stdout, audit, "it is what `audit` says");
    for place in PLACES {
        let told = service.verified(place, 0);
        let audit = step(&told, "audit");
        assert_eq!(audit["outcome"], "passed", "{place}: {told:#}");
        let summary = audit["summary"].as_str().unwrap();
        assert!(summary.starts_with("2 releases, 1 finding; advisories of "), "{summary}");
        assert_eq!(line, Some(summary), "a build tells it in the same words: {told}");
        assert_eq!(rules(&told), [""; 0], "{place}");
    }
}

#[test]
fn the_audit_is_the_same_wherever_and_whenever_it_is_made() {
    let service = with_a_finding();
    service.project.settings(&format!(
        "{}[[waiver]]\nid = 'X-9'\nproject = 'web'\nreason = 'r'\nowner = 'o'\nuntil = '2020-01-01'\n",
        super::super::IMAGE
    ));
    service.built("--tag app:1 -o oci-archive:one.tar");
    let sandbox = &service.project.sandbox;
    let one = sandbox.read("one.audit.json");
    // Named from another folder.
    let (project, base) = (sandbox.project(), service.base());
    let lock = project.join("constraints.txt");
    let args = format!(
        "image build {} --base {} --lock {} --tag app:1 -o oci-archive:{}",
        project.display(),
        base.display(),
        lock.display(),
        sandbox.home().join("two.tar").display()
    );
    let mut command = service.project.command(&args);
    sandbox.finish(command.current_dir(sandbox.home())).exits(0);
    let two = fs::read_to_string(sandbox.home().join("two.audit.json")).unwrap();
    assert_eq!(two, one);
    assert!(one.contains("waiver/"), "{one}");
    assert!(!one.contains(sandbox.project().to_str().unwrap()), "{one}");
    let document: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(document["findings"][0]["file"], "constraints.txt");
}

#[test]
fn without_usable_data_the_build_goes_on_and_says_so() {
    let service = with_a_finding();
    let build = "--tag app:1 -o oci-archive:image.tar";
    let before = service.built(build);
    assert!(service.project.sandbox.has("image.audit.json"));
    service.project.fetched_at("2020-01-01T00:00:00Z");
    let stale = service.build(build).exits(0);
    says(&stale, &["note[image/no-audit]", "days old", "advisories update"]);
    assert_eq!(stale.stderr.matches("image/no-audit").count(), 1, "{stale}");
    // Nothing says of this image what was said of an earlier one.
    assert!(!service.project.sandbox.has("image.audit.json"));

    fs::remove_dir_all(service.project.sandbox.data_dir().join("advisories")).unwrap();
    let none = service.build(build).exits(0);
    says(&none, &["note[image/no-audit]", "there is no advisory data"]);
    let told = service.built(build);
    assert_eq!(rules(&told), ["image/no-audit"]);
    assert_eq!(told["digest"], before["digest"]);

    let quiet = service.built(&format!("{build} --no-attach"));
    assert_eq!(rules(&quiet), [""; 0], "nobody asked for one");
    let verified = service.verified("image.tar", 0);
    assert_eq!(rules(&verified), ["image/no-audit"]);
}

#[test]
fn a_registry_lists_the_audit_and_the_newest_is_told() {
    for without in [false, true] {
        let (service, registry) = (with_a_finding(), OciRegistry::start());
        if without {
            registry.without_referrers();
        }
        let name = format!("{}/team/app:1", registry.name());
        service.built(&format!("--tag {name}"));
        service.project.advisories.publish([osv("X-2", "other").introduced("0")]);
        service.project.run("advisories update").exits(0);
        service.built(&format!("--tag {name}"));
        let told = service.verified(&name, 0);
        assert!(steps(&told, "passed").contains(&"audit"), "{without}: {told:#}");
        let summary = step(&told, "audit")["summary"].as_str().unwrap();
        assert!(summary.starts_with("2 releases, 0 findings"), "{without}: {summary}");
    }
}

#[test]
fn an_audit_that_cannot_be_read_is_named() {
    let service = with_a_finding();
    service.built("--tag app:1 -o docker-archive:image.tar");
    let sandbox = &service.project.sandbox;
    let audit = sandbox.read("image.audit.json");
    for (text, why) in [
        ("no json".to_owned(), "expected"),
        ("{}".to_owned(), "missing field"),
        (audit.replace("provender.audit/1", "provender.audit/9"), "provender.audit/9"),
    ] {
        sandbox.write("image.audit.json", text);
        let told = service.verified("docker-archive:image.tar", 1);
        assert_eq!(steps(&told, "failed"), ["audit"], "{told:#}");
        let step = step(&told, "audit");
        assert_eq!(rules(step), ["image/attachment-unreadable"]);
        let said = step["diagnostics"][0].to_string();
        assert!(said.contains("image.audit.json") && said.contains(why), "{said}");
    }
}
