//! `provender advisories`.

use std::path::Path;

use jiff::Timestamp;
use provender_advisory::{Freshness, Snapshot};
use provender_core::Diagnostic;
use serde::Serialize;

use super::data::{AdvisoryData, Answered, told};
use super::json;
use crate::cli::{AdvisoriesArgs, AdvisoriesCommand, Format, GlobalArgs, ImportArgs};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Origin, Settings, network};

pub(crate) fn run(
    args: &AdvisoriesArgs,
    global: &GlobalArgs,
    project: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, project)?;
    let data = AdvisoryData::of(&settings)?;
    match &args.command {
        AdvisoriesCommand::Update => update(&settings, &data, output),
        AdvisoriesCommand::Import(args) => import(args, &data, output),
        AdvisoriesCommand::Status => status(&data, output),
        AdvisoriesCommand::Show { id } => show(id, &data, output),
    }
}

fn update(settings: &Settings, data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    let client = network::client(settings)?;
    let spinner = crate::progress::Spinner::new(output, "fetching advisory data");
    let answers = data.update(&client, Timestamp::now())?;
    spinner.finish();
    let mut answer = Answer::Yes;
    for (source, answered) in answers {
        match answered {
            Answered::New => output.say(&format!("{}: new data", source.name)),
            Answered::Unchanged => output.say(&format!("{}: nothing newer", source.name)),
            Answered::Failed(mut diagnostic) => {
                diagnostic.message =
                    format!("the source `{}` gave nothing: {}", source.name, diagnostic.message);
                let state = data.catalog.state().map_err(|error| told(&error))?;
                let kept = state.source(&source.name).is_some();
                if kept || source.optional {
                    diagnostic.level = provender_core::Level::Warning;
                } else {
                    answer = Answer::Missing;
                }
                output.diagnostics(&[*diagnostic]);
            }
        }
    }
    show_status(data, output)?;
    Ok(answer)
}

fn import(args: &ImportArgs, data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    let name = match &args.name {
        Some(name) => name.clone(),
        // What crosses the air gap by hand stands for the source that would be fetched.
        None => {
            let fetched =
                data.sources.iter().find(|source| matches!(source.origin, Origin::Url(_)));
            let first = fetched.or(data.sources.first());
            first.map(|source| source.name.clone()).unwrap_or_default()
        }
    };
    if !data.sources.iter().any(|source| source.name == name) {
        let known: Vec<&str> = data.sources.iter().map(|source| source.name.as_str()).collect();
        return Err(Diagnostic::error(
            "advisories/unknown-source",
            format!("no source is called `{name}`"),
        )
        .hint(format!("name one of: {}; sources stand in provender.toml", known.join(", ")))
        .decided_by("--name")
        .into());
    }
    let mut update = data.catalog.update().map_err(|error| told(&error))?;
    update.import(&name, &args.paths, Timestamp::now()).map_err(|error| told(&error))?;
    update.commit().map_err(|error| told(&error))?;
    show_status(data, output)?;
    Ok(Answer::Yes)
}

fn status(data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    let usable = show_status(data, output)?;
    Ok(if usable { Answer::Yes } else { Answer::Missing })
}

#[derive(Serialize)]
struct StatusDocument {
    schema: &'static str,
    digest: Option<String>,
    records: u64,
    newest: Option<Timestamp>,
    stale: bool,
    usable: bool,
    sources: Vec<StatusSource>,
}

#[derive(Serialize)]
struct StatusSource {
    name: String,
    origin: String,
    optional: bool,
    fetched_at: Option<Timestamp>,
    records: u64,
    newest: Option<Timestamp>,
}

/// Prints the state of the data; whether an answer can stand on it.
fn show_status(data: &AdvisoryData, output: &Output) -> Result<bool, Failure> {
    let now = Timestamp::now();
    let snapshot = data.catalog.open().map_err(|error| told(&error))?;
    if let Some(snapshot) = &snapshot {
        snapshot.database.verify().map_err(|error| {
            Diagnostic::error("advisories/damaged", error.to_string())
                .hint("run `provender advisories update`, or import the data again")
        })?;
    }
    let state = data.catalog.state().map_err(|error| told(&error))?;
    let freshness = data.freshness(&state, now);
    let usable = snapshot.is_some() && freshness.is_usable();
    let document = document(data, snapshot.as_ref(), &freshness, usable);
    let text = match output.format {
        Format::Json => json(&document)?,
        _ => human(&document, &freshness, now),
    };
    output.result(&text)?;
    Ok(usable)
}

fn document(
    data: &AdvisoryData,
    snapshot: Option<&Snapshot>,
    freshness: &Freshness,
    usable: bool,
) -> StatusDocument {
    let stamp = snapshot.map(Snapshot::stamp);
    let sources = data.sources.iter().map(|source| {
        let kept = snapshot.and_then(|snapshot| snapshot.state.source(&source.name));
        StatusSource {
            name: source.name.clone(),
            origin: match &source.origin {
                Origin::Url(url) => provender_core::redact::redacted(url),
                Origin::Path(path) => crate::output::shown(path),
            },
            optional: source.optional,
            fetched_at: kept.map(|kept| kept.fetched_at),
            records: kept.map_or(0, |kept| kept.records),
            newest: kept.and_then(|kept| kept.newest),
        }
    });
    StatusDocument {
        schema: "provender.advisories/1",
        digest: stamp.as_ref().map(|stamp| stamp.digest.to_string()),
        records: stamp.as_ref().map_or(0, |stamp| stamp.records),
        newest: stamp.as_ref().and_then(|stamp| stamp.newest),
        stale: freshness.stale,
        usable,
        sources: sources.collect(),
    }
}

fn human(document: &StatusDocument, freshness: &Freshness, now: Timestamp) -> String {
    let mut lines = Vec::new();
    match (&document.digest, document.newest) {
        (Some(digest), newest) => {
            let newest = newest.map(|newest| newest.strftime("%Y-%m-%d").to_string());
            lines.push(format!(
                "{} records, newest {}, digest {}",
                document.records,
                newest.as_deref().unwrap_or("unknown"),
                &digest[..12],
            ));
        }
        (None, _) => lines.push("no advisory data yet".to_owned()),
    }
    for source in &document.sources {
        let kind = if source.optional { "optional, " } else { "" };
        let told = match source.fetched_at {
            Some(fetched_at) => {
                let age = age(now, fetched_at);
                format!("{} records, fetched {age}", source.records)
            }
            None => "never answered".to_owned(),
        };
        lines.push(format!("  {}  {kind}{told}  ({})", source.name, source.origin));
    }
    if document.usable {
        lines.push("an audit can stand on this data".to_owned());
    } else if freshness.stale {
        lines.push("the data is stale: an audit needs --allow-stale".to_owned());
    } else {
        lines.push(
            "an audit cannot stand on this: run `provender advisories update`, or import data"
                .to_owned(),
        );
    }
    lines.join("\n")
}

fn age(now: Timestamp, then: Timestamp) -> String {
    let hours = now.duration_since(then).as_hours();
    match hours {
        ..1 => "less than an hour ago".to_owned(),
        1..48 => format!("{hours} hours ago"),
        _ => format!("{} days ago", hours / 24),
    }
}

fn show(id: &str, data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    let snapshot = data.catalog.open().map_err(|error| told(&error))?;
    let Some(snapshot) = snapshot else {
        return Err(told(&provender_advisory::CatalogError::NoSource).into());
    };
    let records = snapshot.database.records_named(id).map_err(|error| {
        Diagnostic::error("advisories/damaged", error.to_string())
            .hint("run `provender advisories update`, or import the data again")
    })?;
    if records.is_empty() {
        output.diagnostics(&[Diagnostic::error(
            "advisories/unknown-id",
            format!("no record has the id or alias `{id}`"),
        )
        .hint("check the spelling, and the age of the data with `provender advisories status`")]);
        return Ok(Answer::No);
    }
    let values: Vec<serde_json::Value> =
        records.iter().filter_map(|record| serde_json::from_slice(record).ok()).collect();
    let text = match output.format {
        Format::Json => json(&ShowDocument { schema: "provender.advisory/1", records: values })?,
        _ => values.iter().map(record).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text)?;
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct ShowDocument {
    schema: &'static str,
    records: Vec<serde_json::Value>,
}

/// One record for people.
fn record(value: &serde_json::Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| {
        let items = value[key].as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut lines = vec![text("id")];
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {name:<10} {value}"));
        }
    };
    say("aliases", list("aliases").join(", "));
    say("summary", text("summary"));
    say("published", text("published"));
    say("modified", text("modified"));
    say("withdrawn", text("withdrawn"));
    for severity in value["severity"].as_array().into_iter().flatten() {
        say("severity", severity["score"].as_str().unwrap_or_default().to_owned());
    }
    for affected in value["affected"].as_array().into_iter().flatten() {
        let package = &affected["package"];
        let name = package["name"].as_str().unwrap_or_default();
        say("affects", format!("{name} ({})", package["ecosystem"].as_str().unwrap_or_default()));
        for range in affected["ranges"].as_array().into_iter().flatten() {
            let events = range["events"].as_array().into_iter().flatten();
            let events = events.flat_map(|event| event.as_object().into_iter().flatten());
            let told: Vec<String> = events
                .map(|(kind, at)| format!("{kind} {}", at.as_str().unwrap_or_default()))
                .collect();
            let kind = range["type"].as_str().unwrap_or_default().to_lowercase();
            say("", format!("{kind}: {}", told.join(", ")));
        }
    }
    for reference in value["references"].as_array().into_iter().flatten() {
        say("see", reference["url"].as_str().unwrap_or_default().to_owned());
    }
    let details = text("details");
    if !details.is_empty() {
        lines.push(String::new());
        lines.extend(details.lines().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    let shown: String = lines.join("\n");
    shown.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}
