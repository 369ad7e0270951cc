//! Finding the files that rules look at.
//!
//! Hidden files are found; what `.gitignore` and `.ignore` leave out is not, nor is what lies in [`LEFT_OUT`].
//! `dist` and `build` are not among these: they hold a project's own output, which `.gitignore` names where it
//! is not checked in. Links are not followed. A file that is named is always read.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::source::FileKind;

/// Folders of other people's code, of caches and of version control, at any depth.
pub const LEFT_OUT: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".jj",
    ".mypy_cache",
    ".nox",
    ".pnpm-store",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".terraform",
    ".tox",
    ".venv",
    ".yarn",
    "__pycache__",
    "bower_components",
    "node_modules",
    "site-packages",
    "target",
    "third_party",
    "vendor",
    "venv",
];

/// The size in bytes above which a file is not read.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// How to look for files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that relative paths begin at. It tells `lint workflows`, started in `.github`, what it finds there.
    pub working_directory: PathBuf,
    /// Threads to look with; none means what the machine has, at most 8.
    pub threads: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files with what they are, by path.
    pub files: Vec<(PathBuf, FileKind)>,
    /// What could not be looked at.
    pub errors: Vec<DiscoverError>,
}

/// Why a file was not found or not read.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// A path that cannot be opened.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder that cannot be listed.
    #[error("cannot be listed")]
    Walk(#[source] ignore::Error),
    /// A file that was named, and is of no kind that is known.
    #[error("{}: not a kind of file that has rules", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// A file above [`SIZE_LIMIT`].
    #[error("{}: larger than {SIZE_LIMIT} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not text in UTF-8.
    #[error("{}: not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
}

impl DiscoverError {
    /// The file or folder it is about, if it is known.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { path, .. }
            | Self::UnknownKind { path }
            | Self::TooLarge { path }
            | Self::NotUtf8 { path } => Some(path),
            Self::Walk(_) => None,
        }
    }
}

/// Finds the files among these paths and below them.
pub fn find(paths: &[PathBuf], options: &Options) -> Found {
    let mut found = Found::default();
    for path in paths {
        let place = options.working_directory.join(path);
        match fs::metadata(&place) {
            Ok(metadata) if metadata.is_dir() => walk(path, &place, options, &mut found),
            Ok(_) => match FileKind::of(&place).or_else(|| script(&place)) {
                Some(kind) => found.files.push((path.clone(), kind)),
                None => found.errors.push(DiscoverError::UnknownKind { path: path.clone() }),
            },
            Err(source) => {
                found.errors.push(DiscoverError::Unreadable { path: path.clone(), source });
            }
        }
    }
    found.files.sort();
    found.files.dedup();
    found
}

/// The text of a file, relative to the working directory if it is not absolute.
///
/// # Errors
///
/// If the file cannot be read, is larger than [`SIZE_LIMIT`], or is not UTF-8.
pub fn text(path: &Path, options: &Options) -> Result<String, DiscoverError> {
    let unreadable = |source| DiscoverError::Unreadable { path: path.to_owned(), source };
    let file = fs::File::open(options.working_directory.join(path)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(DiscoverError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|_| DiscoverError::NotUtf8 { path: path.to_owned() })
}

/// Everything below a folder; `path` is what the user calls it.
fn walk(path: &Path, place: &Path, options: &Options, found: &mut Found) {
    let threads = options.threads.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |number| number.get().min(8))
    });
    let walker = WalkBuilder::new(place)
        .hidden(false)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .threads(threads)
        .filter_entry(|entry| entry.depth() == 0 || !is_left_out(entry))
        .build_parallel();
    let (send, receive) = mpsc::channel();
    walker.run(|| {
        let send = send.clone();
        Box::new(move |entry| {
            let message = match entry {
                Ok(entry) => match kind(&entry) {
                    Some(kind) => Ok((entry.into_path(), kind)),
                    None => return WalkState::Continue,
                },
                Err(error) => Err(error),
            };
            if send.send(message).is_err() { WalkState::Quit } else { WalkState::Continue }
        })
    });
    drop(send);
    for message in receive {
        match message {
            Ok((file, kind)) => {
                let below = file.strip_prefix(place).unwrap_or(&file);
                let file = if path == Path::new(".") { below.to_owned() } else { path.join(below) };
                found.files.push((file, kind));
            }
            Err(error) => found.errors.push(DiscoverError::Walk(error)),
        }
    }
}

fn is_left_out(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && entry.file_name().to_str().is_some_and(|name| LEFT_OUT.contains(&name))
}

fn kind(entry: &DirEntry) -> Option<FileKind> {
    if !entry.file_type()?.is_file() {
        return None;
    }
    FileKind::of(entry.path()).or_else(|| {
        let bare = entry.path().extension().is_none();
        if bare && is_executable(entry) { script(entry.path()) } else { None }
    })
}

#[cfg(unix)]
fn is_executable(entry: &DirEntry) -> bool {
    use std::os::unix::fs::PermissionsExt;
    entry.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// Without an executable bit the first line alone tells.
#[cfg(not(unix))]
fn is_executable(_entry: &DirEntry) -> bool {
    true
}

/// A shell script, if the first line says so.
fn script(path: &Path) -> Option<FileKind> {
    let mut first = [0; 128];
    let mut length = 0;
    let mut file = fs::File::open(path).ok()?;
    while length < first.len() {
        match file.read(&mut first[length..]).ok()? {
            0 => break,
            read => length += read,
        }
    }
    FileKind::of_script(&String::from_utf8_lossy(&first[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> Options {
        Options { working_directory: folder.to_owned(), threads: None }
    }

    fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(found: &Found) -> Vec<String> {
        found.files.iter().map(|(path, _)| path.to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn hidden_files_are_found_and_ignored_and_vendored_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            ".npmrc",
            ".github/workflows/ci.yml",
            "Dockerfile",
            "deep/er/pip.conf",
            "dist/pip.conf",
            "node_modules/x/.npmrc",
            "deep/.venv/lib/site-packages/pip.conf",
            "vendor/Makefile",
            "out/Dockerfile",
            "main.rs",
        ] {
            write(root, name, "");
        }
        write(root, ".gitignore", "out/\n");
        let found = find(&[PathBuf::from(".")], &options(root));
        assert!(found.errors.is_empty());
        assert_eq!(
            names(&found),
            [
                ".github/workflows/ci.yml",
                ".npmrc",
                "Dockerfile",
                "deep/er/pip.conf",
                "dist/pip.conf"
            ]
        );
    }

    #[test]
    fn what_is_named_is_read_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, ".gitignore", "*\n");
        write(root, "vendor/pip.conf", "");
        write(root, ".github/workflows/ci.yml", "");
        write(root, "odd", "#!/bin/sh\n");
        write(root, "odder", "x");
        let named = ["vendor/pip.conf", "odd", "odder", "none"].map(PathBuf::from);
        let found = find(&named, &options(root));
        assert_eq!(names(&found), ["odd", "vendor/pip.conf"]);
        assert!(matches!(found.errors[0], DiscoverError::UnknownKind { .. }));
        assert!(matches!(found.errors[1], DiscoverError::Unreadable { .. }));
        fs::remove_file(root.join(".gitignore")).unwrap();
        let found = find(&[PathBuf::from("workflows")], &options(&root.join(".github")));
        assert_eq!(names(&found), ["workflows/ci.yml"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_script_is_told_by_its_first_line_if_it_is_executable() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for name in ["build", "notes"] {
            write(folder.path(), name, "#!/usr/bin/env bash\necho\n");
        }
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join("build"), mode).unwrap();
        let found = find(&[PathBuf::from(".")], &options(folder.path()));
        assert_eq!(found.files, [(PathBuf::from("build"), FileKind::Shell)]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        write(other.path(), "pip.conf", "");
        std::os::unix::fs::symlink(other.path(), folder.path().join("away")).unwrap();
        let found = find(&[PathBuf::from(".")], &options(folder.path()));
        assert!(found.files.is_empty());
    }

    #[test]
    fn what_is_no_text_or_too_large_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", b"\xff\xfe");
        write(folder.path(), "b", vec![b'a'; (SIZE_LIMIT + 1) as usize]);
        write(folder.path(), "c", "\u{fc}");
        let options = options(folder.path());
        let read = |name: &str| text(Path::new(name), &options);
        assert_eq!(read("a").unwrap_err().to_string(), "a: not UTF-8");
        assert!(matches!(read("b"), Err(DiscoverError::TooLarge { .. })));
        assert_eq!(read("c").unwrap(), "\u{fc}");
    }
}
