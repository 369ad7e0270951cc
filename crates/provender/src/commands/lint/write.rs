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
<<<<<<< ours
            let before = present(path)?;
            if !before.lines().any(|known| known.trim() == line.trim()) {
                let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
                let after = format!("{before}{gap}{line}");
                self.texts.push((path.clone(), before, after));
=======
            let path = whole(path);
            match self.texts.iter_mut().find(|known| known.path == path) {
                Some(known) => known.after = with_line(&known.after, line),
                None => {
                    let before = read(&path)?;
                    let after = with_line(before.as_deref().unwrap_or_default(), line);
                    self.texts.push(FileEdit { path, before, after });
                }
>>>>>>> theirs
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
<<<<<<< ours
        for (index, (path, _, after)) in self.texts.iter().enumerate() {
            if let Err(error) = file::replace(path, after) {
                for (path, before, _) in &self.texts[..index] {
                    file::replace(path, before)?;
                }
                let hint = "check the permissions of its folder, and whether something stands in its \
                            place; nothing was fixed";
                return Err(error.hint(hint).into());
=======
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
>>>>>>> theirs
            }
        }
        if let Some(journal) = applied.journal {
            // It may hold secrets; where it stays, the next run tells of it.
            let _ = std::fs::remove_file(journal);
        }
        Ok(left.into_iter().collect())
    }
}

<<<<<<< ours
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
=======
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
>>>>>>> theirs
        }
    }
}

<<<<<<< ours
=======
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

>>>>>>> theirs
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
        let provision = Provision {
            folder: folder.path().join("ca"),
            files: vec![("a", Content::Text("b\n".to_owned()))],
            ignored: vec![(path.clone(), "ca\n".to_owned())],
            build_line: String::new(),
        };
        let pem = folder.path().join("ca.pem");
        std::fs::write(&pem, provender_test::Authority::named("ca").pem()).unwrap();
        let authorities = Authorities::of(&pem, "--assume-ca").unwrap().unwrap();
        let add = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            let mut changes = Changes::default();
            changes.add(&provision, &authorities).and_then(|()| changes.write())
        };
        add(b"node_modules").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "node_modules\nca\n");
        assert_eq!(std::fs::read_to_string(folder.path().join("ca/a")).unwrap(), "b\n");
        add(b"ca").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "ca");
        assert!(add(b"\xfc\n").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"\xfc\n");
    }
}
