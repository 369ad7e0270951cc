//! What is pulled, resumed, refused.

use std::io::Read as _;

use provender_image::registry::{BlobFolder, Event, RegistryError, pulled};
use provender_image::{Descriptor, Digest, ImageError, MediaType, Platform, Reference};
use provender_test::{Fault, OciRegistry, Reply};
use serde_json::json;

use super::sample::Sample;
use super::{asked, blob_path, client, listener, reference};

#[tokio::test]
async fn an_image_is_pulled_and_reads_as_it_was_pushed() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[300_000, 10]);
    sample.put(&registry, "team/app", "1");
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "team/app:1");
    let image = client().pull(&wanted, None, folder.path(), None).await.unwrap();
    assert_eq!(image.digest(), sample.root);
    let mut read = Vec::new();
    image.layer(&image.layers[0]).unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, sample.blobs[0].1);
}

#[tokio::test]
async fn what_is_there_already_is_not_fetched_again() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "latest");
    let folder = tempfile::tempdir().unwrap();
    let (client, tagged) = (client(), reference(&registry, "app"));
    client.pull(&tagged, None, folder.path(), None).await.unwrap();
    registry.http().forget_requests();
    let (progress, events) = listener();
    client.pull(&tagged, None, folder.path(), Some(&progress)).await.unwrap();
    assert_eq!(asked(&registry, "GET", "/blobs/"), 0);
    let held = |event: &Event| matches!(event, Event::Held { .. });
    assert!(events.lock().unwrap().iter().all(held) && events.lock().unwrap().len() == 2);
    registry.http().forget_requests();
    let by_digest = tagged.at(sample.root);
    client.pull(&by_digest, None, folder.path(), None).await.unwrap();
    assert_eq!(registry.http().requests().len(), 0);
}

#[tokio::test]
async fn what_a_digest_names_is_there_without_a_registry() {
    let registry = OciRegistry::start();
    let sample = Sample::index(&["amd64", "arm64"]);
    sample.put(&registry, "app", "1");
    let folder = tempfile::tempdir().unwrap();
    let tagged = reference(&registry, "app:1");
    let (arm, intel) = (Some("linux/arm64".parse().unwrap()), Some(Platform::linux("amd64")));
    let by_digest = tagged.at(sample.root);
    assert!(pulled(&by_digest, arm.as_ref(), folder.path()).is_none(), "nothing was pulled yet");
    let image = client().pull(&by_digest, arm.as_ref(), folder.path(), None).await.unwrap();
    drop(registry);
    let there = |reference: &Reference, platform: &Option<Platform>| {
        pulled(reference, platform.as_ref(), folder.path()).map(|image| image.digest())
    };
    assert_eq!(there(&by_digest, &arm), Some(image.digest()));
    assert_eq!(there(&by_digest, &intel), None, "of another platform only the index is there");
    assert_eq!(there(&by_digest, &None), None, "it is not said which");
    assert_eq!(there(&tagged, &arm), None, "a tag may name another one by now");
    assert_eq!(there(&tagged.at(image.digest()), &None), Some(image.digest()));
    assert_eq!(there(&tagged.at(image.digest()), &intel), None);
    let layer = BlobFolder::new(folder.path()).path(&image.layers[0].descriptor.digest);
    std::fs::write(&layer, "shorter").unwrap();
    assert_eq!(there(&by_digest, &arm), None, "not all of it is there");
}

#[tokio::test]
async fn a_layer_that_breaks_off_goes_on_where_it_ended() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[500_000]);
    sample.put(&registry, "app", "1");
    let path = blob_path("app", &sample.layer().digest);
    registry.http().fail_times(&path, Fault::Truncated, 2);
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
    let requests = registry.http().requests();
    let ranges: Vec<_> = requests
        .iter()
        .filter(|request| request.path == path)
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges.len(), 3);
    assert!(ranges[0].is_none() && ranges[1].is_some() && ranges[2] > ranges[1], "{ranges:?}");
}

#[tokio::test]
async fn a_later_run_goes_on_where_an_earlier_one_failed() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[500_000]);
    sample.put(&registry, "app", "1");
    let path = blob_path("app", &sample.layer().digest);
    registry.http().fail(&path, Fault::Truncated);
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    let error = client().pull(&wanted, None, folder.path(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Net(_)), "{error}");
    registry.http().heal();
    registry.http().forget_requests();
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
    let requests = registry.http().requests();
    let layer = requests.iter().find(|request| request.path == path).unwrap();
    assert!(layer.header("range").is_some());
}

#[tokio::test]
async fn a_beginning_that_was_wrong_is_thrown_away_once() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "1");
    let folder = tempfile::tempdir().unwrap();
    let partial = folder.path().join("partial");
    std::fs::create_dir(&partial).unwrap();
    std::fs::write(partial.join(sample.layer().digest.hex()), b"other bytes").unwrap();
    let wanted = reference(&registry, "app:1");
    let image = client().pull(&wanted, None, folder.path(), None).await.unwrap();
    assert_eq!(image.digest(), sample.root);
}

#[tokio::test]
async fn a_configuration_that_was_damaged_on_disk_is_fetched_anew() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "1");
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
    let (config, bytes) = sample.blobs.last().unwrap();
    let path = folder.path().join("blobs/sha256").join(config.digest.hex());
    std::fs::write(&path, vec![b' '; bytes.len()]).unwrap();
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
    assert_eq!(&std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_blob_with_other_bytes_is_refused_and_leaves_no_file() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "1");
    let digest = sample.layer().digest;
    let mut other = sample.blobs[0].1.clone();
    other[0] ^= 1;
    for bytes in [other, vec![0; 10_000_000]] {
        registry.damage_blob("app", &digest.to_string(), &bytes);
        let folder = tempfile::tempdir().unwrap();
        let wanted = reference(&registry, "app:1");
        let error = client().pull(&wanted, None, folder.path(), None).await.unwrap_err();
        assert!(
            matches!(&error, RegistryError::Digest { expected, .. } if *expected == digest),
            "{error}"
        );
        assert!(!folder.path().join("blobs/sha256").join(digest.hex()).exists());
    }
}

#[tokio::test]
async fn a_manifest_asked_for_by_digest_must_hash_to_it() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[10]);
    let root = sample.root.to_string();
    let other = Sample::new(2, &[10]);
    let reply = Reply::new(200, MediaType::OCI_MANIFEST, other.manifest().bytes.clone());
    registry.answer_next("GET", "/v2/app/manifests/", 1, reply);
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, &format!("app@{root}"));
    let error = client().pull(&wanted, None, folder.path(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Digest { what: "manifest", .. }), "{error}");
}

#[tokio::test]
async fn a_digest_header_that_lies_is_refused() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[10]);
    let reply = Reply::new(200, MediaType::OCI_MANIFEST, sample.manifest().bytes.clone())
        .header("Docker-Content-Digest", &Digest::of(b"other").to_string());
    registry.answer_next("GET", "/v2/app/manifests/", 1, reply);
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    let error = client().pull(&wanted, None, folder.path(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Digest { what: "manifest", .. }), "{error}");
}

#[tokio::test]
async fn a_tag_resolves_with_head_alone_or_with_get_where_head_says_too_little() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[10]);
    sample.put(&registry, "app", "1");
    let (client, wanted) = (client(), reference(&registry, "app:1"));
    assert_eq!(client.resolve(&wanted).await.unwrap(), sample.manifest().descriptor);
    assert_eq!(asked(&registry, "GET", "/manifests/"), 0);
    registry.without_digest_headers();
    assert_eq!(client.resolve(&wanted).await.unwrap(), sample.manifest().descriptor);
    assert_eq!(asked(&registry, "GET", "/manifests/"), 1);
}

#[tokio::test]
async fn an_index_gives_the_image_for_the_platform() {
    let registry = OciRegistry::start();
    let sample = Sample::index(&["amd64", "arm64"]);
    sample.put(&registry, "app", "1");
    let folder = tempfile::tempdir().unwrap();
    let (client, wanted) = (client(), reference(&registry, "app:1"));
    let arm: Platform = "linux/arm64/v8".parse().unwrap();
    let image = client.pull(&wanted, Some(&arm), folder.path(), None).await.unwrap();
    assert_eq!(image.digest(), sample.manifests[1].descriptor.digest);
    for (platform, said) in [(Some("linux/s390x"), "for linux/s390x"), (None, "no platform")] {
        let platform: Option<Platform> = platform.map(|text| text.parse().unwrap());
        let pulled = client.pull(&wanted, platform.as_ref(), folder.path(), None).await;
        let said_all = pulled.unwrap_err().to_string();
        assert!(
            said_all.contains(said) && said_all.contains("linux/amd64, linux/arm64"),
            "{said_all}"
        );
    }
}

#[tokio::test]
async fn an_image_for_another_platform_is_refused_before_its_layers_are_fetched() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "1");
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    let arm = Platform::linux("arm64");
    let error = client().pull(&wanted, Some(&arm), folder.path(), None).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Image(ImageError::NoImage { .. })), "{error}");
    assert_eq!(asked(&registry, "GET", &sample.layer().digest.to_string()), 0);
}

#[tokio::test]
async fn layers_that_are_kept_elsewhere_are_refused() {
    let registry = OciRegistry::start();
    let config = Descriptor::of(MediaType::new(MediaType::OCI_CONFIG), b"{}");
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut elsewhere = Descriptor::of(MediaType::new(MediaType::OCI_LAYER), b"x");
    elsewhere.urls = vec!["https://files.example/layer".to_owned()];
    for layer in [Descriptor::of(MediaType::new(foreign), b"x"), elsewhere] {
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
        let bytes = manifest.to_string();
        registry.add_manifest("app", Some("1"), MediaType::OCI_MANIFEST, bytes.as_bytes());
        let folder = tempfile::tempdir().unwrap();
        let wanted = reference(&registry, "app:1");
        let error = client().pull(&wanted, None, folder.path(), None).await.unwrap_err();
        assert!(matches!(error, RegistryError::ForeignLayer { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_image_of_schema_1_is_refused_by_name() {
    let registry = OciRegistry::start();
    let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    registry.add_manifest("app", Some("1"), signed, br#"{"schemaVersion":1}"#);
    let error = client().resolve(&reference(&registry, "app:1")).await.unwrap_err();
    assert!(error.to_string().contains("schema 1"), "{error}");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_told_with_the_tags_that_are() {
    let registry = OciRegistry::start();
    Sample::new(1, &[10]).put(&registry, "app", "1.0");
    let error = client().resolve(&reference(&registry, "app:2.0")).await.unwrap_err();
    assert!(matches!(error, RegistryError::NoImage { .. }), "{error}");
    assert_eq!(error.hint().unwrap(), "the repository has 1.0");
    let error = client().resolve(&reference(&registry, "other:1")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("check"), "{error}");
    assert_eq!(client().tags(&reference(&registry, "app")).await.unwrap(), ["1.0"]);
}

#[tokio::test]
async fn a_portal_is_told_as_a_web_page() {
    let registry = OciRegistry::start();
    registry.http().fail("/v2/", Fault::HtmlPage);
    let error = client().resolve(&reference(&registry, "app:1")).await.unwrap_err();
    assert!(matches!(error, RegistryError::WebPage { .. }), "{error}");
    assert!(error.hint().unwrap().contains("captive portal"));
}

#[tokio::test]
async fn a_registry_that_asks_for_a_pause_or_fails_for_a_moment_is_asked_again() {
    let registry = OciRegistry::start();
    Sample::new(1, &[10]).put(&registry, "app", "1");
    let busy = Reply::status(429).header("Retry-After", "0");
    registry.answer_next("GET", "/v2/app/", 2, busy);
    registry.answer_next("GET", "/v2/app/blobs/", 1, Reply::status(503));
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
}

#[tokio::test]
async fn a_registry_that_asks_for_a_long_pause_is_told_with_it() {
    let registry = OciRegistry::start();
    registry.answer_next("HEAD", "/v2/app/", 1, Reply::status(429).header("Retry-After", "7200"));
    registry.answer_next("GET", "/v2/app/", 1, Reply::status(429).header("Retry-After", "7200"));
    let error = client().resolve(&reference(&registry, "app:1")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("7200 s"), "{error}");
}
