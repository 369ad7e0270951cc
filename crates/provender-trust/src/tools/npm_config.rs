//! The configuration that npm and pnpm share: variables and `.npmrc` files, and what of it decides about trust.

use std::path::{Path, PathBuf};

use provender_core::doctor::RootSource;

use super::node::roots;
use super::version::Numbers;
use super::{Installed, ToolTrust};
use crate::files::{Found, npmrc, text};
use crate::{CaBundle, Machine, Setting};

/// A setting: a variable `npm_config_NAME` in whatever case, else the first file that has it. An empty variable is none.
pub(super) fn setting(machine: &Machine, files: &[PathBuf], name: &str) -> Option<Found> {
    variable(machine, "npm_config_", name).or_else(|| in_files(machine, files, name))
}

/// A setting of a variable with this prefix.
pub(super) fn variable(machine: &Machine, prefix: &str, name: &str) -> Option<Found> {
    machine.variables.iter().find_map(|(variable, value)| {
        let lower = variable.to_ascii_lowercase();
        let key = lower.strip_prefix(prefix)?.replace('_', "-");
        (key == name && !value.is_empty()).then(|| Found::variable(variable, value))
    })
}

/// A setting of the first of these files that has it.
pub(super) fn in_files(machine: &Machine, files: &[PathBuf], name: &str) -> Option<Found> {
    files.iter().find_map(|file| {
        let entries = npmrc(&text(file)?, machine);
        let entry = entries.iter().rev().find(|entry| entry.key[0] == name)?;
        Some(Found::entry(file, name, entry))
    })
}

/// The `.npmrc` files, the strongest first: project, user, global, and the one that npm itself brings.
pub(super) fn files(machine: &Machine, program: Option<&Path>) -> Vec<PathBuf> {
    let mut files = vec![project_root(machine).join(".npmrc")];
    let user = variable(machine, "npm_config_", "userconfig")
        .map(|found| machine.path(&found.value))
        .or_else(|| machine.in_home(".npmrc"));
    files.extend(user);
    let global = variable(machine, "npm_config_", "globalconfig")
        .map(|found| machine.path(&found.value))
        .or_else(|| Some(prefix(machine, &files)?.join("etc/npmrc")));
    files.extend(global);
    files.extend(program.and_then(built_in));
    files
}

/// The nearest folder that is a project of npm's, else the working directory.
fn project_root(machine: &Machine) -> PathBuf {
    machine
        .directories_upwards()
        .find(|dir| dir.join("package.json").is_file() || dir.join("node_modules").is_dir())
        .unwrap_or(&machine.directory)
        .to_owned()
}

/// npm's prefix: as set, else above the folder of node.
pub(super) fn prefix(machine: &Machine, files: &[PathBuf]) -> Option<PathBuf> {
    if let Some(found) = setting(machine, files, "prefix") {
        return Some(machine.path(&found.value));
    }
    if let Some(prefix) = machine.set("PREFIX") {
        return Some(PathBuf::from(prefix));
    }
    let node = machine.program("node")?;
    let node = node.canonicalize().unwrap_or(node);
    Some(node.parent()?.parent()?.to_owned())
}

/// The `npmrc` beside npm's own `package.json`.
fn built_in(program: &Path) -> Option<PathBuf> {
    let script = program.canonicalize().ok()?;
    Some(script.parent()?.parent()?.join("npmrc"))
}

/// What npm's settings come to. `NODE_TLS_REJECT_UNAUTHORIZED` has no part: npm names `strict-ssl` with each request.
pub(super) fn trust(machine: &Machine, files: &[PathBuf], node: Option<Numbers>) -> ToolTrust {
    if let Some(found) = setting(machine, files, "strict-ssl").filter(|f| f.value == "false") {
        return ToolTrust::off(&found);
    }
    if let Some((found, path)) = cafile(machine, files) {
        return ToolTrust::by(&found, vec![RootSource::File(path)]);
    }
    if let Some(found) = setting(machine, files, "ca").filter(|f| f.value.contains("BEGIN")) {
        // Certificates in the setting itself: the file they stand in is a set of roots.
        let sources =
            found.place.iter().map(|place| RootSource::File(place.file.clone())).collect();
        return ToolTrust::by(&found, sources);
    }
    let (sources, decided) = roots(machine, node);
    ToolTrust::on(sources, decided)
}

/// `cafile`, if its file is there: it takes the place of node's roots and of what `NODE_EXTRA_CA_CERTS` adds.
fn cafile(machine: &Machine, files: &[PathBuf]) -> Option<(Found, PathBuf)> {
    let found = setting(machine, files, "cafile")?;
    let path = machine.path(&found.value);
    path.is_file().then_some((found, path))
}

/// What makes it verify: the authority beside node's roots, or a full bundle where a `cafile` stands already.
pub(super) fn remedy(machine: &Machine, files: &[PathBuf], bundle: &CaBundle) -> Vec<Setting> {
    let replaced = cafile(machine, files).map(|(found, _)| found);
    match replaced.or_else(|| setting(machine, files, "ca")) {
        Some(found) => {
            // The variable that is there is the one to change: another of the same meaning could lose to it.
            let name = match found.place {
                None => found.name.as_str(),
                Some(_) => "npm_config_cafile",
            };
            vec![Setting::variable(name, &bundle.full)]
        }
        None => vec![Setting::variable("NODE_EXTRA_CA_CERTS", &bundle.authority)],
    }
}

/// The version of the node that a script of npm's kind runs on.
pub(super) fn node_version(installed: Option<&Installed>) -> Option<Numbers> {
    super::version::numbers(installed?.facts.get("node")?)
}

/// The TLS settings of the project's file as lines of an `.npmrc` elsewhere: a tool that is asked outside the project
/// has them all the same. Paths are made absolute.
pub(super) fn project_lines(machine: &Machine) -> String {
    let file = [project_root(machine).join(".npmrc")];
    let mut lines = String::new();
    if let Some(found) = in_files(machine, &file, "strict-ssl") {
        lines.push_str(&format!("strict-ssl={}\n", found.value));
    }
    if let Some(found) = in_files(machine, &file, "cafile") {
        lines.push_str(&format!("cafile={}\n", machine.path(&found.value).display()));
    }
    if let Some(found) = in_files(machine, &file, "ca") {
        lines.push_str(&format!("ca=\"{}\"\n", found.value));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    fn machine(dir: &Path, variables: &[(&str, &str)]) -> Machine {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let mut machine = Machine::new(variables, dir.join("project"));
        machine.os = crate::Os::Linux;
        machine.home = Some(dir.join("home"));
        machine
    }

    #[test]
    fn variables_are_stronger_than_the_project_and_it_than_the_user() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, value) in [("project", "false"), ("home", "true")] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            let file = dir.path().join(folder).join(".npmrc");
            std::fs::write(file, format!("strict-ssl={value}\n")).unwrap();
        }
        let of = |variables: &[(&str, &str)]| {
            let machine = machine(dir.path(), variables);
            trust(&machine, &files(&machine, None), None).verification
        };
        assert_eq!(of(&[]), Verification::Off);
        assert_eq!(of(&[("NPM_CONFIG_STRICT_SSL", "true")]), Verification::On);
        assert_eq!(
            of(&[("NODE_TLS_REJECT_UNAUTHORIZED", "0"), ("npm_config_strict_ssl", "true")]),
            Verification::On
        );
    }

    #[test]
    fn a_cafile_that_is_there_cancels_what_is_added_to_nodes_roots() {
        let dir = tempfile::tempdir().unwrap();
        let (extra, cafile) = (dir.path().join("extra.pem"), dir.path().join("ca.pem"));
        std::fs::write(&extra, "").unwrap();
        let variables = [
            ("NODE_EXTRA_CA_CERTS", extra.to_str().unwrap()),
            ("npm_config_cafile", cafile.to_str().unwrap()),
        ];
        let machine = machine(dir.path(), &variables);
        let sources = || trust(&machine, &files(&machine, None), None).roots.sources;
        assert_eq!(sources(), [RootSource::Mozilla, RootSource::File(extra.clone())]);
        std::fs::write(&cafile, "").unwrap();
        assert_eq!(sources(), [RootSource::File(cafile.clone())]);
        let bundle = CaBundle { authority: "/a.pem".into(), full: "/f.pem".into() };
        let settings = remedy(&machine, &files(&machine, None), &bundle);
        assert_eq!(settings, [Setting::variable("npm_config_cafile", "/f.pem")]);
    }
}
