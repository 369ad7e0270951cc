//! Trust, and how distrust is told.

use std::sync::Arc;

use provender_net::roots::CaBundle;
use provender_net::{Client, ClientSettings, NetError, TlsProblem};

use tokio::io::AsyncWriteExt;

use crate::authority::{Authority, Valid};
use crate::server::{Reply, Server};
use crate::{client, settings};

fn trusting(authority: &Authority) -> Client {
    let ca_bundles = vec![CaBundle::new(authority.pem_file(), "--ca-bundle")];
    Client::new(ClientSettings { ca_bundles, ..settings() }).unwrap()
}

async fn server(authority: &Authority, name: &str, valid: Valid) -> Server {
    Server::https(authority.server(name, valid), |_| Reply::ok("fine")).await
}

async fn problem(client: &Client, server: &Server) -> (TlsProblem, String, String) {
    let error = client.get(&server.at("localhost", "/")).send().await.unwrap_err();
    let (message, hint) = (error.to_string(), error.hint().unwrap());
    let NetError::Tls { failure, .. } = error else { panic!("{error:?}") };
    (failure.problem, message, hint)
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_named_with_the_setting_that_would_trust_it() {
    let server = server(&Authority::new(), "localhost", Valid::Now).await;
    let client = client();
    let (problem, message, hint) = problem(&client, &server).await;
    assert_eq!(problem, TlsProblem::UnknownIssuer);
    assert!(message.contains("`localhost`") && message.contains("CN=Test Corp Root"), "{message}");
    for word in ["CN=Test Corp Root", "--ca-bundle", "PROVENDER_CA_BUNDLE", "SSL_CERT_FILE"] {
        assert!(hint.contains(word), "{hint}");
    }
    assert_eq!(server.seen().len(), 0);
    assert_eq!(server.connections(), 1, "an untrusted server is not asked again");
    let failure = client.tls_failure("LOCALHOST").unwrap();
    assert_eq!(failure.certificate.unwrap().names, ["localhost"]);
}

#[tokio::test]
async fn a_named_authority_is_trusted_and_the_system_roots_stay() {
    let authority = Authority::new();
    let server = server(&authority, "localhost", Valid::Now).await;
    let client = trusting(&authority);
    let answer = client.get(&server.at("localhost", "/")).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.body, b"fine");
    assert_eq!(client.tls_failures(), []);
    let roots = client.check_roots().unwrap();
    assert!(roots.named == 1 && roots.system + roots.bundled > 100, "{roots:?}");
}

#[tokio::test]
async fn a_bundle_that_does_not_help_is_named_in_the_hint() {
    let other = Authority::named("Other Root");
    let server = server(&Authority::new(), "localhost", Valid::Now).await;
    let (_, _, hint) = problem(&trusting(&other), &server).await;
    assert!(hint.contains("root.pem` (--ca-bundle) was trusted"), "{hint}");
}

#[tokio::test]
async fn an_expired_certificate_is_told_with_its_end() {
    let authority = Authority::new();
    let server = server(&authority, "localhost", Valid::Before).await;
    let (problem, message, hint) = problem(&trusting(&authority), &server).await;
    assert_eq!(problem, TlsProblem::Expired);
    assert!(message.contains("2020-01-01"), "{message}");
    assert!(hint.contains("renew"), "{hint}");
}

#[tokio::test]
async fn a_certificate_of_the_future_points_at_the_clock() {
    let authority = Authority::new();
    let server = server(&authority, "localhost", Valid::Later).await;
    let (problem, _, hint) = problem(&trusting(&authority), &server).await;
    assert_eq!(problem, TlsProblem::NotYetValid);
    assert!(hint.contains("clock"), "{hint}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_its_names() {
    let authority = Authority::new();
    let server = server(&authority, "other.example", Valid::Now).await;
    let (problem, message, _) = problem(&trusting(&authority), &server).await;
    assert_eq!(problem, TlsProblem::WrongName);
    assert!(message.contains("`localhost`") && message.contains("`other.example`"), "{message}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = client().get(&url).send().await.unwrap_err();
    let NetError::Tls { failure, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(failure.problem, TlsProblem::Protocol(_)));
    assert!(error.hint().unwrap().contains("port"));
}

#[tokio::test]
async fn an_unusable_bundle_is_an_error_when_it_is_first_needed_and_not_before() {
    let ca_bundles = vec![CaBundle::new("no/such/ca.pem", "PROVENDER_CA_BUNDLE")];
    let client = Client::new(ClientSettings { ca_bundles, ..settings() }).unwrap();
    let plain = Server::http(|_| Reply::ok("fine")).await;
    assert!(client.get(&plain.url("/")).send().await.is_ok());

    let server = server(&Authority::new(), "localhost", Valid::Now).await;
    let error = client.get(&server.at("localhost", "/")).send().await.unwrap_err();
    assert!(matches!(error, NetError::Roots(_)), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("`no/such/ca.pem` named by `PROVENDER_CA_BUNDLE`"), "{message}");
    assert!(client.check_roots().is_err());
}

#[tokio::test]
async fn what_failed_for_the_resolver_is_explained_too() {
    let server = server(&Authority::new(), "localhost", Valid::Now).await;
    let client = client();
    let url = server.at("localhost", "/simple/");
    let error = client.resolver_client().get(url).send().await.unwrap_err();
    let explained = client.explain(&error, None).unwrap();
    assert!(matches!(&explained, NetError::Tls { .. }), "{explained:?}");
    assert!(explained.to_string().contains("CN=Test Corp Root"));
    assert!(client.tls_failure("localhost").is_some());
    assert!(client.explain(&std::fmt::Error, None).is_none());
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let authority = Authority::new();
    let server = server(&authority, "localhost", Valid::Now).await;
    let client = trusting(&authority);
    for _ in 0..3 {
        client.get(&server.at("localhost", "/")).send().await.unwrap();
    }
    client.resolver_client().get(server.at("localhost", "/")).send().await.unwrap();
    assert_eq!((server.seen().len(), server.connections()), (4, 1));
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_does() {
    let authority = Authority::new();
    let mut config = authority.server("localhost", Valid::Now);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = tls.accept(stream).await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            body.send_data("two".into(), true).unwrap();
        }
    });
    let url = format!("https://localhost:{port}/").parse().unwrap();
    let answer = trusting(&authority).get(&url).send().await.unwrap().into_new().unwrap();
    assert_eq!(answer.body, b"two");
}
