//! podman, and what shares its configuration (skopeo, buildah): the system's store and `certs.d/HOST:PORT/`. It is
//! judged by its rules alone.

use std::path::PathBuf;

use url::Url;

use super::asking::told;
use super::docker::by_folders;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust, authority};
use crate::files::{Found, Toml, files_in};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// podman.
pub(super) struct Podman;

impl Tool for Podman {
    fn name(&self) -> &'static str {
        "podman"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("podman")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, url: &Url) -> ToolTrust {
        match insecure(machine, url) {
            Some(found) => ToolTrust::off(&found),
            None => by_folders(&folders(machine), url),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let Some(folder) = folders(machine).into_iter().next() else { return Vec::new() };
        let to = folder.join(authority(url)).join("ca.crt");
        vec![Setting::Copy { from: bundle.authority.clone(), to }]
    }
}

/// The `certs.d` folders (containers-certs.d(5)).
fn folders(machine: &Machine) -> Vec<PathBuf> {
    let user = machine.config_dir().map(|dir| dir.join("containers/certs.d"));
    let system = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(|f| machine.system_path(f));
    system.into_iter().chain(user).collect()
}

/// A `[[registry]]` with `insecure = true` whose prefix or location is the URL's host (containers-registries.conf(5)).
fn insecure(machine: &Machine, url: &Url) -> Option<Found> {
    let user = machine.config_dir().map(|dir| dir.join("containers"));
    let folders = [machine.system_path("/etc/containers")].into_iter().chain(user);
    let files = folders.flat_map(|folder| {
        let parts = files_in(&folder.join("registries.conf.d"), ".conf");
        [folder.join("registries.conf")].into_iter().chain(parts)
    });
    let host = url.host_str().unwrap_or_default();
    let with_port = authority(url);
    files.filter_map(|file| Toml::read(&file)).find_map(|toml| {
        toml.tables(&["registry"]).into_iter().find_map(|table| {
            let found = toml.of_table(table, "insecure").filter(|found| found.value == "true")?;
            let name =
                toml.of_table(table, "prefix").or_else(|| toml.of_table(table, "location"))?;
            let registry = name.value.split('/').next().unwrap_or_default();
            let fits = match registry.strip_prefix("*.") {
                Some(domain) => host.ends_with(&format!(".{domain}")),
                None => registry == host || registry == with_port,
            };
            fits.then_some(found)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn a_registry_may_be_insecure_by_a_pattern() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/containers/registries.conf.d");
        std::fs::create_dir_all(&folder).unwrap();
        let text = "[[registry]]\nprefix = \"*.corp.example\"\ninsecure = true\n";
        std::fs::write(folder.join("10-corp.conf"), text).unwrap();
        let mut machine = Machine::new([], root.path());
        machine.os = crate::Os::Linux;
        machine.root = root.path().to_owned();
        let trust = |text: &str| Podman.trust(&machine, None, &Url::parse(text).unwrap());
        let off = trust("https://reg.corp.example/v2/");
        assert_eq!((off.verification, off.place.unwrap().line), (Verification::Off, Some(3)));
        assert_eq!(trust("https://corp.example/v2/").verification, Verification::On);
    }
}
