//! Bytecode that is compiled while the image is built.

use std::fs;
use std::process::Command;

use provender_image::build::BaseFacts;
use provender_image::bytecode;
use provender_test::{Sandbox, left_out};

use super::building::copy;
use super::{IMAGE, Service, layers, tree_of};
use crate::project::fails;

const OUT: &str = "-o oci-archive:image.tar --tag app:1";
const COMPILED: &str = "bytecode = 'unchecked-hash'\n";

/// The bytecode of the service's only dependency, and of its own module.
const LIB: &str = "usr/local/lib/python3.11/site-packages/lib/__pycache__/__init__.cpython-311.pyc";
const MAIN: &str = "app/app/__pycache__/__main__.cpython-311.pyc";

/// A service whose image is to hold bytecode; none, with a word on it, where this machine has no Python
/// that compiles for the base.
fn service(test: &str) -> Option<Service> {
    let service = Service::new();
    service.built(OUT);
    let image = service.open("oci-archive", "image.tar");
    let folder = tempfile::tempdir().unwrap();
    let (facts, _) = BaseFacts::of(&image, folder.path()).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Err(error) = bytecode::find(&folders, &facts) {
        left_out(test, &error.to_string());
        return None;
    }
    service.project.settings(&format!("{IMAGE}{COMPILED}"));
    Some(service)
}

#[test]
fn modules_are_compiled_beside_their_sources_and_recorded() {
    let test = "modules_are_compiled_beside_their_sources_and_recorded";
    let Some(service) = service(test) else { return };
    let built = service.built(OUT);
    let image = service.open("oci-archive", "image.tar");
    assert_eq!(image.layers.len(), 1 + layers(&built).len());
    let tree = tree_of(&image);
    let compiled: Vec<_> = tree.iter().filter(|(path, _)| path.ends_with(".pyc")).collect();
    for (path, node) in &compiled {
        let source = path.replace("__pycache__/", "").replace(".cpython-311.pyc", ".py");
        let source = tree.get(&source).unwrap();
        assert_eq!(node.layer, source.layer, "{path}");
        assert_eq!((node.mode, node.uid, node.gid), (0o644, 0, 0), "{path}");
        // PEP 552: the magic number, and that it is a hash which nobody compares.
        let content = node.content().unwrap();
        assert_eq!(content[..8], [0xa7, 0x0d, 0x0d, 0x0a, 1, 0, 0, 0], "{path}");
    }
    let paths: Vec<_> = compiled.iter().map(|(path, _)| *path).collect();
    assert!(paths.contains(&LIB) && paths.contains(&MAIN), "{paths:?}");
    let record = "usr/local/lib/python3.11/site-packages/lib-1.0.0.dist-info/RECORD";
    let record = tree.text(record).unwrap();
    assert!(record.contains("lib/__pycache__/__init__.cpython-311.pyc,sha256="), "{record}");
    let base = service.base();
    let verify =
        format!("image verify oci-archive:image.tar --context . --base {}", base.display());
    service.project.run(&verify).exits(0);

    // Python takes it for what it would compile itself, and does not look at the source.
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("lib");
    fs::create_dir_all(package.join("__pycache__")).unwrap();
    let name = LIB.rsplit('/').next().unwrap();
    fs::write(package.join("__pycache__").join(name), tree.content(LIB).unwrap()).unwrap();
    fs::write(package.join("__init__.py"), "raise SystemExit('compiled anew')\n").unwrap();
    let mut python = Command::new("python3.11");
    python.args(["-c", "import lib; print(lib.__version__)"]).current_dir(folder.path());
    let output = python.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1.0.0\n", "{said}");
}

#[test]
fn the_option_decides_before_the_settings_and_is_told_where_it_explains_a_difference() {
    let test = "the_option_decides_before_the_settings_and_is_told_where_it_explains_a_difference";
    let Some(service) = service(test) else { return };
    let compiled = service.built(OUT);
    let base = service.base();
    let verify =
        format!("image verify oci-archive:image.tar --context . --base {}", base.display());
    let differs = |option: &str, words: &[&str]| {
        let run = service.project.run(&format!("{verify} --bytecode {option}")).exits(1);
        assert!(words.iter().all(|word| run.stdout.contains(word)), "{run}");
    };
    differs(
        "none",
        &["warning[image/other-bytecode]", "compiled by Python 3.11.", "unchecked-hash"],
    );

    let plain = service.built(&format!("{OUT} --bytecode none"));
    assert_ne!(plain["digest"], compiled["digest"]);
    assert!(tree_of(&service.open("oci-archive", "image.tar")).get(MAIN).is_none());
    differs("unchecked-hash", &["image/other-bytecode", "built without bytecode"]);
    service.project.settings(IMAGE);
    service.project.run(&verify).exits(0);
    let again = service.built(&format!("{OUT} --bytecode unchecked-hash"));
    assert_eq!(again["digest"], compiled["digest"]);
    service.project.run(&format!("{verify} --bytecode unchecked-hash")).exits(0);
}

#[test]
fn what_is_compiled_is_the_same_wherever_it_is() {
    let test = "what_is_compiled_is_the_same_wherever_it_is";
    let Some(service) = service(test) else { return };
    // Names in sets and constants that others share are where bytecode differs by chance.
    let text = "KEYS = {'one', 'two', None}\ndef f(x):\n    return x in {'a', 'b', 'c', None, 1}\n";
    service.project.sandbox.write("app/keys.py", text);
    service.project.sandbox.write("app/broken.py", "print 'no module of Python 3'\n");
    let elsewhere = Sandbox::new();
    fs::remove_dir_all(service.project.sandbox.data_dir().join("images")).unwrap();
    copy(&service.project, &elsewhere);
    service.built(OUT);
    let ours = fs::read(service.project.sandbox.path("image.tar")).unwrap();
    for (threads, seed) in [("1", "1"), ("7", "2")] {
        let _ = fs::remove_dir_all(elsewhere.data_dir().join("images"));
        let mut command = elsewhere.command(env!("CARGO_BIN_EXE_provender"));
        command.args(service.arguments(OUT).split_whitespace());
        command.env("RAYON_NUM_THREADS", threads).env("PYTHONHASHSEED", seed);
        command.env("PYTHONOPTIMIZE", "2");
        elsewhere.finish(&mut command).exits(0);
        assert!(fs::read(elsewhere.path("image.tar")).unwrap() == ours, "{threads} {seed}");
    }
    let tree = tree_of(&service.open("oci-archive", "image.tar"));
    assert!(tree.get("app/app/__pycache__/keys.cpython-311.pyc").is_some());
    assert!(tree.get("app/app/__pycache__/broken.cpython-311.pyc").is_none());
}

#[test]
fn without_a_python_of_the_base_s_series_it_is_refused() {
    let service = Service::new();
    service.project.settings(&format!("{IMAGE}{COMPILED}"));
    let empty = tempfile::tempdir().unwrap();
    let mut command = service.project.command(&service.arguments(OUT));
    command.env("PATH", empty.path());
    let run = service.project.sandbox.finish(&mut command).exits(2);
    crate::project::says(&run, &["image/build", "no Python on this machine", "3.11.9", "bytecode"]);
    assert!(!service.project.sandbox.has("image.tar"));
    service.project.settings(&format!("{IMAGE}bytecode = 'timestamp'\n"));
    fails(&service.project, &service.arguments(OUT), 2, &["timestamp", "unchecked-hash"]);
}
