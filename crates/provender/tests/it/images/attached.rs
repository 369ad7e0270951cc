//! What is attached to an image.

use std::fs;

use serde_json::Value;

use super::{Service, platform};
use crate::project::says;

/// A key for tests: Ed25519, PKCS #8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

/// The manifests in a layout that are about another one, with the document of each.
fn attachments(service: &Service, layout: &str) -> Vec<(Value, Value)> {
    let blobs = service.project.sandbox.path(layout).join("blobs/sha256");
    let read = |digest: &str| {
        let bytes = fs::read(blobs.join(digest.trim_start_matches("sha256:"))).unwrap();
        serde_json::from_slice::<Value>(&bytes)
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(&blobs).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Ok(manifest) = read(&name) else { continue };
        // A statement has subjects too, and no layers.
        let layer = &manifest["layers"][0]["digest"];
        if let (Some(_), Some(document)) = (manifest.get("subject"), layer.as_str()) {
            found.push((manifest.clone(), read(document).unwrap()));
        }
    }
    found
}

#[test]
fn a_bill_of_materials_and_the_provenance_are_about_the_image() {
    let service = Service::new();
    let built = service.built("-o oci:layout --tag registry.example/app:1");
    let attached = attachments(&service, "layout");
    assert_eq!(attached.len(), 2);
    assert_eq!(built["attachments"].as_array().unwrap().len(), 2);
    for (manifest, _) in &attached {
        assert_eq!(manifest["subject"]["digest"], platform(&built)["digest"]);
    }
    let document = |words: &str| {
        let found = attached.iter().find(|(manifest, _)| {
            manifest["artifactType"].as_str().is_some_and(|kind| kind.contains(words))
        });
        let (_, document) = found.unwrap_or_else(|| panic!("no {words} in {attached:#?}"));
        document
    };
    let bill = document("cyclonedx");
    let names: Vec<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:pypi/")))
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["lib", "web"]);
    let provenance = document("in-toto");
    assert_eq!(provenance["subject"][0]["digest"]["sha256"], digest_of(&built));
    assert!(provenance.to_string().contains("lib-1.0.0-py3-none-any.whl"), "{provenance:#}");
}

fn digest_of(built: &Value) -> &str {
    platform(built)["digest"].as_str().unwrap().trim_start_matches("sha256:")
}

#[test]
fn a_key_signs_the_provenance_and_stands_nowhere_in_it() {
    let service = Service::new();
    fs::write(service.project.sandbox.home().join("key.pem"), KEY).unwrap();
    let key = service.project.sandbox.home().join("key.pem");
    service.built(&format!("-o oci:layout --tag app:1 --sign-key {}", key.display()));
    let attached = attachments(&service, "layout");
    let signed = attached.iter().find_map(|(_, document)| document.get("signatures"));
    assert!(signed.is_some_and(|signatures| signatures[0]["sig"].is_string()), "{attached:#?}");
    let secret = KEY.lines().nth(1).unwrap();
    assert!(!format!("{attached:?}").contains(secret));

    let run = service.build("-o oci:other --tag app:1 --sign-key constraints.txt").exits(2);
    says(&run, &["image/key", "--> constraints.txt", "openssl genpkey"]);
    assert!(!service.project.sandbox.has("other"));
}

#[test]
fn nothing_is_attached_where_that_is_not_wanted() {
    let service = Service::new();
    let built = service.built("-o oci:layout --tag app:1 --no-attach");
    assert!(attachments(&service, "layout").is_empty());
    assert!(built["attachments"].as_array().unwrap().is_empty());
    let with = service.built("-o oci:with --tag app:1");
    assert_eq!(built["digest"], with["digest"], "what is attached changes no image");
}
