//! What is in the image, by provender and by others.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use provender_image::scan::{self, Ecosystem, Kind, Look};
use serde_json::Value;

use super::container::Container;
use super::{Example, said, tool};

/// What provender finds.
fn look(example: &Example) -> Look {
    scan::look(&example.image(), &example.folder.path().join("looks")).unwrap()
}

/// Name and version of what was installed of an ecosystem.
fn installed(look: &Look, ecosystem: Ecosystem) -> BTreeSet<String> {
    let packages = look.inventory.packages.iter();
    packages
        .filter(|package| package.ecosystem == ecosystem && package.kind == Kind::Installed)
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

/// A distribution's name as the index has it (PEP 503).
fn normalised(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Every package of dpkg's own list, and every distribution that the image's Python finds.
pub(super) fn is_what_runs(example: &Example, container: &Container<'_>) {
    let look = look(example);
    assert_eq!(look.inventory.notes, []);
    let format = "${db:Status-Status} ${Package} ${Version}\n";
    let listed = container.exec(&["dpkg-query", "-W", "-f", format]);
    let dpkg: BTreeSet<String> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("installed "))
        .map(str::to_owned)
        .collect();
    assert!(dpkg.len() > 50, "{listed}");
    assert_eq!(installed(&look, Ecosystem::Debian), dpkg);

    let list = "import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata['Name'], d.version)";
    let listed = container.exec(&["python3", "-c", list]);
    let importlib: BTreeSet<String> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, version)| format!("{} {version}", normalised(name)))
        .collect();
    assert!(importlib.contains("fastapi 0.116.1") || importlib.len() > 30, "{listed}");
    assert_eq!(installed(&look, Ecosystem::PyPI), importlib);
}

/// syft lists the same packages. What either has besides them is named here with its reason.
pub(super) fn is_what_syft_finds(test: &str, example: &Example) {
    let Some(syft) = tool(test, "syft") else { return };
    let output = Command::new(syft)
        .args(["--quiet", "--output", "json"])
        .arg(format!("docker-archive:{}", example.archive().display()))
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .env("XDG_CACHE_HOME", example.folder.path())
        .current_dir(example.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = document["artifacts"].as_array().unwrap();
    let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    let of = |kind: &str| {
        let packages = found.iter().filter(|package| package["type"] == kind);
        packages
            .map(|package| {
                format!("{} {}", normalised(&text(package, "name")), text(package, "version"))
            })
            .collect::<BTreeSet<_>>()
    };
    let look = look(example);
    assert_eq!(installed(&look, Ecosystem::PyPI), of("python"));
    let debian: BTreeSet<_> = installed(&look, Ecosystem::Debian)
        .iter()
        .filter_map(|package| package.split_once(' '))
        .map(|(name, version)| format!("{} {version}", normalised(name)))
        .collect();
    assert_eq!(debian, of("deb"));
    // Programs that syft knows by their bytes are files of those packages.
    let kinds: BTreeSet<String> = found.iter().map(|package| text(package, "type")).collect();
    let known = ["binary", "deb", "python"].map(str::to_owned);
    assert!(kinds.iter().all(|kind| known.contains(kind)), "{kinds:?}");
}

/// The rules of Google's container-structure-test hold.
pub(super) fn container_structure_test_agrees(test: &str, example: &Example) {
    let Some(program) = tool(test, "container-structure-test") else { return };
    let rules = example.folder.path().join("rules.yaml");
    let text = r#"schemaVersion: "2.0.0"
metadataTest:
  user: "10001:10001"
  workdir: "/app"
  exposedPorts: ["8000"]
  cmd: []
  entrypoint: ["python3", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
  envVars:
    - {key: PYTHONUNBUFFERED, value: "1"}
fileExistenceTests:
  - {name: code, path: /app/app/main.py, shouldExist: true, permissions: "-rw-r--r--"}
"#;
    fs::write(&rules, text).unwrap();
    let output = Command::new(program)
        .args(["test", "--driver", "tar", "--image"])
        .arg(example.archive())
        .arg("--config")
        .arg(&rules)
        .env("TMPDIR", example.folder.path())
        .env("HOME", example.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
