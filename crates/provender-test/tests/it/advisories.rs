//! What the fake advisory server answers.

use provender_test::{AdvisoryServer, Fault, osv};

use crate::reader::get;

const DUMP: &str = "/PyPI/all.zip";

#[test]
fn the_dump_is_sent_again_only_when_it_changed() {
    let server = AdvisoryServer::start([osv("X-1", "a").introduced("0")]);
    let first = get(server.http(), DUMP, &[]);
    assert!(first.status == 200 && first.body.starts_with(b"PK"));
    let etag = first.header("etag").unwrap();
    assert_eq!(get(server.http(), DUMP, &[("If-None-Match", etag)]).status, 304);

    server.publish([osv("X-2", "a").introduced("0")]);
    assert_eq!(get(server.http(), DUMP, &[("If-None-Match", etag)]).status, 200);
}

#[test]
fn faults_can_be_switched() {
    let server = AdvisoryServer::start([osv("X-1", "a").introduced("0")]);
    server.http().fail("/PyPI/", Fault::HtmlPage);
    assert!(get(server.http(), DUMP, &[]).text().starts_with("<!DOCTYPE html>"));
    server.http().heal();
    assert!(get(server.http(), DUMP, &[]).body.starts_with(b"PK"));
}
