//! The Dockerfile that is written for the example.

use std::collections::BTreeSet;
use std::process::Command;

use provender_image::Image;
use provender_image::certificates::VARIABLES;
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

/// What the Dockerfile is built with: buildah, and no other index than ours to ask.
pub(super) struct Builder<'e> {
    example: &'e Example,
    engine: &'e Engine,
    test: String,
    _server: Beside,
    index: String,
}

impl<'e> Builder<'e> {
    /// Makes an image of the base with pip, and starts the index.
    pub(super) fn start(test: &str, example: &'e Example, engine: &'e Engine) -> Option<Self> {
        let Some(pip) = pip() else {
            left_out(&format!("{test}, buildah"), "no pip to build with (PROVENDER_TEST_VENV)");
            return None;
        };
        let container = engine.buildah(&["from", "--pull-never", BASE]).unwrap();
        let to = "/usr/local/lib/python3.11/dist-packages/pip";
        engine.buildah(&["copy", "--quiet", &container, &pip, to]).unwrap();
        engine.buildah(&["commit", "--quiet", "--rm", &container, BUILDER]).unwrap();
        let listen = ["--offline", "serve", "--listen", "127.0.0.1:0"];
        let server = Beside::start(&mut example.command(&listen));
        let address = address_in(&server.stderr.with("serving "));
        let index = format!("PIP_INDEX_URL=http://{address}/simple/");
        let test = format!("{test}, buildah");
        Some(Self { example, engine, test, _server: server, index })
    }

    /// Writes the Dockerfile, and has buildah make the same files of it.
    pub(super) fn builds_the_same_files(&self) {
        let Self { example, engine, index, .. } = self;
        let written = example.provender(&["image", "dockerfile", "--force"]);
        assert!(written.status.success(), "{}", said(&written));
        let project = example.project();
        let (base, builder) = (format!("BASE={BASE}"), format!("BUILDER={BUILDER}"));
        let arguments = ["build", "--isolation", "chroot", "--network", "host", "--pull-never"];
        let more = ["--http-proxy=false", "--format", "docker", "--timestamp", "0"];
        let named = ["--tag", "localhost/built:1"];
        let given = ["--build-arg", index, "--build-arg", &base, "--build-arg", &builder];
        let context = [project.to_str().unwrap()];
        engine.buildah(&[&arguments[..], &more, &named, &given, &context].concat()).unwrap();
        let layout = tempfile::tempdir_in(engine.place()).unwrap();
        let to = format!("oci:{}", layout.path().display());
        engine.buildah(&["push", "--quiet", "localhost/built:1", &to]).unwrap();

        let (ours, theirs) = (example.image(), open("oci", layout.path()));
        for name in VARIABLES {
            assert_eq!(variable(&ours, name), variable(&theirs, name), "{name}");
        }
        let (ours, theirs) = (tree_of(&ours), tree_of(&theirs));
        let paths: BTreeSet<&str> =
            ours.iter().chain(theirs.iter()).map(|(path, _)| path).collect();
        assert!(paths.len() > 3000, "{}", paths.len());
        let differences: Vec<_> = paths
            .into_iter()
            .filter(|path| differ(path, ours.get(path), theirs.get(path)))
            .map(|path| (path, ours.get(path), theirs.get(path)))
            .collect();
        holds_the_same_code(&self.test, example, &ours, &theirs);
        assert!(
            differences.is_empty(),
            "{} differ: {:#?}",
            differences.len(),
            &differences[..differences.len().min(20)]
        );
    }
}

/// What a variable of an image is.
fn variable(image: &Image, name: &str) -> Option<String> {
    let set = image.config.config.env.iter().filter_map(|set| set.split_once('='));
    set.filter(|(set, _)| *set == name).map(|(_, value)| value.to_owned()).next()
}

/// The folder of the tests' own pip, which is the same for every Python.
fn pip() -> Option<String> {
    let lib = venv_dir()?.join("lib");
    let pythons = std::fs::read_dir(lib).ok()?.flatten();
    let mut found = pythons.map(|python| python.path().join("site-packages/pip"));
    Some(found.find(|path| path.is_dir())?.to_str()?.to_owned())
}

fn tree_of(image: &Image) -> Tree {
    let keep = |path: &str, _| if is_bytecode(path) { Keep::Content } else { Keep::Digest };
    tree::of_image(image, &keep, &Limits::default()).unwrap()
}

fn is_bytecode(path: &str) -> bool {
    path.ends_with(".pyc")
}

/// Where two files of bytecode have other bytes, Python reads the same code from them (PEP 552: behind
/// sixteen bytes that say what they are valid for).
fn holds_the_same_code(test: &str, example: &Example, ours: &Tree, theirs: &Tree) {
    let Some(python) = tool(test, "python3.11") else { return };
    let folder = tempfile::tempdir_in(example.folder.path()).unwrap();
    let both = ["ours", "theirs"].map(|name| folder.path().join(name));
    both.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let mut compared = 0;
    for (path, _) in ours.iter().filter(|(path, _)| is_bytecode(path)) {
        let (one, other) = (ours.content(path).unwrap(), theirs.content(path).unwrap());
        if one != other {
            compared += 1;
            let name = path.replace('/', "!");
            std::fs::write(both[0].join(&name), one).unwrap();
            std::fs::write(both[1].join(&name), other).unwrap();
        }
    }
    let program = "import marshal, pathlib, sys
one, other = map(pathlib.Path, sys.argv[1:])
for path in one.iterdir():
    a, b = path.read_bytes(), (other / path.name).read_bytes()
    x, y = marshal.loads(a[16:]), marshal.loads(b[16:])
    if a[:16] != b[:16] or x != y or x.co_filename != y.co_filename:
        print(path.name)";
    let output = Command::new(python).args(["-I", "-c", program]).args(&both).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{compared}: {}", said(&output));
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
        // What is referred to more than once is marked otherwise.
        (Kind::File { .. }, Kind::File { .. }) if is_bytecode(path) => false,
        (Kind::File { sha256: one, .. }, Kind::File { sha256: other, .. }) => one != other,
        (one, other) => one != other,
    }
}
