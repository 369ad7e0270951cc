//! Writing fixes: all files, or none.

use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Place};
use provender_lint::fix::image::{Content, Provision};

use crate::commands::trust::Authorities;
use crate::exit::Failure;
use crate::file;
use crate::output::shown;

/// What is to be written.
#[derive(Default)]
pub(super) struct Changes {
    /// Files with the text that they hold and the one that they will.
    pub(super) texts: Vec<(PathBuf, String, String)>,
    folders: Vec<PathBuf>,
    provided: Vec<(PathBuf, String)>,
}

impl Changes {
    /// Adds what builds of images need.
    pub(super) fn add(
        &mut self,
        provision: &Provision,
        authorities: &Authorities,
    ) -> Result<(), Failure> {
        self.folders.push(provision.folder.clone());
        for (name, content) in &provision.files {
            let text = match content {
                Content::FullBundle => authorities.full()?,
                Content::Corporate => authorities.text(),
                Content::Text(text) => text.clone(),
            };
            self.provided.push((provision.folder.join(name), text));
        }
        Ok(self.ignore(&provision.ignored)?)
    }

    /// Adds lines to files that may not be there yet.
    fn ignore(&mut self, lines: &[(PathBuf, String)]) -> Result<(), Diagnostic> {
        for (path, line) in lines {
            let before = present(path)?;
            if !before.lines().any(|known| known.trim() == line.trim()) {
                let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
                let after = format!("{before}{gap}{line}");
                self.texts.push((path.clone(), before, after));
            }
        }
        Ok(())
    }

    /// Writes all of it. Where a file cannot be written, those before it get their text back.
    pub(super) fn write(&self) -> Result<(), Failure> {
        for (path, ..) in &self.texts {
            writable(path)?;
        }
        // What a Dockerfile refers to is there before it does.
        for folder in &self.folders {
            make(folder)?;
        }
        for (path, text) in &self.provided {
            file::replace(path, text)?;
            readable(path, 0o644)?;
        }
        for (index, (path, _, after)) in self.texts.iter().enumerate() {
            if let Err(error) = file::replace(path, after) {
                for (path, before, _) in &self.texts[..index] {
                    file::replace(path, before)?;
                }
                let hint = "check the permissions of its folder, and whether something stands in its \
                            place; nothing was fixed";
                return Err(error.hint(hint).into());
            }
        }
        Ok(())
    }
}

/// The text of a file that was not among those looked at; nothing if there is none.
fn present(path: &Path) -> Result<String, Diagnostic> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            let message = format!("a line has to be added, and it cannot be read: {error}");
            Err(Diagnostic::error("file/cannot-write", message)
                .at(Place::file(shown(path)))
                .hint("make it a file in UTF-8; nothing was fixed"))
        }
    }
}

/// Fails where a file is there and may not be changed.
fn writable(path: &Path) -> Result<(), Diagnostic> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().readonly() => {
            Err(Diagnostic::error("file/cannot-write", "the file is read-only; nothing was fixed")
                .at(Place::file(shown(path)))
                .hint("make it writable, or leave it out by naming the others"))
        }
        _ => Ok(()),
    }
}

fn make(folder: &Path) -> Result<(), Diagnostic> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("cannot make the folder: {error}"))
            .at(Place::file(shown(folder)))
            .hint("check the permissions of the folder above it")
    })?;
    readable(folder, 0o755)
}

/// Steps of a build may run as any user, whatever this one's umask is.
fn readable(path: &Path, mode: u32) -> Result<(), Diagnostic> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|error| {
            let message = format!("cannot make it readable for everybody: {error}");
            Diagnostic::error("file/cannot-write", message)
                .at(Place::file(shown(path)))
                .hint("builds read it as any user: check whom it belongs to")
        })?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_already_is_taken_back_where_another_file_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("pip.conf");
        std::fs::write(&first, "before\n").unwrap();
        let change = |path: PathBuf| (path, "before\n".to_owned(), "after\n".to_owned());
        let mut changes = Changes::default();
        changes.texts.push(change(first.clone()));
        changes.write().unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "after\n");

        changes.texts.push(change(folder.path().join("nowhere/pip.conf")));
        let failure = changes.write().unwrap_err();
        assert_eq!(failure.diagnostics[0].rule, "file/cannot-write");
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "before\n");
    }

    #[test]
    fn a_line_is_added_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".dockerignore");
        let lines = [(path.clone(), "ca\n".to_owned())];
        let add = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            let mut changes = Changes::default();
            changes.ignore(&lines).map(|()| changes.write().unwrap())
        };
        add(b"node_modules").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "node_modules\nca\n");
        add(b"ca").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "ca");
        assert!(add(b"\xfc\n").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"\xfc\n");
    }
}
