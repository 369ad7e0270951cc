use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

/// Sends one request and reads until the server ends the connection.
fn ask(server: &HttpServer, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn ten_bytes() -> HttpServer {
    HttpServer::start(|request| {
        Reply::new(200, "text/plain", "0123456789").tagged(request, "\"ten\"").ranged(request)
    })
}

#[test]
fn a_range_is_answered_with_that_part() {
    let server = ten_bytes();
    for (range, body) in [("2-4", "234"), ("7-", "789"), ("-2", "89"), ("8-99", "89")] {
        let answer = ask(&server, "/", &format!("Range: bytes={range}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 206 "), "{range}: {answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{range}: {answer}");
    }
    assert!(ask(&server, "/", "Range: bytes=10-\r\n").starts_with("HTTP/1.1 416 "));
}

#[test]
fn part_of_another_version_is_answered_with_the_whole() {
    let server = ten_bytes();
    let resume = |etag| ask(&server, "/", &format!("Range: bytes=5-\r\nIf-Range: {etag}\r\n"));
    assert!(resume("\"ten\"").starts_with("HTTP/1.1 206 "));
    assert!(resume("\"old\"").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_known_etag_is_answered_without_a_body() {
    let server = ten_bytes();
    let answer = ask(&server, "/", "If-None-Match: \"ten\"\r\n");
    assert!(answer.starts_with("HTTP/1.1 304 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn requests_are_recorded_with_their_status() {
    let server = ten_bytes();
    ask(&server, "/a?b=c", "X-Y: z\r\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].path.as_str(), requests[0].query.as_str()), ("/a", "b=c"));
    assert_eq!(requests[0].header("x-y"), Some("z"));
    assert_eq!(requests[0].status, Some(200));
    assert_eq!((server.count("/a"), server.count("/b")), (1, 0));
}

#[test]
fn a_connection_serves_several_requests() {
    let server = ten_bytes();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"0123456789") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    }
    assert_eq!(server.count("/"), 2);
}

#[test]
fn the_longest_prefix_decides_the_fault() {
    let server = ten_bytes();
    server.fail("/a/", Fault::Status(503));
    server.fail("/a/b/", Fault::Closed);
    assert!(ask(&server, "/", "").starts_with("HTTP/1.1 200 "));
    assert!(ask(&server, "/a/c", "").starts_with("HTTP/1.1 503 "));
    assert_eq!(ask(&server, "/a/b/", ""), "");
    server.heal();
    assert!(ask(&server, "/a/b/", "").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_counted_fault_ends_by_itself() {
    let server = ten_bytes();
    server.fail_times("/", Fault::Status(500), 2);
    let first = |n: usize| ask(&server, "/", "")[9..12].parse::<u16>().map(|s| (n, s)).unwrap();
    assert_eq!([first(0), first(1), first(2)], [(0, 500), (1, 500), (2, 200)]);
}

#[test]
fn bodies_are_cut_or_changed() {
    let server = ten_bytes();
    server.fail("/", Fault::Truncated);
    let answer = ask(&server, "/", "");
    assert!(answer.contains("Content-Length: 10\r\n") && answer.ends_with("\r\n\r\n01234"));
    server.fail("/", Fault::WrongBytes);
    let answer = ask(&server, "/", "");
    assert!(answer.contains("Content-Length: 10\r\n") && !answer.contains("0123456789"));
}

#[test]
fn a_stalled_request_ends_with_the_server() {
    let server = ten_bytes();
    server.fail("/", Fault::Stalled);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    while server.count("/") == 0 {
        std::thread::yield_now();
    }
    drop(server);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty());
}

#[test]
fn a_login_is_asked_for() {
    let server = ten_bytes();
    server.require_login("user", "secret");
    assert!(ask(&server, "/", "").starts_with("HTTP/1.1 401 "));
    let header = format!("Authorization: {}\r\n", message::basic("user", "secret"));
    assert!(ask(&server, "/", &header).starts_with("HTTP/1.1 200 "));
}
