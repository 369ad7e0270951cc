//! `provender serve`: what it answers, what it says of it, and how it begins and ends.

#[cfg(unix)]
mod background;
mod clients;

use std::net::SocketAddr;

use provender_test::Fault;
use serde_json::json;

use crate::beside::{Beside, address_in, get};
use crate::project::{APP, Project, one_error, says};
use crate::stored::{blob_of, lose, requests, stocked};

/// A server in the foreground, on a port of its own.
struct Server {
    address: SocketAddr,
    program: Beside,
}

impl Server {
    /// Serves the stock of a project.
    fn of(project: &Project, args: &str) -> Self {
        let command = format!("serve --listen 127.0.0.1:0 {args}");
        let program = Beside::start(&mut project.command(&command));
        let address = address_in(&program.stderr.with("serving "));
        Self { address, program }
    }

    /// The URL to give to `--index-url`.
    fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    /// The page of a project, as HTML.
    #[track_caller]
    fn page(&self, name: &str) -> String {
        let answer = get(self.address, &format!("/simple/{name}/"), "Accept: text/html\r\n");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }
}

/// The path of a file of the index on the server.
fn file(project: &Project, name: &str, version: &str) -> String {
    let (filename, hash) = project.index.hashes(name, version).remove(0);
    format!("/packages/{}/{}/{hash}/{filename}", &hash[..2], &hash[2..4])
}

#[test]
fn it_answers_for_its_health_its_pages_and_its_files() {
    let project = stocked();
    let server = Server::of(&project, "--offline");
    assert_eq!((get(server.address, "/health", "").status), 200);
    let root = get(server.address, "/simple/", "Accept: application/vnd.pypi.simple.v1+json\r\n");
    let root: serde_json::Value = serde_json::from_slice(&root.body).unwrap();
    assert_eq!(root["projects"], json!([{"name": "app"}, {"name": "lib"}]));
    let page = server.page("lib");
    let (name, hash) = project.index.hashes("lib", "2.0.0").remove(0);
    assert!(page.contains(&name) && page.contains(&format!("sha256={hash}")), "{page}");
    let path = file(&project, "lib", "2.0.0");
    assert!(page.contains(&path), "{page}");
    let file = get(server.address, &path, "");
    assert_eq!(file.status, 200, "{}", file.text());
    assert!(file.head.contains(&hash), "{}", file.head);
    assert!(file.body.starts_with(b"PK"));
    assert_eq!(get(server.address, "/simple/nosuch/", "").status, 404);
}

#[test]
fn it_says_where_it_is_and_a_line_for_each_request() {
    let project = stocked();
    let server = Server::of(&project, "--offline");
    let stderr = &server.program.stderr;
    assert!(stderr.with("pip install").contains(&server.url()));
    get(server.address, "/health", "");
    let line = stderr.with("GET /health 200");
    assert!(line.contains(" 127.0.0.1 GET /health 200 3 bytes "), "{line}");
    get(server.address, "/simple/nosuch/", "");
    stderr.with("GET /simple/nosuch/ 404");
    server.page("lib");
    assert!(stderr.with("GET /simple/lib/ 200").ends_with(" store"));
}

#[test]
fn its_log_is_there_as_json_lines_on_stdout() {
    let project = stocked();
    let server = Server::of(&project, "--offline --format json");
    server.page("lib");
    let line = server.program.stdout.with("/simple/lib/");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["method"], &line["status"]), (&"GET".into(), &200.into()));
    assert_eq!((&line["client"], &line["source"]), (&"127.0.0.1".into(), &"store".into()));
    assert_eq!(line["complete"], true);
    assert!(line["bytes"].as_u64() > Some(0) && line["milliseconds"].is_u64(), "{line}");
}

#[cfg(unix)]
#[test]
fn a_quiet_server_says_nothing() {
    let project = stocked();
    let mut command = project.command("serve --listen 127.0.0.1:0 --offline --quiet");
    let server = Beside::start(&mut command);
    // Nothing announces it, so its place is asked for.
    let address = background::wait_until_it_runs(&project);
    assert_eq!(get(address, "/health", "").status, 200);
    project.run("serve stop").exits(0);
    assert_eq!(server.stdout.rest(), [""; 0]);
    assert_eq!(server.stderr.rest(), [""; 0]);
}

#[test]
fn a_port_in_use_is_no_answer_and_the_hint_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let project = stocked();
    let run = project.run(&format!("serve --listen {address}")).exits(2);
    one_error(&run);
    says(&run, &["error[serve/port-in-use]", &address.to_string(), "--listen", "0 for a free one"]);
}

#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    let run = stocked().run("serve --listen 192.0.2.1:0").exits(2);
    one_error(&run);
    says(&run, &["error[serve/cannot-listen]", "192.0.2.1", "--listen"]);
}

#[test]
fn what_is_not_stocked_is_pulled_through_once() {
    let project = Project::new(APP, "", []);
    let server = Server::of(&project, "");
    let page = server.page("lib");
    assert!(page.contains("lib-1.0.0-py3-none-any.whl"), "{page}");
    let path = file(&project, "lib", "1.0.0");
    for _ in 0..2 {
        let file = get(server.address, &path, "");
        assert_eq!(file.status, 200, "{}", file.text());
    }
    assert_eq!(project.index.http().count("/files/lib-1.0.0-py3-none-any.whl"), 1);
    for source in [" upstream", " store"] {
        let line = server.program.stderr.with("GET /packages/");
        assert!(line.ends_with(source), "{line}");
    }
    drop(server);
    // What was pulled through is served without the upstream as well.
    let server = Server::of(&project, "--offline");
    assert_eq!(get(server.address, &path, "").status, 200);
}

#[test]
fn offline_it_never_asks_the_upstream() {
    let project = stocked();
    let server = Server::of(&project, "--offline");
    server.page("lib");
    assert_eq!(get(server.address, "/simple/requests/", "").status, 404);
    assert_eq!(get(server.address, "/simple/", "").status, 200);
    assert_eq!(requests(&project), 0);
}

#[test]
fn what_is_stocked_is_served_while_the_upstream_fails() {
    let project = stocked();
    let server = Server::of(&project, "");
    project.index.http().fail("/", Fault::Status(503));
    server.page("lib");
    assert_eq!(get(server.address, &file(&project, "lib", "2.0.0"), "").status, 200);
    let answer = get(server.address, "/simple/nosuch/", "");
    assert_eq!(answer.status, 502, "{}", answer.text());
}

#[test]
fn wrong_bytes_of_the_upstream_are_neither_kept_nor_served_whole() {
    let project = Project::new(APP, "", []);
    let server = Server::of(&project, "");
    server.page("lib");
    let file = file(&project, "lib", "1.0.0");
    project.index.http().fail("/files/", Fault::WrongBytes);
    let refused = get(server.address, &file, "");
    assert!(!blob_of(&project, "lib", "1.0.0").exists());
    project.index.http().heal();
    let whole = get(server.address, &file, "");
    assert_eq!(whole.status, 200);
    assert!(refused.status != 200 || refused.body.len() < whole.body.len());
}

#[test]
fn a_lost_file_is_named_by_the_answer_and_stocking_heals_it_under_a_running_server() {
    let project = stocked();
    let server = Server::of(&project, "--offline");
    let file = file(&project, "lib", "2.0.0");
    lose(&project, "lib", "2.0.0");
    let answer = get(server.address, &file, "");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("provender stock"), "{}", answer.text());
    project.run("stock").exits(0);
    assert_eq!(get(server.address, &file, "").status, 200);
}
