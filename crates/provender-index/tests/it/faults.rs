//! What goes wrong upstream: nothing wrong is ever kept, and no client ever has a whole wrong file.

use std::time::Duration;

use provender_test::{FakeIndex, Fault, Release};

use crate::gate::Gate;
use crate::served::{Served, assert_intact, large, path_of, pulling, upstreams};

/// Faults of a file's transfer, and the status where nothing was passed on yet.
fn faults() -> [(Fault, u16); 6] {
    [
        (Fault::WrongBytes, 502),
        (Fault::Truncated, 502),
        (Fault::Stalled, 504),
        (Fault::HtmlPage, 502),
        (Fault::Status(503), 502),
        (Fault::Closed, 502),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_ever_has_a_whole_wrong_file_and_nothing_of_it_is_kept() {
    for size in [100, 500_000] {
        let (release, file) = large("large", size);
        for (fault, status) in faults() {
            let upstream = FakeIndex::with([release.clone()]);
            let served = Served::over(&upstream).await;
            upstream.http().fail("/files/", fault.clone());
            let reply = served.get(&path_of(&file)).await;
            if reply.status == 200 {
                assert!(!reply.is_whole(), "{fault:?}");
                let announced = reply.header("content-length");
                assert_eq!(announced, Some(&*file.bytes.len().to_string()), "{fault:?}");
            } else {
                assert_eq!(reply.status, status, "{fault:?}: {}", reply.text());
            }
            served.assert_empty().await;

            // The next asker gets the right file.
            upstream.http().heal();
            assert!(served.get(&path_of(&file)).await.body == file.bytes, "{fault:?}");
            assert_intact(&served.store).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_reset_midway_leaves_nothing() {
    let (_, file) = large("large", 500_000);
    let gate = Gate::before("large", file.clone()).await;
    let served = Served::start(|store| pulling(store, &[&gate.url()])).await;
    gate.reset_all();
    let reply = served.get(&path_of(&file)).await;
    assert!(reply.status == 502 || !reply.is_whole());
    served.assert_empty().await;
    // The first attempt, and the one retry.
    assert_eq!(gate.asked_for_file(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_falls_silent_midway_is_given_up() {
    let (_, file) = large("large", 500_000);
    let gate = Gate::before("large", file.clone()).await;
    let served = Served::start(|store| pulling(store, &[&gate.url()])).await;
    let reply = served.get(&path_of(&file)).await;
    assert!(reply.status == 504 || !reply.is_whole());
    served.assert_empty().await;
}

#[tokio::test]
async fn wrong_bytes_in_place_of_metadata_are_not_passed_on() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    let served = Served::over(&upstream).await;
    let file = &Release::new("flask", "3.0").files()[0];
    upstream.http().fail("/files/", Fault::WrongBytes);
    let reply = served.get(&format!("{}.metadata", path_of(file))).await;
    assert_eq!(reply.status, 502);
    served.assert_empty().await;
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let (release, file) = large("large", 500_000);
    for fault in [Fault::Truncated, Fault::Closed, Fault::Status(503)] {
        let upstream = FakeIndex::with([release.clone()]);
        let served = Served::over(&upstream).await;
        upstream.http().fail_times("/files/", fault.clone(), 1);
        let reply = served.get(&path_of(&file)).await;
        assert!(reply.status == 200 && reply.body == file.bytes, "{fault:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_none_is_an_error_that_says_so() {
    for (fault, status, words) in [
        (Fault::HtmlPage, 502, "`Sign in`"),
        (Fault::Status(500), 502, "500"),
        (Fault::Status(403), 502, "403"),
        (Fault::Truncated, 502, "broke off"),
        (Fault::WrongBytes, 502, "JSON"),
        (Fault::Closed, 502, "flask"),
        (Fault::Stalled, 504, "no data"),
    ] {
        let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
        let served = Served::over(&upstream).await;
        upstream.http().fail("/simple/", fault.clone());
        let reply = served.get("/simple/flask/").await;
        assert_eq!(reply.status, status, "{fault:?}: {}", reply.text());
        assert!(reply.text().contains(words), "{fault:?}: {}", reply.text());
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        upstream.http().heal();
        assert_eq!(served.get("/simple/flask/").await.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_remembered_page_serves_while_the_upstream_fails() {
    for fault in [Fault::HtmlPage, Fault::Status(500), Fault::Closed, Fault::Stalled] {
        let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
        upstream.set_caching(provender_test::Caching::MaxAge(0));
        let served = Served::over(&upstream).await;
        let before = served.page("flask").await;
        upstream.http().fail("/simple/", fault.clone());
        assert_eq!(served.page("flask").await, before, "{fault:?}");

        // While it rests nobody waits for it again.
        upstream.http().forget_requests();
        assert_eq!(served.page("flask").await, before, "{fault:?}");
        assert_eq!(upstream.http().count("/simple/"), 0, "{fault:?}");
        let file = &Release::new("flask", "3.0").files()[0];
        assert_eq!(served.get(&path_of(file)).await.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_remembered_page_serves_in_place_of_an_answer_that_takes_long() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    upstream.set_caching(provender_test::Caching::MaxAge(0));
    let served = Served::offline().await;
    let upstreams = upstreams(&served.store, &[&upstream.url()]);
    let flask = "flask".parse().unwrap();
    let now = upstreams.page_or_remembered(&flask, Duration::MAX).await.unwrap().unwrap();
    upstream.http().fail("/simple/", Fault::Stalled);
    let later = upstreams.page_or_remembered(&flask, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(now.page, later.page);
    // Of what nobody remembers, an answer is waited for.
    let unknown = "unknown".parse().unwrap();
    assert!(upstreams.page_or_remembered(&unknown, Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn what_is_stocked_serves_while_the_upstream_fails() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0"), Release::new("flask", "3.1")]);
    let served = Served::over(&upstream).await;
    served.stock(&Release::new("flask", "3.0"), "flask", "3.0").await;
    upstream.http().fail("/simple/", Fault::Closed);
    assert_eq!(served.page("flask").await["versions"], serde_json::json!(["3.0"]));
    upstream.http().heal();
    assert_eq!(served.page("flask").await["versions"], serde_json::json!(["3.0", "3.1"]));
}

#[tokio::test]
async fn a_stored_file_that_was_lost_is_fetched_again() {
    let (release, file) = large("large", 300_000);
    let upstream = FakeIndex::with([release.clone()]);
    let served = Served::over(&upstream).await;
    served.stock(&release, "large", "1.0").await;
    let sha256 = file.sha256().parse().unwrap();
    let blob = served.store.blobs().local_path(&sha256).await.unwrap();
    std::fs::write(&blob, &file.bytes[..1000]).unwrap();
    let reply = served.get(&path_of(&file)).await;
    assert!(reply.status == 200 && reply.body == file.bytes, "{}", reply.text());
    assert_intact(&served.store).await;
}

#[tokio::test]
async fn an_upstream_that_promises_another_length_is_not_believed() {
    let (_, file) = large("large", 500_000);
    let page = serde_json::json!({"files": [{
        "filename": file.filename, "url": format!("/files/{}", file.filename),
        "size": file.bytes.len() - 1, "hashes": {"sha256": file.sha256()},
    }]});
    let bytes = file.bytes.clone();
    let upstream = provender_test::HttpServer::start(move |request| {
        use provender_test::Reply;
        match request.path.starts_with("/files/") {
            true => Reply::new(200, "application/zip", bytes.clone()),
            false => Reply::new(200, "application/json", page.to_string()),
        }
    });
    let url = format!("{}/simple/", upstream.base());
    let served = Served::start(|store| pulling(store, &[&url])).await;
    let reply = served.get(&path_of(&file)).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    served.assert_empty().await;
}
