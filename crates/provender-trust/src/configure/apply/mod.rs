//! Writes a plan, all files or none, and takes it back.
//!
//! Before anything changes, a journal with what every file held is synced to disk. Each file is then written beside
//! its place and renamed into it, so a reader sees the old text or the new, and a crash at any instant leaves a journal
//! from which [`rollback`] restores every byte: it takes files that were not reached yet as they are.

mod change;
mod journal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provender_core::Diagnostic;

use super::Plan;
use change::{Change, make, mode, persist};
use journal::{Entry, Journal};

pub use journal::newest_journal;

/// Why a plan could not be written or taken back. The files are as they were before, except where
/// [`NotRestored`](Self::NotRestored) says so.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Somebody changed a file since the plan was made, or since it was applied.
    #[error("{} has changed in the meantime", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Writing failed, and what had been written before could not be taken back.
    #[error("cannot write {}, and {} could not be restored", .failed.display(), .path.display())]
    NotRestored {
        /// The file whose writing failed.
        failed: PathBuf,
        /// The file that now has its new text.
        path: PathBuf,
        /// Where the journal lies by which it can be restored.
        journal: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The journal is none, or one of another version.
    #[error("{} is not a journal of `provender configure`", .path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl ApplyError {
    /// The same as a diagnostic, with its hint.
    pub fn diagnostic(&self) -> Diagnostic {
        let (rule, hint, source) = match self {
            Self::Changed { .. } => {
                ("configure/changed", "look at it and run the command again".to_owned(), None)
            }
            Self::Write { source, .. } => {
                let hint = "make it writable, or name another scope; every file is as before";
                ("configure/cannot-write", hint.to_owned(), Some(source))
            }
            Self::NotRestored { journal, source, .. } => {
                let hint = format!("make it writable, and roll back {}", journal.display());
                ("configure/not-restored", hint, Some(source))
            }
            Self::Journal { .. } => {
                let hint = "name a journal that `provender configure` wrote";
                ("configure/no-journal", hint.to_owned(), None)
            }
        };
        let diagnostic = Diagnostic::error(rule, self.to_string()).hint(hint);
        match source {
            Some(source) => diagnostic.because(source.to_string()),
            None => diagnostic,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The journal for [`rollback`]; none where there was nothing to write. It holds what the files held, so only its
    /// owner may read it.
    pub journal: Option<PathBuf>,
    /// The files that were written, as the plan names them.
    pub files: Vec<PathBuf>,
}

/// Writes all edits of a plan, or none. The journal goes into `backup_dir`, which is made where it is missing.
///
/// A link keeps pointing where it points; the file behind it is written. Mode and owner of a file stay.
///
/// # Errors
///
/// A file that no longer is as the plan says, and whatever the system refuses. All files are then as before.
pub fn apply(plan: &Plan, backup_dir: &Path) -> Result<Applied, ApplyError> {
    if plan.edits.is_empty() {
        return Ok(Applied { journal: None, files: Vec::new() });
    }
    let mut changes = Vec::new();
    let mut entries = Vec::new();
    for edit in &plan.edits {
        let path = behind_links(&edit.path)?;
        if current(&path)? != edit.before {
            return Err(ApplyError::Changed { path: edit.path.clone() });
        }
        // Two names of one file: the second edit would undo the first.
        if changes.iter().any(|change: &Change| change.path == path) {
            return Err(ApplyError::Changed { path: edit.path.clone() });
        }
        let mode = mode(&path);
        entries.push(Entry::new(path.clone(), edit.before.clone(), &edit.after, mode));
        let (from, to) = (edit.before.clone(), Some(edit.after.clone()));
        changes.push(Change { path, from, to, mode });
    }
    let journal = Journal::new(entries).write(backup_dir)?;
    match make(&changes, &journal, &mut persist) {
        Ok(()) => {
            let files = plan.edits.iter().map(|edit| edit.path.clone()).collect();
            Ok(Applied { journal: Some(journal), files })
        }
        Err(error) => {
            if !matches!(error, ApplyError::NotRestored { .. }) {
                let _ = fs::remove_file(&journal);
            }
            Err(error)
        }
    }
}

/// Gives back what the files of a journal held, byte for byte, and removes the journal. Files that were made go, and
/// the folders that were made for them, where nothing else is in them. Gives the files that were changed.
///
/// # Errors
///
/// A file that changed since it was written; nothing is then restored. Whatever the system refuses.
pub fn rollback(journal: &Path) -> Result<Vec<PathBuf>, ApplyError> {
    let read = Journal::read(journal)?;
    let mut changes = Vec::new();
    for entry in &read.files {
        let now = current(&entry.path)?;
        if now == entry.before {
            continue;
        }
        if !now.as_deref().is_some_and(|now| entry.is_after(now)) {
            return Err(ApplyError::Changed { path: entry.path.clone() });
        }
        changes.push(Change {
            path: entry.path.clone(),
            from: now,
            to: entry.before.clone(),
            mode: entry.mode,
        });
    }
    make(&changes, journal, &mut persist)?;
    for folder in read.files.iter().flat_map(|entry| entry.made_folders.iter().rev()) {
        // A folder that somebody else uses by now is not empty and stays.
        let _ = fs::remove_dir(folder);
    }
    fs::remove_file(journal)
        .map_err(|source| ApplyError::Write { path: journal.to_owned(), source })?;
    Ok(changes.into_iter().map(|change| change.path).collect())
}

/// The file that a path leads to, whether it is there or not.
fn behind_links(path: &Path) -> Result<PathBuf, ApplyError> {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new(".")).join(target);
    }
    let source = io::Error::other("too many links, one after the other");
    Err(ApplyError::Write { path, source })
}

fn current(path: &Path) -> Result<Option<String>, ApplyError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(source) => Err(ApplyError::Write { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configure::FileEdit;
    use tempfile::TempDir;

    struct Desk {
        dir: TempDir,
    }

    impl Desk {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).unwrap();
        }

        fn text(&self, name: &str) -> Option<String> {
            fs::read_to_string(self.path(name)).ok()
        }

        fn edit(&self, name: &str, after: &str) -> FileEdit {
            FileEdit { path: self.path(name), before: self.text(name), after: after.to_owned() }
        }

        fn apply(&self, edits: Vec<FileEdit>) -> Result<Applied, ApplyError> {
            apply(&Plan { edits, notes: Vec::new() }, &self.path("backup"))
        }
    }

    #[test]
    fn what_is_applied_can_be_taken_back_byte_for_byte() {
        let desk = Desk::new();
        let odd = "\u{feff}[global]\r\n# no newline at the end \t";
        desk.write("a", odd);
        let edits = vec![desk.edit("a", "new"), desk.edit("deep/er/b", "made")];
        let applied = desk.apply(edits).unwrap();
        assert_eq!(
            (desk.text("a").unwrap().as_str(), desk.text("deep/er/b").unwrap().as_str()),
            ("new", "made")
        );
        let restored = rollback(&applied.journal.clone().unwrap()).unwrap();
        assert_eq!(restored.len(), 2);
        assert_eq!(desk.text("a").as_deref(), Some(odd));
        assert!(!desk.path("deep").exists() && !applied.journal.unwrap().exists());
    }

    #[test]
    fn a_file_that_changed_is_neither_overwritten_nor_restored() {
        let desk = Desk::new();
        desk.write("a", "old");
        desk.write("b", "old");
        let edits = vec![desk.edit("b", "new"), desk.edit("a", "new")];
        desk.write("a", "mine");
        assert!(matches!(desk.apply(edits), Err(ApplyError::Changed { .. })));
        assert_eq!(desk.text("b").as_deref(), Some("old"));
        let journal = desk
            .apply(vec![desk.edit("b", "new"), desk.edit("a", "new")])
            .unwrap()
            .journal
            .unwrap();
        desk.write("a", "mine again");
        assert!(matches!(rollback(&journal), Err(ApplyError::Changed { .. })));
        assert_eq!(desk.text("b").as_deref(), Some("new"));
        assert_eq!(desk.text("a").as_deref(), Some("mine again"));
    }

    #[test]
    fn where_the_second_file_cannot_be_written_the_first_is_as_before() {
        let desk = Desk::new();
        desk.write("a", "old");
        desk.write("file", "");
        let edits = vec![desk.edit("a", "new"), desk.edit("file/below", "new")];
        assert!(matches!(desk.apply(edits), Err(ApplyError::Write { .. })));
        assert_eq!(desk.text("a").as_deref(), Some("old"));
        assert_eq!(fs::read_dir(desk.path("backup")).unwrap().count(), 0);
    }

    #[test]
    fn a_failure_in_the_middle_restores_what_was_put_before() {
        let desk = Desk::new();
        desk.write("a", "old");
        let change = |name: &str, from: Option<&str>| Change {
            path: desk.path(name),
            from: from.map(str::to_owned),
            to: Some("new".to_owned()),
            mode: None,
        };
        let changes = [change("a", Some("old")), change("made/b", None), change("made/c", None)];
        let mut put = 0;
        let failed = make(&changes, Path::new("journal"), &mut |file, path| {
            put += 1;
            if put == 3 { Err(io::Error::other("disk full")) } else { persist(file, path) }
        });
        assert!(matches!(failed, Err(ApplyError::Write { .. })), "{failed:?}");
        assert_eq!(desk.text("a").as_deref(), Some("old"));
        assert!(!desk.path("made").exists());
        let left: Vec<_> = fs::read_dir(desk.dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn a_file_whose_folder_could_not_be_synced_is_restored_too() {
        let desk = Desk::new();
        desk.write("a", "old");
        let change = |name: &str, from: Option<&str>| Change {
            path: desk.path(name),
            from: from.map(str::to_owned),
            to: Some("new".to_owned()),
            mode: None,
        };
        for changes in [vec![change("a", Some("old"))], vec![change("b", None)]] {
            let failed = make(&changes, Path::new("journal"), &mut |file, path| {
                persist(file, path)?;
                Err(io::Error::other("cannot sync"))
            });
            assert!(matches!(failed, Err(ApplyError::Write { .. })), "{failed:?}");
            assert_eq!((desk.text("a").as_deref(), desk.text("b")), (Some("old"), None));
        }
    }

    #[test]
    fn the_newest_journal_has_the_highest_number() {
        let desk = Desk::new();
        let folder = desk.path("backup");
        assert_eq!(newest_journal(&folder), None);
        let journals: Vec<_> = ["a", "b", "c"]
            .map(|name| desk.apply(vec![desk.edit(name, "new")]).unwrap().journal.unwrap())
            .into();
        fs::remove_file(&journals[0]).unwrap();
        assert_eq!(newest_journal(&folder).as_ref(), Some(&journals[2]));
        let next = desk.apply(vec![desk.edit("d", "new")]).unwrap().journal;
        assert_eq!(next, Some(folder.join("configure-0004.json")));
        assert_eq!(newest_journal(&folder), next);
    }

    #[test]
    fn a_plan_that_was_cut_off_can_be_taken_back() {
        let desk = Desk::new();
        desk.write("a", "old");
        desk.write("b", "old");
        let edits = vec![desk.edit("a", "new"), desk.edit("b", "new")];
        let journal = desk.apply(edits).unwrap().journal.unwrap();
        desk.write("b", "old");
        assert_eq!(rollback(&journal).unwrap(), [desk.path("a")]);
        assert_eq!(desk.text("a").as_deref(), Some("old"));
    }

    #[cfg(unix)]
    #[test]
    fn modes_stay_links_stay_and_journals_are_private() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let desk = Desk::new();
        desk.write("real", "old");
        fs::set_permissions(desk.path("real"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real", desk.path("link")).unwrap();
        symlink("not-there-yet", desk.path("dangling")).unwrap();
        let applied =
            desk.apply(vec![desk.edit("link", "new"), desk.edit("dangling", "new")]).unwrap();
        let mode_of = |name: &str| mode(&desk.path(name)).unwrap();
        assert!(desk.path("link").is_symlink() && desk.path("dangling").is_symlink());
        assert_eq!((mode_of("real"), desk.text("real").as_deref()), (0o640, Some("new")));
        assert_eq!(mode_of("not-there-yet") & 0o111, 0);
        let journal = applied.journal.unwrap();
        assert_eq!((mode(&journal), mode_of("backup")), (Some(0o600), 0o700));
        rollback(&journal).unwrap();
        assert_eq!((mode_of("real"), desk.text("real").as_deref()), (0o640, Some("old")));
        assert!(desk.path("dangling").is_symlink() && !desk.path("not-there-yet").exists());
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused() {
        let desk = Desk::new();
        desk.write("j", "{\"schema\": \"other/1\", \"files\": []}");
        assert!(matches!(rollback(&desk.path("j")), Err(ApplyError::Journal { .. })));
    }
}
