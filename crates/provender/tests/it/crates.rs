//! Which crate may know which (ARCHITECTURE.md), over cargo's own account of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The tiers from below: a crate may know those of lower tiers, never one of its own.
const TIERS: [&[&str]; 4] = [
    &["provender-core"],
    &[
        "provender-net",
        "provender-advisory",
        "provender-store",
        "provender-lint",
        "provender-report",
        "provender-target",
        "provender-trust",
    ],
    &["provender-index", "provender-lock", "provender-image"],
    &["provender"],
];

/// Known by tests only.
const TEST: &str = "provender-test";

/// What one crate alone may name among its dependencies.
const OWNED: [(&str, &str); 4] = [
    ("axum", "provender-index"),
    ("sqlx", "provender-store"),
    ("object_store", "provender-store"),
    ("clap", "provender"),
];

/// The crates of the workspace and what they are made of.
struct Workspace {
    /// The folder of each member.
    members: BTreeMap<String, PathBuf>,
    /// Package ids by the name of the package; several where there are several versions.
    names: BTreeMap<String, String>,
    /// What each package needs at run time, by id.
    normal: BTreeMap<String, BTreeSet<String>>,
    /// What each member names in `[dependencies]` and `[build-dependencies]`, on every platform.
    declared: BTreeMap<String, BTreeSet<String>>,
}

fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| Workspace::of(&metadata()))
}

/// `cargo metadata` for this machine's platform: what only others need may not have been downloaded.
fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = |args: &[&str]| {
        let mut command = Command::new(&cargo);
        let output = command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {}: {stderr}", args.join(" "));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = run(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let args = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform"];
    let text = run(&[&args[..], &[host]].concat());
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

impl Workspace {
    fn of(metadata: &Value) -> Self {
        let ids: BTreeSet<String> = list(&metadata["workspace_members"]).map(text).collect();
        let (mut members, mut names) = (BTreeMap::new(), BTreeMap::new());
        let mut declared = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let (id, name) = (text(&package["id"]), text(&package["name"]));
            if ids.contains(&id) {
                let manifest = PathBuf::from(text(&package["manifest_path"]));
                members.insert(name.clone(), manifest.parent().unwrap().to_owned());
                let dependencies = list(&package["dependencies"]);
                let shipped = dependencies.filter(|dependency| dependency["kind"] != "dev");
                declared.insert(name.clone(), shipped.map(|d| text(&d["name"])).collect());
            }
            names.insert(id, name);
        }
        let nodes = list(&metadata["resolve"]["nodes"]).map(|node| {
            let normal = list(&node["deps"])
                .filter(|dependency| {
                    list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null())
                })
                .map(|dependency| text(&dependency["pkg"]));
            (text(&node["id"]), normal.collect())
        });
        Self { members, names, normal: nodes.collect(), declared }
    }

    /// The names of everything that `member` needs at run time, directly or not.
    fn closure(&self, member: &str) -> BTreeSet<&str> {
        let root = self
            .names
            .iter()
            .find(|(_, name)| *name == member)
            .map(|(id, _)| id)
            .unwrap_or_else(|| panic!("no crate {member}"));
        let (mut waiting, mut seen) = (vec![root], BTreeSet::new());
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(&self.normal[id]);
            }
        }
        seen.remove(root);
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

fn tier(name: &str) -> usize {
    TIERS
        .iter()
        .position(|tier| tier.contains(&name))
        .unwrap_or_else(|| panic!("{name} has no tier: give it one here and in ARCHITECTURE.md"))
}

#[test]
fn a_crate_knows_only_crates_of_lower_tiers() {
    let workspace = workspace();
    for (member, dependencies) in &workspace.declared {
        if member == TEST {
            continue;
        }
        for known in dependencies.iter().filter(|name| workspace.members.contains_key(*name)) {
            assert!(known != TEST, "{member} ships {TEST}");
            assert!(tier(known) < tier(member), "{member} knows {known}");
        }
    }
}

#[test]
fn the_test_crate_knows_no_other_crate() {
    let workspace = workspace();
    let known: Vec<_> = workspace.declared[TEST]
        .iter()
        .filter(|name| workspace.members.contains_key(*name))
        .collect();
    assert_eq!(known, [] as [&str; 0]);
}

#[test]
fn the_core_does_neither_networking_nor_waiting() {
    let closure = workspace().closure("provender-core");
    for name in ["tokio", "reqwest", "hyper", "rustls", "uv-client"] {
        assert!(!closure.contains(name), "provender-core needs {name}");
    }
    assert!(closure.contains("uv-pep440"), "the closure is not read rightly: {closure:?}");
}

#[test]
fn only_the_lock_crate_brings_the_resolver() {
    let workspace = workspace();
    let with: Vec<&str> = workspace
        .members
        .keys()
        .map(String::as_str)
        .filter(|member| workspace.closure(member).contains("uv-client"))
        .collect();
    assert_eq!(with, ["provender", "provender-lock"]);
    assert!(!workspace.declared["provender"].contains("uv-client"));
}

#[test]
fn what_one_crate_owns_no_other_names() {
    for (member, dependencies) in &workspace().declared {
        for (dependency, owner) in OWNED {
            let named = dependencies.contains(dependency);
            assert!(!named || member == owner, "{member} names {dependency}, {owner}'s own");
        }
    }
}

/// What only the binary may do, and where a library may all the same.
const RESERVED: [&str; 8] = [
    "std::env::var",
    "env::vars",
    "env::args",
    "println!",
    "print!",
    "dbg!",
    "process::exit",
    "std::env::home_dir",
];

#[test]
fn libraries_neither_print_nor_exit_nor_read_the_environment() {
    let workspace = workspace();
    let libraries =
        workspace.members.iter().filter(|(name, _)| *name != "provender" && *name != TEST);
    let (mut files, mut found) = (0, Vec::new());
    for (_, folder) in libraries {
        for path in sources(&folder.join("src")) {
            files += 1;
            let source = fs::read_to_string(&path).unwrap();
            for (line, number) in shipped(&source).zip(1..) {
                for reserved in RESERVED.iter().filter(|reserved| line.contains(**reserved)) {
                    found.push(format!("{}:{number}: {reserved}", path.display()));
                }
            }
        }
    }
    assert!(files > 20, "only {files} files were looked at");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The lines before the unit tests, without comments.
fn shipped(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code))
}

/// The Rust files below a folder, without modules of unit tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
        {
            files.push(path);
        }
    }
    files
}
