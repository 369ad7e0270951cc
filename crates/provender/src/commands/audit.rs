//! `provender audit`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::inventory::{self, Inventory};
use provender_core::lock::LockError;
use provender_core::{Diagnostic, Place};
use provender_report::audit::{AuditReport, ReportFormat};

use super::audited;
use super::data::{AdvisoryData, Need};
use super::lock::project_folder;
use crate::cli::{AuditArgs, Format, GlobalArgs, LockFormat};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;

/// Locks that are looked for where no target is named, the first that exists being taken.
const LOCKS: [&str; 3] = ["constraints.txt", "pylock.toml", "uv.lock"];

pub(crate) fn run(
    args: &AuditArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, &project_folder(&args.targets))?;
    let targets = if args.targets.is_empty() {
        vec![default_target(&settings)?]
    } else {
        args.targets.clone()
    };
    let mut inventory = Inventory::default();
    for target in &targets {
        inventory.extend(read(target)?);
    }
    let now = Timestamp::now();
    let data = AdvisoryData::of(&settings)?;
    let need = Need::python();
    let mut notes = data.take_in_local(&need, now)?;
    let (snapshot, warnings) = data.usable(&need, now, args.allow_stale)?;
    notes.extend(warnings);
    let mut audit = audited::audit(&snapshot, inventory, &settings, now)?;
    audit.diagnostics.splice(0..0, notes);
    let threshold = settings.fail_on(args.fail_on);
    print(&AuditReport { audit: &audit, threshold, now }, output)?;
    Ok(audited::answer(&audit, threshold))
}

/// Prints an audit in the form that was asked for.
fn print(report: &AuditReport<'_>, output: &Output) -> Result<(), Failure> {
    let format = match output.format {
        Format::Human | Format::Sarif | Format::Github => ReportFormat::Table,
        Format::Json => ReportFormat::Json,
        Format::Text => ReportFormat::Text,
        Format::Markdown => ReportFormat::Markdown,
    };
    if output.format == Format::Human {
        output.diagnostics(&report.audit.diagnostics);
    }
    output.result(&report.render(format, output.style()))?;
    Ok(())
}

fn default_target(settings: &Settings) -> Result<PathBuf, Failure> {
    if let Some(path) = super::stock::default_lock(settings) {
        return Ok(path);
    }
    let configured = settings.file.values.lock.output.as_ref();
    if let Some(path) = configured.map(|path| settings.file.folder.join(path)) {
        return Ok(path);
    }
    let found =
        LOCKS.iter().map(|name| settings.file.folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        Diagnostic::error("audit/no-target", "there is no lock here to audit")
            .hint(format!("name a file, or make a lock; looked for {}", LOCKS.join(", ")))
            .into()
    })
}

/// Reads a target with the files that it includes.
fn read(target: &Path) -> Result<Inventory, Failure> {
    let mut inventory = Inventory::default();
    let mut seen = Vec::new();
    let mut waiting = vec![(target.to_path_buf(), false, None)];
    while let Some((path, constraint, from)) = waiting.pop() {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if seen.contains(&canonical) {
            continue;
        }
        seen.push(canonical);
        let mut read = read_file(&path, from.as_ref())?;
        for include in std::mem::take(&mut read.includes) {
            let folder = path.parent().unwrap_or(Path::new("."));
            let constraint = constraint || include.constraint;
            waiting.push((folder.join(include.target), constraint, Some(include.place)));
        }
        inventory.extend(if constraint { read.as_constraints() } else { read });
    }
    inventory.settle();
    Ok(inventory)
}

fn read_file(path: &Path, from: Option<&Place>) -> Result<Inventory, Failure> {
    let name = PathBuf::from(shown(path));
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("{} does not exist", name.display()),
            std::io::ErrorKind::InvalidData => format!("{} is not UTF-8 text", name.display()),
            _ => format!("cannot read {}: {error}", name.display()),
        };
        let diagnostic = Diagnostic::error("audit/unreadable", message)
            .hint("name a requirements file, a pylock.toml or a uv.lock");
        match from {
            Some(place) => diagnostic.at(place.clone()),
            None => diagnostic,
        }
    })?;
    parse(&text, path, &name)
}

fn parse(text: &str, path: &Path, name: &Path) -> Result<Inventory, Failure> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let read = if file_name == "uv.lock" {
        inventory::from_uv_lock(text, name)
    } else if file_name.starts_with("pylock.") && file_name.ends_with(".toml") {
        inventory::from_pylock(text, name)
    } else if file_name.ends_with(".toml") || file_name.ends_with(".json") {
        return Err(Diagnostic::error(
            "audit/unknown-format",
            "this is no file that can be audited",
        )
        .at(Place::file(name))
        .hint("lock it first, and audit the lock: requirements format, pylock.toml or uv.lock")
        .into());
    } else {
        inventory::from_requirements_txt(text, name)
    };
    read.map_err(|error| malformed(error, name))
}

/// What stands in a lock that was just made and will stand at `path`.
pub(super) fn inventory_of(
    text: &str,
    format: LockFormat,
    path: &Path,
) -> Result<Inventory, Failure> {
    let name = PathBuf::from(shown(path));
    let read = match format {
        LockFormat::Constraints => inventory::from_requirements_txt(text, &name),
        LockFormat::Pylock => inventory::from_pylock(text, &name),
    };
    read.map_err(|error| malformed(error, &name))
}

fn malformed(error: LockError, name: &Path) -> Failure {
    Diagnostic::error("audit/malformed", error.message)
        .at(Place { line: error.line, ..Place::file(name) })
        .hint("the file must be in requirements format, or a pylock.toml or uv.lock by name")
        .into()
}
