//! docker: the daemon's trust, which is the system's store and `certs.d/HOST:PORT/`. It is judged by its rules alone:
//! what the daemon does cannot be asked without pulling.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use provender_core::Place;
use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust, authority};
use crate::files::{Found, files_in, text};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// The docker daemon of this machine.
pub(super) struct Docker;

impl Tool for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("docker")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, url: &Url) -> ToolTrust {
        for file in daemon_files(machine) {
            if let Some(found) = insecure(&file, url) {
                return ToolTrust::off(&found);
            }
        }
        if let Some(host) = loopback(url) {
            // The daemon takes its own machine for an insecure registry, and no setting changes that.
            let found = Found::variable("insecure-registries", "127.0.0.0/8");
            let off = ToolTrust::off(&found);
            return ToolTrust {
                decided_by: format!("its default for {host}"),
                undo: Vec::new(),
                ..off
            };
        }
        by_folders(&folders(machine), url)
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

/// The `certs.d` folders, that of a rootless daemon last.
fn folders(machine: &Machine) -> Vec<PathBuf> {
    let rootless = machine.config_dir().map(|dir| dir.join("docker/certs.d"));
    [machine.system_path("/etc/docker/certs.d")].into_iter().chain(rootless).collect()
}

fn daemon_files(machine: &Machine) -> Vec<PathBuf> {
    let rootless = machine.config_dir().map(|dir| dir.join("docker/daemon.json"));
    [machine.system_path("/etc/docker/daemon.json")].into_iter().chain(rootless).collect()
}

/// The system's store and the `*.crt` of the host's folder, which are added to it.
pub(super) fn by_folders(folders: &[PathBuf], url: &Url) -> ToolTrust {
    let host = authority(url);
    let with_port = format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or(443)
    );
    let names = if host == with_port { vec![host] } else { vec![host, with_port] };
    let files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .flat_map(|folder| files_in(&folder, ".crt"))
        .collect();
    let mut sources = vec![RootSource::System];
    sources.extend(files.iter().cloned().map(RootSource::File));
    match files.first() {
        None => ToolTrust::on(sources, "its default: the system's store"),
        Some(first) => {
            let found = Found {
                value: String::new(),
                name: "certs.d".to_owned(),
                place: Some(Place::file(first)),
            };
            ToolTrust::by(&found, sources)
        }
    }
}

/// The entry of `insecure-registries` that means this host.
fn insecure(file: &Path, url: &Url) -> Option<Found> {
    let text = text(file)?;
    let start = text.find("\"insecure-registries\"")?;
    let open = start + text[start..].find('[')?;
    let end = open + text[open..].find(']')?;
    let mut rest = open;
    while let Some(quote) = text[rest..end].find('"') {
        let begin = rest + quote + 1;
        let stop = begin + text[begin..end].find('"')?;
        let entry = &text[begin..stop];
        if means(entry, url) {
            let line = text[..begin].matches('\n').count() + 1;
            return Some(Found {
                value: entry.to_owned(),
                name: "insecure-registries".to_owned(),
                place: Some(Place::line(file, u32::try_from(line).unwrap_or(u32::MAX))),
            });
        }
        rest = stop + 1;
    }
    None
}

/// Whether an entry, a host with or without a port or a range of addresses, means the URL's host.
fn means(entry: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    if let Some((network, bits)) = entry.split_once('/') {
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        return match (network.parse(), address, bits.parse()) {
            (Ok(network), Some(address), Ok(bits)) => is_in(address, network, bits),
            _ => false,
        };
    }
    entry == host || entry == authority(url)
}

fn is_in(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let shift = 32_u32.saturating_sub(bits);
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let shift = 128_u32.saturating_sub(bits);
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

fn loopback(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    let is_loopback = host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    (is_loopback || host == "localhost").then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    fn machine(root: &Path) -> Machine {
        let mut machine = Machine::new([], root);
        machine.os = crate::Os::Linux;
        machine.home = Some(root.join("home"));
        machine.root = root.to_owned();
        machine
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn an_insecure_registry_is_named_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc/docker")).unwrap();
        let file = root.path().join("etc/docker/daemon.json");
        let text = "{\n  \"insecure-registries\": [\n    \"a.example\",\n    \"reg.example:5000\",\n    \"10.1.0.0/16\"\n  ]\n}\n";
        std::fs::write(&file, text).unwrap();
        let trust = |text: &str| Docker.trust(&machine(root.path()), None, &url(text));
        let off = trust("https://reg.example:5000/v2/");
        assert_eq!((off.verification, off.place.unwrap().line), (Verification::Off, Some(4)));
        assert_eq!(trust("https://reg.example/v2/").verification, Verification::On);
        assert_eq!(trust("https://10.1.2.3/v2/").verification, Verification::Off);
        assert_eq!(trust("https://10.2.2.3/v2/").verification, Verification::On);
    }

    #[test]
    fn certificates_of_a_host_are_added_to_the_systems() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/docker/certs.d/reg.example:5000");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.crt"), "").unwrap();
        std::fs::write(folder.join("client.cert"), "").unwrap();
        let trust = Docker.trust(&machine(root.path()), None, &url("https://reg.example:5000/"));
        let file = RootSource::File(folder.join("ca.crt"));
        assert_eq!(trust.roots.sources, [RootSource::System, file]);
    }
}
