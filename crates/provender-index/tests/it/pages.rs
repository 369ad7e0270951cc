//! Pages of what is stocked.

use std::io::Read as _;

use provender_index::server::Source;
use provender_index::simple::{HTML_V1, JSON};
use provender_test::{FakeIndex, Release};

use crate::served::Served;

async fn with_flask() -> Served {
    let served = Served::offline().await;
    let release = Release::new("Flask", "3.0").sdist();
    served.stock(&release.wheel("py3-none-any"), "flask", "3.0").await;
    served
}

#[tokio::test]
async fn a_stocked_project_has_a_page_in_every_form() {
    let served = with_flask().await;
    for (accept, content_type) in [
        (JSON, JSON),
        (HTML_V1, HTML_V1),
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        ("application/vnd.pypi.simple.latest+json", JSON),
    ] {
        let reply = served.get_with("/simple/flask/", &[("Accept", accept)]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)));
        assert!(reply.is_whole());
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"));
        assert!(reply.text().contains("flask-3.0-py3-none-any.whl"));
    }
    let page = served.page("flask").await;
    assert_eq!(page["meta"]["api-version"], "1.4");
    assert_eq!(page["versions"], serde_json::json!(["3.0"]));
    assert_eq!(page["files"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_list_of_projects_names_what_is_stocked() {
    let served = with_flask().await;
    let reply = served.get("/simple/").await;
    assert!(reply.text().contains("<a href=\"flask/\">flask</a>"), "{}", reply.text());
    let reply = served.get_with("/simple/", &[("Accept", JSON)]).await;
    let list: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(list["projects"], serde_json::json!([{"name": "flask"}]));
}

#[tokio::test]
async fn a_page_has_one_url_and_others_lead_to_it() {
    let served = with_flask().await;
    for (path, location) in [
        ("/simple", "simple/"),
        ("/simple/flask", "flask/"),
        ("/simple/Flask/", "../flask/"),
        ("/simple/Fl_.ask", "fl-ask/"),
        ("/simple/FLASK/?format=x", "../flask/?format=x"),
    ] {
        let reply = served.get(path).await;
        assert_eq!((reply.status, reply.header("location")), (301, Some(location)), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_says_what_is() {
    let served = with_flask().await;
    for path in [
        "/",
        "/simple/django/",
        "/simple/-/",
        "/simple/a%2Fb/",
        "/simple/flask/x",
        "/packages/",
        "/packages/ab/cd/abcd/flask-3.0.tar.gz",
        "/simple/..%2f..%2fetc%2fpasswd/",
    ] {
        let reply = served.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    assert!(served.get("/nothing").await.text().contains("/simple/PROJECT/"));
}

#[tokio::test]
async fn a_form_that_there_is_not_is_406() {
    let served = with_flask().await;
    let reply = served.get_with("/simple/flask/", &[("Accept", "image/png")]).await;
    assert_eq!(reply.status, 406);
    assert!(reply.text().contains(JSON));
    assert_eq!(served.get("/simple/flask/?format=text/plain").await.status, 406);
    assert_eq!(served.get(&format!("/simple/flask/?format={JSON}")).await.status, 200);
}

#[tokio::test]
async fn the_index_can_only_be_read() {
    let served = with_flask().await;
    let reply = crate::client::ask(served.address, "POST", "/simple/flask/", &[]).await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET,HEAD")));
}

#[tokio::test]
async fn a_known_page_is_304_until_something_is_stocked() {
    let served = with_flask().await;
    let first = served.get("/simple/flask/").await;
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let again = served.get_with("/simple/flask/", &[("If-None-Match", &tag)]).await;
    assert_eq!((again.status, again.header("etag")), (304, Some(&*tag)));
    assert!(again.body.is_empty());

    served.stock(&Release::new("flask", "3.1"), "flask", "3.1").await;
    let after = served.get_with("/simple/flask/", &[("If-None-Match", &tag)]).await;
    assert_eq!(after.status, 200);
    assert!(after.text().contains("flask-3.1"));
}

#[tokio::test]
async fn every_representation_has_a_tag_of_its_own() {
    let served = Served::offline().await;
    for minor in 0..10 {
        let version = format!("3.{minor}");
        served.stock(&Release::new("flask", &version), "flask", &version).await;
    }
    let mut tags = Vec::new();
    for accept in [JSON, HTML_V1, "text/html"] {
        let plain = served.get_with("/simple/flask/", &[("Accept", accept)]).await;
        let headers = [("Accept", accept), ("Accept-Encoding", "gzip")];
        let gzipped = served.get_with("/simple/flask/", &headers).await;
        assert_eq!(gzipped.header("content-encoding"), Some("gzip"));
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(&gzipped.body[..]).read_to_end(&mut body).unwrap();
        assert_eq!(body, plain.body);
        tags.extend([plain, gzipped].map(|reply| reply.header("etag").unwrap().to_owned()));
    }
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count, "{tags:?}");
}

#[tokio::test]
async fn head_says_what_get_says_without_the_body() {
    let served = with_flask().await;
    for path in ["/simple/", "/simple/flask/", "/simple/Flask/", "/health", "/nothing"] {
        let (get, head) = (served.get(path).await, served.head(path).await);
        assert_eq!(get.status, head.status, "{path}");
        for name in ["content-length", "content-type", "etag", "location"] {
            assert_eq!(get.header(name), head.header(name), "{path}: {name}");
        }
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn offline_nobody_is_asked() {
    let upstream = FakeIndex::with([Release::new("flask", "3.0")]);
    let served = Served::offline().await;
    let file = &Release::new("flask", "3.0").files()[0];
    assert_eq!(served.get("/simple/flask/").await.status, 404);
    assert_eq!(served.get(&crate::served::path_of(file)).await.status, 404);
    assert_eq!(upstream.http().requests().len(), 0);
}

#[tokio::test]
async fn every_request_is_logged_with_what_it_came_to() {
    let served = with_flask().await;
    let page = served.get("/simple/flask/").await;
    served.get("/simple/Flask/?x").await;
    served.head("/simple/flask/").await;
    let lines = served.end().await.lines();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| (line.method.as_str(), line.path.as_str(), line.status, line.source))
        .collect();
    assert_eq!(
        shown,
        [
            ("GET", "/simple/flask/", 200, Source::Store),
            ("GET", "/simple/Flask/", 301, Source::None),
            ("HEAD", "/simple/flask/", 200, Source::Store),
        ]
    );
    assert_eq!((lines[0].bytes, lines[0].complete), (page.body.len() as u64, true));
    assert_eq!((lines[2].bytes, lines[2].complete), (0, true));
    assert!(lines.iter().all(|line| line.client.is_some()));
}

#[tokio::test]
async fn health_is_ok() {
    let reply = Served::offline().await.get("/health").await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn connections_that_are_not_used_do_not_keep_the_server_from_ending() {
    let served = Served::offline().await;
    let unused = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let mut kept = crate::client::send_keeping(served.address, "/health").await;
    let mut head = [0; 15];
    tokio::io::AsyncReadExt::read_exact(&mut kept, &mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    served.end().await;
    drop((unused, kept));
}
