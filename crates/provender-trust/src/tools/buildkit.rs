//! buildkit: the store of its own container and what `buildkitd.toml` says for the registry. It is judged by its rules
//! alone.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::trust::source;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust, authority};
use crate::files::Toml;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// buildkitd.
pub(super) struct Buildkit;

impl Tool for Buildkit {
    fn name(&self) -> &'static str {
        "buildkit"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("buildkitd").or_else(|| machine.program("buildctl"))?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let default = "its default: the store of the container it runs in";
        let Some(toml) = file(machine).and_then(|file| Toml::read(&file)) else {
            return ToolTrust::on(vec![RootSource::Mozilla], default);
        };
        let host = authority(url);
        for key in ["insecure", "http"] {
            let found = toml.scalar(&["registry", &host, key]);
            if let Some(found) = found.filter(|found| found.value == "true") {
                return ToolTrust::off(&found);
            }
        }
        let named = toml.strings(&["registry", &host, "ca"]);
        let mut sources = vec![RootSource::Mozilla];
        sources.extend(named.iter().map(|found| source(&machine.path(&found.value))));
        match named.first() {
            Some(found) => ToolTrust::by(found, sources),
            None => ToolTrust::on(sources, default),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let file =
            file(machine).unwrap_or_else(|| machine.system_path("/etc/buildkit/buildkitd.toml"));
        let text =
            format!("[registry.\"{}\"] ca = [\"{}\"]", authority(url), bundle.authority.display());
        vec![Setting::Line { file, text, arguments: Vec::new() }]
    }
}

/// The daemon's configuration, or that which buildx gives to the builders it makes.
fn file(machine: &Machine) -> Option<PathBuf> {
    let user = machine.config_dir().map(|dir| dir.join("buildkit/buildkitd.toml"));
    let buildx = match machine.set("BUILDX_CONFIG") {
        Some(dir) => Some(machine.path(dir)),
        None => machine.in_home(".docker/buildx"),
    };
    let system = machine.system_path("/etc/buildkit/buildkitd.toml");
    let buildx = buildx.map(|dir| dir.join("buildkitd.default.toml"));
    [Some(system), user, buildx].into_iter().flatten().find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn a_registry_has_authorities_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc/buildkit")).unwrap();
        let text = "[registry.\"reg.example:5000\"]\n  ca = [\"/corp.pem\"]\n[registry.\"bad.example\"]\n  insecure = true\n";
        std::fs::write(root.path().join("etc/buildkit/buildkitd.toml"), text).unwrap();
        let mut machine = Machine::new([], root.path());
        machine.root = root.path().to_owned();
        let trust = |text: &str| Buildkit.trust(&machine, None, &Url::parse(text).unwrap());
        let own = trust("https://reg.example:5000/");
        let file = RootSource::File("/corp.pem".into());
        assert_eq!(own.roots.sources, [RootSource::Mozilla, file]);
        assert_eq!(own.place.unwrap().line, Some(2));
        assert_eq!(trust("https://bad.example/").verification, Verification::Off);
    }
}
