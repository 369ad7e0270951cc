//! yarn, whose settings have other names and other files in each of 1, 2 to 3, and 4.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::{Host, Url};

use super::node::roots;
use super::npm::on_node;
use super::npm_config::{node_version, prefix, variable};
use super::probe::{probe_name, probe_version};
use super::version::numbers;
use super::{Installed, Request, Tool, ToolTrust, Words, npm_config, without_credentials};
use crate::files::{Found, text, yaml, yarnrc};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// yarn.
pub(super) struct Yarn;

impl Tool for Yarn {
    fn name(&self) -> &'static str {
        "yarn"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        on_node(machine, "yarn", &["--version"])
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let settings = Settings::of(machine, installed, url);
        if let Some(found) = settings.strict.filter(|found| found.value == "false") {
            return ToolTrust::off(&found);
        }
        if let Some(found) = settings.ca {
            let base = found.place.as_ref().and_then(|place| place.file.parent());
            let path = found.path(base.unwrap_or(&machine.directory));
            // A file that is not there: yarn 1 passes over it, the later ones stop.
            if path.is_file() {
                return ToolTrust::by(&found, vec![RootSource::File(path)]);
            }
            if !settings.classic {
                return ToolTrust::broken(&found, format!("{} is not there", path.display()));
            }
        }
        let (sources, decided) = roots(machine, node_version(installed));
        ToolTrust::on(sources, decided)
    }

    fn remedy(
        &self,
        machine: &Machine,
        installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let settings = Settings::of(machine, installed, url);
        match settings.ca {
            Some(found) if found.place.is_none() => {
                vec![Setting::variable(&found.name, &bundle.full)]
            }
            Some(_) => vec![Setting::variable(settings.variable, &bundle.full)],
            None => vec![Setting::variable("NODE_EXTRA_CA_CERTS", &bundle.authority)],
        }
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let url = without_credentials(request.url);
        let settings = Settings::of(request.machine, Some(request.installed), request.url);
        // Elsewhere, with the project's TLS settings: in the project it would load the project's plug-ins, or run the
        // yarn that the project brings.
        let (name, version) = (probe_name(request.scratch), probe_version());
        let manifest = format!(
            "{{\"name\":\"probe\",\"version\":\"0.0.0\",\"dependencies\":{{\"{name}\":\"{version}\"}}}}"
        );
        std::fs::write(request.scratch.join("package.json"), manifest)?;
        let invocation = Invocation::new(&request.installed.program, request.scratch)
            .env("YARN_IGNORE_PATH", "1")
            .env("COREPACK_ENABLE_NETWORK", "0")
            .env("COREPACK_ENABLE_PROJECT_SPEC", "0");
        if settings.classic {
            std::fs::write(
                request.scratch.join(".npmrc"),
                npm_config::project_lines(request.machine),
            )?;
            std::fs::write(
                request.scratch.join(".yarnrc"),
                settings.classic_lines(request.machine),
            )?;
            let cache = request.scratch.join("cache").display().to_string();
            return Ok(Some(
                invocation
                    .args(["install", "--ignore-scripts", "--no-lockfile", "--non-interactive"])
                    .args(["--registry", url.as_str(), "--cache-folder"])
                    .args([cache]),
            ));
        }
        std::fs::write(request.scratch.join("yarn.lock"), "")?;
        std::fs::write(
            request.scratch.join(".yarnrc.yml"),
            settings.modern_lines(request.machine),
        )?;
        let invocation = invocation
            .args(["npm", "info", name.as_str()])
            .env("YARN_NPM_REGISTRY_SERVER", url.as_str().trim_end_matches('/'))
            .env("YARN_HTTP_RETRY", "0")
            .env("YARN_HTTP_TIMEOUT", "15000")
            .env("YARN_ENABLE_TELEMETRY", "0")
            .env("YARN_ENABLE_GLOBAL_CACHE", "0")
            .env("YARN_GLOBAL_FOLDER", request.scratch.join("global"));
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                // yarn 1.
                "Couldn't find package",
                "Couldn't find any versions",
                "Received malformed response",
                "returned a 4",
                "responseCode: 5",
                // yarn 2 and later.
                "Response Code: ",
                "Invalid authentication",
                "is not valid JSON",
            ],
            // Its file of authorities is not there.
            refused: &["ENOENT: no such file or directory, open"],
        }
    }
}

/// The settings of one generation of yarn that decide about trust.
struct Settings {
    /// Whether it is yarn 1.
    classic: bool,
    /// The variable that names roots.
    variable: &'static str,
    /// The setting that names roots.
    ca: Option<Found>,
    /// The setting that may switch verification off.
    strict: Option<Found>,
}

impl Settings {
    fn of(machine: &Machine, installed: Option<&Installed>, url: &Url) -> Self {
        let major = installed
            .and_then(|installed| numbers(installed.version.as_deref()?))
            .map_or(4, |(major, _, _)| major);
        match major {
            0 | 1 => Self::classic(machine),
            2 | 3 => Self::modern(machine, url, "caFilePath", "YARN_CA_FILE_PATH"),
            _ => Self::modern(machine, url, "httpsCaFilePath", "YARN_HTTPS_CA_FILE_PATH"),
        }
    }

    /// yarn 1: `YARN_*`, `.yarnrc`, and npm's settings behind them; but `strict-ssl` has a default of its own, so that
    /// npm's never counts.
    fn classic(machine: &Machine) -> Self {
        let npm = npm_config::files(machine, None);
        let own = |name: &str| {
            variable(machine, "yarn_", name).or_else(|| {
                classic_files(machine).into_iter().find_map(|file| {
                    let entries = yarnrc(&text(&file)?);
                    let entry = entries.iter().rev().find(|entry| entry.key[0] == name)?;
                    Some(Found::entry(&file, name, entry))
                })
            })
        };
        let ca = own("cafile").or_else(|| npm_config::setting(machine, &npm, "cafile"));
        Self { classic: true, variable: "YARN_CAFILE", ca, strict: own("strict-ssl") }
    }

    /// yarn 2 and later: `YARN_*`, then `.yarnrc.yml` of the project, of the folders above it and of the home, in each
    /// what `networkSettings` says for the host before what is said for all.
    fn modern(machine: &Machine, url: &Url, ca: &str, variable: &'static str) -> Self {
        let files = modern_files(machine);
        let found = |key: &str, variable: &str| {
            let host = files.iter().find_map(|file| of_host(file, url, key));
            host.or_else(|| Some(Found::variable(variable, machine.set(variable)?))).or_else(|| {
                files.iter().find_map(|file| {
                    let entries = yaml(&text(file)?);
                    let entry = entries.iter().rev().find(|entry| entry.key == [key])?;
                    Some(Found::entry(file, key, entry))
                })
            })
        };
        Self {
            classic: false,
            variable,
            ca: found(ca, variable),
            strict: found("enableStrictSsl", "YARN_ENABLE_STRICT_SSL").map(|mut found| {
                if found.value == "0" {
                    found.value = "false".to_owned();
                }
                found
            }),
        }
    }

    /// What the project's `.yarnrc` says about TLS.
    fn classic_lines(&self, machine: &Machine) -> String {
        let mut lines = String::new();
        for (name, found) in [("cafile", &self.ca), ("strict-ssl", &self.strict)] {
            let Some(found) = found else { continue };
            let Some(file) = found.place.as_ref().map(|place| &place.file) else { continue };
            if file.file_name().is_some_and(|name| name == ".yarnrc") {
                let value = match name {
                    "cafile" => machine.path(&found.value).display().to_string(),
                    _ => found.value.clone(),
                };
                lines.push_str(&format!("{name} \"{value}\"\n"));
            }
        }
        lines.replace("\"false\"", "false").replace("\"true\"", "true")
    }

    /// What the files of yarn 2 and later say about TLS, with absolute paths. Variables are seen by the tool itself.
    fn modern_lines(&self, machine: &Machine) -> String {
        let mut lines = String::new();
        let key =
            if self.variable == "YARN_CA_FILE_PATH" { "caFilePath" } else { "httpsCaFilePath" };
        if let Some(found) = self.ca.as_ref().filter(|found| found.place.is_some()) {
            let base = found.place.as_ref().and_then(|place| place.file.parent());
            let path = found.path(base.unwrap_or(&machine.directory));
            lines.push_str(&format!("{key}: \"{}\"\n", path.display()));
        }
        if let Some(found) = self.strict.as_ref().filter(|found| found.place.is_some()) {
            lines.push_str(&format!("enableStrictSsl: {}\n", found.value));
        }
        lines
    }
}

/// The files of yarn 1, the strongest first.
fn classic_files(machine: &Machine) -> Vec<PathBuf> {
    let upwards = machine.directories_upwards().map(|dir| dir.join(".yarnrc"));
    let global = prefix(machine, &[]).map(|prefix| prefix.join("etc/yarnrc"));
    upwards.chain(machine.in_home(".yarnrc")).chain(global).collect()
}

/// The files of yarn 2 and later, the strongest first.
fn modern_files(machine: &Machine) -> Vec<PathBuf> {
    let name = machine.set("YARN_RC_FILENAME").unwrap_or(".yarnrc.yml");
    machine.directories_upwards().map(|dir| dir.join(name)).chain(machine.in_home(name)).collect()
}

/// What a file's `networkSettings` say for the URL's host.
fn of_host(file: &std::path::Path, url: &Url, key: &str) -> Option<Found> {
    let entries = yaml(&text(file)?);
    let entry = entries.iter().find(|entry| match entry.key.as_slice() {
        [settings, host, name] => settings == "networkSettings" && name == key && fits(host, url),
        _ => false,
    })?;
    Some(Found::entry(file, &entry.key.join("."), entry))
}

/// Whether a glob of host names fits: `*` stands for any part of a name.
fn fits(glob: &str, url: &Url) -> bool {
    let host = match url.host() {
        Some(Host::Domain(host)) => host.to_owned(),
        Some(host) => host.to_string(),
        None => return false,
    };
    match glob.split_once('*') {
        None => glob == host,
        Some((before, after)) => {
            let after = after.trim_start_matches('*');
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

    fn machine(dir: &std::path::Path) -> Machine {
        let mut machine = Machine::new([], dir.join("project"));
        machine.os = crate::Os::Linux;
        machine.home = Some(dir.join("home"));
        std::fs::create_dir_all(dir.join("project")).unwrap();
        machine
    }

    fn yarn(version: &str) -> Installed {
        Installed::new("yarn".into(), Some(version.to_owned()))
    }

    fn url() -> Url {
        Url::parse("https://npm.corp.example/").unwrap()
    }

    #[test]
    fn npms_strict_ssl_does_not_count_for_yarn_1_and_its_cafile_does() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(dir.path());
        let ca = dir.path().join("ca.pem");
        std::fs::write(&ca, "").unwrap();
        let text = format!("strict-ssl=false\ncafile={}\n", ca.display());
        std::fs::write(dir.path().join("project/.npmrc"), text).unwrap();
        let trust = Yarn.trust(&machine, Some(&yarn("1.22.22")), &url());
        assert_eq!(trust.verification, Verification::On);
        assert_eq!(trust.roots.sources, [RootSource::File(ca)]);
        std::fs::write(dir.path().join("project/.yarnrc"), "strict-ssl false\n").unwrap();
        let trust = Yarn.trust(&machine, Some(&yarn("1.22.22")), &url());
        assert_eq!(trust.verification, Verification::Off);
    }

    #[test]
    fn the_setting_that_names_authorities_was_renamed_in_yarn_4() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(dir.path());
        std::fs::write(dir.path().join("project/ca.pem"), "").unwrap();
        std::fs::write(dir.path().join("project/.yarnrc.yml"), "caFilePath: ./ca.pem\n").unwrap();
        let sources = |version| Yarn.trust(&machine, Some(&yarn(version)), &url()).roots.sources;
        assert_eq!(sources("3.8.0"), [RootSource::File(dir.path().join("project/./ca.pem"))]);
        assert_eq!(sources("4.1.0"), [RootSource::Mozilla]);
    }

    #[test]
    fn what_is_said_for_a_host_is_stronger() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(dir.path());
        let text = "enableStrictSsl: true\nnetworkSettings:\n  \"*.corp.example\":\n    enableStrictSsl: false\n";
        std::fs::write(dir.path().join("project/.yarnrc.yml"), text).unwrap();
        let trust = |url: &str| Yarn.trust(&machine, None, &Url::parse(url).unwrap());
        assert_eq!(trust("https://npm.corp.example/").verification, Verification::Off);
        assert_eq!(trust("https://npm.other.example/").verification, Verification::On);
    }
}
