//! Against the real index that this machine's own tools ask.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use provender_core::Version;
use provender_test::{left_out, shared_dir, venv_dir};

type Pins = BTreeMap<String, BTreeSet<String>>;

/// Each pin of a lock with its hashes.
fn pins(text: &str) -> Pins {
    let mut pins = Pins::new();
    let mut pin = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for word in line.split_whitespace() {
            if let Some(hash) = word.strip_prefix("--hash=") {
                pins.get_mut(&pin).unwrap().insert(hash.to_owned());
            } else if word.contains("==") {
                pin = word.to_owned();
                pins.insert(pin.clone(), BTreeSet::new());
            }
        }
    }
    pins
}

/// Over the network: the day's pins and hashes of a real project are those that uv finds.
#[test]
fn network_a_real_project_is_locked_as_uv_locks_it() {
    const TEST: &str = "network_a_real_project_is_locked_as_uv_locks_it";
    let Some(shared) = shared_dir() else { return left_out(TEST, "no shared data") };
    let Some(venv) = venv_dir() else { return left_out(TEST, "no uv (PROVENDER_TEST_VENV)") };
    let folder = tempfile::tempdir().unwrap();
    let requirements = shared.join("projects/paiid/requirements.txt");
    std::fs::copy(requirements, folder.path().join("requirements.txt")).unwrap();
    // The environment stays: it says how this machine reaches its index, and whom it trusts.
    let uv = Command::new(venv.join("bin/uv"))
        .args(["pip", "compile", "-q", "--generate-hashes", "requirements.txt", "-o", "uv.txt"])
        .args(["--python-version", "3.11", "--python-platform", "linux", "--cache-dir", "cache"])
        .current_dir(&folder)
        .output()
        .unwrap();
    if !uv.status.success() {
        let said = String::from_utf8_lossy(&uv.stderr).into_owned();
        return left_out(TEST, &format!("uv cannot lock it here: {said}"));
    }
    let ours = Command::new(env!("CARGO_BIN_EXE_provender"))
        .args(["lock", "--fix", "off", "--python-version", "3.11", "--platform", "linux"])
        .env("PROVENDER_DATA_DIR", folder.path().join("data"))
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(ours.status.success(), "{}", String::from_utf8_lossy(&ours.stderr));
    let read = |name: &str| pins(&std::fs::read_to_string(folder.path().join(name)).unwrap());
    let (ours, theirs) = (read("constraints.txt"), read("uv.txt"));
    assert!(theirs.len() > 90, "{theirs:?}");
    assert_eq!(ours, theirs);
}

/// The versions of a lock by project.
fn versions(text: &str) -> BTreeMap<String, Version> {
    let pins = text.lines().filter(|line| !line.starts_with(['#', ' ']));
    pins.filter_map(|line| line.split_whitespace().next()?.split_once("=="))
        .map(|(name, version)| (name.to_owned(), version.parse().unwrap()))
        .collect()
}

/// Over the network: the old lock of a real project is repaired, nothing moves downwards, what has
/// no fix stays, and a second run changes no byte.
#[test]
fn network_an_old_lock_is_repaired_and_then_stays() {
    const TEST: &str = "network_an_old_lock_is_repaired_and_then_stays";
    let Some(shared) = shared_dir() else { return left_out(TEST, "no shared data") };
    let folder = tempfile::tempdir().unwrap();
    for name in ["requirements.txt", "constraints.txt"] {
        let text = std::fs::read(shared.join("projects/trading-backend").join(name)).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_provender"))
            .args(arguments)
            .env("PROVENDER_DATA_DIR", folder.path().join("data"))
            .current_dir(&folder)
            .output()
            .unwrap()
    };
    let advisories = shared.join("advisories");
    let archive = advisories.join("pypa-2024-10-10.zip");
    let named = advisories.join("named");
    let imported =
        run(&["advisories", "import", archive.to_str().unwrap(), named.to_str().unwrap()]);
    assert!(imported.status.success());
    let lock = ["lock", "--no-update", "--python-version", "3.11", "--platform", "linux"];
    let read = || std::fs::read_to_string(folder.path().join("constraints.txt")).unwrap();
    let before = versions(&read());
    let first = run(&lock);
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    if first.status.code() == Some(2) {
        return left_out(TEST, &format!("the index cannot be asked here: {said}"));
    }
    // ecdsa has no fix, and no waiver accepts it here.
    assert_eq!(first.status.code(), Some(1), "{said}");
    let text = read();
    let after = versions(&text);
    assert_eq!(after["ecdsa"], before["ecdsa"]);
    for (name, version) in &before {
        assert!(after.get(name).is_none_or(|now| now >= version), "{name}: {said}");
    }
    let moved: Vec<&str> = after
        .iter()
        .filter(|(name, version)| before.get(*name) != Some(version))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        moved,
        [
            "fastapi",
            "h11",
            "httpcore",
            "idna",
            "jinja2",
            "python-jose",
            "python-multipart",
            "requests",
            "starlette",
            "typing-extensions",
            "urllib3",
        ],
        "{said}"
    );
    assert_eq!(run(&lock).status.code(), Some(1));
    assert_eq!(read(), text);
}
