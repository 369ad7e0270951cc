//! uv: Mozilla's set, the system's where asked for, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::folders;
use super::probe::{probe_name, probe_wheel};
use super::version::{Numbers, first_version, numbers};
use super::{Installed, Request, Tool, ToolTrust, Words, authority, below};
use crate::files::{Found, Toml};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// uv.
pub(super) struct Uv;

/// From this version a path of `SSL_CERT_FILE` or `SSL_CERT_DIR` that is not there trusts nobody; before, it was passed
/// over with a warning.
const STRICT_PATHS: Numbers = (0, 12, 0);

impl Tool for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let beside = machine.python.as_ref().and_then(|python| Some(python.parent()?.join("uv")));
        let program = beside.filter(|uv| uv.is_file()).or_else(|| machine.program("uv"))?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let files = files(machine);
        // The variable's hosts are added to those of the files.
        let variable = machine.set("UV_INSECURE_HOST");
        let variable = variable.map(|value| Found::variable("UV_INSECURE_HOST", value));
        for found in variable.iter().chain(&hosts(&files)) {
            if found.value.split([' ', ',']).any(|host| is_insecure(host, url)) {
                return ToolTrust::off(found);
            }
        }
        let strict_paths = installed
            .and_then(|installed| numbers(installed.version.as_deref()?))
            .is_none_or(|version| version >= STRICT_PATHS);
        let file = machine.set("SSL_CERT_FILE").map(|value| machine.path(value));
        let dirs = machine.set("SSL_CERT_DIR").map(|value| folders(machine, value));
        let mut sources: Vec<RootSource> = Vec::new();
        sources.extend(file.clone().filter(|file| file.is_file()).map(RootSource::File));
        sources.extend(dirs.clone().unwrap_or_default());
        if (file.is_some() || dirs.is_some()) && (strict_paths || !sources.is_empty()) {
            let name = if file.is_some() { "SSL_CERT_FILE" } else { "SSL_CERT_DIR" };
            return ToolTrust::on(sources, name);
        }
        match system_certs(machine, &files) {
            Some(found) if truthy(&found.value) => ToolTrust::by(&found, vec![RootSource::System]),
            Some(found) => ToolTrust::by(&found, vec![RootSource::Mozilla]),
            None => ToolTrust::on(vec![RootSource::Mozilla], "its default: the Mozilla set"),
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

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        // A file by its URL, without what it depends on: no index is asked. The working directory is the user's, for
        // the settings of the project.
        let wheel = below(request.url, &probe_wheel(request.scratch));
        let mut invocation =
            Invocation::new(&request.installed.program, &request.machine.directory)
                .args(["pip", "install", "--dry-run", "--no-deps", "--no-build", "--no-cache"])
                .args(["--no-python-downloads", "--target"])
                .args([request.scratch.join("target").display().to_string()])
                .args([format!("{} @ {wheel}", probe_name(request.scratch))])
                .env("UV_HTTP_RETRIES", "0")
                .env("UV_HTTP_TIMEOUT", "15");
        if let Some(python) = request.machine.python() {
            invocation = invocation.args(["--python".to_owned(), python.display().to_string()]);
        }
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &["HTTP status", "Failed to read metadata", "Failed to extract", "zip"],
            refused: &[],
        }
    }
}

fn truthy(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on" | "y" | "t")
}

/// `system-certs`, which was `native-tls` before 0.11: variables before files, the nearest file first.
fn system_certs(machine: &Machine, files: &[(Toml, &'static [&'static str])]) -> Option<Found> {
    let variable = machine.first_set(&["UV_SYSTEM_CERTS", "UV_NATIVE_TLS"]);
    if let Some((name, value)) = variable {
        return Some(Found::variable(name, value));
    }
    files.iter().find_map(|(toml, prefix)| {
        ["system-certs", "native-tls"]
            .iter()
            .find_map(|key| toml.scalar(&[prefix, [*key].as_slice()].concat()))
    })
}

/// `allow-insecure-host` of all files; uv adds them up. `trusted-host` is its older name.
fn hosts(files: &[(Toml, &'static [&'static str])]) -> Vec<Found> {
    files
        .iter()
        .flat_map(|(toml, prefix)| {
            ["allow-insecure-host", "trusted-host"]
                .iter()
                .flat_map(|key| toml.strings(&[prefix, [*key].as_slice()].concat()))
        })
        .collect()
}

/// uv's configuration files, the strongest first, each with the keys above its settings: the project's `uv.toml`, or
/// `pyproject.toml`, then the user's and the system's. `UV_CONFIG_FILE` takes the place of all.
fn files(machine: &Machine) -> Vec<(Toml, &'static [&'static str])> {
    let plain: &'static [&'static str] = &[];
    if let Some(file) = machine.set("UV_CONFIG_FILE") {
        return Toml::read(&machine.path(file)).map(|toml| (toml, plain)).into_iter().collect();
    }
    let no_config = machine.set("UV_NO_CONFIG").is_some_and(truthy);
    if no_config {
        return Vec::new();
    }
    let project = machine.directories_upwards().find_map(|dir| {
        if let Some(toml) = Toml::read(&dir.join("uv.toml")) {
            return Some((toml, plain));
        }
        let toml = Toml::read(&dir.join("pyproject.toml"))?;
        toml.item(&["tool", "uv"])?;
        Some((toml, &["tool", "uv"] as &'static [&'static str]))
    });
    let user = machine.config_dir().map(|dir| dir.join("uv/uv.toml"));
    let system: Vec<PathBuf> = machine
        .system_config_dirs()
        .into_iter()
        .map(|dir| dir.join("uv/uv.toml"))
        .chain([machine.system_path("/etc/uv/uv.toml")])
        .collect();
    let user = user.and_then(|file| Toml::read(&file)).map(|toml| (toml, plain));
    let system = system.iter().find_map(|file| Toml::read(file)).map(|toml| (toml, plain));
    project.into_iter().chain(user).chain(system).collect()
}

/// Whether an entry, a host or `host:port` or a URL, means the URL's host; `*` means every host.
fn is_insecure(entry: &str, url: &Url) -> bool {
    let entry = entry.trim();
    if entry == "*" {
        return true;
    }
    let entry = entry.strip_prefix("https://").unwrap_or(entry);
    let entry = entry.split('/').next().unwrap_or(entry);
    !entry.is_empty() && (Some(entry) == url.host_str() || entry == authority(url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    fn trust(dir: &std::path::Path, variables: &[(&str, &str)]) -> ToolTrust {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let mut machine = Machine::new(variables, dir.join("project"));
        machine.os = crate::Os::Linux;
        machine.home = Some(dir.join("home"));
        machine.root = dir.join("root");
        Uv.trust(&machine, None, &Url::parse("https://index.example:8443/simple/").unwrap())
    }

    #[test]
    fn the_projects_file_is_stronger_than_the_users() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["project", "home/.config/uv"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        std::fs::write(dir.path().join("home/.config/uv/uv.toml"), "native-tls = false\n").unwrap();
        assert_eq!(trust(dir.path(), &[]).roots.sources, [RootSource::Mozilla]);
        let project = dir.path().join("project/pyproject.toml");
        std::fs::write(&project, "[tool.uv]\n\nsystem-certs = true\n").unwrap();
        let project_trust = trust(dir.path(), &[]);
        assert_eq!(project_trust.roots.sources, [RootSource::System]);
        assert_eq!(project_trust.place.unwrap().line, Some(3));
    }

    #[test]
    fn insecure_hosts_are_added_up_over_files_and_the_variable() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("project")).unwrap();
        let file = dir.path().join("project/uv.toml");
        std::fs::write(&file, "allow-insecure-host = [\"a.example\", \"index.example:8443\"]\n")
            .unwrap();
        assert_eq!(trust(dir.path(), &[]).verification, Verification::Off);
        let beside = trust(dir.path(), &[("UV_INSECURE_HOST", "b.example")]);
        assert_eq!(beside.verification, Verification::Off);
        std::fs::remove_file(&file).unwrap();
        let of = |host| trust(dir.path(), &[("UV_INSECURE_HOST", host)]).verification;
        assert_eq!(of("b.example"), Verification::On);
        assert_eq!(of("b.example index.example"), Verification::Off);
    }

    #[test]
    fn a_path_that_is_not_there_trusts_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let trust = trust(dir.path(), &[("SSL_CERT_FILE", "/nowhere.pem")]);
        assert!(trust.roots.sources.is_empty());
    }
}
