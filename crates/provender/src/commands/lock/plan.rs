//! From flags and settings to a request for a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use provender_core::lock::{constraints, pylock};
use provender_core::{Diagnostic, Lock, Place, Platforms};
use provender_lock::{
    DevRequirements, FixPolicy, FixStep, LockRequest, Selection, TargetRequest, Upgrade,
};
use provender_net::Client;

use super::folder_of;
use crate::cli::{FixArg, LockArgs, LockFormat};
use crate::output::shown;
use crate::settings::file::instant;
use crate::settings::indexes::{self, bad};
use crate::settings::{Settings, variables};

/// Inputs that are looked for where none is named.
pub(crate) const INPUTS: [&str; 3] = ["pyproject.toml", "requirements.in", "requirements.txt"];

/// What will be locked, and where it goes.
pub(crate) struct Plan {
    pub(crate) request: LockRequest,
    /// Where the lock is written; none means stdout.
    pub(crate) output: Option<PathBuf>,
    pub(crate) format: LockFormat,
    /// What stands there now.
    pub(crate) present_text: Option<String>,
    /// What deserves to be known of how this was decided.
    pub(crate) notes: Vec<Diagnostic>,
    /// The setting that decided how far pins may move.
    pub(crate) fix_setting: &'static str,
}

/// The folder from which settings are looked for.
pub(crate) fn project_folder(inputs: &[PathBuf]) -> PathBuf {
    inputs.first().map_or_else(|| PathBuf::from("."), |input| folder_of(input))
}

impl Plan {
    /// Decides everything that is not decided by the inputs themselves. Where no lock stands in
    /// its place yet, the pins of `start_from` are the present ones.
    pub(crate) fn make(
        args: &LockArgs,
        settings: &Settings,
        project: &Path,
        client: Client,
        start_from: Option<&Path>,
    ) -> Result<Self, Diagnostic> {
        let table = &settings.file.values.lock;
        let inputs = inputs(args, settings, project)?;
        let output = output(args, settings, &inputs[0]);
        if args.check && output.is_none() {
            let message = "there is no file to check where the lock goes to stdout";
            return Err(Diagnostic::error("cli/check-stdout", message)
                .hint("name the lock with -o")
                .decided_by("--check"));
        }
        let format = format(args, output.as_deref());
        let base = output.as_deref().map_or_else(|| folder_of(&inputs[0]), folder_of);
        // A lock that goes to stdout still starts from the one that stands in its usual place.
        let usual = output.clone().or_else(|| usual_output(args, settings, &inputs[0]));
        let present_text = usual.as_deref().map(read_present).transpose()?.flatten();
        let present = match (&present_text, &usual, start_from) {
            (Some(text), Some(path), _) => Some(parse_present(text, path, format)?),
            (None, _, Some(path)) => match read_present(path)? {
                Some(text) => Some(parse_present(&text, path, format)?),
                None => None,
            },
            _ => None,
        };
        let (fix, fix_setting) = fix(args, settings)?;
        let (indexes, notes) = indexes::gather(&args.indexes, settings)?;
        let exclude_newer = match (&args.exclude_newer, &table.exclude_newer) {
            (Some(text), _) => Some(date(text, "--exclude-newer")?),
            (None, Some(date_)) => Some(date(&date_.to_string(), "lock.exclude-newer")?),
            (None, None) => None,
        };
        let exclude_dev = args.exclude_dev || (table.exclude_dev && !args.include_dev);
        let request = LockRequest {
            inputs,
            base,
            output: usual,
            present,
            selection: selection(args, settings)?,
            target: target(args, settings)?,
            exclude_newer,
            upgrade: upgrade(args),
            builds: !(args.no_build || table.no_build),
            indexes,
            refresh: args.refresh,
            exclude_dev: exclude_dev.then(|| DevRequirements {
                projects: table.dev.projects.clone(),
                keep: table.dev.keep.clone(),
                files: table.dev.files.clone(),
                groups: table.dev.groups.clone(),
            }),
            fix,
            file_details: format == LockFormat::Pylock,
            cache_dir: settings.cache_dir(),
            client,
            variables: variables(),
        };
        Ok(Self { request, output, format, present_text, notes, fix_setting })
    }
}

fn inputs(
    args: &LockArgs,
    settings: &Settings,
    project: &Path,
) -> Result<Vec<PathBuf>, Diagnostic> {
    if !args.inputs.is_empty() {
        return Ok(args.inputs.clone());
    }
    let configured = &settings.file.values.lock.inputs;
    if !configured.is_empty() {
        return Ok(configured.iter().map(|input| settings.file.folder.join(input)).collect());
    }
    let found = INPUTS.iter().map(|name| project.join(name)).find(|path| says_what_to_lock(path));
    found.map(|input| vec![input]).ok_or_else(|| {
        Diagnostic::error("lock/no-input", "there is nothing here to lock")
            .hint(format!("name a file, or set `[lock] inputs`; looked for {}", INPUTS.join(", ")))
    })
}

/// Whether a file is there and has requirements; a `pyproject.toml` often only configures tools.
pub(crate) fn says_what_to_lock(path: &Path) -> bool {
    if path.extension().is_none_or(|extension| extension != "toml") {
        return path.is_file();
    }
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    // One that cannot be read as TOML is taken, so that the reader can say what is wrong with it.
    text.parse::<toml::Table>().map_or(true, |table| table.contains_key("project"))
}

fn output(args: &LockArgs, settings: &Settings, first: &Path) -> Option<PathBuf> {
    match &args.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None => usual_output(args, settings, first),
    }
}

/// Where the lock stands when nobody says otherwise on the command line.
fn usual_output(args: &LockArgs, settings: &Settings, first: &Path) -> Option<PathBuf> {
    Some(match &settings.file.values.lock.output {
        // A file that is named on the command line has its lock beside it.
        Some(path) if args.inputs.is_empty() => settings.file.folder.join(path),
        _ => folder_of(first).join("constraints.txt"),
    })
}

fn format(args: &LockArgs, output: Option<&Path>) -> LockFormat {
    let by_name = || {
        let name = output.and_then(Path::file_name)?.to_str()?;
        (name.starts_with("pylock.") && name.ends_with(".toml")).then_some(LockFormat::Pylock)
    };
    args.lock_format.or_else(by_name).unwrap_or(LockFormat::Constraints)
}

fn read_present(path: &Path) -> Result<Option<String>, Diagnostic> {
    // A device or a pipe would be read without end, and then replaced by a file.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Diagnostic::error("lock/output", "a lock is written to a file")
            .at(Place::file(shown(path)))
            .hint("name a file with -o, or write to stdout with `-o -`"));
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Diagnostic::error("lock/present-unreadable", format!("cannot read it: {error}"))
                .at(Place::file(shown(path)))
                .hint("remove it to start afresh, or write elsewhere with -o"))
        }
    }
}

fn parse_present(text: &str, path: &Path, format: LockFormat) -> Result<Lock, Diagnostic> {
    let parsed = match format {
        LockFormat::Constraints => constraints::parse(text),
        LockFormat::Pylock => pylock::parse(text),
    };
    parsed.map_err(|error| {
        Diagnostic::error("lock/present-malformed", error.message)
            .at(Place { line: error.line, ..Place::file(shown(path)) })
            .hint("present pins are read from this file: mend it, or remove it to start afresh")
    })
}

fn selection(args: &LockArgs, settings: &Settings) -> Result<Selection, Diagnostic> {
    let table = &settings.file.values.lock;
    let mut extras: BTreeSet<_> = args.extra.iter().cloned().collect();
    let mut groups: BTreeSet<_> = args.group.iter().cloned().collect();
    for name in &table.extras {
        extras.insert(name.parse().map_err(|_| bad(name, "an extra", "lock.extras"))?);
    }
    for name in &table.groups {
        groups.insert(name.parse().map_err(|_| bad(name, "a group", "lock.groups"))?);
    }
    Ok(Selection { extras, all_extras: args.all_extras, groups })
}

fn target(args: &LockArgs, settings: &Settings) -> Result<TargetRequest, Diagnostic> {
    let table = &settings.file.values.lock;
    let python = match (&args.python_version, &table.python_version) {
        (Some(version), _) => Some(*version),
        (None, Some(text)) => {
            Some(text.parse().map_err(|error: provender_core::target::TargetError| {
                Diagnostic::error("settings/malformed", error.to_string())
                    .hint("correct lock.python-version")
                    .decided_by("lock.python-version")
            })?)
        }
        (None, None) => None,
    };
    let platforms = if args.universal {
        Some(Platforms::Universal)
    } else if !args.platform.is_empty() {
        Some(Platforms::Only(args.platform.clone()))
    } else if table.universal {
        Some(Platforms::Universal)
    } else if table.platform.is_empty() {
        None
    } else {
        let parsed: Result<_, _> = table.platform.iter().map(|text| text.parse()).collect();
        Some(Platforms::Only(parsed.map_err(|error: provender_core::target::TargetError| {
            Diagnostic::error("settings/malformed", error.to_string())
                .hint("correct lock.platform")
                .decided_by("lock.platform")
        })?))
    };
    Ok(TargetRequest { python, platforms })
}

fn upgrade(args: &LockArgs) -> Upgrade {
    if args.upgrade {
        Upgrade::All
    } else if args.upgrade_package.is_empty() {
        Upgrade::Nothing
    } else {
        Upgrade::Only(args.upgrade_package.iter().cloned().collect())
    }
}

fn fix(
    args: &LockArgs,
    settings: &Settings,
) -> Result<(Option<FixPolicy>, &'static str), Diagnostic> {
    let table = &settings.file.values.lock;
    let step = |text: &str, setting: &str| {
        text.parse::<FixStep>().map_err(|error| {
            Diagnostic::error("settings/malformed", error.to_string())
                .hint(format!("correct {setting}"))
                .decided_by(setting)
        })
    };
    let (default, setting) = match (args.fix, table.fix.as_deref()) {
        (Some(FixArg::Off), _) => return Ok((None, "--fix off")),
        (Some(FixArg::Patch), _) => (FixStep::Patch, "--fix patch"),
        (Some(FixArg::Minor), _) => (FixStep::Minor, "--fix minor"),
        (Some(FixArg::Major), _) => (FixStep::Major, "--fix major"),
        (None, Some("off")) => return Ok((None, "lock.fix")),
        (None, Some(text)) => (step(text, "lock.fix")?, "lock.fix"),
        (None, None) => (FixStep::default(), "the default of --fix"),
    };
    let mut projects = BTreeMap::new();
    for (name, text) in &table.fix_project {
        projects.insert(name.clone(), step(text, "lock.fix-project")?);
    }
    Ok((Some(FixPolicy { default, projects }), setting))
}

fn date(text: &str, setting: &str) -> Result<jiff::Timestamp, Diagnostic> {
    instant(text).ok_or_else(|| bad(text, "a date such as 2026-01-31 or an instant", setting))
}
