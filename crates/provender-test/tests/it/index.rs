//! What the fake index answers.

use provender_test::{Caching, FakeIndex, Release, Yanked};
use serde_json::Value;

use crate::reader::get;

const JSON: (&str, &str) = ("Accept", "application/vnd.pypi.simple.v1+json");

fn index() -> FakeIndex {
    FakeIndex::with([
        Release::new("My.Pkg", "1.0")
            .requires("b<2")
            .requires_python(">=3.9")
            .uploaded("2024-01-31T00:00:00Z")
            .sdist(),
        Release::new("my-pkg", "1.1").yanked(Yanked::Because("<broken>".to_owned())),
    ])
}

#[test]
fn json_pages_hold_what_a_resolver_needs() {
    let index = index();
    let answer = get(index.http(), "/simple/my-pkg/", &[JSON]);
    assert_eq!(answer.header("content-type"), Some(JSON.1));
    let page: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(page["versions"], serde_json::json!(["1.0", "1.1"]));
    let wheel = &page["files"][0];
    assert_eq!(wheel["filename"], "my_pkg-1.0-py3-none-any.whl");
    assert_eq!(wheel["hashes"]["sha256"], *index.hashes("my-pkg", "1.0")[0].1);
    assert_eq!(wheel["requires-python"], ">=3.9");
    assert_eq!(wheel["upload-time"], "2024-01-31T00:00:00Z");
    assert_eq!(wheel["yanked"], false);
    assert!(wheel["core-metadata"]["sha256"].is_string());
    assert!(page["files"][1]["core-metadata"].is_null(), "an sdist has no metadata file");
    assert_eq!(page["files"][2]["yanked"], "<broken>");

    let file = get(index.http(), "/files/my_pkg-1.0-py3-none-any.whl", &[]);
    assert_eq!(wheel["size"], file.body.len());
}

#[test]
fn html_pages_hold_the_same() {
    let index = index();
    let answer = get(index.http(), "/simple/my-pkg/", &[]);
    let page = answer.text();
    for part in [
        "data-requires-python=\"&gt;=3.9\"",
        "data-yanked=\"&lt;broken&gt;\"",
        "data-core-metadata=\"sha256=",
        &format!("my_pkg-1.0-py3-none-any.whl#sha256={}\"", index.hashes("my-pkg", "1.0")[0].1),
    ] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
}

#[test]
fn html_is_all_there_is_without_json() {
    let index = index();
    index.set_json(false);
    let answer = get(index.http(), "/simple/my-pkg/", &[JSON]);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn the_metadata_file_is_that_of_the_wheel() {
    let index = index();
    let path = "/files/my_pkg-1.0-py3-none-any.whl.metadata";
    assert!(get(index.http(), path, &[]).text().contains("Requires-Dist: b<2\n"));
    index.set_core_metadata(false);
    assert_eq!(get(index.http(), path, &[]).status, 404);
}

#[test]
fn pages_have_caching_headers_only_when_set() {
    let index = index();
    let plain = get(index.http(), "/simple/my-pkg/", &[]);
    assert_eq!((plain.header("etag"), plain.header("cache-control")), (None, None));

    index.set_caching(Caching::MaxAge(600));
    let cached = get(index.http(), "/simple/my-pkg/", &[]);
    assert_eq!(cached.header("cache-control"), Some("max-age=600, public"));
    let etag = cached.header("etag").unwrap();
    assert_eq!(get(index.http(), "/simple/my-pkg/", &[("If-None-Match", etag)]).status, 304);
}

#[test]
fn releases_come_and_go() {
    let index = index();
    index.remove("my-pkg", "1.0");
    assert!(!get(index.http(), "/simple/my-pkg/", &[]).text().contains("my_pkg-1.0"));
    index.remove("my-pkg", "1.1");
    assert_eq!(get(index.http(), "/simple/my-pkg/", &[]).status, 404);
    index.add(&Release::new("other", "1"));
    assert!(get(index.http(), "/simple/", &[]).text().contains(">other</a>"));
}
