//! A plan while it is made.

use std::path::{Path, PathBuf};

use url::Url;

use super::hosts::{Hosts, has_credentials, is_loopback};
use super::syntax::SyntaxError;
use super::{ConfigurableTool, ConfigureError, FileEdit, Plan, Wanted};
use crate::{Machine, Os};

/// Whether a variable with this value switches verification off.
pub(super) type SwitchesOff = fn(&str) -> bool;

/// A plan while it is made: the files as they would be so far, and the notes.
pub(super) struct Draft<'a> {
    pub(super) tool: ConfigurableTool,
    pub(super) machine: &'a Machine,
    pub(super) wanted: &'a Wanted,
    pub(super) hosts: Hosts,
    edits: Vec<FileEdit>,
    notes: Vec<String>,
}

impl<'a> Draft<'a> {
    /// An empty one. Refuses what no tool may be given: credentials, servers without TLS, paths that no file can hold.
    pub(super) fn new(
        tool: ConfigurableTool,
        machine: &'a Machine,
        wanted: &'a Wanted,
    ) -> Result<Self, ConfigureError> {
        for (url, what) in [(&wanted.index, "index URL"), (&wanted.registry, "URL of the server")] {
            if let Some(url) = url {
                check_url(url, what, Some(tool))?;
            }
        }
        for path in [&wanted.ca, &wanted.full_bundle].into_iter().flatten() {
            path_text(path)?;
        }
        let hosts = Hosts::of(wanted);
        Ok(Self { tool, machine, wanted, hosts, edits: Vec::new(), notes: Vec::new() })
    }

    /// Adds a note, once.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// What a file holds, with the edits so far; none where it is not there.
    pub(super) fn read(&self, path: &Path) -> Result<Option<String>, ConfigureError> {
        match self.edits.iter().find(|edit| edit.path == path) {
            Some(edit) => Ok(Some(edit.after.clone())),
            None => read(path),
        }
    }

    /// Edits a file: the closure gets its text, empty where it is not there, and gives back what it should be.
    pub(super) fn edit(
        &mut self,
        path: &Path,
        change: impl FnOnce(&str) -> Result<String, SyntaxError>,
    ) -> Result<(), ConfigureError> {
        let known = self.edits.iter().position(|edit| edit.path == path);
        let text = match known {
            Some(at) => Some(self.edits[at].after.clone()),
            None => read(path)?,
        };
        let after = change(text.as_deref().unwrap_or_default()).map_err(|error| {
            ConfigureError::Malformed { path: path.to_owned(), line: error.line, what: error.what }
        })?;
        match known {
            Some(at) => self.edits[at].after = after,
            None if text.as_deref().unwrap_or_default() == after => {}
            None => self.edits.push(FileEdit { path: path.to_owned(), before: text, after }),
        }
        Ok(())
    }

    /// Says which variables of the environment win over what is written.
    pub(super) fn note_overriding(&mut self, names: &[&str]) {
        for name in names {
            if self.machine.set(name).is_some() {
                self.note(format!(
                    "{name} is set in the environment and wins over the file: unset it"
                ));
            }
        }
    }

    /// Says which variables of the environment switch verification off.
    pub(super) fn note_bypass(&mut self, names: &[(&str, SwitchesOff)]) {
        for (name, switches_off) in names {
            if self.machine.set(name).is_some_and(switches_off) {
                self.note(format!(
                    "{name} in the environment switches verification off whatever the file says: unset it"
                ));
            }
        }
    }

    /// Says that a setting that switched verification off was taken out.
    pub(super) fn note_removed(&mut self, setting: &str, path: &Path) {
        self.note(format!(
            "took out `{setting}`, which switched verification off, from {}",
            path.display()
        ));
    }

    /// Says that a setting that switches verification off stays, being about other hosts.
    pub(super) fn note_left(&mut self, setting: &str, path: &Path) {
        self.note(format!(
            "left `{setting}` in {}: it switches verification off for another host",
            path.display()
        ));
    }

    /// Says how the authority gets into the system's store, which the tool trusts from now on.
    pub(super) fn note_system_store(&mut self) {
        let Some(ca) = &self.wanted.ca else { return };
        let ca = ca.display();
        let how = match self.machine.os {
            Os::Linux => format!(
                "on Debian, Ubuntu and Alpine copy {ca} to /usr/local/share/ca-certificates/NAME.crt and run \
                 update-ca-certificates; on Fedora and RHEL copy it to /etc/pki/ca-trust/source/anchors/ and run \
                 update-ca-trust"
            ),
            Os::MacOs => format!(
                "run security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {ca}"
            ),
            Os::Windows => format!("run certutil -addstore -f Root {ca}"),
        };
        self.note(format!(
            "{} now asks the system's store, so the authority has to be in it: {how}",
            self.tool
        ));
    }

    /// The full bundle, for a setting that replaces the tool's roots.
    pub(super) fn full_bundle(
        &self,
        setting: &'static str,
        why: &'static str,
    ) -> Result<Option<&'a Path>, ConfigureError> {
        match (&self.wanted.full_bundle, &self.wanted.ca) {
            (Some(full), _) => Ok(Some(full)),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                Err(ConfigureError::FullBundle { tool: self.tool.name(), setting, why })
            }
        }
    }

    /// The full bundle, or without one the authority alone: for a setting that is about our server only.
    pub(super) fn either_bundle(&self) -> Option<&'a Path> {
        self.wanted.full_bundle.as_deref().or(self.wanted.ca.as_deref())
    }

    /// A path below the home directory.
    pub(super) fn in_home(&self, path: &str) -> Result<PathBuf, ConfigureError> {
        self.machine.in_home(path).ok_or(ConfigureError::NoFolder { what: "the home directory" })
    }

    /// The folder of the user's configuration.
    pub(super) fn config_dir(&self) -> Result<PathBuf, ConfigureError> {
        self.machine
            .config_dir()
            .ok_or(ConfigureError::NoFolder { what: "the folder of the user's configuration" })
    }

    /// Refuses the reach that was asked for.
    pub(super) fn no_scope<T>(&self, hint: &'static str) -> Result<T, ConfigureError> {
        Err(ConfigureError::Scope { tool: self.tool.name(), scope: self.wanted.scope, hint })
    }

    /// The finished plan.
    pub(super) fn finish(mut self) -> Plan {
        self.edits.retain(|edit| edit.before.as_deref().unwrap_or_default() != edit.after);
        Plan { edits: self.edits, notes: self.notes }
    }
}

/// A path as a setting holds it.
pub(crate) fn path_text(path: &Path) -> Result<&str, ConfigureError> {
    let refuse = |why| Err(ConfigureError::Path { path: path.to_owned(), why });
    let Some(text) = path.to_str() else { return refuse("it is not Unicode") };
    if text.chars().any(char::is_control) {
        return refuse("it holds a line break or another control character");
    }
    if !path.is_absolute() {
        return refuse("it is not absolute, and tools start in many folders");
    }
    Ok(text)
}

/// Refuses URLs that hold credentials, and those that other machines reach without TLS. Without a tool it is a
/// variable that would hold the URL.
pub(crate) fn check_url(
    url: &Url,
    what: &'static str,
    tool: Option<ConfigurableTool>,
) -> Result<(), ConfigureError> {
    if has_credentials(url) {
        let hint = match tool {
            Some(tool) => tool.place_for_credentials(),
            None => {
                "write them into ~/.netrc, which pip, uv, poetry, pdm, git and curl read, or into a keyring"
            }
        };
        return Err(ConfigureError::Secret { what, tool: tool.map(ConfigurableTool::name), hint });
    }
    if url.scheme() != "https" && !is_loopback(url) {
        return Err(ConfigureError::PlainHttp { url: url.to_string() });
    }
    Ok(())
}

/// Reads a text file; none where it is not there.
fn read(path: &Path) -> Result<Option<String>, ConfigureError> {
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
                let what = "not UTF-8 text".to_owned();
                Err(ConfigureError::Malformed { path: path.to_owned(), line, what })
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigureError::Read { path: path.to_owned(), source }),
    }
}
