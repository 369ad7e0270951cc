//! The same wheels, installed by pip.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use provender_core::Sha256;
use provender_image::Compression;
use provender_image::layer::{self, LayerOptions};
use provender_image::wheel::{Expected, Requested, WheelFilename, install, merge, open};
use provender_test::{left_out, pip, python};
use sha2::Digest as _;

use super::made::{Made, scheme};

/// Files by path, with their bytes and modes.
type Files = BTreeMap<String, (Vec<u8>, u32)>;

fn files(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                let mode = metadata.permissions().mode() & 0o7777;
                files.insert(name, (fs::read(&path).unwrap(), mode));
            }
        }
    }
    files
}

/// Runs a command with the umask of a clean machine; what it said if it failed.
fn run(command: &Command) -> Result<String, String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 022; exec \"$@\"", "sh"]).arg(command.get_program());
    shell.args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    let output = shell.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(said)
    }
}

/// What pip puts into a fresh environment for the wheels of a folder.
fn installed_by_pip(
    wheels: &[Expected],
    folder: &Path,
    environment: &Path,
) -> Result<Files, String> {
    let mut venv = python(folder).ok_or("no python3")?;
    run(venv.args(["-m", "venv", "--without-pip"]).arg(environment))?;
    let before = files(environment);
    let mut command = pip(folder).ok_or("no pip")?;
    command.arg("--python").arg(environment.join("bin/python"));
    command.args(["install", "-q", "--no-index", "--no-deps", "--no-compile", "--find-links"]);
    command.arg(folder);
    command.args(wheels.iter().map(|wheel| format!("{}=={}", wheel.name, wheel.version)));
    // It needs nothing that is not here: whatever fails now is a failure.
    run(&command).unwrap();
    let mut after = files(environment);
    after.retain(|path, _| !before.contains_key(path));
    Ok(after)
}

/// What provender puts there: written into a layer, which tar unpacks.
fn installed_by_us(wheels: &[Expected], folder: &Path, environment: &Path, to: &Path) -> Files {
    let scheme = scheme(environment.to_str().unwrap());
    let installed = wheels.iter().map(|expected| {
        let wheel = open(&folder.join(&expected.filename), expected).unwrap();
        install(&wheel, &scheme, Requested::ByName).unwrap()
    });
    let entries = merge(installed.collect()).unwrap();
    let layer = to.with_extension("tar");
    layer::write(&entries, &LayerOptions::new(0, Compression::None), &layer).unwrap();
    fs::create_dir(to).unwrap();
    let mut tar = Command::new("tar");
    run(tar.arg("-xpf").arg(&layer).arg("-C").arg(to)).unwrap();
    files(&to.join(environment.strip_prefix("/").unwrap()))
}

/// Takes away what may differ, and what follows from that in `RECORD`.
fn comparable(mut files: Files) -> Files {
    let mut changed = Vec::new();
    for (path, (bytes, mode)) in &mut files {
        let is_script = path.starts_with("bin/");
        if is_script {
            // Scripts that a wheel brings are not made executable by pip.
            *mode = 0o755;
        }
        if path.ends_with("/INSTALLER") {
            changed.push(path.clone());
            bytes.clear();
        } else if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| is_script)
            && text.contains("sys.exit(")
        {
            // pip's words about Windows differ from one of its versions to the next.
            let ours = |line: &&str| {
                !line.contains("sys.argv[0]") && !line.contains("coding:") && *line != "import re"
            };
            let text: Vec<&str> = text.lines().filter(ours).collect();
            changed.push(path.clone());
            *bytes = text.join("\n").into_bytes();
        }
    }
    for (path, (bytes, _)) in &mut files {
        if path.ends_with(".dist-info/RECORD") {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            let line = |line: &str| {
                let path = line.split(',').next().unwrap().trim_start_matches("../");
                let of_changed = changed.iter().any(|changed| changed.ends_with(path));
                if of_changed { format!("{path}\r\n") } else { format!("{line}\r\n") }
            };
            *bytes = text.split_terminator("\r\n").map(line).collect::<String>().into_bytes();
        }
    }
    files
}

/// Asserts that two trees are the same, and names what is not.
fn assert_same(ours: Files, theirs: Files) {
    let (ours, theirs) = (comparable(ours), comparable(theirs));
    let paths = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&ours), paths(&theirs));
    for (path, (bytes, mode)) in &ours {
        let (their_bytes, their_mode) = &theirs[path];
        assert_eq!(mode, their_mode, "{path}");
        if bytes != their_bytes {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            panic!("{path}:\n{}\n---\n{}", text(bytes), text(their_bytes));
        }
    }
}

/// Verifies every file that `importlib.metadata` finds in a tree, and says how many.
const READ: &str = r#"
import base64, hashlib, importlib.metadata, sys
count = 0
for distribution in importlib.metadata.distributions(path=[sys.argv[1]]):
    assert distribution.read_text("INSTALLER") == "provender\n"
    for file in distribution.files:
        path = file.locate()
        if file.name == "RECORD" and file.hash is None:
            assert path.is_file(), path
            continue
        content = path.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest())
        assert digest.decode().rstrip("=") == file.hash.value, path
        assert len(content) == file.size, path
        count += 1
print(count)
"#;

fn assert_python_reads_it(folder: &Path, environment: &Path, to: &Path, files: &Files) {
    let site = to.join(environment.strip_prefix("/").unwrap()).join("lib/python3.11/site-packages");
    let mut command = python(folder).unwrap();
    let count = run(command.args(["-c", READ]).arg(site)).unwrap();
    let records = files.keys().filter(|path| path.ends_with(".dist-info/RECORD")).count();
    assert_eq!(count.trim().parse(), Ok(files.len() - records));
}

/// Whether the environment that python3 makes has the folders that the scheme of these tests has.
fn is_python_3_11(folder: &Path) -> bool {
    python(folder).is_some_and(|mut python| {
        let version = "import sys; sys.exit(sys.version_info[:2] != (3, 11))";
        python.args(["-c", version]).status().is_ok_and(|status| status.success())
    })
}

#[test]
fn a_wheel_with_files_for_every_place_is_installed_as_pip_installs_it() {
    const TEST: &str = "a_wheel_with_files_for_every_place_is_installed_as_pip_installs_it";
    let folder = tempfile::tempdir().unwrap();
    if !is_python_3_11(folder.path()) {
        return left_out(TEST, "python3 is not Python 3.11");
    }
    let points = "[console_scripts]\ndemo = demo:main\ndemo-b=demo.sub:Class.run [extra]\n\
                  [gui_scripts]\ndemo-gui = demo:main\n[other]\nx = y\n";
    let made = Made::new()
        .file("demo/a,b.py", b"")
        .file("demo/gr\u{fc}\u{df}e.txt", "grüße".as_bytes())
        .with_mode("demo/tool", b"#!/bin/sh\n", 0o700)
        .file("demo-1.0.dist-info/entry_points.txt", points.as_bytes())
        .file("demo-1.0.dist-info/licenses/LICENSE", b"MIT")
        .file("demo-1.0.data/platlib/plat.py", b"")
        .file("demo-1.0.data/purelib/pure/__init__.py", b"")
        .file("demo-1.0.data/data/etc/demo.conf", b"x = 1\n")
        .file("demo-1.0.data/headers/sub/demo.h", b"#pragma once\n")
        .with_mode("demo-1.0.data/scripts/hello", b"#!python\nprint('hello')\n", 0o755)
        .with_mode("demo-1.0.data/scripts/hello-w", b"#!pythonw\r\nprint('hello')\r\n", 0o755)
        .file("demo-1.0.data/scripts/plain.sh", b"#!/bin/sh\necho\n");
    let bytes = made.bytes();
    fs::write(folder.path().join(&made.filename), &bytes).unwrap();
    let wheels = [super::made::expected(&made.filename, &bytes)];
    let environment = folder.path().join("environment");
    let theirs = match installed_by_pip(&wheels, folder.path(), &environment) {
        Ok(theirs) => theirs,
        Err(why) => return left_out(TEST, &why),
    };
    let to = folder.path().join("ours");
    let ours = installed_by_us(&wheels, folder.path(), &environment, &to);
    assert_python_reads_it(folder.path(), &environment, &to, &ours);
    assert_same(ours, theirs);
}

/// Over the network: wheels in daily use, with and without machine code, scripts, data and headers.
#[test]
fn network_real_wheels_are_installed_as_pip_installs_them() {
    const TEST: &str = "network_real_wheels_are_installed_as_pip_installs_them";
    const PROJECTS: [&str; 11] = [
        "requests",
        "PyYAML",
        "cryptography",
        "jinja2",
        "uvicorn",
        "greenlet",
        "ruff",
        "ipykernel",
        "zope.interface",
        "charset-normalizer",
        "SQLAlchemy",
    ];
    let folder = tempfile::tempdir().unwrap();
    if !is_python_3_11(folder.path()) {
        return left_out(TEST, "python3 is not Python 3.11");
    }
    // The environment stays: it says how this machine reaches its index, and whom it trusts.
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d"]);
    if let Err(why) = run(download.arg(folder.path()).args(PROJECTS)) {
        return left_out(TEST, &format!("the wheels cannot be had here: {why}"));
    }
    let mut wheels = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let filename = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(name) = filename.parse::<WheelFilename>() else { continue };
        let digest = sha2::Sha256::digest(fs::read(&path).unwrap());
        wheels.push(Expected {
            filename,
            name: name.name().clone(),
            version: name.version().clone(),
            sha256: Sha256::from_bytes(digest.into()),
        });
    }
    assert_eq!(wheels.len(), PROJECTS.len());
    let environment = folder.path().join("environment");
    let theirs = match installed_by_pip(&wheels, folder.path(), &environment) {
        Ok(theirs) => theirs,
        Err(why) => return left_out(TEST, &why),
    };
    let to = folder.path().join("ours");
    let ours = installed_by_us(&wheels, folder.path(), &environment, &to);
    assert_python_reads_it(folder.path(), &environment, &to, &ours);
    assert_same(ours, theirs);
}
