//! The matcher against a second, independent implementation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::fixtures::{project, shared, shared_catalog, version};

const TEST: &str = "the_matcher_agrees_with_a_second_implementation";

/// What the second implementation says, or why it cannot be asked.
fn ask_oracle(advisories: &Path) -> Result<String, String> {
    let packaging = "\
try:
    import packaging.version
except ImportError:
    import pip._vendor.packaging.version";
    // The tools' environment has `packaging` where the machine's own Python may have nothing.
    let python =
        provender_test::venv_dir().map_or_else(|| "python3".into(), |venv| venv.join("bin/python"));
    let probe = Command::new(&python).args(["-c", packaging]).output();
    let probe = probe.map_err(|error| format!("python3 cannot be started: {error}"))?;
    if !probe.status.success() {
        return Err("python3 has neither packaging nor pip".to_owned());
    }
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle.py"))
        .args([advisories.join("pypa-2024-10-10.zip"), advisories.join("named")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_matcher_agrees_with_a_second_implementation() {
    let Some(shared) = shared(TEST) else { return };
    let advisories = shared.join("advisories");
    let answers = match ask_oracle(&advisories) {
        Ok(answers) => answers,
        Err(reason) => return provender_test::left_out(TEST, &reason),
    };
    let (_ground, snapshot) = shared_catalog(&shared);
    let (mut asked, mut affected) = (0, 0);
    let mut projects = BTreeMap::new();
    for answer in answers.lines() {
        let parts: Vec<_> = answer.split('\t').collect();
        let [name, pinned, ids] = parts.as_slice() else { panic!("{answer}") };
        let expected: BTreeSet<&str> = ids.split_whitespace().collect();
        let advisories = projects
            .entry(*name)
            .or_insert_with(|| snapshot.database.project(&project(name)).unwrap());
        let found: BTreeSet<&str> = advisories
            .iter()
            .flat_map(|advisories| advisories.affecting(&version(pinned)))
            .collect();
        assert_eq!(found, expected, "{name} {pinned}");
        asked += 1;
        affected += expected.len();
    }
    assert!(asked > 70_000 && affected > 250_000, "{asked} questions, {affected} answers");
}
