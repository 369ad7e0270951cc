//! `provender advisories show`.

use provender_core::Diagnostic;
use serde::Serialize;

use crate::cli::Format;
use crate::commands::audited::damaged;
use crate::commands::data::{AdvisoryData, told};
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::output::Output;

/// Shows every record with an id or alias.
pub(super) fn show(id: &str, data: &AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    let snapshot = data.catalog.open().map_err(|error| told(&error))?;
    let Some(snapshot) = snapshot else {
        return Err(told(&provender_advisory::CatalogError::NoSource).into());
    };
    let records = snapshot.database.records_named(id).map_err(|error| damaged(&error))?;
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
