//! The files of a folder, as a layer has them.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Place};
use provender_lint::dockerignore::Patterns;
use rayon::prelude::*;
use sha2::Digest as _;

use super::link;
use super::never::{VIRTUAL_ENVIRONMENT, is_never_copied};
use super::{AppError, AppOptions, Application, MAX_ENTRIES};
use crate::Digest;
use crate::layer::{Content, Entry, EntryKind};

/// Takes the files below a folder that its `.dockerignore` leaves in, without what never belongs in
/// an image: version control, virtual environments, compiled and cached files, `.env`, and
/// provender's own files.
///
/// Everything belongs to root; files have the mode 0644, or 0755 where their owner may execute them,
/// and folders 0755. Folders that hold nothing are left out, for version control does not keep them
/// either, so two clones give the same entries.
///
/// # Errors
///
/// [`AppError`], but not [`AppError::Secrets`].
pub fn collect(context: &Path, options: &AppOptions) -> Result<Application, AppError> {
    let folder = folder(&options.workdir)?;
    let root = fs::canonicalize(context).map_err(|source| io_error(context, source))?;
    let mut found = Walk::new(context, &root, options).run()?;
    if let Some(missing) = options.include.iter().find(|path| !found.includes(&clean(path))) {
        return Err(AppError::Missing(context.join(missing)));
    }
    if found.files.is_empty() && found.links.is_empty() {
        return Err(AppError::Empty(context.to_owned()));
    }
    found.files.sort();
    let notes = notes(&found);
    let mut entries = vec![entry(folder.clone(), EntryKind::Folder, 0o755)];
    for parent in found.parents() {
        entries.push(entry(format!("{folder}/{parent}"), EntryKind::Folder, 0o755));
    }
    for (path, target) in &found.links {
        let kind = EntryKind::Link(target.clone());
        entries.push(entry(format!("{folder}/{path}"), kind, 0o777));
    }
    let files = found.files.par_iter().map(|file| {
        let path = context.join(&file.path);
        let kind = EntryKind::File(content(&path).map_err(|source| io_error(&path, source))?);
        Ok(entry(format!("{folder}/{}", file.path), kind, file.mode))
    });
    entries.extend(files.collect::<Result<Vec<_>, AppError>>()?);
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Application { entries, notes, folder })
}

/// A file that is taken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    /// Relative to the context.
    path: String,
    mode: u32,
}

/// What a walk came by.
#[derive(Debug, Default)]
struct Found {
    files: Vec<Taken>,
    /// Links with their targets.
    links: Vec<(String, String)>,
}

impl Found {
    fn paths(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|file| file.path.as_str());
        files.chain(self.links.iter().map(|(path, _)| path.as_str()))
    }

    /// Whether something is taken that is this or lies below it.
    fn includes(&self, path: &str) -> bool {
        self.paths().any(|taken| below(taken, path))
    }

    /// The folders that something lies in.
    fn parents(&self) -> BTreeSet<&str> {
        let mut parents = BTreeSet::new();
        for mut path in self.paths() {
            while let Some((parent, _)) = path.rsplit_once('/') {
                if !parents.insert(parent) {
                    break;
                }
                path = parent;
            }
        }
        parents
    }
}

/// One walk over a context.
struct Walk<'a> {
    context: &'a Path,
    root: &'a Path,
    patterns: Patterns,
    include: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(context: &'a Path, root: &'a Path, options: &AppOptions) -> Self {
        let mut text = options.dockerignore.clone().unwrap_or_default();
        for pattern in &options.exclude {
            text.push('\n');
            text.push_str(pattern);
        }
        let include = options.include.iter().map(|path| clean(path)).collect();
        Self { context, root, patterns: Patterns::read(&text), include }
    }

    fn run(&self) -> Result<Found, AppError> {
        let mut found = Found::default();
        let mut left = vec![String::new()];
        let mut seen = 0;
        while let Some(folder) = left.pop() {
            let path = self.context.join(&folder);
            let mut names = Vec::new();
            for item in fs::read_dir(&path).map_err(|source| io_error(&path, source))? {
                let item = item.map_err(|source| io_error(&path, source))?;
                seen += 1;
                if seen > MAX_ENTRIES {
                    return Err(AppError::TooMany(self.context.to_owned()));
                }
                names.push(item.file_name());
            }
            if !folder.is_empty() && names.iter().any(|name| name == VIRTUAL_ENVIRONMENT) {
                continue;
            }
            names.sort();
            for name in names {
                let path = path.join(&name);
                let Some(name) = name.to_str() else {
                    // What is not copied may have any name.
                    let lossy = name.to_string_lossy();
                    if self.is_out(&join(&folder, &lossy)) {
                        continue;
                    }
                    return Err(AppError::Name(path));
                };
                if !is_never_copied(name) {
                    self.visit(join(&folder, name), &path, &mut found, &mut left)?;
                }
            }
        }
        Ok(found)
    }

    /// Looks at one file, folder or link.
    fn visit(
        &self,
        relative: String,
        path: &Path,
        found: &mut Found,
        left: &mut Vec<String>,
    ) -> Result<(), AppError> {
        let metadata = fs::symlink_metadata(path).map_err(|source| io_error(path, source))?;
        let out = self.is_out(&relative);
        if metadata.is_dir() {
            if !out || self.patterns.may_take_back_below(&relative) || self.leads_to(&relative) {
                left.push(relative);
            }
            return Ok(());
        }
        if out {
            return Ok(());
        }
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(|source| io_error(path, source))?;
            let shown = target.to_string_lossy().into_owned();
            let inside = target.to_str().and_then(|target| link::leads_to(&relative, target));
            if inside.is_none() || !link::stays(self.root, path) {
                return Err(AppError::Link { path: path.to_owned(), target: shown });
            }
            found.links.push((relative, shown));
        } else if metadata.is_file() {
            found.files.push(Taken { path: relative, mode: mode(&metadata) });
        } else {
            return Err(AppError::Special(path.to_owned()));
        }
        Ok(())
    }

    fn is_out(&self, path: &str) -> bool {
        let asked = self.include.is_empty() || self.include.iter().any(|root| below(path, root));
        !asked || self.patterns.leave_out(path)
    }

    /// Whether something that was asked for lies below a folder that is left out otherwise.
    fn leads_to(&self, folder: &str) -> bool {
        !self.patterns.leave_out(folder) && self.include.iter().any(|path| below(path, folder))
    }
}

/// What is worth knowing about what is taken.
fn notes(found: &Found) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    let is_test = |path: &&str| {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        name == "conftest.py" || parts.any(|folder| matches!(folder, "tests" | "test"))
    };
    if let Some(test) = found.paths().filter(is_test).min() {
        let message = "tests are copied into the image";
        notes.push(
            Diagnostic::note("image/tests-copied", message)
                .at(Place::file(test))
                .hint("list them in .dockerignore if the running service does not need them"),
        );
    }
    let mut known = found.parents();
    known.extend(found.paths());
    known.insert("");
    for (path, target) in &found.links {
        if link::leads_to(path, target).is_some_and(|end| !known.contains(end.as_str())) {
            let message = format!("`{path}` leads to `{target}`, which is not copied");
            notes.push(
                Diagnostic::warning("image/dangling-link", message)
                    .at(Place::file(path))
                    .hint("take back in what it names, or list the link in .dockerignore"),
            );
        }
    }
    notes
}

/// The folder of the image without the first slash.
fn folder(workdir: &str) -> Result<String, AppError> {
    let wrong = || AppError::Workdir(workdir.to_owned());
    let path = workdir.strip_prefix('/').ok_or_else(wrong)?;
    let folder = clean(path);
    if folder.is_empty() || folder.split('/').any(|part| part == "..") || folder.contains('\0') {
        return Err(wrong());
    }
    Ok(folder)
}

/// A path without `.`, empty parts and slashes around it.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Whether a path is this folder or lies in it.
fn below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn entry(path: String, kind: EntryKind, mode: u32) -> Entry {
    Entry { path, kind, mode, uid: 0, gid: 0 }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 }
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o644
}

fn content(path: &Path) -> io::Result<Content> {
    let mut hasher = sha2::Sha256::new();
    let size = io::copy(&mut File::open(path)?, &mut hasher)?;
    let sha256 = Digest::from_hasher(hasher).sha256();
    Ok(Content::Path { path: PathBuf::from(path), size, sha256 })
}

fn io_error(path: &Path, source: io::Error) -> AppError {
    AppError::Io { path: path.to_owned(), source }
}
