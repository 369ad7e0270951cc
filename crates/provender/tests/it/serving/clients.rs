//! Real installers, with the served index as their only route.

use std::path::PathBuf;
use std::process::Command;

use provender_test::{left_out, pip, venv_dir};

use super::Server;
use crate::project::{LOCK, Project};
use crate::stored::{locked, requests, stocked};

/// Nobody listens there: whatever asks another host than this machine fails.
const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// Leaves a client no other route than the server.
fn isolated<'a>(command: &'a mut Command, project: &Project) -> &'a mut Command {
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, DEAD_PROXY);
    }
    command.env("no_proxy", "127.0.0.1").current_dir(project.sandbox.project())
}

/// Installs the lock with pip into `site`. `None` without pip.
fn pip_install(project: &Project, server: &Server, more: &str) -> Option<()> {
    let mut pip = pip(&project.sandbox.home())?;
    pip.args(["install", "--quiet", "--require-hashes", "--no-input", "--retries", "0"])
        .args(["--target", "site", "--index-url", &server.url(), "-r", "constraints.txt"])
        .args(more.split_whitespace());
    project.sandbox.finish(isolated(&mut pip, project)).exits(0);
    Some(())
}

fn uv() -> Option<PathBuf> {
    venv_dir().map(|venv| venv.join("bin/uv")).filter(|uv| uv.exists())
}

/// The releases in `site`.
fn installed(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.sandbox.path("site")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|name| name.strip_suffix(".dist-info").map(str::to_owned)).collect();
    names.sort();
    names
}

#[test]
fn pip_installs_a_lock_from_the_server_alone() {
    let project = stocked();
    let server = Server::of(&project, "--offline");
    let Some(()) = pip_install(&project, &server, "") else {
        return left_out("pip_installs_a_lock_from_the_server_alone", "no pip");
    };
    assert_eq!(installed(&project), ["app-1.0", "lib-2.0.0"]);
    for name in ["app-1.0", "lib-2.0.0"] {
        let line = server.program.stderr.with(&format!("/{name}-py3-none-any.whl 200"));
        assert!(line.ends_with(" store"), "{line}");
    }
    assert_eq!(requests(&project), 0);
}

#[test]
fn uv_installs_a_lock_from_the_server_alone() {
    let test = "uv_installs_a_lock_from_the_server_alone";
    let Some(uv) = uv() else { return left_out(test, "no uv (PROVENDER_TEST_VENV)") };
    let project = stocked();
    if provender_test::python(&project.sandbox.home()).is_none() {
        return left_out(test, "no python3");
    }
    let server = Server::of(&project, "--offline");
    let mut command = project.sandbox.command(uv);
    command.args(["--no-config", "--no-cache", "pip", "install", "--require-hashes"]).args([
        "--default-index",
        &server.url(),
        "--target",
        "site",
        "-r",
        "constraints.txt",
    ]);
    project.sandbox.finish(isolated(&mut command, &project)).exits(0);
    assert_eq!(installed(&project), ["app-1.0", "lib-2.0.0"]);
    assert_eq!(requests(&project), 0);
}

/// A project that has only an sdist, and what builds it.
fn without_wheel(stock: &str) -> Option<Project> {
    let scenario = r#"
        [built]
        "1.0" = { files = ["sdist"], build-requires = ["tool"] }
        [tool]
        "2.0" = {}
    "#;
    let project = Project::new(scenario, "built\n", []);
    pip(&project.sandbox.home())?;
    project.run(LOCK).exits(0);
    project.run(stock).exits(0);
    project.index.http().forget_requests();
    Some(project)
}

#[test]
fn pip_builds_what_has_no_wheel_from_the_server_alone() {
    let test = "pip_builds_what_has_no_wheel_from_the_server_alone";
    let Some(project) = without_wheel("stock") else { return left_out(test, "no pip") };
    let server = Server::of(&project, "--offline");
    pip_install(&project, &server, "");
    assert_eq!(installed(&project), ["built-1.0"]);
    server.program.stderr.with("/built-1.0.tar.gz 200");
    server.program.stderr.with("/tool-2.0-py3-none-any.whl 200");
    assert_eq!(requests(&project), 0);
}

#[test]
fn pip_takes_the_wheel_that_was_built_while_stocking() {
    let test = "pip_takes_the_wheel_that_was_built_while_stocking";
    let Some(project) = without_wheel("stock --build-wheels") else {
        return left_out(test, "no pip");
    };
    let server = Server::of(&project, "--offline");
    pip_install(&project, &server, "--only-binary :all:");
    assert_eq!(installed(&project), ["built-1.0"]);
    server.program.stderr.with("/built-1.0-py3-none-any.whl 200");
}

#[test]
fn pip_installs_what_is_pulled_through() {
    let project = locked();
    let server = Server::of(&project, "");
    let Some(()) = pip_install(&project, &server, "") else {
        return left_out("pip_installs_what_is_pulled_through", "no pip");
    };
    assert_eq!(installed(&project), ["app-1.0", "lib-2.0.0"]);
}
