//! apt: the system's store, or `Acquire::https::CAInfo`. GnuTLS verifies; no variable but `APT_CONFIG` counts.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, apt_conf, text};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// apt, with its method for https.
pub(super) struct Apt;

/// Where a remedy is written.
const REMEDY_FILE: &str = "/etc/apt/apt.conf.d/90-provender-ca.conf";

/// Takes away what the machine runs before and after an update, as root. Read after the machine's own files.
const WITHOUT_HOOKS: &str = "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n\
                             #clear APT::Update::Post-Invoke-Success;\n";

impl Tool for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("apt-get")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let peer = setting(machine, url, "verify-peer").filter(|f| is_false(&f.value));
        let host = setting(machine, url, "verify-host").filter(|f| is_false(&f.value));
        if let Some(found) = peer.or(host) {
            return ToolTrust::off(&found);
        }
        match setting(machine, url, "cainfo") {
            Some(found) => ToolTrust::file(&found, &machine.path(&found.value), Vec::new()),
            None => ToolTrust::on(vec![RootSource::System], "its default: the system's store"),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let full = bundle.full.display();
        // What is said for the host is stronger than what is said for all.
        let option = match setting(machine, url, "cainfo") {
            Some(found) if found.name.matches("::").count() > 2 => found.name,
            _ => "Acquire::https::CAInfo".to_owned(),
        };
        vec![Setting::Line {
            file: machine.system_path(REMEDY_FILE),
            text: format!("{option} \"{full}\";"),
            arguments: vec!["-o".to_owned(), format!("{option}={full}")],
        }]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let dir = request.scratch;
        std::fs::create_dir_all(dir.join("lists/partial"))?;
        std::fs::create_dir_all(dir.join("archives/partial"))?;
        let url = without_credentials(request.url);
        std::fs::write(dir.join("sources.list"), format!("deb {url} provender-probe main\n"))?;
        let shown = dir.display();
        std::fs::write(dir.join("apt.conf"), WITHOUT_HOOKS)?;
        let mut arguments =
            ["-c", &format!("{shown}/apt.conf"), "update"].map(str::to_owned).to_vec();
        for option in [
            format!("Dir::State::lists={shown}/lists"),
            format!("Dir::Cache={shown}"),
            format!("Dir::Etc::sourcelist={shown}/sources.list"),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            "Acquire::Retries=0".to_owned(),
            "Acquire::https::Timeout=15".to_owned(),
            "APT::Update::Error-Mode=any".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            arguments.extend(["-o".to_owned(), option]);
        }
        arguments.extend(request.arguments.iter().cloned());
        let invocation =
            Invocation::new(&request.installed.program, &request.machine.directory).args(arguments);
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words { reached: &["  40", "  50", "Clearsigned file isn't valid"], refused: &[] }
    }
}

fn is_false(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "false" | "no" | "off" | "without" | "disable" | "0"
    )
}

/// An option of the https method: for the host before for all, the last of a name holds.
fn setting(machine: &Machine, url: &Url, name: &str) -> Option<Found> {
    let host = url.host_str().unwrap_or_default().to_lowercase();
    let entries: Vec<_> = files(machine)
        .into_iter()
        .filter_map(|file| Some((apt_conf(&text(&file)?), file)))
        .flat_map(|(entries, file)| entries.into_iter().map(move |entry| (file.clone(), entry)))
        .collect();
    let wanted = [vec!["acquire", "https", host.as_str(), name], vec!["acquire", "https", name]];
    wanted.iter().find_map(|key| {
        let (file, entry) = entries.iter().rev().find(|(_, entry)| entry.key == *key)?;
        let shown = match name {
            "verify-peer" => "Verify-Peer",
            "verify-host" => "Verify-Host",
            _ => "CAInfo",
        };
        let path = if key.len() == 4 { format!("{host}::{shown}") } else { shown.to_owned() };
        Some(Found::entry(file, &format!("Acquire::https::{path}"), entry))
    })
}

/// apt's configuration files in the order in which they are read (apt.conf(5)): a later one is stronger.
fn files(machine: &Machine) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        machine.set("APT_CONFIG").map(|file| machine.path(file)).into_iter().collect();
    let parts = machine.system_path("/etc/apt/apt.conf.d");
    let mut parts: Vec<PathBuf> = std::fs::read_dir(parts)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    parts.retain(|path| path.extension().is_none_or(|extension| extension == "conf"));
    parts.sort();
    files.extend(parts);
    files.push(machine.system_path("/etc/apt/apt.conf"));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn the_last_file_holds_and_a_host_before_all() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.root = dir.path().to_owned();
        let parts = dir.path().join("etc/apt/apt.conf.d");
        std::fs::create_dir_all(&parts).unwrap();
        std::fs::write(parts.join("10a"), "Acquire::https::Verify-Peer \"false\";\n").unwrap();
        std::fs::write(parts.join("20b.disabled"), "Acquire::https::Verify-Peer \"true\";\n")
            .unwrap();
        let trust = |host: &str| {
            Apt.trust(&machine, None, &Url::parse(&format!("https://{host}/debian")).unwrap())
        };
        let off = trust("deb.example");
        assert_eq!(off.verification, Verification::Off);
        assert_eq!(off.place.unwrap().file, parts.join("10a"));
        let own = "Acquire { https { deb.example { Verify-Peer \"true\"; }; }; };\n";
        std::fs::write(parts.join("05c.conf"), own).unwrap();
        assert_eq!(trust("deb.example").verification, Verification::On);
        assert_eq!(trust("other.example").verification, Verification::Off);
    }

    #[test]
    fn an_update_runs_no_hooks_of_the_machine() {
        let dir = tempfile::tempdir().unwrap();
        let Some(program) = Machine::new(std::env::vars(), "/").program("apt-get") else { return };
        let mark = dir.path().join("mark");
        let hooks: String = ["Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"]
            .iter()
            .map(|hook| format!("APT::Update::{hook}:: \"touch {}\";\n", mark.display()))
            .collect();
        let conf = dir.path().join("machine.conf");
        std::fs::write(&conf, hooks).unwrap();
        let variables = [
            ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("APT_CONFIG".to_owned(), conf.display().to_string()),
        ];
        let machine = Machine::new(variables, dir.path());
        // Nobody listens there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        drop(listener);
        let url = Url::parse(&url).unwrap();
        let installed = Installed::new(program, None);
        crate::ask(&Apt, &machine, &installed, &url, &[]).unwrap();
        assert!(!mark.exists());
    }
}
