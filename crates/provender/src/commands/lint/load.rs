//! Finding and reading the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use provender_core::{Diagnostic, Place};
use provender_lint::discover::{self, DiscoverError};
use provender_lint::{File, FileKind};

/// The files, read.
pub(super) struct Loaded {
    /// All of them, by path, each once.
    pub(super) files: Vec<File>,
    /// Those that were asked for; the others only tell what these mean.
    pub(super) asked: BTreeSet<PathBuf>,
    /// What could not be looked at.
    pub(super) unreadable: Vec<Diagnostic>,
}

/// Reads what lies at and below the paths; the current folder where there are none.
pub(super) fn load(paths: &[PathBuf]) -> Loaded {
    let options = discover::Options { working_directory: PathBuf::from("."), threads: None };
    let mut paths: Vec<PathBuf> = paths.iter().map(|path| plain(path)).collect();
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let found = discover::find(&paths, &options);
    let mut unreadable: Vec<Diagnostic> = found.errors.iter().map(told).collect();
    let asked: BTreeSet<PathBuf> = found.files.iter().map(|(path, _)| path.clone()).collect();
    let mut wanted: BTreeMap<PathBuf, FileKind> = found.files.into_iter().collect();
    for path in paths.iter().filter(|path| path.is_file()) {
        for (path, kind) in neighbours(path) {
            wanted.entry(path).or_insert(kind);
        }
    }
    let wanted: Vec<(PathBuf, FileKind)> = wanted.into_iter().collect();
    let (files, errors) = read(&wanted, &options);
    for (path, error) in errors {
        if asked.contains(&path) {
            unreadable.push(told(&error));
        }
    }
    Loaded { files, asked, unreadable }
}

/// A path as it comes from looking below `.`: no file is looked at under two names, and those who read
/// the findings know it by its place in the project.
fn plain(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    let parts = below.components().filter(|part| *part != Component::CurDir);
    let plain: PathBuf = parts.collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

impl Loaded {
    /// The file of this path.
    pub(super) fn file(&self, path: &Path) -> Option<&File> {
        let index = self.files.binary_search_by(|file| file.path.as_path().cmp(path)).ok()?;
        self.files.get(index)
    }
}

/// What lies beside a file that was named and may tell what it means: whether a Dockerfile copies
/// secrets is told by its `.dockerignore`, and what it is built with by a compose file.
fn neighbours(path: &Path) -> Vec<(PathBuf, FileKind)> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let beside = |kind: FileKind| {
        matches!(
            kind,
            FileKind::Dockerfile
                | FileKind::Dockerignore
                | FileKind::Compose
                | FileKind::Requirements
                | FileKind::PipConf
        )
    };
    let entries = entries.flatten().filter(|entry| entry.path().is_file());
    entries
        .filter_map(|entry| {
            let path = folder.join(entry.file_name());
            FileKind::of(&path).filter(|kind| beside(*kind)).map(|kind| (path, kind))
        })
        .collect()
}

type Errors = Vec<(PathBuf, DiscoverError)>;

/// Reads files on all cores, in the order of their paths.
fn read(wanted: &[(PathBuf, FileKind)], options: &discover::Options) -> (Vec<File>, Errors) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::with_capacity(wanted.len()), Vec::new()));
    let work = || {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        while let Some((path, kind)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            match discover::text(path, options) {
                Ok(text) => files.push(provender_lint::read(path, *kind, &text)),
                Err(error) => errors.push((path.clone(), error)),
            }
        }
        let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.0.append(&mut files);
        done.1.append(&mut errors);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    std::thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let (mut files, mut errors) =
        done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    errors.sort_by(|a, b| a.0.cmp(&b.0));
    (files, errors)
}

fn told(error: &DiscoverError) -> Diagnostic {
    let hint = match error {
        DiscoverError::Unreadable { .. } | DiscoverError::Walk(_) => {
            "check the path and its permissions"
        }
        DiscoverError::UnknownKind { .. } => {
            "name a file of a kind that `provender lint --help` lists, or the folder it is in"
        }
        DiscoverError::TooLarge { .. } => "such a file is not written by hand: leave it out",
        DiscoverError::NotUtf8 { .. } => "save it as UTF-8",
    };
    let mut message = error.to_string();
    if let DiscoverError::Unreadable { source, .. } = error
        && source.kind() == std::io::ErrorKind::NotFound
    {
        message = "there is no such file or folder".to_owned();
    }
    let mut diagnostic = Diagnostic::error("lint/cannot-read", message).hint(hint);
    if let Some(path) = error.path() {
        let named = format!("{}: ", path.display());
        if let Some(bare) = diagnostic.message.strip_prefix(&named) {
            diagnostic.message = bare.to_owned();
        }
        diagnostic = diagnostic.at(Place::file(path));
    }
    match std::error::Error::source(error) {
        Some(cause) => diagnostic.because(cause.to_string()),
        None => diagnostic,
    }
}
