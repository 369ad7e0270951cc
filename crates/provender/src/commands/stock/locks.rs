//! The locks that are stocked: read as they are, or made on the way from requirement files.

use std::path::{Path, PathBuf};

use provender_core::lock::{LockError, LockedSource, constraints, pylock};
use provender_core::requirements_txt::{self, Entry, EntryKind, Requirement, RequirementSource};
use provender_core::{Diagnostic, Lock, Place, Platforms, Target};
use provender_index::stock::StockedLock;
use provender_lock::{IndexSettings, LockRequest, Selection, TargetRequest, Upgrade};
use provender_net::Client;
use provender_store::{LockFormat, LockKind};

use crate::cli::{FixArg, LockArgs, StockArgs};
use crate::commands::lock::{self, Plan};
use crate::exit::Failure;
use crate::output::{Output, counted, shown};
use crate::settings::{Settings, variables};

/// Locks that are looked for where none is named, the first that exists being taken.
const LOCKS: [&str; 2] = ["constraints.txt", "pylock.toml"];

/// The lock of the project that is there: the one that `secure` writes, else the project's own.
pub(crate) fn default_lock(settings: &Settings) -> Option<PathBuf> {
    let secured = settings.file.values.secure.output.as_ref();
    let secured = secured.map(|path| settings.file.folder.join(path));
    secured.filter(|path| path.is_file()).or_else(|| own_lock(settings))
}

/// The lock that `provender lock` writes, if it is there.
pub(crate) fn own_lock(settings: &Settings) -> Option<PathBuf> {
    let folder = &settings.file.folder;
    let configured = settings.file.values.lock.output.as_ref().map(|path| folder.join(path));
    match configured {
        Some(path) => path.is_file().then_some(path),
        None => LOCKS.iter().map(|name| folder.join(name)).find(|path| path.is_file()),
    }
}

pub(super) fn none_here() -> Diagnostic {
    Diagnostic::error("stock/no-lock", "there is no lock here to stock").hint(format!(
        "run `provender lock` first, or name a lock; looked for {}",
        LOCKS.join(" and ")
    ))
}

/// Reads a lock, or locks a requirement file on the way.
pub(super) fn read(
    path: &Path,
    args: &StockArgs,
    settings: &Settings,
    client: &Client,
    output: &Output,
) -> Result<StockedLock, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("{} does not exist", shown(path)),
            std::io::ErrorKind::IsADirectory => "this is a folder: name a lock in it".to_owned(),
            std::io::ErrorKind::InvalidData => format!("{} is not UTF-8 text", shown(path)),
            _ => format!("cannot read {}: {error}", shown(path)),
        };
        Diagnostic::error("stock/unreadable", message)
            .hint("name a lock that `provender lock` wrote, or a requirements file")
    })?;
    let name = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let name = name.display().to_string();
    let kind = LockKind::File;
    match form(path) {
        Form::Pylock => {
            let lock = pylock::parse(&text).map_err(|error| malformed(error, path))?;
            Ok(StockedLock { name, kind, format: LockFormat::Pylock, text, lock })
        }
        Form::Requirements => match constraints::parse(&text) {
            Ok(lock) if is_lock(&text, &lock) => {
                Ok(StockedLock { name, kind, format: LockFormat::Constraints, text, lock })
            }
            // What says of itself that it is a lock must be one.
            Err(error) if text.contains("--hash=") => Err(malformed(error, path).into()),
            _ => locked_on_the_way(path, name, args, settings, client, output),
        },
        Form::Project => locked_on_the_way(path, name, args, settings, client, output),
        Form::Unknown => Err(Diagnostic::error("stock/unknown-format", "this is no lock")
            .at(Place::file(shown(path)))
            .hint("name a constraints.txt or a pylock.toml; uv writes one with `uv export`")
            .into()),
    }
}

enum Form {
    Pylock,
    Project,
    Requirements,
    Unknown,
}

fn form(path: &Path) -> Form {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name == "pyproject.toml" {
        Form::Project
    } else if name.starts_with("pylock.") && name.ends_with(".toml") {
        Form::Pylock
    } else if [".toml", ".lock", ".json"].iter().any(|end| name.ends_with(end)) {
        Form::Unknown
    } else {
        Form::Requirements
    }
}

/// Whether a file in requirements format is a lock: written by us, or with hashes.
fn is_lock(text: &str, lock: &Lock) -> bool {
    lock.header.target.is_some()
        || text.contains("--hash=")
            && lock.projects.iter().any(|project| !project.files.is_empty())
            && lock.projects.iter().all(|project| {
                project.version.is_some() || !matches!(project.source, LockedSource::Index(_))
            })
            && entries(text).iter().all(|entry| match &entry.kind {
                EntryKind::Requirement(requirement) => is_pinned(requirement),
                EntryKind::Include { .. } | EntryKind::Option { .. } => true,
            })
}

fn entries(text: &str) -> Vec<Entry> {
    requirements_txt::parse(text).unwrap_or_default()
}

fn is_pinned(requirement: &Requirement) -> bool {
    !matches!(requirement.source, RequirementSource::Index(_)) || requirement.pin().is_some()
}

/// An error for each line of a lock that would have something installed and is no pin: reading
/// the lock passes over it.
pub(super) fn not_stocked(lock: &StockedLock) -> Vec<Diagnostic> {
    if lock.format != LockFormat::Constraints {
        return Vec::new();
    }
    let told = entries(&lock.text).into_iter().filter_map(|entry| {
        let (rule, message, hint) = match entry.kind {
            EntryKind::Requirement(requirement) if !is_pinned(&requirement) => (
                "stock/no-hash",
                format!("`{}` is not pinned to a version", requirement.text),
                "lock it with `provender lock`",
            ),
            EntryKind::Requirement(requirement) if requirement.name.is_none() => (
                "stock/direct",
                format!("`{}` comes from a place that no index can serve", requirement.text),
                "leave it out of the lock, and install it from its place after the rest",
            ),
            EntryKind::Include { target, constraint: false } => (
                "stock/no-hash",
                format!("what {target} asks for is not part of this lock"),
                "name that file as well, or lock both with `provender lock`",
            ),
            _ => return None,
        };
        let place = Place { line: Some(entry.line), ..Place::file(shown(Path::new(&lock.name))) };
        Some(Diagnostic::error(rule, message).at(place).hint(hint))
    });
    told.collect()
}

fn malformed(error: LockError, path: &Path) -> Diagnostic {
    Diagnostic::error("stock/malformed", error.message)
        .at(Place { line: error.line, ..Place::file(shown(path)) })
        .hint("make the lock anew with `provender lock`")
}

fn locked_on_the_way(
    path: &Path,
    name: String,
    args: &StockArgs,
    settings: &Settings,
    client: &Client,
    output: &Output,
) -> Result<StockedLock, Failure> {
    let lock_args = LockArgs {
        inputs: vec![path.to_path_buf()],
        output: Some(PathBuf::from("-")),
        python_version: args.python_version,
        platform: args.platform.clone(),
        universal: args.universal,
        fix: Some(FixArg::Off),
        indexes: args.indexes.clone(),
        refresh: args.refresh,
        ..LockArgs::default()
    };
    let project = lock::project_folder(&lock_args.inputs);
    let plan = Plan::make(&lock_args, settings, &project, client.clone(), None)?;
    let made = lock::make(plan, &lock_args, settings, client, output)?;
    output.say(&format!(
        "locked {} on the way: {}, neither audited nor repaired",
        shown(path),
        counted(made.outcome.lock.projects.len(), "project")
    ));
    let format = LockFormat::Constraints;
    Ok(StockedLock { name, kind: LockKind::File, format, text: made.text, lock: made.outcome.lock })
}

/// A lock from its text as the store remembers it.
pub(crate) fn parse(text: &str, format: LockFormat) -> Result<Lock, LockError> {
    match format {
        LockFormat::Constraints => constraints::parse(text),
        LockFormat::Pylock => pylock::parse(text),
    }
}

/// What the flags say in place of the locks' own targets; what they leave open comes from the
/// first lock that has a target.
pub(super) fn target_override(
    args: &StockArgs,
    locks: &[StockedLock],
) -> Result<Option<Target>, Diagnostic> {
    let platforms = match (args.universal, &args.platform[..]) {
        (true, _) => Some(Platforms::Universal),
        (false, []) => None,
        (false, platforms) => Some(Platforms::Only(platforms.to_vec())),
    };
    if args.python_version.is_none() && platforms.is_none() {
        return Ok(None);
    }
    let own = locks.iter().find_map(|lock| lock.lock.header.target.clone());
    let python = args.python_version.or(own.as_ref().map(|target| target.python));
    let python = python.ok_or_else(|| {
        Diagnostic::error("stock/target", "the lock does not say for which Python it is")
            .hint("name it with --python-version, such as 3.11")
    })?;
    let platforms = platforms.or(own.map(|target| target.platforms));
    Ok(Some(Target { python, platforms: platforms.unwrap_or(Platforms::Universal) }))
}

/// From which requirements are locked and wheels are built.
pub(crate) fn template(
    settings: &Settings,
    client: &Client,
    indexes: &IndexSettings,
    refresh: bool,
) -> LockRequest {
    LockRequest {
        inputs: Vec::new(),
        base: settings.file.folder.clone(),
        output: None,
        present: None,
        selection: Selection::default(),
        target: TargetRequest::default(),
        exclude_newer: None,
        upgrade: Upgrade::Nothing,
        builds: !settings.file.values.lock.no_build,
        indexes: indexes.clone(),
        refresh,
        exclude_dev: None,
        fix: None,
        file_details: false,
        cache_dir: settings.cache_dir(),
        client: client.clone(),
        variables: variables(),
    }
}
