//! Against the real index that this machine's own tools ask.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

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
