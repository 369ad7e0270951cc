//! What files held before they were written, on disk before anything changes.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use provender_core::Sha256;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::ApplyError;
use super::change::{missing_folders, sync_folder};

/// The version of the journal's format.
const SCHEMA: &str = "provender.configure-journal/1";

/// What stands before and after the number of a journal in its name.
const PREFIX: &str = "configure-";
const SUFFIX: &str = ".json";

/// What there was before a plan was written.
#[derive(Serialize, Deserialize)]
pub(super) struct Journal {
    schema: String,
    pub(super) files: Vec<Entry>,
}

/// One file of a journal.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    /// The file itself, with links followed.
    pub(super) path: PathBuf,
    /// What it held; none where it was not there.
    pub(super) before: Option<String>,
    /// Its permission bits.
    pub(super) mode: Option<u32>,
    /// The digest of what was written.
    after_sha256: String,
    /// The folders that were made for it, the outermost first.
    pub(super) made_folders: Vec<PathBuf>,
}

impl Entry {
    /// That of a file that is about to get the text `after`.
    pub(super) fn new(
        path: PathBuf,
        before: Option<String>,
        after: &str,
        mode: Option<u32>,
    ) -> Self {
        let made_folders = missing_folders(&path);
        Self { path, before, mode, after_sha256: digest(after), made_folders }
    }

    /// Whether this is the text that was written.
    pub(super) fn is_after(&self, text: &str) -> bool {
        digest(text) == self.after_sha256
    }
}

fn digest(text: &str) -> String {
    Sha256::from_bytes(sha2::Sha256::digest(text.as_bytes()).into()).to_string()
}

impl Journal {
    pub(super) fn new(files: Vec<Entry>) -> Self {
        Self { schema: SCHEMA.to_owned(), files }
    }

    /// Reads a journal.
    pub(super) fn read(path: &Path) -> Result<Self, ApplyError> {
        let journal_error = |source| ApplyError::Journal { path: path.to_owned(), source };
        let text = fs::read_to_string(path)
            .map_err(|source| ApplyError::Write { path: path.to_owned(), source })?;
        let journal: Self = serde_json::from_str(&text).map_err(journal_error)?;
        if journal.schema == SCHEMA {
            return Ok(journal);
        }
        let what = format!("its schema is {}", journal.schema);
        Err(journal_error(serde::de::Error::custom(what)))
    }

    /// Writes a journal under the number after the highest, so that the order of the numbers is that of the edits.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf, ApplyError> {
        let write_error = |path: &Path, source| ApplyError::Write { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| write_error(folder, io::Error::other(source)))?;
        make_private_folder(folder).map_err(|source| write_error(folder, source))?;
        let mut staged = tempfile::Builder::new()
            .prefix(".journal-")
            .tempfile_in(folder)
            .map_err(|source| write_error(folder, source))?;
        staged
            .write_all(text.as_bytes())
            .and_then(|()| staged.as_file().sync_all())
            .map_err(|source| write_error(folder, source))?;
        let highest = numbered(folder).map(|(number, _)| number).max().unwrap_or(0);
        for number in highest.saturating_add(1)..=u32::MAX {
            let path = folder.join(format!("{PREFIX}{number:04}{SUFFIX}"));
            match staged.persist_noclobber(&path) {
                Ok(_) => {
                    sync_folder(&path).map_err(|source| write_error(&path, source))?;
                    return Ok(path);
                }
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                    staged = error.file
                }
                Err(error) => return Err(write_error(&path, error.error)),
            }
        }
        Err(write_error(folder, io::Error::other("no number is free")))
    }
}

/// The journal that was written last into a folder; none where there is none.
pub fn newest_journal(folder: &Path) -> Option<PathBuf> {
    numbered(folder).max().map(|(_, path)| path)
}

/// The journals of a folder with their numbers.
fn numbered(folder: &Path) -> impl Iterator<Item = (u32, PathBuf)> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let number = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        Some((number.parse().ok()?, entry.path()))
    })
}

/// What files held may be secret.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
