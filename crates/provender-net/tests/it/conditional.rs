//! Bodies kept in memory: conditions, limits and what they have to be.

use provender_net::{Fetched, NetError, Validators, Wanted};

use crate::client;
use crate::server::{Reply, Server};

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let server = Server::http(|request| match request.header("if-none-match") {
        Some("\"v1\"") => Reply::new(304),
        _ => Reply::ok("[]").header("ETag", "\"v1\"").header("Content-Type", "application/json"),
    })
    .await;
    let client = client();
    let url = server.url("/");
    let answer = client.get(&url).wanted(Wanted::Json).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.content_type, "application/json");
    assert_eq!(answer.validators.etag.as_deref(), Some("\"v1\""));
    let again = client.get(&url).if_changed(&answer.validators).send().await.unwrap();
    assert!(matches!(again, Fetched::NotModified));
}

#[tokio::test]
async fn a_download_that_did_not_change_leaves_the_file_alone() {
    let server = Server::http(|request| match request.header("if-modified-since") {
        Some(_) => Reply::new(304),
        None => Reply::ok("new"),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("osv.zip");
    std::fs::write(&target, "old").unwrap();
    let date = Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned());
    let known = Validators { last_modified: date, ..Validators::default() };
    let client = client();
    let url = server.url("/");
    let fetched = client.download(&url, &target).if_changed(&known).send().await.unwrap();
    assert_eq!(fetched, Fetched::NotModified);
    assert_eq!(std::fs::read(&target).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_announced_or_not() {
    let server = Server::http(|_| Reply::ok(vec![b'x'; 1000])).await;
    let error = client().get(&server.url("/")).max_bytes(999).send().await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 999, .. }));
    assert!(client().get(&server.url("/")).max_bytes(1000).send().await.is_ok());
}

#[tokio::test]
async fn a_web_page_in_place_of_json_is_told_as_one() {
    let page =
        |_: &_| Reply::ok("<!DOCTYPE html><title>Blocked").header("Content-Type", "text/html");
    let server = Server::http(page).await;
    let error = client().get(&server.url("/")).wanted(Wanted::Json).send().await.unwrap_err();
    assert!(matches!(&error, NetError::Unexpected { html: true, .. }), "{error:?}");
    assert!(error.to_string().contains("text/html"));
}
