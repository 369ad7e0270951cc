//! What an image is made of on the project's side: its lock, its service, its application.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Lock, Place, Sha256};
use provender_image::app::{self, AppOptions, Application};
use provender_image::certificates::{Certificates, MAX_FILE};
use provender_image::service::{self, LockFacts, Runtime, Service};
use provender_image::settings::{Bytecode, ImageSettings};
use provender_store::LockFormat;
use sha2::Digest as _;

use super::told;
use crate::commands::stock;
use crate::output::shown;
use crate::settings::Settings;

/// A lock as it stands in its file.
pub(super) struct LockFile {
    pub(super) path: PathBuf,
    /// As it stands there.
    pub(super) text: String,
    pub(super) lock: Lock,
    pub(super) digest: Sha256,
    pub(super) facts: LockFacts,
}

/// Refuses what is no folder of a project.
pub(super) fn is_folder(context: &Path) -> Result<(), Diagnostic> {
    if context.is_dir() {
        return Ok(());
    }
    Err(Diagnostic::error("image/context", "there is no such folder")
        .at(Place::file(shown(context)))
        .hint("name the folder of a project; without one it is the current folder"))
}

/// Reads the lock that is named, else the project's own.
pub(super) fn lock(named: Option<&Path>, settings: &Settings) -> Result<LockFile, Diagnostic> {
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => stock::default_lock(settings).ok_or_else(|| {
            Diagnostic::error("image/no-lock", "there is no lock here to build from")
                .hint("run `provender lock` first, or name a lock with --lock")
        })?,
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Diagnostic::error("image/no-lock", format!("cannot read the lock: {error}"))
            .at(Place::file(shown(&path)))
            .hint("name a constraints.txt or a pylock.toml that `provender lock` wrote")
    })?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let format = match name.ends_with(".toml") {
        true => LockFormat::Pylock,
        false => LockFormat::Constraints,
    };
    let lock = stock::parse(&text, format).map_err(|error| {
        Diagnostic::error("image/no-lock", error.message)
            .at(Place { line: error.line, ..Place::file(shown(&path)) })
            .hint("make the lock anew with `provender lock`")
    })?;
    let digest = Sha256::from_bytes(sha2::Sha256::digest(text.as_bytes()).into());
    let facts = LockFacts::of(name, &lock);
    Ok(LockFile { path, text, lock, digest, facts })
}

/// Reads the project's sources, and decides how the service runs.
pub(super) fn runtime(
    context: &Path,
    image: &ImageSettings,
    lock: &LockFile,
) -> Result<Runtime, Diagnostic> {
    let service = inspect(context)?;
    Runtime::decide(&service, image, &lock.facts)
        .map_err(|error| Diagnostic::error("image/undecided", error.to_string()).hint(error.hint()))
}

/// Reads the project's sources.
pub(super) fn inspect(context: &Path) -> Result<Service, Diagnostic> {
    service::inspect(context).map_err(|error| {
        Diagnostic::error("image/context", error.to_string())
            .at(Place::file(shown(context)))
            .hint("name the folder of a project")
    })
}

/// Reads the certificates that the image is to trust: those that are named, else those of the settings in
/// this folder.
pub(super) fn certificates(
    named: &[PathBuf],
    image: &ImageSettings,
    folder: &Path,
) -> Result<Vec<Certificates>, Diagnostic> {
    let (paths, setting) = match named {
        [] => {
            let paths = image.ca_certificates.iter().map(|path| folder.join(path));
            (paths.collect(), "image.ca-certificates")
        }
        named => (named.to_vec(), "--ca-certificate"),
    };
    let read = |path: &PathBuf| {
        let unusable = |message: String| {
            Diagnostic::error("image/ca-certificate", message)
                .at(Place::file(shown(path)))
                .hint("name a file with certificates of authorities in PEM, and nothing besides")
                .decided_by(setting)
        };
        let bytes = bounded(path).map_err(|error| unusable(error.to_string()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Certificates::from_pem(&name, &bytes).map_err(|error| unusable(error.to_string()))
    };
    paths.iter().map(read).collect()
}

/// The bytes of a file, one more at most than are wanted.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The folders in which a Python is looked for that compiles; none where there is to be no bytecode.
pub(super) fn bytecode(image: &ImageSettings) -> Option<Vec<PathBuf>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    (image.bytecode == Bytecode::UncheckedHash).then(|| std::env::split_paths(&path).collect())
}

/// Collects the application's files, and refuses those that hold secrets. What is worth knowing of
/// them is among the notes.
pub(super) fn application(
    context: &Path,
    image: &ImageSettings,
    runtime: &Runtime,
) -> Result<Application, Diagnostic> {
    let ignore = context.join(".dockerignore");
    let dockerignore = match std::fs::read_to_string(&ignore) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let message = format!("the ignore file cannot be read: {error}");
            return Err(Diagnostic::error("image/context", message)
                .at(Place::file(shown(&ignore)))
                .hint("make it readable UTF-8 text, or remove it"));
        }
    };
    let include = runtime.sources.iter().map(|path| path.trim_end_matches('/').to_owned());
    let options = AppOptions {
        workdir: runtime.workdir.clone(),
        dockerignore,
        include: include.collect(),
        ..AppOptions::default()
    };
    let told = |error| told::application(&error, context);
    let mut application = app::collect(context, &options).map_err(told)?;
    let found = application.secrets().map_err(told)?;
    let notes = app::judge(&found, &image.allow_secrets).map_err(told)?;
    application.notes.extend(notes);
    Ok(application)
}
