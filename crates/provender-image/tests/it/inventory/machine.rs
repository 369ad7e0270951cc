//! This machine's own packages, against the tools that list them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

/// Adds what lies in a folder of this machine, as far as a scan wants it.
fn load(tree: &mut Builder, folder: &Path, to: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = format!("{to}/{}", entry.file_name().to_string_lossy());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            load(tree, &entry.path(), &path);
        } else if kind.is_file() {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            let kept = scan::wanted()(&path, size) == Keep::Content;
            let bytes = if kept { fs::read(entry.path()).unwrap() } else { Vec::new() };
            tree.file(&path, &bytes);
        }
    }
}

/// What a command prints; none, and told, where it cannot run.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        _ => {
            println!("left out: {program} {} does not run", arguments.join(" "));
            None
        }
    }
}

fn dpkg() -> Builder {
    let mut tree = Builder::default();
    load(&mut tree, Path::new("/var/lib/dpkg"), "var/lib/dpkg");
    tree.file("etc/os-release", &fs::read("/etc/os-release").unwrap_or_default());
    tree
}

#[test]
fn this_machines_packages_are_those_of_dpkg_query() {
    let format = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version} ${db:Status-Status}\n";
    let Some(listed) = output("dpkg-query", &["-W", "-f", format]) else { return };
    let expected: BTreeSet<_> = listed
        .lines()
        .filter_map(|line| {
            let (package, state) = line.rsplit_once(' ')?;
            (!matches!(state, "config-files" | "not-installed")).then(|| package.to_owned())
        })
        .collect();
    let inventory = dpkg().scan();
    let found: BTreeSet<_> = inventory
        .packages
        .iter()
        .filter_map(|p| {
            let (source, arch) = (p.source.as_ref()?, p.arch.as_ref()?);
            Some(format!("{} {} {arch} {} {}", p.name, p.version, source.name, source.version))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn distributions_of_this_machine_belong_to_the_packages_that_dpkg_names() {
    let mut tree = dpkg();
    load(&mut tree, Path::new("/usr/lib/python3"), "usr/lib/python3");
    let inventory = tree.scan();
    let pypi = inventory.packages.iter().filter(|p| p.ecosystem == Ecosystem::PyPI);
    let found: Vec<_> = pypi.map(|p| (format!("/{}", p.locations[0]), &p.owner)).collect();
    // It ends with an error where no package owns one of the files.
    let asked =
        Command::new("dpkg-query").arg("-S").args(found.iter().map(|(path, _)| path)).output();
    let Ok(asked) = asked else { return println!("left out: dpkg-query does not run") };
    let answer = String::from_utf8(asked.stdout).unwrap();
    let owners: BTreeMap<_, _> = answer
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(p, path)| (path, p))
        .collect();
    let mut owned = 0;
    for (path, owner) in &found {
        let expected =
            owners.get(path.as_str()).and_then(|packages| packages.split([':', ',']).next());
        assert_eq!(owner.as_deref(), expected, "{path}");
        owned += usize::from(expected.is_some());
    }
    if owned == 0 {
        println!("left out: no Python distribution of this machine is a package's");
    }
}

/// The distributions in a folder, and the version of the interpreter that lists them.
const DISTRIBUTIONS: &str = "
import importlib.metadata, platform, sys
print(platform.python_version())
for found in importlib.metadata.distributions(path=[sys.argv[1]]):
    print(found.metadata['Name'], found.version)
";

#[test]
fn an_environments_distributions_are_those_of_importlib() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    if output("python3", &["-m", "venv", path]).is_none() {
        return;
    }
    let lib = fs::read_dir(folder.path().join("lib")).unwrap().flatten().next().unwrap().path();
    let site = lib.join("site-packages");
    let python = folder.path().join("bin/python");
    let arguments = ["-c", DISTRIBUTIONS, site.to_str().unwrap()];
    let listed = output(python.to_str().unwrap(), &arguments).unwrap();
    let mut expected: Vec<_> =
        listed.lines().skip(1).map(|line| line.to_lowercase().replace('_', "-")).collect();
    expected.sort();
    let mut tree = Builder::default();
    load(&mut tree, folder.path(), "venv");
    let inventory = tree.scan();
    let installed = inventory.packages.iter().filter(|p| p.kind == Kind::Installed);
    let found: Vec<_> = installed.map(|p| format!("{} {}", p.name, p.version)).collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    let vendored = inventory.packages.iter().filter(|p| p.kind == inside("pip"));
    assert!(vendored.count() > 5, "{:#?}", inventory.packages);
    assert_eq!(inventory.notes, []);
}

/// The version and the prefix of the interpreter itself.
const INTERPRETER: &str = "
import platform, sys
print(platform.python_version(), sys.base_prefix)
";

#[test]
fn an_interpreters_version_is_what_it_says_with_its_headers_and_without() {
    let Some(said) = output("python3", &["-c", INTERPRETER]) else { return };
    let (version, prefix) = said.trim().split_once(' ').unwrap();
    let series = version.rsplit_once('.').unwrap().0;
    let prefix = Path::new(prefix);
    let mut tree = Builder::default();
    tree.file(&format!("opt/lib/python{series}/os.py"), b"");
    load(&mut tree, &prefix.join("bin"), "opt/bin");
    let library = format!("libpython{series}.so.1.0");
    if let Ok(bytes) = fs::read(prefix.join("lib").join(&library)) {
        tree.file(&format!("opt/lib/{library}"), &bytes);
    }
    assert_eq!(package(&tree.scan(), "python").version, version);
    tree.nodes.retain(|path, _| path.ends_with("os.py"));
    load(&mut tree, &prefix.join("include"), "opt/include");
    if tree.nodes.keys().any(|path| path.ends_with("/patchlevel.h")) {
        assert_eq!(package(&tree.scan(), "python").version, version);
    } else {
        println!("left out: this interpreter has no headers");
    }
}
