//! Servers that go on in the background: one for a data directory, and what is known of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Server;
use crate::beside::get;
use crate::project::{Project, says};
use crate::stored::stocked;

/// Ends the server of a project's data directory when dropped, however the test ended.
struct Background<'a>(&'a Project);

impl Background<'_> {
    /// Starts one in the background and returns when it listens.
    #[track_caller]
    fn start(project: &Project) -> (Background<'_>, SocketAddr) {
        let guard = Background(project);
        project.run("serve --listen 127.0.0.1:0 --offline --background").exits(0);
        let address = status(project).unwrap();
        (guard, address)
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        self.0.run("serve stop");
    }
}

/// Where the server of a project listens, if one runs.
fn status(project: &Project) -> Option<SocketAddr> {
    let document = project.json("serve status");
    assert_eq!(document["schema"], "provender.serve/1");
    assert_eq!(document["running"].as_bool(), Some(document.get("address").is_some()));
    document.get("address").map(|address| address.as_str().unwrap().parse().unwrap())
}

/// Waits for a server that says nothing of itself.
pub(super) fn wait_until_it_runs(project: &Project) -> SocketAddr {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match status(project) {
            Some(address) => return address,
            None => assert!(Instant::now() < deadline, "no server runs"),
        }
    }
}

/// Runs a command that must say that no server runs.
#[track_caller]
fn none_runs(project: &Project, args: &str, code: i32) {
    let run = project.run(args).exits(code);
    assert_eq!(run.stdout, "no server of this data directory runs\n");
}

#[test]
fn it_goes_on_in_the_background_until_it_is_stopped() {
    let project = stocked();
    none_runs(&project, "serve status", 1);
    let (_guard, address) = Background::start(&project);
    let run = project.run("serve status").exits(0);
    assert!(
        run.stdout.starts_with(&format!("serving at http://{address}/simple/ (process ")),
        "{run}"
    );
    assert_eq!(get(address, "/health", "").status, 200);
    let run = project.run("serve stop").exits(0);
    assert_eq!(run.stdout, format!("ended the server at {address}\n"));
    assert!(std::net::TcpStream::connect(address).is_err(), "it still listens");
    none_runs(&project, "serve status", 1);
    none_runs(&project, "serve stop", 0);
}

#[test]
fn in_the_background_its_log_is_in_the_data_directory() {
    for format in ["human", "json"] {
        let project = stocked();
        let _guard = Background(&project);
        let command =
            format!("serve --listen 127.0.0.1:0 --offline --background --format {format}");
        let run = project.run(&command).exits(0);
        let address = status(&project).unwrap();
        assert!(run.stdout.contains(&address.to_string()), "{run}");
        get(address, "/health", "");
        // It has ended, so all of its log is there.
        project.run("serve stop").exits(0);
        let log = std::fs::read_to_string(project.sandbox.data_dir().join("serve.log")).unwrap();
        assert!(log.contains("/health"), "{format}: {log}");
    }
}

#[test]
fn a_second_server_of_a_data_directory_is_refused() {
    let project = stocked();
    let (_guard, address) = Background::start(&project);
    for command in ["serve --listen 127.0.0.1:0", "serve --listen 127.0.0.1:0 --background"] {
        let run = project.run(command).exits(2);
        says(
            &run,
            &["error[serve/already-running]", &format!("runs already at {address}"), "serve stop"],
        );
    }
    assert_eq!(status(&project), Some(address), "the first goes on");
    assert_eq!(get(address, "/health", "").status, 200);
}

#[test]
fn why_it_does_not_start_in_the_background_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let project = stocked();
    let _guard = Background(&project);
    let address = taken.local_addr().unwrap();
    let run = project.run(&format!("serve --background --listen {address}")).exits(2);
    says(&run, &["error[serve/background]", "serve/port-in-use", "--listen", "serve.log"]);
    assert_eq!(status(&project), None);
}

#[test]
fn a_server_that_was_killed_does_not_run() {
    let project = stocked();
    let mut server = Server::of(&project, "--offline");
    assert_eq!(status(&project), Some(server.address));
    server.program.kill();
    none_runs(&project, "serve status", 1);
    none_runs(&project, "serve stop", 0);
    let next = Server::of(&project, "--offline");
    assert_eq!(status(&project), Some(next.address), "another takes its place");
}

#[test]
fn a_server_in_the_foreground_is_stopped_as_well() {
    let project = stocked();
    let mut server = Server::of(&project, "--offline");
    project.run("serve stop").exits(0);
    assert_eq!(server.program.code(), Some(0));
}

#[test]
fn each_data_directory_has_a_server_of_its_own() {
    let project = stocked();
    let first = Server::of(&project, "--offline");
    let second = Server::of(&project, "--offline --data-dir elsewhere");
    assert_ne!(first.address, second.address);
    assert_eq!(status(&project), Some(first.address));
    let page = |server: &Server| get(server.address, "/simple/lib/", "").status;
    assert_eq!((page(&first), page(&second)), (200, 404));
}

#[test]
fn a_state_that_cannot_be_read_is_of_no_server() {
    let project = stocked();
    std::fs::write(project.sandbox.data_dir().join("serve.json"), "{").unwrap();
    none_runs(&project, "serve status", 1);
    none_runs(&project, "serve status --data-dir nowhere", 1);
    assert!(!project.sandbox.has("nowhere"), "looking makes no data directory");
}
