//! pip: certifi and, from 24.2 on Python 3.10, the system's store.

use std::net::IpAddr;
use std::path::PathBuf;

use url::Url;

use super::openssl::default_roots;
use super::probe::probe_wheel;
use super::python::{certifi, interpreter, library, python_version};
use super::trust::source;
use super::version::numbers;
use super::{Installed, Request, Tool, ToolTrust, Words, below};
use crate::files::{Found, Ini, ini, text};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Os, Setting};

/// pip, the one of the environment's Python.
pub(super) struct Pip;

/// pip commands whose own sections of `pip.conf` matter here, the most particular first.
const SECTIONS: [&str; 2] = ["download", "global"];

/// The sections of `pip.conf` of the commands that reach an index, after that of all.
const COMMANDS: [&str; 8] =
    ["global", "install", "download", "wheel", "index", "list", "lock", "search"];

impl Tool for Pip {
    fn name(&self) -> &'static str {
        "pip"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let of_python = machine.python().and_then(|python| library(machine, &python, "pip"));
        of_python.or_else(|| {
            let script = machine.program("pip").or_else(|| machine.program("pip3"))?;
            library(machine, &interpreter(&script)?, "pip")
        })
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        if let Some(found) = trusted_host(machine, installed, url) {
            return ToolTrust::off(&found);
        }
        let truststore = uses_truststore(machine, installed);
        if truststore && asks_for_no_name(installed, url) {
            let default = Found::variable("its default: truststore", "");
            let why = "this version cannot verify the certificate of an IP address";
            return ToolTrust::broken(&default, why);
        }
        let strict = !truststore && is_strict(installed);
        let mut own = vec![certifi(installed)];
        let mut decided = "its default: certifi".to_owned();
        if truststore {
            let (roots, by) = default_roots(machine);
            own.extend(roots);
            decided = match by {
                Some(variable) => format!("{variable}, beside certifi"),
                None => "its default: the system's store and certifi".to_owned(),
            };
        }
        let cert = setting(machine, installed, "cert").or_else(|| {
            let (name, value) = machine.first_set(&["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])?;
            Some(Found::variable(name, value))
        });
        let Some(cert) = cert else { return ToolTrust::on(own, decided).strict(strict) };
        let path = machine.path(&cert.value);
        if !path.exists() {
            return ToolTrust::broken(&cert, format!("{} is not there", path.display()));
        }
        // The adapter's own context takes the file as one more; without that context it is all there is.
        let mut sources = vec![source(&path)];
        if truststore {
            sources.extend(own);
        }
        ToolTrust::by(&cert, sources).strict(strict)
    }

    fn remedy(
        &self,
        machine: &Machine,
        installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let truststore = uses_truststore(machine, installed);
        if truststore && asks_for_no_name(installed, url) {
            let legacy = Setting::variable("PIP_USE_DEPRECATED", "legacy-certs");
            return vec![legacy, Setting::variable("PIP_CERT", &bundle.full)];
        }
        let file = if truststore { &bundle.authority } else { &bundle.full };
        vec![Setting::variable("PIP_CERT", file)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        // A file by its URL: no index is asked, neither this one nor further ones of the user's settings.
        let wheel = below(request.url, &probe_wheel(request.scratch));
        let invocation = Invocation::new(&request.installed.program, request.scratch)
            .args(["-m", "pip", "--disable-pip-version-check", "download", "--no-deps"])
            .args(["--no-cache-dir", "--no-input", "--retries", "0", "--timeout", "15", "--dest"])
            .args([request.scratch.display().to_string(), wheel.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                "HTTP error",
                "error responses",
                "is invalid",
                "not a valid wheel",
                "File is not a zip file",
            ],
            refused: &["check_hostname requires server_hostname"],
        }
    }
}

/// Whether it verifies by the system's store: from 24.2 on Python 3.10, unless `legacy-certs` is set; from 22.2 where
/// the feature is asked for and the library is there.
fn uses_truststore(machine: &Machine, installed: Option<&Installed>) -> bool {
    let version = installed.and_then(|installed| numbers(installed.version.as_deref()?));
    if python_version(installed).is_some_and(|python| python < (3, 10, 0)) {
        return false;
    }
    let says = |name: &str, word: &str| {
        setting(machine, installed, name)
            .is_some_and(|found| found.value.split_whitespace().any(|value| value == word))
    };
    match version {
        Some(version) if version < (22, 2, 0) => false,
        Some(version) if version < (24, 2, 0) => {
            says("use-feature", "truststore")
                && installed.is_some_and(|installed| installed.facts.contains_key("truststore"))
        }
        _ => !says("use-deprecated", "legacy-certs"),
    }
}

/// Whether it refuses what RFC 5280's letter refuses: without truststore, on Python 3.13, with an urllib3 from 2.4.
fn is_strict(installed: Option<&Installed>) -> bool {
    let urllib3 = installed.and_then(|installed| numbers(installed.facts.get("urllib3")?));
    python_version(installed).is_some_and(|version| version >= (3, 13, 0))
        && urllib3.is_some_and(|version| version >= (2, 4, 0))
}

/// Whether it stops at the URL's host since that is an address: the urllib3 1.26 that pip up to 26.0 brings tells
/// truststore no name then, without which it refuses to look.
fn asks_for_no_name(installed: Option<&Installed>, url: &Url) -> bool {
    let urllib3 = installed.and_then(|installed| numbers(installed.facts.get("urllib3")?));
    let address = url.host_str().map(|host| host.trim_matches(['[', ']']).parse::<IpAddr>());
    urllib3.is_some_and(|version| version < (2, 0, 0)) && address.is_some_and(|host| host.is_ok())
}

/// Whether an entry of `trusted-host`, a host with or without a port, means the URL's host.
fn is_trusted(entry: &str, url: &Url) -> bool {
    let entry = entry.trim_start_matches("https://").trim_end_matches('/');
    let host = url.host_str().unwrap_or_default();
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !port.is_empty() && !port.contains(']') => {
            name == host && port.parse().ok() == url.port_or_known_default()
        }
        _ => entry == host,
    }
}

/// The `trusted-host` that means the URL's host: the variable, else that of any command that reaches an index, since
/// the others verifying is of no help to who uses that one.
fn trusted_host(machine: &Machine, installed: Option<&Installed>, url: &Url) -> Option<Found> {
    let means = |found: &Found| found.value.split_whitespace().any(|host| is_trusted(host, url));
    let variable = "PIP_TRUSTED_HOST";
    if let Some(value) = machine.set(variable) {
        return Some(Found::variable(variable, value)).filter(means);
    }
    let files = inis(machine, installed);
    COMMANDS
        .iter()
        .filter_map(|section| in_section(&files, section, "trusted-host"))
        .find(|found| means(found))
}

/// A setting as pip finds it: `PIP_NAME`, else the last file that has it, in each the command's own section before
/// `[global]`. An empty value is none.
fn setting(machine: &Machine, installed: Option<&Installed>, name: &str) -> Option<Found> {
    let variable = format!("PIP_{}", name.replace('-', "_").to_uppercase());
    if let Some(value) = machine.set(&variable) {
        return Some(Found::variable(&variable, value));
    }
    let files = inis(machine, installed);
    // A section wins over a less particular one, wherever they stand.
    SECTIONS.iter().find_map(|section| in_section(&files, section, name))
}

/// A setting of one section: that of the last file that has it.
fn in_section(files: &[(Ini, PathBuf)], section: &str, name: &str) -> Option<Found> {
    files.iter().rev().find_map(|(ini, file)| {
        let entry = ini.get(section, name).filter(|entry| !entry.value.is_empty())?;
        Some(Found::entry(file, &format!("{section}.{name}"), entry))
    })
}

/// pip's configuration files that are there, read.
fn inis(machine: &Machine, installed: Option<&Installed>) -> Vec<(Ini, PathBuf)> {
    let files = files(machine, installed).into_iter();
    files.filter_map(|file| Some((ini(&text(&file)?), file))).collect()
}

/// pip's configuration files, the later over the earlier (pip documentation, "Configuration"). `PIP_CONFIG_FILE` that
/// names the null device leaves out all of them.
fn files(machine: &Machine, installed: Option<&Installed>) -> Vec<PathBuf> {
    let named = machine.set("PIP_CONFIG_FILE");
    if named.is_some_and(|name| name == "/dev/null" || name.eq_ignore_ascii_case("nul")) {
        return Vec::new();
    }
    let file = if machine.os == Os::Windows { "pip.ini" } else { "pip.conf" };
    let mut files: Vec<PathBuf> =
        machine.system_config_dirs().iter().rev().map(|dir| dir.join("pip").join(file)).collect();
    if machine.os == Os::Linux {
        files.push(machine.system_path("/etc").join(file));
    }
    let legacy = if machine.os == Os::Windows { "pip/pip.ini" } else { ".pip/pip.conf" };
    files.extend(machine.in_home(legacy));
    let support = machine.application_support().map(|dir| dir.join("pip"));
    let own = match support {
        Some(support) if machine.os != Os::MacOs || support.is_dir() => Some(support),
        _ => machine.in_home(".config/pip"),
    };
    files.extend(own.map(|dir| dir.join(file)));
    // `sys.prefix`: the environment of the Python, `bin/python` or `Scripts/python.exe` in it.
    let python = installed.map(|installed| installed.program.clone()).or_else(|| machine.python());
    let prefix = python.and_then(|python| Some(python.parent()?.parent()?.join(file)));
    files.extend(prefix);
    files.extend(named.map(|name| machine.path(name)));
    files
}

#[cfg(test)]
mod tests {
    use provender_core::doctor::RootSource;

    use super::*;
    use crate::Verification;

    fn url() -> Url {
        Url::parse("https://index.example:8443/simple/").unwrap()
    }

    fn pip(version: &str, python: &str) -> Installed {
        let mut installed = Installed::new("/v/bin/python".into(), Some(version.to_owned()));
        installed.facts.insert("python".to_owned(), python.to_owned());
        installed.facts.insert("certifi".to_owned(), "/v/cacert.pem".to_owned());
        installed
    }

    fn machine(dir: &std::path::Path, variables: &[(&str, &str)]) -> Machine {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let mut machine = Machine::new(variables, dir);
        machine.os = Os::Linux;
        machine.home = Some(dir.join("home"));
        machine.root = dir.join("root");
        machine
    }

    #[test]
    fn the_systems_store_is_trusted_from_24_2_on_python_3_10() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(dir.path(), &[]);
        let roots = |version, python| {
            Pip.trust(&machine, Some(&pip(version, python)), &url()).roots.sources
        };
        let certifi = RootSource::File("/v/cacert.pem".into());
        assert_eq!(roots("24.1.2", "3.12"), std::slice::from_ref(&certifi));
        assert_eq!(roots("24.2", "3.9"), std::slice::from_ref(&certifi));
        assert_eq!(roots("24.2", "3.10"), [certifi, RootSource::System]);
    }

    #[test]
    fn only_without_truststore_chains_are_held_to_the_letter() {
        let dir = tempfile::tempdir().unwrap();
        let mut pip = pip("26.3", "3.13");
        pip.facts.insert("urllib3".to_owned(), "2.8.0".to_owned());
        let strict =
            |variables| Pip.trust(&machine(dir.path(), variables), Some(&pip), &url()).roots.strict;
        assert!(!strict(&[]));
        assert!(strict(&[("PIP_USE_DEPRECATED", "legacy-certs")]));
    }

    #[test]
    fn an_address_stops_truststore_beside_urllib3_1_26() {
        let dir = tempfile::tempdir().unwrap();
        let mut pip = pip("26.0", "3.12");
        pip.facts.insert("urllib3".to_owned(), "1.26.20".to_owned());
        let machine = machine(dir.path(), &[]);
        let trust = |url: &str| Pip.trust(&machine, Some(&pip), &Url::parse(url).unwrap());
        let broken = |trust: ToolTrust| matches!(trust.verification, Verification::Broken(_));
        assert!(broken(trust("https://10.0.0.1/simple/")));
        assert!(broken(trust("https://[fd00::1]/simple/")));
        assert!(!broken(trust("https://index.example/simple/")));
    }

    #[test]
    fn a_trusted_host_may_name_a_port() {
        assert!(is_trusted("index.example", &url()));
        assert!(is_trusted("index.example:8443", &url()));
        assert!(!is_trusted("index.example:443", &url()));
        assert!(!is_trusted("example", &url()));
        assert!(is_trusted("[::1]", &Url::parse("https://[::1]/").unwrap()));
    }

    #[test]
    fn the_file_and_line_of_a_trusted_host_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let machine = machine(dir.path(), &[]);
        let file = dir.path().join("home/.config/pip/pip.conf");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "[global]\ntrusted-host = a.example\n    index.example\n").unwrap();
        let trust = Pip.trust(&machine, None, &url());
        assert_eq!(trust.verification, Verification::Off);
        assert_eq!(trust.place.unwrap().to_string(), format!("{}:2", file.display()));
    }

    #[test]
    fn a_trusted_host_of_one_command_counts() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("root/etc/pip.conf");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "[install]\ntrusted-host = index.example\n").unwrap();
        let trust = |variables| Pip.trust(&machine(dir.path(), variables), None, &url());
        assert_eq!(trust(&[]).verification, Verification::Off);
        assert_eq!(trust(&[]).decided_by, "install.trusted-host");
        let variable = trust(&[("PIP_TRUSTED_HOST", "other.example")]);
        assert_eq!(variable.verification, Verification::On);
    }

    #[test]
    fn a_variable_is_stronger_than_a_file_and_the_null_device_leaves_files_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("root/etc/pip.conf");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "[global]\ncert = /from/file.pem\n").unwrap();
        let broken = |variables: &[(&str, &str)]| {
            Pip.trust(&machine(dir.path(), variables), None, &url()).verification
        };
        let missing = |path: &str| Verification::Broken(format!("{path} is not there"));
        assert_eq!(broken(&[]), missing("/from/file.pem"));
        assert_eq!(broken(&[("PIP_CERT", "/v.pem")]), missing("/v.pem"));
        assert_eq!(broken(&[("PIP_CONFIG_FILE", "/dev/null")]), Verification::On);
    }
}
