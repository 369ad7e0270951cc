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
        for (path, line) in &provision.ignored {
            let before = std::fs::read_to_string(path).unwrap_or_default();
            if !before.lines().any(|known| known.trim() == line.trim()) {
                self.texts.push((path.clone(), before.clone(), format!("{before}{line}")));
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
                return Err(error.into());
            }
        }
        Ok(())
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
