//! curl: the roots it was built with, what its variables name, or what `.curlrc` says.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::{beside_a_file, default_roots, folders};
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, curlrc, text};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Os, Setting};

/// curl.
pub(super) struct Curl;

impl Tool for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("curl")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let file = file(machine);
        let entries = file.as_ref().and_then(|f| text(f)).map(|t| curlrc(&t)).unwrap_or_default();
        let option = |names: &[&str]| {
            let entry =
                entries.iter().rev().find(|entry| names.contains(&entry.key[0].as_str()))?;
            Some(Found::entry(file.as_deref()?, names[0], entry))
        };
        if let Some(found) = option(&["insecure", "k"]) {
            return ToolTrust::off(&found);
        }
        let cacert = option(&["cacert"]);
        let capath = option(&["capath"]);
        if let Some(found) = cacert {
            let beside = match capath {
                Some(folder) => vec![RootSource::Folder(machine.path(&folder.value))],
                None => beside_a_file(machine),
            };
            return ToolTrust::file(&found, &machine.path(&found.value), beside);
        }
        if let Some(found) = capath {
            return ToolTrust::by(&found, vec![RootSource::Folder(machine.path(&found.value))]);
        }
        // The first of these variables that is set leaves the others unread, but for the last two.
        if let Some(value) = machine.set("CURL_CA_BUNDLE") {
            let found = Found::variable("CURL_CA_BUNDLE", value);
            return ToolTrust::file(&found, &machine.path(value), beside_a_file(machine));
        }
        if let Some(value) = machine.set("SSL_CERT_FILE") {
            let found = Found::variable("SSL_CERT_FILE", value);
            let beside = match machine.set("SSL_CERT_DIR") {
                Some(dirs) => folders(machine, dirs),
                None => beside_a_file(machine),
            };
            return ToolTrust::file(&found, &machine.path(value), beside);
        }
        match default_roots(machine) {
            (sources, Some(variable)) => ToolTrust::on(sources, variable),
            (sources, None) => ToolTrust::on(sources, "its default: the system's store"),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let written = file(machine).and_then(|file| Some((curlrc(&text(&file)?), file)));
        match written {
            // What stands in the file is stronger than any variable.
            Some((entries, file)) if entries.iter().any(|e| e.key[0] == "cacert") => {
                vec![Setting::Line {
                    file,
                    text: format!("cacert = \"{}\"", bundle.full.display()),
                    arguments: vec!["--cacert".to_owned(), bundle.full.display().to_string()],
                }]
            }
            _ => vec![Setting::variable("CURL_CA_BUNDLE", &bundle.full)],
        }
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let out = request.machine.null_device();
        let url = without_credentials(request.url);
        let invocation = Invocation::new(&request.installed.program, &request.machine.directory)
            .args(["--silent", "--show-error", "--max-time", "15", "--output", out])
            .args(request.arguments.iter().map(String::as_str))
            .args([url.as_str()]);
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        // `--fail` in a `.curlrc`.
        Words { reached: &["The requested URL returned error"], refused: &["curl: (77)"] }
    }
}

/// The configuration file that curl reads: the first that is there (curl(1), `--config`).
fn file(machine: &Machine) -> Option<PathBuf> {
    let folders = [
        machine.set("CURL_HOME").map(PathBuf::from),
        machine.set("XDG_CONFIG_HOME").map(PathBuf::from),
        machine.home.clone(),
        machine.home.as_ref().map(|home| home.join(".config")),
        machine.set("APPDATA").filter(|_| machine.os == Os::Windows).map(PathBuf::from),
    ];
    folders
        .into_iter()
        .flatten()
        .flat_map(|dir| [dir.join(".curlrc"), dir.join("curlrc"), dir.join("_curlrc")])
        .filter(|file| machine.os == Os::Windows || !file.ends_with("_curlrc"))
        .filter(|file| !file.ends_with("curlrc") || in_config_dir(machine, file))
        .find(|file| file.is_file())
}

/// Whether a `curlrc` without a dot stands where it is looked for: in the XDG folder only.
fn in_config_dir(machine: &Machine, file: &std::path::Path) -> bool {
    file.parent() == machine.config_dir().as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    fn url() -> Url {
        Url::parse("https://h.example/").unwrap()
    }

    #[test]
    fn a_curlrc_may_switch_verification_off() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.os = Os::Linux;
        machine.home = Some(dir.path().to_owned());
        std::fs::write(dir.path().join(".curlrc"), "silent\n--insecure\n").unwrap();
        let trust = Curl.trust(&machine, None, &url());
        assert_eq!((trust.verification, trust.place.unwrap().line), (Verification::Off, Some(2)));
    }

    #[test]
    fn a_letter_among_others_switches_it_off_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path());
        machine.os = Os::Linux;
        machine.home = Some(dir.path().to_owned());
        let verification = |text| {
            std::fs::write(dir.path().join(".curlrc"), text).unwrap();
            Curl.trust(&machine, None, &url()).verification
        };
        assert_eq!(verification("-sLk\n"), Verification::Off);
        assert_eq!(verification("-ok\n"), Verification::On);
    }

    #[test]
    fn curl_ca_bundle_leaves_the_other_variables_unread() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.pem");
        std::fs::write(&file, "").unwrap();
        let variables = [("CURL_CA_BUNDLE", file.as_path()), ("SSL_CERT_DIR", dir.path())]
            .map(|(name, value)| (name.to_owned(), value.display().to_string()));
        let mut machine = Machine::new(variables, dir.path());
        machine.root = dir.path().join("root");
        let trust = Curl.trust(&machine, None, &url());
        assert_eq!(trust.roots.sources, [RootSource::File(file)]);
        assert_eq!(trust.decided_by, "CURL_CA_BUNDLE");
    }
}
