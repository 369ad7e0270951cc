//! Writing fixes: all files, or none.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf, absolute};

use provender_core::{Diagnostic, Place};
use provender_lint::fix::image::{Content, Provision};
use provender_trust::configure::{FileEdit, Plan, apply, newest_journal};

use crate::commands::trust::{self, Authorities};
use crate::exit::Failure;
use crate::output::shown;
use crate::settings::Settings;

/// The journals of fixes.
const JOURNALS: &str = "lint";

/// What is to be written.
#[derive(Default)]
pub(super) struct Changes {
    /// What images are built with: it is there before a Dockerfile refers to it.
    provided: BTreeMap<PathBuf, String>,
    texts: Vec<FileEdit>,
}

impl Changes {
    /// Adds a file with the text that it was read with and the one that it will hold.
    pub(super) fn replace(&mut self, path: &Path, before: &str, after: String) {
        let before = Some(before.to_owned());
        self.texts.push(FileEdit { path: whole(path), before, after });
    }

    /// Adds what builds of images need.
    pub(super) fn add(
        &mut self,
        provision: &Provision,
        authorities: &Authorities,
    ) -> Result<(), Failure> {
        for (name, content) in &provision.files {
            let text = match content {
                Content::FullBundle => authorities.full()?,
                Content::Corporate => authorities.text(),
                Content::Text(text) => text.clone(),
            };
            self.provided.insert(whole(&provision.folder.join(name)), text);
        }
        for (path, line) in &provision.ignored {
            let path = whole(path);
            match self.texts.iter_mut().find(|known| known.path == path) {
                Some(known) => known.after = with_line(&known.after, line),
                None => {
                    let before = read(&path)?;
                    let after = with_line(before.as_deref().unwrap_or_default(), line);
                    self.texts.push(FileEdit { path, before, after });
                }
            }
        }
        Ok(())
    }

    /// Writes all of it or nothing; gives what to know of it. While it runs, a journal in the data
    /// directory has what the files held.
    pub(super) fn write(self, settings: &Settings) -> Result<Vec<String>, Failure> {
        let mut edits = Vec::new();
        for (path, after) in &self.provided {
            let (path, after) = (path.clone(), after.clone());
            edits.push(FileEdit { before: read(&path)?, path, after });
        }
        edits.extend(self.texts);
        edits.retain(|edit| edit.before.as_ref() != Some(&edit.after));
        for edit in &edits {
            writable(&edit.path)?;
        }
        let journals = trust::journals(settings, JOURNALS);
        // One that was written to the end is taken away below.
        let left = newest_journal(&journals).map(|journal| {
            format!(
                "a run before this one was cut off; what its files held is in {}",
                shown(&journal)
            )
        });
        let plan = Plan { edits, notes: Vec::new() };
        let applied = apply(&plan, &journals).map_err(|error| error.diagnostic())?;
        for path in self.provided.keys() {
            // Steps of a build may run as any user.
            trust::readable(path, 0o644)?;
            if let Some(folder) = path.parent() {
                trust::readable(folder, 0o755)?;
            }
        }
        if let Some(journal) = applied.journal {
            // It may hold secrets; where it stays, the next run tells of it.
            let _ = std::fs::remove_file(journal);
        }
        Ok(left.into_iter().collect())
    }
}

/// The path from the root, so that one file has one name.
fn whole(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// What a file holds; none where it is not there.
fn read(path: &Path) -> Result<Option<String>, Diagnostic> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let hint = match error.kind() {
                io::ErrorKind::InvalidData => "save it as UTF-8; nothing was fixed",
                _ => "check its permissions; nothing was fixed",
            };
            Err(Diagnostic::error("lint/cannot-read", format!("cannot read it: {error}"))
                .at(Place::file(shown(path)))
                .hint(hint))
        }
    }
}

/// A text with one more line at its end, unless it has that line.
fn with_line(text: &str, line: &str) -> String {
    let line = line.trim();
    if text.lines().any(|known| known.trim() == line) {
        return text.to_owned();
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let glue = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    format!("{text}{glue}{line}{newline}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_once_and_on_its_own() {
        assert_eq!(with_line("", "ca\n"), "ca\n");
        assert_eq!(with_line("a", "ca\n"), "a\nca\n");
        assert_eq!(with_line("a\r\nb", "ca\n"), "a\r\nb\r\nca\r\n");
        assert_eq!(with_line("a\n ca \nb", "ca\n"), "a\n ca \nb");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".dockerignore");
        assert_eq!(read(&path).unwrap(), None);
        std::fs::write(&path, b"caf\xe9\n").unwrap();
        assert_eq!(read(&path).unwrap_err().rule, "lint/cannot-read");
    }
}
