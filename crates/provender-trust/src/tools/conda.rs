//! conda: certifi, unless `ssl_verify` says otherwise. It is judged by its rules alone.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::requests::VARIABLES;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust};
use crate::files::{Found, files_in, text, yaml};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// conda.
pub(super) struct Conda;

impl Tool for Conda {
    fn name(&self) -> &'static str {
        "conda"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("conda")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let found = ssl_verify(machine);
        match found.as_ref().map(|found| (found, found.value.to_ascii_lowercase())) {
            Some((found, value)) if matches!(value.as_str(), "false" | "no" | "off" | "0") => {
                ToolTrust::off(found)
            }
            Some((found, value)) if value == "truststore" => {
                ToolTrust::by(found, vec![RootSource::System])
            }
            Some((found, value)) if !matches!(value.as_str(), "true" | "yes" | "on" | "1") => {
                ToolTrust::file(found, &machine.path(&found.value), Vec::new())
            }
            _ => match machine.first_set(&VARIABLES) {
                Some((name, value)) => {
                    let found = Found::variable(name, value);
                    ToolTrust::file(&found, &machine.path(value), Vec::new())
                }
                None => ToolTrust::on(vec![RootSource::Mozilla], "its default: certifi"),
            },
        }
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("CONDA_SSL_VERIFY", &bundle.full)]
    }
}

/// The setting that decides, and its other name.
const NAMES: [&str; 2] = ["ssl_verify", "verify_ssl"];

/// `ssl_verify`: the variable, else the last file that has it.
fn ssl_verify(machine: &Machine) -> Option<Found> {
    if let Some((name, value)) = machine.first_set(&["CONDA_SSL_VERIFY", "CONDA_VERIFY_SSL"]) {
        return Some(Found::variable(name, value));
    }
    files(machine).into_iter().rev().find_map(|file| {
        let entries = yaml(&text(&file)?);
        let entry =
            entries.iter().rev().find(|entry| NAMES.iter().any(|name| entry.key == [*name]))?;
        Some(Found::entry(&file, &entry.key[0], entry))
    })
}

/// conda's configuration files, the later over the earlier (conda documentation, "Searching for .condarc").
fn files(machine: &Machine) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folder = |dir: Option<PathBuf>, files: &mut Vec<PathBuf>| {
        let Some(dir) = dir else { return };
        files.extend([dir.join(".condarc"), dir.join("condarc")]);
        files.extend(files_in(&dir.join("condarc.d"), ".yml"));
        files.extend(files_in(&dir.join("condarc.d"), ".yaml"));
    };
    folder(Some(machine.system_path("/etc/conda")), &mut files);
    folder(Some(machine.system_path("/var/lib/conda")), &mut files);
    folder(machine.set("CONDA_ROOT").map(PathBuf::from), &mut files);
    folder(machine.config_dir().map(|dir| dir.join("conda")), &mut files);
    folder(machine.in_home(".conda"), &mut files);
    files.extend(machine.in_home(".condarc"));
    folder(machine.set("CONDA_PREFIX").map(PathBuf::from), &mut files);
    files.extend(machine.set("CONDARC").map(|file| machine.path(file)));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn ssl_verify_switches_off_names_a_file_or_asks_for_the_systems_store() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.os = crate::Os::Linux;
        machine.home = Some(dir.path().to_owned());
        machine.root = dir.path().join("root");
        let bundle = dir.path().join("corp.pem");
        std::fs::write(&bundle, "").unwrap();
        let trust = |value: &str| {
            std::fs::write(
                dir.path().join(".condarc"),
                format!("channels: []\nssl_verify: {value}\n"),
            )
            .unwrap();
            Conda.trust(&machine, None, &Url::parse("https://c.example/").unwrap())
        };
        let off = trust("false");
        assert_eq!(off.verification, Verification::Off);
        assert_eq!(off.place.unwrap().line, Some(2));
        assert_eq!(trust("truststore").roots.sources, [RootSource::System]);
        let file = trust(&bundle.display().to_string());
        assert_eq!(file.roots.sources, [RootSource::File(bundle.clone())]);
        assert_eq!(trust("true").roots.sources, [RootSource::Mozilla]);
    }
}
