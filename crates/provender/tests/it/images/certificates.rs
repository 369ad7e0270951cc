//! Certificates get into an image when somebody asks for them, and never otherwise.

use std::fs;

use provender_test::Authority;
use serde_json::Value;

use super::{IMAGE, Service, base, layers, tree_of};
use crate::project::{fails, says};

const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
const OUT: &str = "-o oci:layout --tag app:1";

/// A service on a base with certificates, and an authority whose certificate lies in its project.
fn service(bundle: &str) -> (Service, String) {
    let service = Service::new();
    fs::write(service.base(), base::debian_with_certificates(bundle)).unwrap();
    let corporate = Authority::named("Corporate").pem();
    service.project.sandbox.write("certs/corp.pem", format!("# the proxy\n{corporate}"));
    (service, corporate)
}

#[test]
fn an_image_trusts_what_it_is_asked_to_besides_what_its_base_does() {
    let public = Authority::named("Public").pem();
    let (service, corporate) = service(public.trim_end());
    let without = service.built(OUT);
    let with = service.built(&format!("{OUT} --ca-certificate certs/corp.pem"));
    assert_eq!(layers(&with)[1..], layers(&without)[..], "a layer of its own, below all others");
    let image = service.open("oci", "layout:app:1");
    let tree = tree_of(&image);
    let added = "usr/local/share/ca-certificates/corp.crt";
    assert_eq!(tree.text(added).as_deref(), Some(&*corporate));
    assert_eq!(tree.text(BUNDLE).unwrap(), format!("{public}{corporate}"));
    for path in [added, BUNDLE] {
        let node = tree.get(path).unwrap();
        assert_eq!((node.mode, node.uid, node.gid), (0o644, 0, 0));
    }
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
        assert!(image.config.config.env.contains(&format!("{name}=/{BUNDLE}")), "{name}");
    }
    assert_eq!(service.built(OUT)["digest"], without["digest"]);
    let again = service.built(&format!("{OUT} --ca-certificate certs/corp.pem"));
    assert_eq!(again["digest"], with["digest"]);
    // What stands in the settings is below their folder, and variables of the project's own win.
    service.project.settings(&format!("{IMAGE}ca-certificates = ['certs/corp.pem']\n"));
    assert_eq!(service.built(OUT)["digest"], with["digest"]);
    let env = "[image.env]\nSSL_CERT_FILE = '/run/ca.pem'\n";
    service.project.settings(&format!("{IMAGE}ca-certificates = ['certs/corp.pem']\n{env}"));
    service.built(OUT);
    let env = service.open("oci", "layout:app:1").config.config.env;
    assert!(env.contains(&"SSL_CERT_FILE=/run/ca.pem".to_owned()), "{env:?}");
}

#[test]
fn the_provenance_names_them_and_the_image_is_hardened_all_the_same() {
    let (service, _) = service("");
    service.project.settings(&format!("{IMAGE}ca-certificates = ['certs/corp.pem']\n"));
    let built = service.built(OUT);
    let file = fs::read(service.project.sandbox.path("certs/corp.pem")).unwrap();
    let digest = provender_image::Digest::of(&file).hex();
    let blobs = service.project.sandbox.path("layout/blobs/sha256");
    let documents = fs::read_dir(blobs).unwrap().filter_map(|entry| {
        serde_json::from_slice::<Value>(&fs::read(entry.unwrap().path()).unwrap()).ok()
    });
    let is_provenance = |one: &Value| one["predicateType"] == "https://slsa.dev/provenance/v1";
    let provenance = documents.into_iter().find(is_provenance).unwrap();
    let inputs = &provenance["predicate"]["buildDefinition"]["resolvedDependencies"];
    let input =
        inputs.as_array().unwrap().iter().find(|one| one["name"] == "ca-certificates/corp.pem");
    assert_eq!(input.unwrap()["digest"]["sha256"], digest, "{inputs}");

    let base = service.base();
    let again = format!("image verify oci:layout --context . --base {}", base.display());
    let run = service.project.run(&again).exits(0);
    assert!(run.stdout.contains("note[image/ca-added]"), "{run}");
    assert_eq!(built["platforms"].as_array().unwrap().len(), 1);
}

#[test]
fn an_image_is_built_again_with_the_certificates_that_are_given_and_others_are_told() {
    let (service, _) = service("");
    service.built(&format!("{OUT} --ca-certificate certs/corp.pem"));
    let base = service.base();
    let again = format!("image verify oci:layout --context . --base {}", base.display());
    service.project.run(&format!("{again} --ca-certificate certs/corp.pem")).exits(0);

    service.project.sandbox.write("other.pem", Authority::named("Other").pem());
    let named = "the provenance names corp.pem, sha256:";
    for (option, words) in [
        ("", &["warning[image/other-certificates]", named, "--ca-certificate"][..]),
        ("--ca-certificate other.pem", &[named, "given is other.pem, sha256:"]),
    ] {
        let run = service.project.run(&format!("{again} {option}")).exits(1);
        assert!(words.iter().all(|word| run.stdout.contains(word)), "{run}");
    }
    let alone = "image verify oci:layout --ca-certificate certs/corp.pem";
    let run = service.project.run(alone).exits(2);
    says(&run, &["--context"]);
}

#[test]
fn where_the_base_has_none_that_is_told() {
    let service = Service::new();
    let corporate = Authority::named("Corporate").pem();
    service.project.sandbox.write("corp.pem", &corporate);
    let run = service.build(&format!("{OUT} --ca-certificate corp.pem")).exits(0);
    says(&run, &["image/ca-alone", &format!("/{BUNDLE}")]);
    let tree = tree_of(&service.open("oci", "layout"));
    assert_eq!(tree.text(BUNDLE).unwrap(), corporate);
}

#[test]
fn what_is_no_certificate_is_refused_and_not_shown() {
    let (service, corporate) = service("");
    let sandbox = &service.project.sandbox;
    let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1234567890abcdef";
    let key = format!("-----BEGIN {0} KEY-----\n{body}\n-----END {0} KEY-----\n", "PRIVATE");
    for (text, words) in [
        (format!("{corporate}{key}"), &["image/ca-certificate", "private key", "--> bad.pem"][..]),
        ("nothing\n".to_owned(), &["image/ca-certificate", "no certificate", "--> bad.pem"]),
    ] {
        sandbox.write("bad.pem", text);
        let args = service.arguments(&format!("{OUT} --ca-certificate bad.pem"));
        let run = fails(&service.project, &args, 2, words);
        assert!(!run.to_string().contains(body));
    }
    let args = service.arguments(&format!("{OUT} --ca-certificate missing.pem"));
    fails(&service.project, &args, 2, &["image/ca-certificate", "missing.pem", "--ca-certificate"]);
    sandbox.write("other/corp.pem", &corporate);
    let both = "--ca-certificate certs/corp.pem --ca-certificate other/corp.pem";
    let args = service.arguments(&format!("{OUT} {both}"));
    fails(&service.project, &args, 2, &["image/build", "corp.pem", "name of its own"]);
    assert!(!sandbox.has("layout"));
}
