//! The Dockerfile that is written for the example.

use std::collections::BTreeSet;
use std::process::Command;

use provender_image::Image;
use provender_image::tree::{self, Keep, Kind, Limits, Node, Tree};
use provender_test::{left_out, venv_dir};

use super::container::{BASE, Engine};
use super::{Example, open, said, tool};
use crate::beside::{Beside, address_in};

/// The base with pip, in which wheels are made.
const BUILDER: &str = "localhost/builder:1";

pub(super) fn passes_hadolint(test: &str, example: &Example) {
    let written = example.provender(&["image", "dockerfile"]);
    assert!(written.status.success(), "{}", said(&written));
    let Some(hadolint) = tool(test, "hadolint") else { return };
    let output = Command::new(hadolint)
        .args(["--no-color", "--failure-threshold", "style", "Dockerfile"])
        .current_dir(example.project())
        .env_remove("HADOLINT_IGNORE")
        .output()
        .unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", said(&output));
}

/// buildah makes the same files of it, with no other index than ours to ask.
pub(super) fn builds_the_same_files(test: &str, example: &Example, engine: &Engine) {
    let test = format!("{test}, buildah");
    let Some(pip) = pip() else {
        return left_out(&test, "no pip to build with (PROVENDER_TEST_VENV)");
    };
    let container = engine.buildah(&["from", "--pull-never", BASE]).unwrap();
    let to = "/usr/local/lib/python3.11/dist-packages/pip";
    engine.buildah(&["copy", "--quiet", &container, &pip, to]).unwrap();
    engine.buildah(&["commit", "--quiet", "--rm", &container, BUILDER]).unwrap();

    let listen = ["--offline", "serve", "--listen", "127.0.0.1:0"];
    let server = Beside::start(&mut example.command(&listen));
    let address = address_in(&server.stderr.with("serving "));
    let project = example.project();
    let (index, base) = (format!("PIP_INDEX_URL=http://{address}/simple/"), format!("BASE={BASE}"));
    let builder = format!("BUILDER={BUILDER}");
    let arguments = ["build", "--isolation", "chroot", "--network", "host", "--pull-never"];
    let more = [
        "--http-proxy=false",
        "--format",
        "docker",
        "--timestamp",
        "0",
        "--tag",
        "localhost/built:1",
    ];
    let given = ["--build-arg", &index, "--build-arg", &base, "--build-arg", &builder];
    let arguments = [&arguments[..], &more, &given, &[project.to_str().unwrap()]].concat();
    engine.buildah(&arguments).unwrap();
    let layout = engine.place().join("built");
    let to = format!("oci:{}", layout.display());
    engine.buildah(&["push", "--quiet", "localhost/built:1", &to]).unwrap();

    let (ours, theirs) = (tree_of(&example.image()), tree_of(&open("oci", &layout)));
    let paths: BTreeSet<&str> = ours.iter().chain(theirs.iter()).map(|(path, _)| path).collect();
    assert!(paths.len() > 3000, "{}", paths.len());
    let differences: Vec<_> = paths
        .into_iter()
        .filter(|path| differ(path, ours.get(path), theirs.get(path)))
        .map(|path| (path, ours.get(path), theirs.get(path)))
        .collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

/// The folder of the tests' own pip, which is the same for every Python.
fn pip() -> Option<String> {
    let lib = venv_dir()?.join("lib");
    let pythons = std::fs::read_dir(lib).ok()?.flatten();
    let mut found = pythons.map(|python| python.path().join("site-packages/pip"));
    Some(found.find(|path| path.is_dir())?.to_str()?.to_owned())
}

fn tree_of(image: &Image) -> Tree {
    tree::of_image(image, &|_, _| Keep::Digest, &Limits::default()).unwrap()
}

/// Whether the two differ in anything but what has to differ.
fn differ(path: &str, ours: Option<&Node>, theirs: Option<&Node>) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let of_installer = path.contains(".dist-info/");
    let (Some(one), Some(other)) = (ours, theirs) else {
        // pip marks everything that its file of requirements names, which in a lock is everything;
        // provender what the project itself asks for.
        return !(of_installer && name == "REQUESTED" && theirs.is_some());
    };
    let rights = |node: &Node| (node.mode & 0o7777, node.uid, node.gid);
    if rights(one) != rights(other) {
        return true;
    }
    match (&one.kind, &other.kind) {
        // Each installer says its name there, and what it wrote itself.
        (Kind::File { .. }, Kind::File { .. })
            if of_installer && ["INSTALLER", "RECORD"].contains(&name) =>
        {
            false
        }
        // Each has its own words for a program that calls an entry point.
        (Kind::File { .. }, Kind::File { .. }) if path.starts_with("usr/local/bin/") => false,
        (Kind::File { sha256: one, .. }, Kind::File { sha256: other, .. }) => one != other,
        (one, other) => one != other,
    }
}
