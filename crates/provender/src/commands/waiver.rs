//! `provender waiver`: the accepted risks of `provender.toml`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use provender_core::audit::{Waiver, WaiverEnd, WaiverScope};
use provender_core::{Diagnostic, Place};
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::json;
use crate::cli::{AddArgs, Format, GlobalArgs, WaiverArgs, WaiverCommand};
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::{Output, shown};
use crate::settings::Settings;
use crate::settings::file::FILE_NAME;

pub(crate) fn run(
    args: &WaiverArgs,
    global: &GlobalArgs,
    project: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, project)?;
    match &args.command {
        WaiverCommand::Add(args) => add(args, &settings, output),
        WaiverCommand::List => list(&settings, output),
        WaiverCommand::Prune => prune(&settings, output),
    }
}

fn add(args: &AddArgs, settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let until = match args.until.as_str() {
        "fixed" => WaiverEnd::Fixed,
        text => WaiverEnd::Date(text.parse().map_err(|_| {
            Diagnostic::error("waiver/end", format!("`{text}` is no end of a waiver"))
                .hint("give the last day it holds, such as 2027-01-31, or `fixed`")
                .decided_by("--until")
        })?),
    };
    for (flag, text) in [("--reason", &args.reason), ("--owner", &args.owner)] {
        if text.trim().is_empty() {
            let message = format!("a waiver needs something to say for {flag}");
            return Err(Diagnostic::error("waiver/empty", message)
                .hint("say why the risk is accepted and who answers for it")
                .decided_by(flag)
                .into());
        }
    }
    if is_over(until) {
        let message = format!("{until} is over already: the waiver would waive nothing");
        return Err(Diagnostic::error("waiver/end", message)
            .hint("give the last day it holds, such as 2027-01-31, or `fixed`")
            .decided_by("--until")
            .into());
    }
    let scope = WaiverScope::from(args.scope);
    let same = |waiver: &&Waiver| {
        (&waiver.id, &waiver.project, waiver.scope) == (&args.id, &args.project, scope)
    };
    if settings.file.values.waivers.iter().any(|waiver| same(&waiver)) {
        return Err(Diagnostic::error(
            "waiver/exists",
            format!("{} is already waived for {}", args.id, args.project),
        )
        .at(Place::file(shown(&path(settings))))
        .hint("change that waiver in the file")
        .into());
    }
    let (path, mut document) = open(settings)?;
    let waivers = document.entry("waiver").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(waivers) = waivers.as_array_of_tables_mut() else {
        return Err(Diagnostic::error("settings/malformed", "`waiver` is not a list of tables")
            .at(Place::file(shown(&path)))
            .hint("write each waiver as a `[[waiver]]` table")
            .into());
    };
    let mut table = Table::new();
    table["id"] = value(&args.id);
    table["project"] = value(args.project.as_str());
    table["reason"] = value(&args.reason);
    table["owner"] = value(&args.owner);
    table["until"] = value(until.to_string());
    if scope == WaiverScope::Image {
        table["scope"] = value("image");
    }
    waivers.push(table);
    file::replace(&path, &document.to_string())?;
    output.say(&format!("{} is accepted for {} in {}", args.id, args.project, shown(&path)));
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct ListDocument<'a> {
    schema: &'static str,
    waivers: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    waiver: &'a Waiver,
    expired: bool,
}

fn list(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let waivers: Vec<Listed<'_>> = settings
        .file
        .values
        .waivers
        .iter()
        .map(|waiver| Listed { waiver, expired: has_expired(waiver) })
        .collect();
    let text = match output.format {
        Format::Json => json(&ListDocument { schema: "provender.waivers/1", waivers })?,
        _ if waivers.is_empty() => "no waivers".to_owned(),
        _ => waivers.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text)?;
    Ok(Answer::Yes)
}

fn line(listed: &Listed<'_>) -> String {
    let Waiver { id, project, reason, owner, until, scope } = listed.waiver;
    let end = match (until, listed.expired) {
        (WaiverEnd::Fixed, _) => "until a fix exists".to_owned(),
        (WaiverEnd::Date(date), false) => format!("until {date}"),
        (WaiverEnd::Date(date), true) => format!("expired on {date}"),
    };
    let place = match scope {
        WaiverScope::Everywhere => "",
        WaiverScope::Image => "  in images",
    };
    format!("{id}  {project}{place}  {end}  {owner}: {reason}")
}

fn prune(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let waivers = &settings.file.values.waivers;
    let expired: Vec<bool> = waivers.iter().map(has_expired).collect();
    let count = expired.iter().filter(|expired| **expired).count();
    if count > 0 {
        let (path, mut document) = open(settings)?;
        let mut holds = expired.iter().map(|expired| !expired);
        let mut holds = || holds.next().unwrap_or(true);
        match &mut document["waiver"] {
            Item::ArrayOfTables(tables) => tables.retain(|_| holds()),
            // `waiver = [{ ... }, ...]` says the same.
            Item::Value(Value::Array(tables)) => tables.retain(|_| holds()),
            _ => {}
        }
        file::replace(&path, &document.to_string())?;
    }
    output.say(&format!(
        "{count} expired {} taken out",
        if count == 1 { "waiver" } else { "waivers" }
    ));
    Ok(Answer::Yes)
}

fn has_expired(waiver: &Waiver) -> bool {
    is_over(waiver.until)
}

fn is_over(end: WaiverEnd) -> bool {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    matches!(end, WaiverEnd::Date(date) if date < today)
}

fn path(settings: &Settings) -> PathBuf {
    settings.file.path.clone().unwrap_or_else(|| settings.file.folder.join(FILE_NAME))
}

/// The settings file as it stands, comments and layout kept; a new one where there is none.
fn open(settings: &Settings) -> Result<(PathBuf, DocumentMut), Failure> {
    let path = path(settings);
    let text = match &settings.file.path {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Diagnostic::error("settings/unreadable", format!("cannot read the settings: {error}"))
                .at(Place::file(shown(path)))
        })?,
        None => String::new(),
    };
    let document = text.parse().map_err(|error: toml_edit::TomlError| {
        Diagnostic::error("settings/malformed", error.message().to_owned())
            .at(Place::file(shown(&path)))
    })?;
    Ok((path, document))
}
