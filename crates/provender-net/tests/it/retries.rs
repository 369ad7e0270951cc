//! What is tried again, what is not, and what is not tried at all.

use std::time::Duration;

use provender_net::{Client, ClientSettings, NetError};

use crate::server::{Reply, Server};
use crate::{client, settings};

#[tokio::test]
async fn a_server_that_recovers_is_asked_again() {
    let server = Server::http(|request| match request.nth {
        0 => Reply::new(503).header("Retry-After", "0"),
        1 => Reply::ok("cut short").cut(3),
        2 => Reply::new(502),
        _ => Reply::ok("fine"),
    })
    .await;
    let answer = client().get(&server.url("/")).send().await.unwrap().into_new().unwrap();
    assert_eq!((answer.body.as_slice(), server.seen().len()), (&b"fine"[..], 4));
}

#[tokio::test]
async fn a_server_that_stays_down_is_left_after_the_last_retry() {
    let server = Server::http(|_| Reply::new(500)).await;
    let error = client().get(&server.url("/")).send().await.unwrap_err();
    assert!(matches!(error, NetError::Status { status: 500, .. }));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_missing_page_is_not_asked_for_again() {
    let server = Server::http(|_| Reply::new(404)).await;
    let error = client().get(&server.url("/")).send().await.unwrap_err();
    assert!(error.to_string().contains("404 (Not Found)"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_asks_for_too_long_a_pause_is_not_asked_again() {
    let server = Server::http(|_| Reply::new(429).header("Retry-After", "3600")).await;
    let error = client().get(&server.url("/")).send().await.unwrap_err();
    assert!(error.hint().unwrap().contains("3600 s"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_told_with_its_host() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://user:s3cret@{gone}/").parse().unwrap();
    let error = client().get(&url).send().await.unwrap_err();
    assert!(matches!(&error, NetError::Connect { url, .. } if url.host() == "127.0.0.1"));
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let mut settings = ClientSettings { read_timeout: Duration::from_millis(20), ..settings() };
    settings.retry.retries = 0;
    let error = Client::new(settings).unwrap().get(&url).send().await.unwrap_err();
    assert!(matches!(error, NetError::Timeout { connecting: false, .. }), "{error:?}");
}

#[tokio::test]
async fn offline_asks_nothing() {
    let server = Server::http(|_| Reply::ok("fine")).await;
    let client = Client::new(ClientSettings { offline: true, ..settings() }).unwrap();
    let error = client.get(&server.url("/")).send().await.unwrap_err();
    assert!(matches!(error, NetError::Offline { .. }));
    assert!(error.hint().unwrap().contains("--offline"));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn only_http_is_spoken() {
    let error = client().get(&"ftp://index.example/".parse().unwrap()).send().await.unwrap_err();
    assert!(matches!(error, NetError::BadUrl { .. }));
}
