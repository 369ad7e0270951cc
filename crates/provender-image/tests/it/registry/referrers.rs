//! What refers to an image, with and without a registry that lists it.

use provender_image::manifest::to_bytes;
use provender_image::registry::{PushOptions, RegistryError};
use provender_image::{Digest, MediaType};
use provender_test::OciRegistry;
use serde_json::{Value, json};

use super::sample::{Sample, document};
use super::{asked, client, reference};

const SBOM: &str = "application/vnd.cyclonedx+json";
const PROVENANCE: &str = "application/vnd.in-toto+json";

fn options() -> PushOptions {
    PushOptions::default()
}

fn fallback_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

#[tokio::test]
async fn attachments_are_found_by_their_type_with_and_without_a_list_of_the_registry() {
    for has_list in [true, false] {
        let registry = OciRegistry::start();
        if !has_list {
            registry.without_referrers();
        }
        let (client, to) = (client(), reference(&registry, "app:1"));
        let image = Sample::new(1, &[10]);
        client.push(&image, &to, &options(), None).await.unwrap();
        let subject = &image.manifest().descriptor;
        let attachments = [
            Sample::attachment(subject, SBOM, b"{\"sbom\":1}"),
            Sample::attachment(subject, PROVENANCE, b"{\"provenance\":1}"),
        ];
        for attachment in &attachments {
            client.push_referrer(attachment, &to, &options(), None).await.unwrap();
        }
        let all = client.referrers(&to, &image.root, None).await.unwrap();
        assert_eq!(all.len(), 2);
        let sboms = client.referrers(&to, &image.root, Some(SBOM)).await.unwrap();
        assert_eq!(sboms.len(), 1);
        assert_eq!(sboms[0].digest, attachments[0].root);
        let tagged = registry.manifest("app", &fallback_tag(&image.root)).is_some();
        assert_eq!(tagged, !has_list);
        assert_eq!(client.resolve(&to).await.unwrap().digest, image.root, "the tag is the image's");
    }
}

#[tokio::test]
async fn the_list_under_a_tag_keeps_what_others_wrote_and_holds_nothing_twice() {
    let registry = OciRegistry::start();
    registry.without_referrers();
    let (client, to) = (client(), reference(&registry, "app"));
    let image = Sample::new(1, &[10]);
    client.push(&image, &to, &options(), None).await.unwrap();
    let theirs = json!({
        "mediaType": MediaType::OCI_MANIFEST, "digest": format!("sha512:{}", "0".repeat(128)),
        "size": 3, "artifactType": "theirs/type", "data": "e30=", "x-unknown": { "b": [1], "a": null },
    });
    let index = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [theirs],
        "annotations": { "kept": "yes" },
    });
    let tag = fallback_tag(&image.root);
    let bytes = index.to_string().into_bytes();
    registry.add_manifest("app", Some(&tag), MediaType::OCI_INDEX, &bytes);
    let attachment = Sample::attachment(&image.manifest().descriptor, SBOM, b"{}");
    for _ in 0..2 {
        client.push_referrer(&attachment, &to, &options(), None).await.unwrap();
    }
    let (_, written) = registry.manifest("app", &tag).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    let entries = written["manifests"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]), (2, &theirs));
    assert_eq!(entries[1]["artifactType"], SBOM);
    assert_eq!(written["annotations"], json!({ "kept": "yes" }));
    let found = client.referrers(&to, &image.root, None).await.unwrap();
    assert_eq!(found.len(), 1, "what is under another digest could not be fetched");
}

#[tokio::test]
async fn what_nothing_refers_to_has_an_empty_list() {
    for has_list in [true, false] {
        let registry = OciRegistry::start();
        if !has_list {
            registry.without_referrers();
        }
        let found = client().referrers(&reference(&registry, "app"), &Digest::of(b"x"), None).await;
        assert_eq!(found.unwrap(), []);
        assert_eq!(asked(&registry, "GET", "/manifests/"), usize::from(!has_list));
    }
}

#[tokio::test]
async fn a_tag_that_is_no_list_is_not_written_over() {
    let registry = OciRegistry::start();
    registry.without_referrers();
    let (client, to) = (client(), reference(&registry, "app"));
    let image = Sample::new(1, &[10]);
    client.push(&image, &to, &options(), None).await.unwrap();
    let tag = fallback_tag(&image.root);
    let manifest = image.manifest();
    let media_type = manifest.descriptor.media_type.as_str();
    registry.add_manifest("app", Some(&tag), media_type, &manifest.bytes);
    let attachment = Sample::attachment(&manifest.descriptor, SBOM, b"{}");
    let error = client.push_referrer(&attachment, &to, &options(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Malformed { .. }), "{error}");
    assert_eq!(registry.manifest("app", &tag).unwrap().1, manifest.bytes);
}

#[tokio::test]
async fn what_is_attached_to_nothing_is_no_attachment() {
    let registry = OciRegistry::start();
    let to = reference(&registry, "app");
    let pushed = client().push_referrer(&Sample::new(1, &[10]), &to, &options(), None).await;
    assert!(matches!(pushed, Err(RegistryError::Unfit { .. })), "{pushed:?}");
    assert!(registry.http().requests().is_empty());
}

#[tokio::test]
async fn an_image_and_its_attachments_go_in_one_push() {
    let registry = OciRegistry::start();
    registry.without_referrers();
    let mut image = Sample::new(1, &[10]);
    let attachment = Sample::attachment(&image.manifest().descriptor, SBOM, b"{}");
    image.blobs.extend(attachment.blobs);
    image.manifests.extend(attachment.manifests);
    let to = reference(&registry, "app:1");
    let client = client();
    let pushed = client.push(&image, &to, &options(), None).await.unwrap();
    assert_eq!(client.resolve(&to).await.unwrap().digest, pushed.digest);
    let found = client.referrers(&to, &image.root, None).await.unwrap();
    assert_eq!(found[0].digest, attachment.root);
    // The attachment is a manifest as any other.
    let bytes = registry.manifest("app", &attachment.root.to_string()).unwrap().1;
    let read: provender_image::Manifest = serde_json::from_slice(&bytes).unwrap();
    let again = document(MediaType::OCI_MANIFEST, to_bytes(&read).unwrap());
    assert_eq!(again.descriptor.digest, attachment.root);
}
