//! `provender advisories status`.

use jiff::Timestamp;
use provender_advisory::{EcosystemStamp, Freshness, Snapshot};
use serde::Serialize;

use crate::cli::Format;
use crate::commands::audited::damaged;
use crate::commands::data::{AdvisoryData, Need, told};
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::Origin;
use crate::settings::ecosystem::Ecosystem;

/// Says which data there is.
pub(super) fn status(data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
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
    ecosystems: Vec<StatusEcosystem>,
}

#[derive(Serialize)]
struct StatusSource {
    name: String,
    origin: String,
    ecosystem: Option<&'static str>,
    optional: bool,
    fetched_at: Option<Timestamp>,
    records: u64,
    newest: Option<Timestamp>,
}

#[derive(Serialize)]
struct StatusEcosystem {
    ecosystem: String,
    records: u64,
    newest: Option<Timestamp>,
}

/// Prints the state of the data; whether an answer can stand on it.
pub(super) fn show_status(data: &AdvisoryData, output: &Output) -> Result<bool, Failure> {
    let now = Timestamp::now();
    let snapshot = data.catalog.open().map_err(|error| told(&error))?;
    if let Some(snapshot) = &snapshot {
        snapshot.database.verify().map_err(|error| damaged(&error))?;
    }
    let state = data.catalog.state().map_err(|error| told(&error))?;
    let freshness = data.freshness(&Need::python(), &state, now);
    let usable = snapshot.is_some() && freshness.is_usable();
    let document = document(data, snapshot.as_ref(), &freshness, usable)?;
    let text = match output.format {
        Format::Json => json(&document)?,
        _ => human(&document, data, &freshness, now),
    };
    output.result(&text)?;
    Ok(usable)
}

fn document(
    data: &AdvisoryData,
    snapshot: Option<&Snapshot>,
    freshness: &Freshness,
    usable: bool,
) -> Result<StatusDocument, Failure> {
    let stamp = snapshot.map(Snapshot::stamp);
    let sources = data.sources.iter().map(|source| {
        let kept = snapshot.and_then(|snapshot| snapshot.state.source(&source.name));
        StatusSource {
            name: source.name.clone(),
            origin: match &source.origin {
                Origin::Url(url) => provender_core::redact::redacted(url),
                Origin::Path(path) => crate::output::shown(path),
            },
            ecosystem: source.ecosystem.map(Ecosystem::name),
            optional: source.optional,
            fetched_at: kept.map(|kept| kept.fetched_at),
            records: kept.map_or(0, |kept| kept.records),
            newest: kept.and_then(|kept| kept.newest),
        }
    });
    let ecosystems = match snapshot {
        Some(snapshot) => snapshot.database.ecosystems().map_err(|error| damaged(&error))?,
        None => Vec::new(),
    };
    let ecosystems = ecosystems.into_iter().map(|(ecosystem, stamp)| {
        let EcosystemStamp { records, newest } = stamp;
        StatusEcosystem { ecosystem, records, newest }
    });
    Ok(StatusDocument {
        schema: "provender.advisories/1",
        digest: stamp.as_ref().map(|stamp| stamp.digest.to_string()),
        records: stamp.as_ref().map_or(0, |stamp| stamp.records),
        newest: stamp.as_ref().and_then(|stamp| stamp.newest),
        stale: freshness.stale,
        usable,
        sources: sources.collect(),
        ecosystems: ecosystems.collect(),
    })
}

fn human(
    document: &StatusDocument,
    data: &AdvisoryData,
    freshness: &Freshness,
    now: Timestamp,
) -> String {
    let mut lines = Vec::new();
    match (&document.digest, document.newest) {
        (Some(digest), newest) => {
            let (newest, digest) = (day(newest), &digest[..12]);
            lines.push(format!("{} records, newest {newest}, digest {digest}", document.records));
        }
        (None, _) => lines.push("no advisory data yet".to_owned()),
    }
    for source in &document.sources {
        let kind = if source.optional { "optional, " } else { "" };
        let told = match source.fetched_at {
            Some(fetched_at) => {
                let stale = if data.is_stale(fetched_at, now) { ", stale" } else { "" };
                let age = age(now, fetched_at);
                format!("{} records, fetched {age}{stale}", source.records)
            }
            None => "never answered".to_owned(),
        };
        lines.push(format!("  {}  {kind}{told}  ({})", source.name, source.origin));
    }
    // Of Python alone there is nothing to say that was not said.
    if document.ecosystems.iter().any(|one| one.ecosystem != Ecosystem::PyPI.name()) {
        lines.push("for".to_owned());
        for StatusEcosystem { ecosystem, records, newest } in &document.ecosystems {
            lines.push(format!("  {ecosystem}  {records} records, newest {}", day(*newest)));
        }
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

fn day(newest: Option<Timestamp>) -> String {
    let day = newest.map(|newest| newest.strftime("%Y-%m-%d").to_string());
    day.unwrap_or_else(|| "unknown".to_owned())
}

fn age(now: Timestamp, then: Timestamp) -> String {
    let hours = now.duration_since(then).as_hours();
    match hours {
        ..1 => "less than an hour ago".to_owned(),
        1..48 => format!("{hours} hours ago"),
        _ => format!("{} days ago", hours / 24),
    }
}
