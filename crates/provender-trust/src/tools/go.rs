//! Go: the system's store, and on Linux `SSL_CERT_FILE` and `SSL_CERT_DIR` in the place of its parts. It is judged by its
//! rules alone.

use std::path::PathBuf;

use provender_core::Place;
use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::folders;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust};
use crate::files::{Found, text};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Os, Setting};

/// The go command, and with it what is written in Go and reads the same variables.
pub(super) struct Go;

impl Tool for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("go")?;
        let asking = Invocation::new(&program, &machine.directory).args(["version"]);
        let said = told(machine, asking.env("GOTOOLCHAIN", "local"))?;
        Some(Installed::new(program, first_version(&said.replace("go1", "1"))))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let insecure = insecure(machine);
        if let Some(found) = insecure.filter(|f| f.value.split(',').any(|glob| fits(glob, url))) {
            return ToolTrust::off(&found);
        }
        // The stores of macOS and Windows are asked whatever the variables say.
        let file = machine.set("SSL_CERT_FILE").filter(|_| machine.os == Os::Linux);
        let dirs = machine.set("SSL_CERT_DIR").filter(|_| machine.os == Os::Linux);
        let mut sources: Vec<RootSource> = file
            .map(|file| machine.path(file))
            .filter(|file| file.is_file())
            .map(RootSource::File)
            .into_iter()
            .collect();
        match dirs {
            Some(dirs) => sources.extend(folders(machine, dirs)),
            // The folders of the system are read file by file, hashed or not.
            None => sources.push(RootSource::System),
        }
        match (file, dirs) {
            (Some(_), _) => ToolTrust::on(sources, "SSL_CERT_FILE"),
            (None, Some(_)) => ToolTrust::on(sources, "SSL_CERT_DIR"),
            (None, None) => ToolTrust::on(sources, "its default: the system's store"),
        }
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("SSL_CERT_FILE", &bundle.full)]
    }
}

/// `GOINSECURE`: the variable, else `go env -w`'s file.
fn insecure(machine: &Machine) -> Option<Found> {
    if let Some(value) = machine.set("GOINSECURE") {
        return Some(Found::variable("GOINSECURE", value));
    }
    let file = match machine.set("GOENV") {
        Some("off") => return None,
        Some(file) => machine.path(file),
        None => config_dir(machine)?.join("go/env"),
    };
    let text = text(&file)?;
    text.lines().enumerate().find_map(|(number, line)| {
        let value = line.trim().strip_prefix("GOINSECURE=")?;
        let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
        Some(Found {
            value: value.trim_matches(['"', '\'']).to_owned(),
            name: "GOINSECURE".to_owned(),
            place: Some(Place::line(&file, line)),
        })
    })
}

fn config_dir(machine: &Machine) -> Option<PathBuf> {
    machine.application_support()
}

/// Whether a glob of module paths fits modules of the URL's host: its first element is compared.
fn fits(glob: &str, url: &Url) -> bool {
    let first = glob.trim().split('/').next().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    match first.split_once('*') {
        None => !first.is_empty() && first == host,
        Some((before, after)) => {
            host.len() >= before.len() + after.len()
                && host.starts_with(before)
                && host.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn goinsecure_may_stand_in_gos_own_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.os = Os::Linux;
        machine.home = Some(dir.path().to_owned());
        std::fs::create_dir_all(dir.path().join(".config/go")).unwrap();
        std::fs::write(dir.path().join(".config/go/env"), "A=b\nGOINSECURE=*.corp.example/x\n")
            .unwrap();
        let trust = |url: &str| Go.trust(&machine, None, &Url::parse(url).unwrap());
        let off = trust("https://git.corp.example/x/y");
        assert_eq!((off.verification, off.place.unwrap().line), (Verification::Off, Some(2)));
        assert_eq!(trust("https://proxy.example/").verification, Verification::On);
    }
}
