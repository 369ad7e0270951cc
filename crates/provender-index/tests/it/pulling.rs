//! Files and pages of an upstream.

use provender_index::server::{Index, Source};
use provender_index::simple::JSON;
use provender_index::transfer::{HELD_BACK, MAX_FILE, Transfers, Wanted};
use provender_index::upstream::{Freshness, Upstream, Upstreams};
use provender_test::{Caching, DistFile, FakeIndex, Release, Wheel, Yanked};
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

use crate::client::{get, send};
use crate::gate::Gate;
use crate::served::{
    Served, assert_intact, client, large, path_of, pulling, pulling_patiently, upstreams,
};

#[tokio::test]
async fn a_page_of_an_upstream_is_ours_with_all_that_it_says() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")
        .requires_python(">=3.8")
        .uploaded("2024-01-31T12:00:00Z")
        .yanked(Yanked::Because("broken".into()))]);
    let served = Served::over(&upstream).await;
    let page = served.page("flask").await;
    let file = &page["files"][0];
    assert_eq!(file["requires-python"], ">=3.8");
    assert_eq!(file["upload-time"], "2024-01-31T12:00:00Z");
    assert_eq!(file["yanked"], "broken");
    let release = Release::new("flask", "3.0").requires_python(">=3.8");
    let known = &release.files()[0];
    assert_eq!(file["hashes"]["sha256"], known.sha256());
    assert_eq!(file["url"], format!("../..{}", path_of(known)));
    assert!(file["core-metadata"]["sha256"].is_string());
}

#[tokio::test]
async fn what_an_upstream_promises_no_hash_for_is_not_offered() {
    let upstream = FakeIndex::with([
        Release::new("flask", "3.0").without_hashes(),
        Release::new("flask", "3.1"),
    ]);
    let served = Served::over(&upstream).await;
    let page = served.page("flask").await;
    assert_eq!(page["versions"], serde_json::json!(["3.1"]));
    assert_eq!(served.get(&path_of(&Release::new("flask", "3.0").files()[0])).await.status, 404);
}

#[tokio::test]
async fn a_file_is_fetched_once_and_then_served_without_the_upstream() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    let served = Served::over(&upstream).await;
    let file = &Release::new("flask", "3.0").files()[0];
    for source in [Source::Upstream, Source::Store] {
        for (path, bytes) in [
            (format!("{}.metadata", path_of(file)), file.core_metadata.as_ref().unwrap()),
            (path_of(file), &file.bytes),
        ] {
            let reply = served.get(&path).await;
            assert_eq!((reply.status, &reply.body), (200, bytes), "{}", reply.text());
            assert_eq!(served.log.lines().last().unwrap().source, source);
        }
    }
    assert_eq!(upstream.http().count("/files/"), 2);
    assert_eq!(upstream.http().count("/simple/"), 1);

    // What was pulled through is ours from now on.
    let offline = provender_index::simple::ProjectPage::of_stocked(
        &"flask".parse().unwrap(),
        &served
            .store
            .database()
            .project_files(provender_store::STOCK, &"flask".parse().unwrap())
            .await
            .unwrap(),
    );
    assert_eq!(offline.files.len(), 1);
    assert!(offline.files[0].metadata.sha256().is_some());
    assert_intact(&served.store).await;
}

#[tokio::test]
async fn a_stocked_file_comes_from_the_store_and_the_rest_from_the_upstream() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0"), Release::new("flask", "3.1")]);
    let served = Served::over(&upstream).await;
    served.stock(&Release::new("flask", "3.0"), "flask", "3.0").await;
    assert_eq!(served.page("flask").await["versions"], serde_json::json!(["3.0", "3.1"]));
    assert_eq!(served.get(&path_of(&Release::new("flask", "3.0").files()[0])).await.status, 200);
    assert_eq!(upstream.http().count("/files/"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_askers_at_once_are_one_upstream_request() {
    let (release, file) = large("large", 500_000);
    let upstream = FakeIndex::with([release]);
    let served = Served::over(&upstream).await;
    let mut askers = JoinSet::new();
    for _ in 0..30 {
        let (address, path) = (served.address, path_of(&file));
        askers.spawn(async move { get(address, &path).await });
    }
    for reply in askers.join_all().await {
        assert!(reply.status == 200 && reply.body == file.bytes, "{}", reply.status);
    }
    assert_eq!(upstream.http().count("/files/"), 1);
    assert_eq!(upstream.http().count("/simple/"), 1);
    // The wheel, and the metadata that were read out of it.
    assert_eq!(served.store.blobs().list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_passed_on_while_they_arrive_and_a_client_that_leaves_spoils_nothing() {
    let (_, file) = large("large", 600_000);
    let gate = Gate::before("large", file.clone()).await;
    let served = Served::start(|store| pulling_patiently(store, &[&gate.url()])).await;
    let path = path_of(&file);
    let mut leaves = send(served.address, "GET", &path, &[]).await;
    let mut stays = send(served.address, "GET", &path, &[]).await;

    // Half of the file is here, and what is not held back of it comes although the rest does not.
    let passed_on = file.bytes.len() / 2 - usize::try_from(HELD_BACK).unwrap();
    let mut first = vec![0; passed_on];
    leaves.read_exact(&mut first).await.unwrap();
    drop(leaves);
    let mut bytes = vec![0; passed_on];
    stays.read_exact(&mut bytes).await.unwrap();
    assert_eq!(gate.asked_for_file(), 1);
    served.assert_empty_but_for_what_arrives().await;

    gate.open();
    stays.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.ends_with(&file.bytes));
    assert_eq!(gate.asked_for_file(), 1);
    assert!(served.get(&path).await.body == file.bytes);
    assert_eq!(gate.asked_for_file(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_arriving_when_everybody_has_left() {
    let (_, file) = large("large", 600_000);
    let gate = Gate::before("large", file.clone()).await;
    let served = Served::start(|store| pulling_patiently(store, &[&gate.url()])).await;
    let mut leaves = send(served.address, "GET", &path_of(&file), &[]).await;
    leaves.read_exact(&mut [0; 1000]).await.unwrap();
    drop(leaves);
    gate.open();
    assert!(served.get(&path_of(&file)).await.body == file.bytes);
    assert_eq!(gate.asked_for_file(), 1);
    // The line of the client that left says so.
    let lines = served.end().await.lines();
    assert!(lines.iter().any(|line| !line.complete && line.bytes > 0), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_finishes_what_is_under_way() {
    let (_, file) = large("large", 600_000);
    let gate = Gate::before("large", file.clone()).await;
    let served = Served::start(|store| pulling_patiently(store, &[&gate.url()])).await;
    let mut client = send(served.address, "GET", &path_of(&file), &[]).await;
    let mut bytes = vec![0; 1000];
    client.read_exact(&mut bytes).await.unwrap();
    let address = served.address;
    let ended = tokio::spawn(served.end());
    // It no longer accepts anybody, and has not ended.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!ended.is_finished());
    gate.open();
    client.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.ends_with(&file.bytes));
    assert!(ended.await.unwrap().lines()[0].complete);
}

#[tokio::test]
async fn a_plus_in_a_name_survives_its_way_through_urls() {
    let upstream = FakeIndex::with([Release::new("torch", "2.1.0+cpu").sdist()]);
    let served = Served::over(&upstream).await;
    let page = served.page("torch").await;
    for file in page["files"].as_array().unwrap() {
        let path = file["url"].as_str().unwrap().strip_prefix("../..").unwrap().to_owned();
        assert!(path.contains("%2B"), "{path}");
        for path in [path.replace("%2B", "+"), path] {
            assert_eq!(served.get(&path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn asking_about_a_file_fetches_nothing() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    let served = Served::over(&upstream).await;
    let file = &Release::new("flask", "3.0").files()[0];
    let reply = served.head(&path_of(file)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-length"), Some(&*file.bytes.len().to_string()));
    // Ranges would have to wait for the whole, so they are not offered yet.
    assert_eq!(reply.header("accept-ranges"), None);
    assert_eq!(upstream.http().count("/files/"), 0);
}

#[tokio::test]
async fn a_page_is_asked_for_again_only_when_it_is_no_longer_fresh() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    upstream.set_caching(Caching::MaxAge(3600));
    let served = Served::over(&upstream).await;
    for _ in 0..3 {
        served.page("flask").await;
    }
    assert_eq!(upstream.http().count("/simple/"), 1);

    // No longer fresh at once: asked for each time, at the price of a 304.
    upstream.set_caching(Caching::MaxAge(0));
    upstream.add(&Release::new("click", "8.0"));
    for _ in 0..3 {
        served.page("click").await;
    }
    let asked = upstream.http().requests();
    let statuses: Vec<_> =
        asked.iter().filter(|r| r.path == "/simple/click/").map(|r| r.status).collect();
    assert_eq!(statuses, [Some(200), Some(304), Some(304)]);
}

#[tokio::test]
async fn a_project_that_nobody_has_is_asked_for_once() {
    let upstream = FakeIndex::start();
    let served = Served::over(&upstream).await;
    for _ in 0..3 {
        assert_eq!(served.get("/simple/absent/").await.status, 404);
    }
    assert_eq!(upstream.http().count("/simple/absent/"), 1);
}

#[tokio::test]
async fn an_upstream_that_speaks_html_only_is_read_too() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0").requires_python(">=3.8")]);
    upstream.set_json(false);
    let served = Served::over(&upstream).await;
    let page = served.page("flask").await;
    assert_eq!(page["meta"]["api-version"], "1.0");
    assert_eq!(page["files"][0]["requires-python"], ">=3.8");
    let path = page["files"][0]["url"].as_str().unwrap().strip_prefix("../..").unwrap().to_owned();
    assert_eq!(served.get(&path).await.status, 200);
    // Of what is kept the length is known.
    let kept = served.page("flask").await;
    assert_eq!(kept["meta"]["api-version"], "1.4");
}

#[tokio::test]
async fn the_first_index_that_has_a_project_is_the_only_one() {
    let first = FakeIndex::with([Release::new("inner", "1.0")]);
    let second = FakeIndex::with([Release::new("inner", "9.0"), Release::new("flask", "3.0")]);
    let served = Served::start(|store| pulling(store, &[&first.url(), &second.url()])).await;
    assert_eq!(served.page("inner").await["versions"], serde_json::json!(["1.0"]));
    assert_eq!(served.page("flask").await["versions"], serde_json::json!(["3.0"]));
    assert_eq!(second.http().count("/simple/inner/"), 0);

    // While the first gives no answer, a name is not taken from the second.
    first.http().fail("/simple/", provender_test::Fault::Status(503));
    second.add(&Release::new("other", "1.0"));
    assert_eq!(served.get("/simple/other/").await.status, 502);
    assert_eq!(second.http().count("/simple/other/"), 0);
}

#[tokio::test]
async fn a_project_with_an_index_of_its_own_is_asked_of_no_other() {
    let public = FakeIndex::with([Release::new("inner", "9.0")]);
    let inner = FakeIndex::with([Release::new("inner", "1.0")]);
    let served = Served::start(|store| {
        let upstream = |index: &FakeIndex| Upstream::new("index", index.url().parse().unwrap());
        let only_for = [("inner".parse().unwrap(), upstream(&inner))].into();
        let in_order = vec![upstream(&public)];
        let upstreams = Upstreams::new(store.clone(), client(), in_order, only_for);
        Index::pulling_through(store.clone(), upstreams, Transfers::new(store.clone(), client()))
    })
    .await;
    assert_eq!(served.page("inner").await["versions"], serde_json::json!(["1.0"]));
    assert_eq!(public.http().requests().len(), 0);
}

#[tokio::test]
async fn an_index_with_a_login_is_asked_with_it_and_nobody_is_shown_it() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    upstream.http().require_login("ann", "s3cret");
    let url = upstream.url().replace("http://", "http://ann:s3cret@");
    let served = Served::start(|store| pulling(store, &[&url])).await;
    let reply = served.get_with("/simple/flask/", &[("Accept", JSON)]).await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains("s3cret"));
    assert_eq!(served.get(&path_of(&Release::new("flask", "3.0").files()[0])).await.status, 200);
    let database = std::fs::read(served.data_dir().join("provender.db")).unwrap();
    let log = std::fs::read(served.data_dir().join("provender.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret"));
    }
}

#[tokio::test]
async fn a_page_can_be_asked_for_again_before_its_time() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    let served = Served::offline().await;
    let upstreams = upstreams(&served.store, &[&upstream.url()]);
    let flask = "flask".parse().unwrap();
    let versions = async |freshness| {
        let page = upstreams.page(&flask, freshness).await.unwrap().unwrap();
        page.page.versions().len()
    };
    assert_eq!(versions(Freshness::Remembered).await, 1);
    upstream.add(&Release::new("flask", "3.1"));
    assert_eq!(versions(Freshness::Remembered).await, 1);
    assert_eq!(versions(Freshness::Revalidate).await, 2);
    assert_eq!(versions(Freshness::Remembered).await, 2);
}

#[tokio::test]
async fn a_transfer_tells_how_far_it_is_and_does_nothing_twice() {
    let (release, file) = large("large", 300_000);
    let upstream = FakeIndex::with([release]);
    let served = Served::offline().await;
    let transfers = Transfers::new(served.store.clone(), client());
    let url = format!("{}/files/{}", upstream.http().base(), file.filename).parse().unwrap();
    let sha256 = file.sha256().parse().unwrap();
    let wanted = Wanted { url, sha256, size: None, at_most: MAX_FILE, record: None };
    let mut told = Vec::new();
    let info = transfers.fetch(wanted.clone()).finished_telling(|now| told.push(now)).await;
    assert_eq!(info.unwrap().size, file.bytes.len() as u64);
    assert_eq!(told.last().unwrap().arrived, file.bytes.len() as u64);
    assert_eq!(told.last().unwrap().total, Some(file.bytes.len() as u64));
    transfers.fetch(wanted).finished().await.unwrap();
    assert_eq!(upstream.http().count("/files/"), 1);
}

/// A wheel with the name of the release's and other bytes.
fn another(name: &str) -> DistFile {
    Wheel::new(name, "1.0").file("another.py", "import os").build()
}

#[tokio::test]
async fn nothing_that_is_pulled_through_takes_the_place_of_a_stocked_file() {
    let (release, another) = (Release::new("a", "1.0"), another("a"));
    let upstream = FakeIndex::with([Release::new("a", "1.0").file(another.clone())]);
    let served = Served::over(&upstream).await;
    served.stock(&release, "a", "1.0").await;
    let file = &release.files()[0];
    assert_eq!(file.filename, another.filename);
    assert_eq!(served.get(&path_of(&another)).await.status, 404);
    assert_eq!(served.page("a").await["files"][0]["hashes"]["sha256"], file.sha256());
    assert_eq!(served.get(&path_of(file)).await.body, file.bytes);
}

#[tokio::test]
async fn the_releases_of_another_project_of_the_same_name_are_not_mixed_in() {
    let theirs = Release::new("acme-internal", "99.0");
    let upstream = FakeIndex::with([theirs.clone()]);
    let served = Served::over(&upstream).await;
    served.stock(&Release::new("acme-internal", "1.0"), "acme-internal", "1.0").await;
    assert_eq!(served.page("acme-internal").await["versions"], serde_json::json!(["1.0"]));
    assert_eq!(served.get(&path_of(&theirs.files()[0])).await.status, 404);
}

#[tokio::test]
async fn beside_a_wheel_that_is_here_are_its_own_metadata_whatever_the_upstream_promised() {
    let mut wheel = Wheel::new("a", "1.0").build();
    let own = wheel.core_metadata.clone().unwrap();
    wheel.core_metadata = Some(LIE.to_vec());
    let upstream = FakeIndex::with([Release::new("a", "1.0").no_wheel().file(wheel.clone())]);
    let served = Served::over(&upstream).await;
    assert_eq!(served.get(&path_of(&wheel)).await.status, 200);
    let metadata = format!("{}.metadata", path_of(&wheel));
    assert_eq!(served.get(&metadata).await.body, own);

    // A wheel without metadata has none beside it.
    let mut none = Wheel::new("b", "1.0").build();
    none.bytes = b"no zip".to_vec();
    none.core_metadata = Some(LIE.to_vec());
    upstream.add(&Release::new("b", "1.0").no_wheel().file(none.clone()));
    assert_eq!(served.get(&path_of(&none)).await.status, 200);
    assert_eq!(served.get(&format!("{}.metadata", path_of(&none))).await.status, 404);
    assert!(served.page("b").await["files"][0].get("core-metadata").is_none_or(|it| it == false));
}

const LIE: &[u8] = b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Dist: evil-dep\n";

#[tokio::test]
async fn of_a_file_without_a_promised_length_no_more_than_the_bound_is_taken() {
    let (release, file) = large("large", 300_000);
    let upstream = FakeIndex::with([release]);
    let served = Served::offline().await;
    let transfers = Transfers::new(served.store.clone(), client());
    let url = format!("{}/files/{}", upstream.http().base(), file.filename).parse().unwrap();
    let sha256 = file.sha256().parse().unwrap();
    let wanted = Wanted { url, sha256, size: None, at_most: 1000, record: None };
    let error = transfers.fetch(wanted).finished().await.unwrap_err();
    assert!(error.to_string().contains("larger than the allowed 1000 bytes"), "{error}");
    served.assert_empty().await;
}
