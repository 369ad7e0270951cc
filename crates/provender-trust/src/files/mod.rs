//! Readers of the configuration formats of tools, as far as finding one setting, with its line, asks for it.
//!
//! They are lenient: what a tool would refuse is skipped here, since a file that the tool cannot read is the tool's
//! own error to tell.

mod apt_conf;
mod ini;
mod keys;
mod npmrc;
mod toml;
mod yaml;

use std::path::{Path, PathBuf};

use provender_core::Place;

pub(crate) use apt_conf::apt_conf;
pub(crate) use ini::{Ini, ini};
pub(crate) use keys::{curlrc, wgetrc, yarnrc};
pub(crate) use npmrc::npmrc;
pub(crate) use toml::Toml;
pub(crate) use yaml::yaml;

/// A setting as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name, or the names down to it; as the format's reader says.
    pub(crate) key: Vec<String>,
    /// Its value as text.
    pub(crate) value: String,
    /// Its line, from 1.
    pub(crate) line: u32,
}

impl Entry {
    fn new(key: impl IntoIterator<Item = impl Into<String>>, value: &str, line: usize) -> Self {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Self { key: key.into_iter().map(Into::into).collect(), value: value.to_owned(), line }
    }
}

/// A setting and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its value as text.
    pub(crate) value: String,
    /// How it is named to the user: a variable, or the key in its file.
    pub(crate) name: String,
    /// Its file and line; none for a variable.
    pub(crate) place: Option<Place>,
}

impl Found {
    /// A variable's value.
    pub(crate) fn variable(name: &str, value: &str) -> Self {
        Self { value: value.to_owned(), name: name.to_owned(), place: None }
    }

    /// A value in a file.
    pub(crate) fn entry(file: &Path, name: &str, entry: &Entry) -> Self {
        Self {
            value: entry.value.clone(),
            name: name.to_owned(),
            place: Some(Place::line(file, entry.line)),
        }
    }

    /// The value as a path: in a file relative to `base`.
    pub(crate) fn path(&self, base: &Path) -> PathBuf {
        base.join(&self.value)
    }
}

/// A file's text; none if it is not there or is not UTF-8.
pub(crate) fn text(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok()
}

/// The files of a folder with this ending, sorted by name.
pub(crate) fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(ending) && path.is_file())
        .collect();
    files.sort();
    files
}
