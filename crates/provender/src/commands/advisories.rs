//! `provender advisories`.

mod show;
mod status;

use std::path::Path;

use jiff::Timestamp;
use provender_core::Diagnostic;

use super::data::{AdvisoryData, Answered, Updated, told};
use crate::cli::{AdvisoriesArgs, AdvisoriesCommand, GlobalArgs, ImportArgs, UpdateArgs};
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
        AdvisoriesCommand::Update(args) => update(args, &settings, data, output),
        AdvisoriesCommand::Import(args) => import(args, data, output),
        AdvisoriesCommand::Status => status::status(&data, output),
        AdvisoriesCommand::Show { id } => show::show(id, &data, output),
    }
}

fn update(
    args: &UpdateArgs,
    settings: &Settings,
    mut data: AdvisoryData,
    output: &Output,
) -> Result<Answer, Failure> {
    args.forget.iter().try_for_each(|ecosystem| data.forget(*ecosystem))?;
    args.ecosystems.iter().try_for_each(|ecosystem| data.add(*ecosystem))?;
    let client = network::client(settings)?;
    let spinner = crate::progress::Spinner::new(output, "fetching advisory data");
    let Updated { answers, notes } = data.update(&client, Timestamp::now())?;
    spinner.finish();
    output.diagnostics(&notes);
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
    status::show_status(&data, output)?;
    Ok(answer)
}

fn import(args: &ImportArgs, mut data: AdvisoryData, output: &Output) -> Result<Answer, Failure> {
    if let Some(ecosystem) = args.ecosystem {
        data.add(ecosystem)?;
    }
    let of_ecosystem = args.ecosystem.and_then(|ecosystem| data.source_of(ecosystem));
    let name = match args.name.as_ref().or(of_ecosystem) {
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
    let notes = data.import(&name, &args.paths, Timestamp::now())?;
    output.diagnostics(&notes);
    status::show_status(&data, output)?;
    Ok(Answer::Yes)
}
