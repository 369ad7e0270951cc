//! Forward proxies.

use provender_net::roots::CaBundle;
use provender_net::{Client, ClientSettings, NetError, ProxyProblem, ProxySettings, ProxyUrl};

use crate::authority::{Authority, Valid};
use crate::server::{Reply, Server};
use crate::settings;
use crate::tunnel::Tunnel;

/// `user:s3cret` as Basic credentials.
const AUTHORIZATION: &str = "Basic dXNlcjpzM2NyZXQ=";
const WANTS_BASIC: &str = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"corp\"\r\n\r\n";
const WANTS_NTLM: &str = "HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\
                          Proxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n";

fn proxy(address: impl std::fmt::Display, setting: &str) -> Option<ProxyUrl> {
    Some(ProxyUrl::parse(&format!("http://user:s3cret@{address}"), setting).unwrap())
}

fn through(proxies: ProxySettings, authority: &Authority) -> Client {
    let ca_bundles = vec![CaBundle::new(authority.pem_file(), "--ca-bundle")];
    Client::new(ClientSettings { proxies, ca_bundles, ..settings() }).unwrap()
}

fn https(tunnel: &Tunnel) -> ProxySettings {
    ProxySettings { https: proxy(tunnel.address, "HTTPS_PROXY"), ..ProxySettings::default() }
}

async fn index(authority: &Authority) -> Server {
    Server::https(authority.server("index.example", Valid::Now), |_| Reply::ok("fine")).await
}

#[tokio::test]
async fn https_goes_through_a_tunnel_with_the_proxys_credentials() {
    let authority = Authority::new();
    let server = index(&authority).await;
    let tunnel = Tunnel::to(server.address, |request| {
        (request.header("proxy-authorization") != Some(AUTHORIZATION)).then_some(WANTS_BASIC)
    })
    .await;
    let client = through(https(&tunnel), &authority);
    let url = "https://index.example/simple/".parse().unwrap();
    let answer = client.get(&url).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.body, b"fine");
    assert_eq!(tunnel.seen()[0].line, "CONNECT index.example:443 HTTP/1.1");
    assert_eq!(server.seen()[0].header("proxy-authorization"), None);
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[tokio::test]
async fn plain_http_is_asked_of_the_proxy_itself() {
    let server = Server::http(|_| Reply::ok("by proxy")).await;
    let proxies =
        ProxySettings { all: proxy(server.address, "ALL_PROXY"), ..ProxySettings::default() };
    let client = through(proxies, &Authority::new());
    let url = "http://index.example/simple/".parse().unwrap();
    assert_eq!(client.get(&url).send().await.unwrap().into_new().unwrap().body, b"by proxy");
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "GET http://index.example/simple/ HTTP/1.1");
    assert_eq!(seen.header("proxy-authorization"), Some(AUTHORIZATION));
}

#[tokio::test]
async fn a_host_in_no_proxy_is_reached_directly() {
    let server = Server::http(|_| Reply::ok("direct")).await;
    let tunnel = Tunnel::to(server.address, |_| Some(WANTS_BASIC)).await;
    let proxies = ProxySettings {
        all: proxy(tunnel.address, "ALL_PROXY"),
        no_proxy: "corp.example,127.0.0.0/8".to_owned(),
        ..ProxySettings::default()
    };
    let client = through(proxies, &Authority::new());
    let answer = client.get(&server.url("/")).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.body, b"direct");
    assert!(tunnel.seen().is_empty());
}

#[tokio::test]
async fn a_proxy_that_wants_other_credentials_is_named_with_what_it_offers() {
    let authority = Authority::new();
    let server = index(&authority).await;
    let tunnel = Tunnel::to(server.address, |_| Some(WANTS_NTLM)).await;
    let client = through(https(&tunnel), &authority);
    let url = "https://index.example/simple/".parse().unwrap();
    let error = client.get(&url).send().await.unwrap_err();
    let NetError::Proxy(failure) = &error else { panic!("{error:?}") };
    let offered = vec!["NTLM".to_owned(), "Negotiate".to_owned()];
    assert_eq!(failure.problem, ProxyProblem::AuthenticationRequired { offered, sent: true });
    let shown = format!("{error} {error:?} {}", error.hint().unwrap());
    assert!(
        shown.contains(&tunnel.address.to_string()) && shown.contains("HTTPS_PROXY"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_407_to_a_plain_request_is_told_the_same_way() {
    let refuses = |_: &_| Reply::new(407).header("Proxy-Authenticate", "Basic realm=\"corp\"");
    let server = Server::http(refuses).await;
    let proxies =
        ProxySettings { http: proxy(server.address, "HTTP_PROXY"), ..ProxySettings::default() };
    let client = through(proxies, &Authority::new());
    let error = client.get(&"http://index.example/".parse().unwrap()).send().await.unwrap_err();
    let NetError::Proxy(failure) = &error else { panic!("{error:?}") };
    let offered = vec!["Basic".to_owned()];
    assert_eq!(failure.problem, ProxyProblem::AuthenticationRequired { offered, sent: true });
}

#[tokio::test]
async fn a_proxy_that_refuses_the_host_is_named() {
    let authority = Authority::new();
    let tunnel = Tunnel::to(index(&authority).await.address, |_| {
        Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    })
    .await;
    let client = through(https(&tunnel), &authority);
    let error = client.get(&"https://index.example/".parse().unwrap()).send().await.unwrap_err();
    let NetError::Proxy(failure) = &error else { panic!("{error:?}") };
    assert_eq!(failure.problem, ProxyProblem::Refused);
    assert!(error.hint().unwrap().contains("NO_PROXY"));
}

#[tokio::test]
async fn an_unreachable_proxy_is_blamed_and_not_the_server() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxies = ProxySettings { https: proxy(gone, "HTTPS_PROXY"), ..ProxySettings::default() };
    let client = through(proxies, &Authority::new());
    let error = client.get(&"https://index.example/".parse().unwrap()).send().await.unwrap_err();
    let NetError::Proxy(failure) = &error else { panic!("{error:?}") };
    assert!(matches!(failure.problem, ProxyProblem::Unreachable(_)));
    let message = error.to_string();
    assert!(message.contains(&gone.to_string()) && !message.contains("s3cret"), "{message}");
}

#[tokio::test]
async fn interception_behind_a_proxy_is_told_as_distrust_of_the_host() {
    let tunnel = Tunnel::to(index(&Authority::new()).await.address, |_| None).await;
    let other = Authority::named("Other Root");
    let client = through(https(&tunnel), &other);
    let error = client.get(&"https://index.example/".parse().unwrap()).send().await.unwrap_err();
    let NetError::Tls { failure, .. } = &error else { panic!("{error:?}") };
    assert_eq!(failure.host, "index.example");
    assert_eq!(failure.wanted_root(), Some("CN=Test Corp Root"));
}
