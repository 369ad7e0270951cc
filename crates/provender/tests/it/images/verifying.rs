//! `provender image verify`: images as they were built, and images that somebody changed.

mod audit;
mod changed;

use std::fs;

use provender_test::{OciRegistry, Run};
use serde_json::Value;

use super::Service;
use crate::project::{one_error, says};

/// A key for tests: Ed25519, PKCS #8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

/// The public key to it.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n-----END PUBLIC KEY-----\n";

/// Somebody else's.
const OTHER: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEABuRtzn7AssxkeauH2nuiqrBi/CF82lzRYRG2QgtfSfM=\n-----END PUBLIC KEY-----\n";

/// Every form that a build writes a file in.
const FORMS: &str = "--tag app:1 -o oci:layout -o oci-archive:oci.tar -o docker-archive:docker.tar";

/// Where those are.
const PLACES: [&str; 4] =
    ["oci:layout", "oci-archive:oci.tar", "docker-archive:docker.tar", "./oci.tar"];

/// The questions about an image with its lock and its project, and without an audit.
const STEPS: [&str; 8] =
    ["blobs", "configuration", "provenance", "sbom", "files", "locked", "hardening", "rebuilt"];

impl Service {
    /// `image verify` of an image that was built of this project, with all that can be asked.
    fn verify(&self, args: &str) -> Run {
        let base = self.base();
        self.project.run(&format!("image verify {args} --context . --base {}", base.display()))
    }

    /// What it says in JSON, and how it ends.
    #[track_caller]
    fn verified(&self, args: &str, code: i32) -> Value {
        let run = self.verify(&format!("{args} --format json")).exits(code);
        document(&run)
    }

    /// Writes the keys, outside of the project. The option that signs.
    fn keys(&self) -> String {
        let home = self.project.sandbox.home();
        for (name, text) in [("key.pem", KEY), ("public.pem", PUBLIC), ("other.pem", OTHER)] {
            fs::write(home.join(name), text).unwrap();
        }
        format!("--sign-key {}", home.join("key.pem").display())
    }

    /// The option that names a key.
    fn key(&self, name: &str) -> String {
        format!("--key {}", self.project.sandbox.home().join(name).display())
    }
}

#[track_caller]
fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

/// The ids of the steps that came to this.
fn steps<'a>(document: &'a Value, outcome: &str) -> Vec<&'a str> {
    let steps = document["steps"].as_array().unwrap().iter();
    let of = steps.filter(|step| step["outcome"] == outcome);
    of.map(|step| step["id"].as_str().unwrap()).collect()
}

#[track_caller]
fn step<'a>(document: &'a Value, id: &str) -> &'a Value {
    let mut steps = document["steps"].as_array().unwrap().iter();
    steps.find(|step| step["id"] == id).unwrap_or_else(|| panic!("no {id} in {document:#}"))
}

/// The rules of these diagnostics.
fn rules(of: &Value) -> Vec<&str> {
    let diagnostics = of["diagnostics"].as_array().unwrap().iter();
    diagnostics.map(|one| one["rule"].as_str().unwrap()).collect()
}

#[test]
fn what_was_just_built_is_what_it_says_in_every_form() {
    let service = Service::new();
    let built = service.built(FORMS);
    for place in PLACES {
        let told = service.verified(place, 0);
        assert_eq!(told["schema"], "provender.image.verify/1");
        assert_eq!(told["outcome"], "passed", "{place}: {told:#}");
        assert_eq!(steps(&told, "passed"), STEPS, "{place}: {told:#}");
        assert_eq!(rules(&told), ["image/no-audit"], "{place}");
        if !place.contains("docker") {
            assert_eq!(told["digest"], built["digest"], "{place}");
        }
    }
}

#[test]
fn what_was_pushed_is_what_it_says_however_the_registry_lists_what_is_attached() {
    for without in [false, true] {
        let (service, registry) = (Service::new(), OciRegistry::start());
        if without {
            registry.without_referrers();
        }
        let name = format!("{}/team/app", registry.name());
        let built = service.built(&format!("--tag {name}:1 {}", service.keys()));
        let digest = built["digest"].as_str().unwrap();
        for reference in [format!("{name}:1"), format!("{name}@{digest}")] {
            let told = service.verified(&format!("{reference} {}", service.key("public.pem")), 0);
            assert_eq!(steps(&told, "passed"), STEPS, "{without} {reference}: {told:#}");
            assert_eq!(told["digest"], built["digest"]);
        }
        let told = service.verified(&format!("{name}:1 {}", service.key("other.pem")), 1);
        assert_eq!(rules(step(&told, "provenance")), ["image/signature"], "{told:#}");
    }
}

#[test]
fn only_the_key_that_signed_says_yes() {
    let service = Service::new();
    service.built(&format!("{FORMS} {}", service.keys()));
    for place in PLACES {
        let told = service.verified(&format!("{place} {}", service.key("public.pem")), 0);
        assert_eq!(steps(&told, "passed"), STEPS, "{place}: {told:#}");
        let summary = step(&told, "provenance")["summary"].as_str().unwrap();
        assert!(summary.starts_with("signed by the key "), "{summary}");

        let told = service.verified(&format!("{place} {}", service.key("other.pem")), 1);
        assert_eq!(steps(&told, "failed"), ["provenance"], "{place}: {told:#}");
        let unasked = service.verified(place, 0);
        let found = rules(step(&unasked, "provenance"));
        assert_eq!(found, ["image/signature-unverified"], "{place}");
    }
    service.built(FORMS);
    for place in PLACES {
        let told = service.verified(&format!("{place} {}", service.key("public.pem")), 1);
        assert_eq!(rules(step(&told, "provenance")), ["image/signature"], "unsigned, {place}");
    }
    let run = service.verify("oci:layout --key constraints.txt").exits(2);
    one_error(&run);
    says(&run, &["image/key", "--> constraints.txt", "openssl pkey"]);
}

#[test]
fn what_is_no_longer_beside_an_archive_is_told() {
    let service = Service::new();
    service.built("--tag app:1 -o oci-archive:oci.tar -o docker-archive:docker.tar");
    for name in ["oci", "docker"] {
        let place = format!("{name}-archive:{name}.tar");
        let beside = |kind: &str| service.project.sandbox.path(&format!("{name}.{kind}.json"));
        fs::remove_file(beside("sbom.cdx")).unwrap();
        let told = service.verified(&place, 0);
        assert_eq!(rules(&told), ["image/no-audit", "image/no-sbom"], "{place}");
        fs::remove_file(beside("provenance")).unwrap();
        let told = service.verified(&place, 0);
        let expected = ["image/no-provenance", "image/no-audit", "image/no-sbom"];
        assert_eq!(rules(&told), expected, "{place}");
        let run = service.verify(&place).exits(0);
        says(&run, &["nothing says where the image comes from", "copy the files beside"]);

        service.keys();
        let told = service.verified(&format!("{place} {}", service.key("public.pem")), 1);
        assert_eq!(rules(step(&told, "provenance")), ["image/signature"], "{place}");
    }
}

#[test]
fn a_file_beside_an_archive_that_cannot_be_read_is_named() {
    let service = Service::new();
    service.built("--tag app:1 -o oci-archive:image.tar");
    service.project.sandbox.write("image.provenance.json", "{}");
    service.project.sandbox.write("image.sbom.cdx.json", "\u{feff}");
    let told = service.verified("./image.tar", 1);
    for (id, name) in [("provenance", "image.provenance.json"), ("sbom", "image.sbom.cdx.json")] {
        let step = step(&told, id);
        assert_eq!(rules(step)[0], "image/attachment-unreadable", "{step:#}");
        assert!(step["diagnostics"][0]["message"].as_str().unwrap().contains(name), "{step:#}");
    }
    fs::remove_file(service.project.sandbox.path("image.sbom.cdx.json")).unwrap();
    fs::create_dir(service.project.sandbox.path("image.sbom.cdx.json")).unwrap();
    let run = service.verify("./image.tar").exits(2);
    one_error(&run);
    says(&run, &["image/unreadable", "image.sbom.cdx.json"]);
}

#[test]
fn what_is_no_image_is_no_answer() {
    let service = Service::new();
    service.built("--tag app:1 -o oci-archive:image.tar -o docker-archive:docker.tar");
    let sandbox = &service.project.sandbox;
    sandbox.write("text.tar", "no archive\n");
    let whole = fs::read(sandbox.path("image.tar")).unwrap();
    sandbox.write("cut.tar", &whole[..whole.len() / 2]);
    for place in [
        "missing.tar",
        "oci:missing",
        "text.tar",
        "oci-archive:cut.tar",
        "docker-archive:text.tar",
        "oci-archive:docker.tar",
        "oci-archive:image.tar:other",
        "image.tar --platform linux/s390x",
    ] {
        let run = service.verify(place).exits(2);
        one_error(&run);
        says(&run, &["image/unreadable"]);
    }
    let registry = OciRegistry::start();
    for reference in [
        "team/missing:1",
        "team/missing@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    ] {
        let run = service.verify(&format!("{}/{reference}", registry.name())).exits(2);
        one_error(&run);
        says(&run, &["image/registry", "team/missing"]);
    }
    let run = service.verify(&format!("{}/team/app:1 --offline", registry.name())).exits(2);
    one_error(&run);
    says(&run, &["image/offline"]);
}
