//! What is pushed, mounted, resumed, refused.

use provender_image::registry::{Event, Moved, PushOptions, RegistryError};
use provender_image::{Digest, Reference};
use provender_test::{Fault, OciRegistry, Reply};

use super::sample::Sample;
use super::{asked, blob_path, client, listener, reference};

/// Pieces of 100,000 bytes for everything that is longer than 1,000.
const PIECES: PushOptions = PushOptions { monolithic_up_to: 1000, chunk_size: 100_000 };

fn whole() -> PushOptions {
    PushOptions::default()
}

#[tokio::test]
async fn an_image_is_pushed_whole_or_in_pieces_and_pulled_again() {
    for options in [whole(), PIECES] {
        let registry = OciRegistry::start();
        let sample = Sample::new(1, &[250_000, 10]);
        let (client, to) = (client(), reference(&registry, "team/app:1"));
        let pushed = client.push(&sample, &to, &options, None).await.unwrap();
        assert_eq!(pushed.digest, sample.root);
        assert!(pushed.blobs.values().all(|moved| *moved == Moved::Sent));
        for (descriptor, bytes) in &sample.blobs {
            assert_eq!(
                registry.blob("team/app", &descriptor.digest.to_string()).as_ref(),
                Some(bytes)
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let image = client.pull(&to, None, folder.path(), None).await.unwrap();
        assert_eq!(image.digest(), sample.root);
    }
}

#[tokio::test]
async fn a_large_blob_goes_in_pieces_that_follow_one_another() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[250_000]);
    client().push(&sample, &reference(&registry, "app"), &PIECES, None).await.unwrap();
    let requests = registry.http().requests();
    let ranges: Vec<_> =
        requests.iter().filter_map(|request| request.header("content-range")).collect();
    let last = format!("200000-{}", sample.layer().size - 1);
    assert_eq!(ranges, ["0-99999", "100000-199999", &last]);
}

#[tokio::test]
async fn a_registry_that_wants_longer_pieces_gets_them() {
    let registry = OciRegistry::start();
    registry.with_shortest_chunk(200_000);
    let sample = Sample::new(1, &[250_000]);
    client().push(&sample, &reference(&registry, "app"), &PIECES, None).await.unwrap();
    assert_eq!(asked(&registry, "PATCH", "/uploads/"), 2);
}

#[tokio::test]
async fn whole_urls_with_a_query_are_followed_as_they_stand() {
    let registry = OciRegistry::start();
    registry.with_absolute_locations();
    let sample = Sample::new(1, &[250_000, 10]);
    client().push(&sample, &reference(&registry, "app:1"), &PIECES, None).await.unwrap();
    assert!(registry.manifest("app", "1").is_some());
}

#[tokio::test]
async fn an_upload_that_is_cut_off_goes_on_where_the_registry_has_it() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[250_000]);
    registry.cut_next_upload(40_000);
    client().push(&sample, &reference(&registry, "app"), &PIECES, None).await.unwrap();
    let requests = registry.http().requests();
    let patches: Vec<_> = requests.iter().filter(|request| request.method == "PATCH").collect();
    assert_eq!(patches[1].header("content-range"), Some("40000-139999"));
    assert_eq!(asked(&registry, "POST", "/uploads/"), 2, "one for each blob");
}

#[tokio::test]
async fn a_whole_upload_that_is_cut_off_begins_again() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[250_000]);
    registry.cut_next_upload(40_000);
    client().push(&sample, &reference(&registry, "app:1"), &whole(), None).await.unwrap();
    assert!(registry.manifest("app", "1").is_some());
    assert_eq!(asked(&registry, "POST", "/uploads/"), 3);
}

#[tokio::test]
async fn a_registry_that_fails_for_a_moment_gets_the_image_all_the_same() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[250_000]);
    for (method, part) in
        [("POST", "blobs/uploads/"), ("PATCH", "blobs/"), ("PUT", "blobs/"), ("PUT", "manifests/")]
    {
        registry.answer_next(method, &format!("/v2/app/{part}"), 1, Reply::status(503));
    }
    let busy = Reply::status(429).header("Retry-After", "0");
    registry.answer_next("POST", "/v2/app/blobs/uploads/", 1, busy);
    client().push(&sample, &reference(&registry, "app:1"), &PIECES, None).await.unwrap();
    assert!(registry.manifest("app", "1").is_some());
}

#[tokio::test]
async fn an_upload_that_the_registry_forgot_begins_again() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[250_000]);
    registry.answer_next("PATCH", "/v2/app/blobs/uploads/", 1, Reply::status(404));
    client().push(&sample, &reference(&registry, "app:1"), &PIECES, None).await.unwrap();
    assert!(registry.manifest("app", "1").is_some());
}

#[tokio::test]
async fn what_the_registry_has_is_not_sent_again() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000, 2000]);
    let (client, to) = (client(), reference(&registry, "app:1"));
    client.push(&sample, &to, &whole(), None).await.unwrap();
    let other = Sample::new(1, &[1000, 3000]);
    registry.http().forget_requests();
    let pushed = client.push(&other, &to, &whole(), None).await.unwrap();
    assert_eq!(pushed.blobs[&sample.layer().digest], Moved::Held);
    assert_eq!(asked(&registry, "POST", "/uploads/"), 2, "the other layer and the configuration");
}

#[tokio::test]
async fn a_base_layer_is_mounted_from_its_repository() {
    let registry = OciRegistry::start();
    let base = reference(&registry, "base/python:3");
    let sample = Sample { origin: Some(base), ..Sample::new(1, &[1000]) };
    registry.add_blob("base/python", &sample.blobs[0].1);
    let to = reference(&registry, "app");
    let (progress, events) = listener();
    let pushed = client().push(&sample, &to, &whole(), Some(&progress)).await.unwrap();
    assert_eq!(pushed.blobs[&sample.layer().digest], Moved::Mounted);
    let mounted = |event: &Event| matches!(event, Event::Mounted { .. });
    assert!(events.lock().unwrap().iter().any(mounted));
}

#[tokio::test]
async fn a_mount_that_is_refused_becomes_an_upload() {
    let refuse: [fn(&OciRegistry); 3] = [
        |registry| registry.without_mounts(),
        |registry| registry.answer_next("POST", "/v2/app/", 1, Reply::status(403)),
        |registry| registry.answer_next("POST", "/v2/app/", 1, Reply::status(405)),
    ];
    for refuse in refuse {
        let registry = OciRegistry::start();
        let base = reference(&registry, "base/python:3");
        let sample = Sample { origin: Some(base), ..Sample::new(1, &[1000]) };
        registry.add_blob("base/python", &sample.blobs[0].1);
        // The configuration is there, so that the layer is all that is mounted or sent.
        registry.add_blob("app", &sample.blobs[1].1);
        refuse(&registry);
        let one = PushOptions { monolithic_up_to: 0, ..PIECES };
        let pushed = client().push(&sample, &reference(&registry, "app"), &one, None).await;
        assert_eq!(pushed.unwrap().blobs[&sample.layer().digest], Moved::Sent);
    }
}

#[tokio::test]
async fn a_layer_of_another_registry_is_not_asked_to_be_mounted() {
    let registry = OciRegistry::start();
    let elsewhere: Reference = "other.example/base/python:3".parse().unwrap();
    let sample = Sample { origin: Some(elsewhere), ..Sample::new(1, &[1000]) };
    client().push(&sample, &reference(&registry, "app"), &whole(), None).await.unwrap();
    let requests = registry.http().requests();
    assert!(requests.iter().all(|request| !request.query.contains("mount=")));
}

#[tokio::test]
async fn an_index_comes_after_its_manifests_and_the_tag_last() {
    let registry = OciRegistry::start();
    let sample = Sample::index(&["amd64", "arm64"]);
    client().push(&sample, &reference(&registry, "app:1"), &whole(), None).await.unwrap();
    let requests = registry.http().requests();
    let put: Vec<_> = requests
        .iter()
        .filter(|request| request.method == "PUT" && request.path.contains("/manifests/"))
        .map(|request| request.path.rsplit('/').next().unwrap().to_owned())
        .collect();
    let mut expected: Vec<_> =
        sample.manifests.iter().map(|manifest| manifest.descriptor.digest.to_string()).collect();
    expected.push("1".to_owned());
    assert_eq!(put, expected);
}

#[tokio::test]
async fn a_manifest_may_have_a_tag_of_its_own_and_a_digest_gives_none() {
    let registry = OciRegistry::start();
    let mut sample = Sample::index(&["amd64", "arm64"]);
    sample.manifests[0].tag = Some("1-amd64".to_owned());
    let to = reference(&registry, "app").at(sample.root);
    client().push(&sample, &to, &whole(), None).await.unwrap();
    assert!(registry.manifest("app", "1-amd64").is_some());
    assert!(registry.manifest("app", "latest").is_none());
    let wrong = reference(&registry, "app").at(Digest::of(b"other"));
    let error = client().push(&sample, &wrong, &whole(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unfit { .. }), "{error}");
}

#[tokio::test]
async fn a_push_that_fails_leaves_the_tag_as_it_was() {
    let registry = OciRegistry::start();
    let (client, to) = (client(), reference(&registry, "app:1"));
    let first = Sample::new(1, &[1000]);
    client.push(&first, &to, &whole(), None).await.unwrap();
    let second = Sample::new(2, &[1000]);
    registry.http().fail(&format!("/v2/app/manifests/{}", second.root), Fault::Status(400));
    let error = client.push(&second, &to, &whole(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Status { status: 400, .. }), "{error}");
    registry.http().heal();
    assert_eq!(client.resolve(&to).await.unwrap().digest, first.root);
}

#[tokio::test]
async fn what_is_gone_after_the_push_is_told() {
    let registry = OciRegistry::start();
    let sample = Sample::new(1, &[1000]);
    let path = blob_path("app", &sample.layer().digest);
    let (client, to) = (client(), reference(&registry, "app:1"));
    client.push(&sample, &to, &whole(), None).await.unwrap();
    // Held before, and gone when it is asked for again.
    registry.answer_next("HEAD", &path, 1, Reply::status(200));
    registry.answer_next("HEAD", &path, 1, Reply::status(404));
    let error = client.push(&sample, &to, &whole(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Lost { what: "blob", .. }), "{error}");
}

#[tokio::test]
async fn a_registry_that_keeps_another_manifest_is_found_out() {
    let registry = OciRegistry::start();
    let (sample, other) = (Sample::new(1, &[1000]), Sample::new(2, &[1000]));
    let manifest = other.manifest();
    let media_type = manifest.descriptor.media_type.as_str();
    let reply = Reply::new(200, media_type, manifest.bytes.clone());
    registry.answer_next("GET", "/v2/app/manifests/1", 1, reply);
    let pushed = client().push(&sample, &reference(&registry, "app:1"), &whole(), None).await;
    assert!(matches!(pushed, Err(RegistryError::Lost { what: "manifest", .. })), "{pushed:?}");
}

#[tokio::test]
async fn a_portal_that_says_yes_to_everything_is_told_as_a_web_page() {
    let registry = OciRegistry::start();
    registry.http().fail("/v2/app/blobs/", Fault::HtmlPage);
    let sample = Sample::new(1, &[10]);
    let pushed = client().push(&sample, &reference(&registry, "app"), &whole(), None).await;
    assert!(matches!(pushed, Err(RegistryError::WebPage { .. })), "{pushed:?}");
}

#[tokio::test]
async fn a_source_that_is_not_what_it_says_is_refused() {
    let registry = OciRegistry::start();
    let to = reference(&registry, "app");
    let mut short = Sample::new(1, &[1000]);
    short.blobs[0].1.truncate(100);
    let error = client().push(&short, &to, &whole(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unreadable { .. }), "{error}");
    let mut other = Sample::new(1, &[1000]);
    other.blobs[0].1[0] ^= 1;
    let error = client().push(&other, &to, &whole(), None).await.unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID"), "{error}");
    let mut bytes = Sample::new(1, &[1000]);
    bytes.manifests[0].bytes.push(b' ');
    let error = client().push(&bytes, &to, &whole(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unfit { .. }), "{error}");
}
