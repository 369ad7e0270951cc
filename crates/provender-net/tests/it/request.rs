//! Requests of every method, with bodies that are read while they are sent.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use provender_net::{Authorization, Client, Credential, CredentialRule, NetError, RequestBody};
use provender_test::{Fault, HttpServer, Reply};
use url::Url;

use crate::{client, settings};

fn url(server: &HttpServer, path: &str) -> Url {
    format!("{}{path}", server.base()).parse().unwrap()
}

fn echo() -> HttpServer {
    HttpServer::start(|request| Reply::new(201, "text/plain", request.body.clone()))
}

/// So many bytes, of which a reader gives no more than `there`.
fn body(length: u64, there: u64) -> RequestBody {
    let open = move || Ok(Box::new(io::repeat(7).take(there)) as Box<dyn Read + Send>);
    RequestBody::Read { length, open: Arc::new(open) }
}

fn given() -> Authorization {
    let credential = Credential::Bearer("s3cret".to_owned());
    Authorization::Given { credential, source: "the test".to_owned() }
}

#[tokio::test]
async fn a_body_is_sent_as_it_is_read_with_its_length_and_headers() {
    let server = echo();
    let client = client();
    let request = client.request(Method::PUT, &url(&server, "/a")).body(body(1_000_000, 2_000_000));
    let request = request.header(CONTENT_TYPE, HeaderValue::from_static("x/y"));
    let reply = request.send().await.unwrap();
    assert_eq!((reply.status, reply.body), (201, vec![7; 1_000_000]));
    let seen = &server.requests()[0];
    assert_eq!((seen.method.as_str(), seen.header("content-length")), ("PUT", Some("1000000")));
    assert_eq!(seen.header("content-type"), Some("x/y"));
}

#[tokio::test]
async fn a_request_without_a_body_says_so() {
    let server = echo();
    let reply = client().request(Method::POST, &url(&server, "/")).send().await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (201, 0));
    let seen = server.requests();
    let lengths = seen[0].headers.iter().filter(|(name, _)| name == "content-length");
    assert_eq!(lengths.count(), 1);
}

#[tokio::test]
async fn a_reader_that_ends_early_or_fails_is_told_as_such() {
    let server = echo();
    let client = client();
    let short = client.request(Method::PUT, &url(&server, "/")).body(body(1000, 999));
    let error = short.repeatable().send().await.unwrap_err();
    assert!(matches!(error, NetError::Unsent { .. }), "{error}");
    assert!(error.to_string().contains("1 bytes before the announced 1000"), "{error}");
    let open = || Err(io::Error::from(io::ErrorKind::PermissionDenied));
    let unopened = RequestBody::Read { length: 1, open: Arc::new(open) };
    let error = client.request(Method::PUT, &url(&server, "/")).body(unopened).send().await;
    assert!(matches!(error, Err(NetError::Unsent { .. })), "{error:?}");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let server = HttpServer::start(|_| {
        Reply::new(401, "text/plain", "no").header("WWW-Authenticate", "Basic")
    });
    let reply = client().request(Method::GET, &url(&server, "/")).send().await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (401, &b"no"[..]));
    assert_eq!(reply.header("www-authenticate"), Some("Basic"));
    assert!(matches!(reply.failed(), NetError::Status { status: 401, .. }));
}

#[tokio::test]
async fn only_what_may_be_repeated_is() {
    for (method, fault, repeatable, asked) in [
        (Method::GET, Fault::Status(503), false, 4),
        (Method::POST, Fault::Status(503), false, 1),
        (Method::POST, Fault::Status(503), true, 4),
        (Method::POST, Fault::Status(429), false, 4),
        (Method::PATCH, Fault::Closed, false, 1),
        (Method::PUT, Fault::Closed, true, 4),
        (Method::GET, Fault::Status(404), false, 1),
    ] {
        let server = echo();
        server.fail("/", fault.clone());
        let (client, url) = (client(), url(&server, "/"));
        let mut request = client.request(method.clone(), &url);
        if method != Method::GET {
            request = request.body(b"body".to_vec());
        }
        if repeatable {
            request = request.repeatable();
        }
        let answer = request.send().await;
        assert_eq!(server.requests().len(), asked, "{method} {fault:?} {answer:?}");
        match fault {
            Fault::Status(status) => assert_eq!(answer.unwrap().status, status),
            _ => assert!(matches!(answer, Err(NetError::Interrupted { .. })), "{answer:?}"),
        }
        server.forget_requests();
        let _ = client.request(Method::GET, &url).once().send().await;
        assert_eq!(server.requests().len(), 1, "once");
    }
}

#[tokio::test]
async fn a_body_that_broke_off_is_sent_again_from_its_beginning() {
    let server = echo();
    server.fail_times("/", Fault::Closed, 1);
    let client = client();
    let request = client.request(Method::PUT, &url(&server, "/")).body(body(300_000, 300_000));
    assert_eq!(request.repeatable().send().await.unwrap().body.len(), 300_000);
}

#[tokio::test]
async fn what_is_given_goes_to_its_origin_and_not_where_it_is_redirected() {
    let files = echo();
    let there = url(&files, "/there").to_string();
    let server = HttpServer::start(move |request| match request.path.as_str() {
        "/here" => Reply::status(302).header("Location", "/near"),
        _ => Reply::status(307).header("Location", &there),
    });
    let client = client();
    let request = client.request(Method::GET, &url(&server, "/here")).authorization(given());
    let reply = request.send().await.unwrap();
    assert_eq!(reply.url.path(), "/there");
    let shown = |server: &HttpServer| {
        let requests = server.requests();
        let shown = requests.iter().map(|r| r.header("authorization").map(str::to_owned));
        shown.collect::<Vec<_>>()
    };
    let bearer = Some("Bearer s3cret".to_owned());
    assert_eq!(shown(&server), [bearer.clone(), bearer]);
    assert_eq!(shown(&files), [None]);
}

#[tokio::test]
async fn what_settings_hold_is_shown_unless_something_else_is_said() {
    let server = echo();
    let basic = Credential::Basic { user: "user".to_owned(), password: "s3cret".to_owned() };
    let rule = CredentialRule::new(&server.base(), basic, "provender.toml").unwrap();
    let mut settings = settings();
    settings.credentials = vec![rule];
    let client = Client::new(settings).unwrap();
    let url = url(&server, "/");
    for authorization in [Authorization::Settings, Authorization::None, given()] {
        let request = client.request(Method::GET, &url).authorization(authorization.clone());
        let reply = request.send().await.unwrap();
        let shown = server.requests().pop().unwrap().header("authorization").map(str::to_owned);
        let (scheme, source) = match authorization {
            Authorization::Settings => (Some("Basic dXNlcjpzM2NyZXQ="), Some("provender.toml")),
            Authorization::None => (None, None),
            Authorization::Given { .. } => (Some("Bearer s3cret"), Some("the test")),
        };
        assert_eq!((shown.as_deref(), reply.credentials_from.as_deref()), (scheme, source));
    }
}

#[tokio::test]
async fn what_changes_something_is_not_redirected() {
    let server = HttpServer::start(|_| Reply::status(307).header("Location", "/elsewhere"));
    let answer = client().request(Method::PUT, &url(&server, "/")).send().await;
    assert!(matches!(answer, Err(NetError::Redirect { .. })), "{answer:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_stays_silent_is_left() {
    let server = echo();
    server.fail("/", Fault::Stalled);
    let client = client();
    let request = client.request(Method::POST, &url(&server, "/")).body(b"body".to_vec());
    let answer = request.silence(Duration::from_millis(50)).send().await;
    assert!(matches!(answer, Err(NetError::Timeout { connecting: false, .. })), "{answer:?}");
}

#[tokio::test]
async fn an_answer_is_handed_out_in_pieces_and_bounded_when_it_is_not() {
    let server = HttpServer::start(|_| Reply::new(200, "x/y", vec![1; 500_000]));
    let client = client();
    let mut incoming = client.request(Method::GET, &url(&server, "/")).open().await.unwrap();
    let mut length = 0;
    while let Some(chunk) = incoming.chunk().await.unwrap() {
        length += chunk.len();
    }
    assert_eq!((length, incoming.content_type().as_str()), (500_000, "x/y"));
    let bounded = client.request(Method::GET, &url(&server, "/")).max_bytes(499_999).send().await;
    assert!(matches!(bounded, Err(NetError::TooLarge { limit: 499_999, .. })), "{bounded:?}");
}
