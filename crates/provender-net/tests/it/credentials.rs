//! Who gets which credentials.

use provender_net::{Client, ClientSettings, Credential, CredentialRule, NetError};

use crate::server::{Reply, Server};
use crate::{client, settings};

/// `user:s3cret` as Basic credentials.
const BASIC: &str = "Basic dXNlcjpzM2NyZXQ=";

fn with_userinfo(server: &Server, path: &str) -> url::Url {
    let mut url = server.url(path);
    url.set_username("user").unwrap();
    url.set_password(Some("s3cret")).unwrap();
    url
}

fn authorization(server: &Server) -> Vec<Option<String>> {
    let seen = server.seen();
    seen.iter().map(|request| request.header("authorization").map(str::to_owned)).collect()
}

#[tokio::test]
async fn credentials_in_the_url_are_sent_and_shown_nowhere() {
    let server = Server::http(|_| Reply::new(403)).await;
    let error = client().get(&with_userinfo(&server, "/?sig=s3cret")).send().await.unwrap_err();
    assert_eq!(authorization(&server), [Some(BASIC.to_owned())]);
    let hint = error.hint().unwrap();
    assert!(hint.contains("refuses the credentials from the URL"), "{hint}");
    assert!(!format!("{error} {error:?} {hint}").contains("s3cret"));
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_credentials() {
    let files = Server::http(|_| Reply::ok("fine")).await;
    let there = files.at("localhost", "/file").to_string();
    let index = Server::http(move |request| match request.line.as_str() {
        "GET /here HTTP/1.1" => Reply::new(302).header("Location", "/there"),
        _ => Reply::new(307).header("Location", there.clone()),
    })
    .await;
    let answer =
        client().get(&with_userinfo(&index, "/here")).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.url, files.at("localhost", "/file"));
    let basic = Some(BASIC.to_owned());
    assert_eq!(authorization(&index), [basic.clone(), basic], "the same host keeps them");
    assert_eq!(authorization(&files), [None]);
}

#[tokio::test]
async fn a_redirect_gives_no_credentials_of_its_own() {
    let files = Server::http(|_| Reply::ok("fine")).await;
    let there = with_userinfo(&files, "/file").to_string();
    let index = Server::http(move |_| Reply::new(302).header("Location", there.clone())).await;
    client().get(&index.url("/")).send().await.unwrap();
    assert_eq!(authorization(&files), [None]);
}

#[tokio::test]
async fn netrc_serves_each_host_with_its_own_entry() {
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login user password s3cret\n").unwrap();
    let files = Server::http(|_| Reply::ok("fine")).await;
    let there = files.at("localhost", "/file").to_string();
    let index = Server::http(move |_| Reply::new(302).header("Location", there.clone())).await;
    let client = Client::new(ClientSettings { netrc: Some(netrc), ..settings() }).unwrap();
    client.get(&index.url("/")).send().await.unwrap();
    assert_eq!(authorization(&index), [Some(BASIC.to_owned())]);
    assert_eq!(authorization(&files), [None]);
    assert!(client.credential_for(&index.url("/")).unwrap().is_some());
}

#[tokio::test]
async fn a_rule_from_settings_sends_its_token_below_its_prefix_only() {
    let server = Server::http(|_| Reply::ok("fine")).await;
    let token = Credential::Bearer("s3cret".to_owned());
    let rule = CredentialRule::new(server.url("/team/").as_str(), token, "provender.toml").unwrap();
    let client = Client::new(ClientSettings { credentials: vec![rule], ..settings() }).unwrap();
    client.get(&server.url("/team/simple/")).send().await.unwrap();
    client.get(&server.url("/other/")).send().await.unwrap();
    assert_eq!(authorization(&server), [Some("Bearer s3cret".to_owned()), None]);
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[tokio::test]
async fn missing_credentials_are_asked_for_by_host() {
    let server = Server::http(|_| Reply::new(401)).await;
    let error = client().get(&server.url("/")).send().await.unwrap_err();
    assert!(error.hint().unwrap().contains("give credentials for `127.0.0.1`"));
}

#[tokio::test]
async fn endless_redirects_end() {
    let server = Server::http(|_| Reply::new(302).header("Location", "/again")).await;
    let error = client().get(&server.url("/")).send().await.unwrap_err();
    assert!(matches!(&error, NetError::Redirect { reason: "too many redirects", .. }), "{error:?}");
}
