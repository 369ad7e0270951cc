//! wget: the system's store, and what `wgetrc` adds to it.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::default_roots;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, text, wgetrc};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// GNU wget.
pub(super) struct Wget;

impl Tool for Wget {
    fn name(&self) -> &'static str {
        "wget"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("wget")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        let mut installed = Installed::new(program, first_version(&said));
        if said.contains("+ssl/gnutls") {
            installed.facts.insert("tls".to_owned(), "gnutls".to_owned());
        }
        Some(installed)
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let check = setting(machine, "checkcertificate");
        if let Some(found) = check.filter(|f| is_off(&f.value)) {
            return ToolTrust::off(&found);
        }
        let gnutls = installed.is_none_or(|installed| installed.facts.contains_key("tls"));
        let (mut sources, by) = match (setting(machine, "cadirectory"), gnutls) {
            (Some(found), _) => (vec![RootSource::Folder(machine.path(&found.value))], None),
            (None, true) => (vec![RootSource::System], None),
            (None, false) => default_roots(machine),
        };
        match setting(machine, "cacertificate") {
            Some(found) => {
                // One that is not there is told, and the rest is trusted all the same.
                let path = machine.path(&found.value);
                if path.is_file() {
                    sources.insert(0, RootSource::File(path));
                }
                ToolTrust::by(&found, sources)
            }
            None => ToolTrust::on(sources, by.unwrap_or("its default: the system's store")),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let Some(file) = user_file(machine) else { return Vec::new() };
        let authority = bundle.authority.display();
        vec![Setting::Line {
            file,
            text: format!("ca_certificate = {authority}"),
            arguments: vec![format!("--ca-certificate={authority}")],
        }]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let out = request.machine.null_device();
        let hsts = request.scratch.join("hsts").display().to_string();
        let url = without_credentials(request.url);
        let invocation = Invocation::new(&request.installed.program, &request.machine.directory)
            .args(["--tries=1", "--timeout=15", "--output-document", out])
            .args([format!("--hsts-file={hsts}")])
            .args(request.arguments.iter().cloned())
            .args([url.as_str()]);
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &["awaiting response... 4", "awaiting response... 5", "ERROR 4", "ERROR 5"],
            refused: &[
                "cannot verify",
                "doesn't have a known issuer",
                "doesn't match requested host",
            ],
        }
    }
}

/// What `check_certificate` may say for no check; `quiet` leaves out the warning as well.
fn is_off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "off" | "no" | "0" | "quiet")
}

/// A command of the user's `wgetrc`, else of the system's.
fn setting(machine: &Machine, name: &str) -> Option<Found> {
    let system = match machine.set("SYSTEM_WGETRC") {
        Some(file) => machine.path(file),
        None => machine.system_path("/etc/wgetrc"),
    };
    user_file(machine).into_iter().chain([system]).find_map(|file| {
        let entries = wgetrc(&text(&file)?);
        let entry = entries.iter().rev().find(|entry| entry.key[0] == name)?;
        let shown = match name {
            "checkcertificate" => "check_certificate",
            "cacertificate" => "ca_certificate",
            _ => "ca_directory",
        };
        Some(Found::entry(&file, shown, entry))
    })
}

/// The user's file: `WGETRC`, else `~/.wgetrc`.
fn user_file(machine: &Machine) -> Option<PathBuf> {
    match machine.set("WGETRC") {
        Some(file) => Some(machine.path(file)),
        None => machine.in_home(".wgetrc"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn the_users_wgetrc_is_stronger_than_the_systems() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.home = Some(dir.path().to_owned());
        machine.root = dir.path().join("root");
        std::fs::create_dir_all(dir.path().join("root/etc")).unwrap();
        std::fs::write(dir.path().join("root/etc/wgetrc"), "check-certificate = off\n").unwrap();
        let url = Url::parse("https://h.example/").unwrap();
        assert_eq!(Wget.trust(&machine, None, &url).verification, Verification::Off);
        std::fs::write(dir.path().join(".wgetrc"), "check_certificate = on\n").unwrap();
        assert_eq!(Wget.trust(&machine, None, &url).verification, Verification::On);
        for off in ["No", "0", "quiet"] {
            let text = format!("check_certificate = {off}\n");
            std::fs::write(dir.path().join(".wgetrc"), text).unwrap();
            assert_eq!(Wget.trust(&machine, None, &url).verification, Verification::Off, "{off}");
        }
    }
}
