//! git: the roots of the libcurl it was built with, or `http.sslCAInfo`.

use std::path::PathBuf;

use url::Url;

use provender_core::doctor::RootSource;

use super::asking::told;
use super::openssl::beside_a_file;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, ini, text};
use crate::process::{Invocation, run};
use crate::{CaBundle, Machine, Setting};

/// git over https.
pub(super) struct Git;

impl Tool for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("git")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        // Whatever its value, even none.
        if let Some(value) = machine.variable("GIT_SSL_NO_VERIFY") {
            return ToolTrust::off(&Found::variable("GIT_SSL_NO_VERIFY", value));
        }
        let verify = setting(machine, installed, url, "sslVerify");
        if let Some(found) = verify.filter(|found| is_false(&found.value)) {
            return ToolTrust::off(&found);
        }
        let named = |variable: &str, key: &str| match machine.set(variable) {
            Some(value) => Some(Found::variable(variable, value)),
            None => setting(machine, installed, url, key),
        };
        let folder = named("GIT_SSL_CAPATH", "sslCAPath");
        if let Some(found) = named("GIT_SSL_CAINFO", "sslCAInfo") {
            let beside = match &folder {
                Some(folder) => vec![RootSource::Folder(machine.path(&folder.value))],
                None => beside_a_file(machine),
            };
            return ToolTrust::file(&found, &machine.path(&found.value), beside);
        }
        if let Some(found) = folder {
            let path = machine.path(&found.value);
            return ToolTrust::by(&found, vec![RootSource::Folder(path)]);
        }
        ToolTrust::on(vec![RootSource::System], "its default: the system's store")
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("GIT_SSL_CAINFO", &bundle.full)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let url = without_credentials(request.url);
        // In the working directory, whose repository may have settings; listing a remote's references runs no hook.
        let invocation = Invocation::new(&request.installed.program, &request.machine.directory)
            .args(["-c", "credential.helper=", "-c", "core.askPass=", "ls-remote", url.as_str()])
            .env("GIT_TERMINAL_PROMPT", "0")
            // A repository's settings may turn the URL into one of a kind that runs commands.
            .env("GIT_ALLOW_PROTOCOL", "https")
            .without("GIT_ASKPASS")
            .without("SSH_ASKPASS")
            .without("GIT_TRACE");
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                "' not found",
                "is this a git repository",
                "The requested URL returned error",
                "could not read Username",
                "Authentication failed",
                "invalid server response",
            ],
            refused: &[],
        }
    }
}

fn is_false(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0" | "")
}

/// `http.KEY` for this URL: as git says where it is there, else from its usual files.
fn setting(
    machine: &Machine,
    installed: Option<&Installed>,
    url: &Url,
    key: &str,
) -> Option<Found> {
    let name = format!("http.{key}");
    match installed {
        None => from_files(machine, url, key),
        Some(installed) => {
            let git = |arguments: &[&str]| {
                let scratch = machine.scratch_folder().ok()?;
                let asking = Invocation::new(&installed.program, &machine.directory)
                    .args(arguments.iter().copied());
                let limit = std::time::Duration::from_secs(20);
                let output = run(&asking, machine, scratch.path(), limit).ok()?;
                output.success.then_some(output.stdout)
            };
            let url = without_credentials(url);
            let value = git(&["config", "--get-urlmatch", &name, url.as_str()])?;
            let value = value.trim_end_matches('\n').to_owned();
            // Which of the entries it was is not told; the last one of this value is the one that holds.
            let pattern = format!("^http\\.(.*\\.)?{}$", key.to_ascii_lowercase());
            let all = git(&["config", "--show-origin", "--get-regexp", &pattern]);
            let file = all.as_deref().unwrap_or_default().lines().rev().find_map(|line| {
                let (origin, rest) = line.split_once('\t')?;
                let file = origin.strip_prefix("file:")?;
                let said = rest.split_once(' ').map_or("", |(_, value)| value);
                (said == value).then(|| machine.path(file.trim_matches('"')))
            });
            Some(match file {
                Some(file) => {
                    let line = line_of(&file, key, &value);
                    let place = provender_core::Place { line, ..provender_core::Place::file(file) };
                    Found { value, name, place: Some(place) }
                }
                None => Found { value, name, place: None },
            })
        }
    }
}

/// The line of a key with this value in a git configuration file.
fn line_of(file: &std::path::Path, key: &str, value: &str) -> Option<u32> {
    let ini = ini(&text(file)?);
    let same = |said: &str| said.trim_matches('"') == value;
    let mut entries = ini.entries().rev();
    entries.find(|e| e.key[1].eq_ignore_ascii_case(key) && same(&e.value)).map(|entry| entry.line)
}

/// A setting from the repository's, the user's and the system's file, for a machine without git: the nearest file that
/// has it, a section for the URL before the plain one.
fn from_files(machine: &Machine, url: &Url, key: &str) -> Option<Found> {
    let repository = machine.directories_upwards().map(|dir| dir.join(".git/config"));
    let global = machine.set("GIT_CONFIG_GLOBAL").map(|file| vec![machine.path(file)]);
    let user: Vec<PathBuf> = global.unwrap_or_else(|| {
        let xdg = machine.config_dir().map(|dir| dir.join("git/config"));
        machine.in_home(".gitconfig").into_iter().chain(xdg).collect()
    });
    let system = match machine.set("GIT_CONFIG_NOSYSTEM") {
        Some(_) => None,
        None => Some(machine.system_path("/etc/gitconfig")),
    };
    repository.chain(user).chain(system).find_map(|file| {
        let ini = ini(&text(&file)?);
        let fits = |section: &str| {
            let for_url = section.strip_prefix("http \"").and_then(|s| s.strip_suffix('"'));
            section == "http" || for_url.is_some_and(|prefix| url.as_str().starts_with(prefix))
        };
        let entry = ini
            .entries()
            .filter(|entry| fits(&entry.key[0]) && entry.key[1].eq_ignore_ascii_case(key))
            .max_by_key(|entry| (entry.key[0].len(), entry.line))?;
        Some(Found::entry(&file, &format!("http.{key}"), entry))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verification;

    #[test]
    fn without_git_its_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path().join("project"));
        machine.os = crate::Os::Linux;
        machine.home = Some(dir.path().to_owned());
        machine.root = dir.path().join("root");
        let text =
            "[http]\n\tsslVerify = true\n[http \"https://git.example/\"]\n\tsslVerify = false\n";
        std::fs::write(dir.path().join(".gitconfig"), text).unwrap();
        let trust = |url: &str| Git.trust(&machine, None, &Url::parse(url).unwrap());
        assert_eq!(trust("https://other.example/x").verification, Verification::On);
        let off = trust("https://git.example/x");
        assert_eq!((off.verification, off.place.unwrap().line), (Verification::Off, Some(4)));
    }
}
