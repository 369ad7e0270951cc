//! `provender stock list` and `provender stock prune`.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use provender_core::Diagnostic;
use provender_index::stock;
use provender_report::size;
use provender_report::stock::{StockedRelease, json, terminal};
use serde::Serialize;

use super::{summary, told};
use crate::cli::{Format, PruneArgs};
use crate::commands::store;
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;

#[derive(Serialize)]
struct PruneDocument {
    schema: &'static str,
    removed: bool,
    files: Vec<String>,
    bytes: u64,
    forgotten_locks: Vec<String>,
}

/// Shows what is stocked.
pub(super) fn list(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let listed = store::runtime()?.block_on(async {
        let store = store::existing(settings).await?;
        stock::list(&store).await.map_err(|error| told(&error))
    })?;
    let mut releases = Vec::new();
    for project in listed {
        for release in project.releases {
            let mut needed_by: Vec<String> =
                release.files.iter().flat_map(|file| &file.locks).map(|name| lock(name)).collect();
            needed_by.sort();
            needed_by.dedup();
            releases.push(StockedRelease {
                project: project.name.to_string(),
                version: release.version.to_string(),
                files: u64::try_from(release.files.len()).unwrap_or(u64::MAX),
                bytes: release.files.iter().filter_map(|file| file.size).sum(),
                needed_by,
            });
        }
    }
    match output.format {
        Format::Json => output.result(&json(&releases))?,
        _ => output.result(&terminal(&releases, output.style()))?,
    }
    Ok(Answer::Yes)
}

fn lock(name: &str) -> String {
    shown(Path::new(name))
}

/// Removes what no known lock needs.
pub(super) fn prune(
    args: &PruneArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, Failure> {
    store::runtime()?.block_on(async {
        let store = store::existing(settings).await?;
        let plan = stock::prune_plan(&store).await.map_err(|error| told(&error))?;
        let files: Vec<String> = plan.files.iter().map(|file| file.filename.clone()).collect();
        let document = |removed| PruneDocument {
            schema: "provender.stock-prune/1",
            removed,
            files: files.clone(),
            bytes: plan.bytes(),
            forgotten_locks: plan.gone.iter().map(|name| lock(name)).collect(),
        };
        let tell = |removed, text: &str| match output.format {
            Format::Json => {
                output.result(&crate::commands::json(&document(removed))?).map_err(Failure::from)
            }
            _ => output.result(text).map_err(Failure::from),
        };
        if plan.is_empty() {
            tell(false, "every file in stock is needed by a known lock")?;
            return Ok(Answer::Yes);
        }
        for name in &plan.gone {
            output.say(&format!("{} is gone: what only it needs is not needed", lock(name)));
        }
        for file in &files {
            output.say(&format!("  {file}"));
        }
        let what = format!("{}, {}", summary::counted(files.len(), "file"), size(plan.bytes()));
        if args.dry_run {
            tell(false, &format!("would remove {what}"))?;
            return Ok(Answer::Yes);
        }
        if !args.yes && !agreed(&what)? {
            output.say("nothing was removed");
            return Ok(Answer::No);
        }
        stock::prune(&store, &plan).await.map_err(|error| told(&error))?;
        let _ = store.collect_garbage(super::GRACE, jiff::Timestamp::now()).await;
        tell(true, &format!("removed {what}"))?;
        Ok(Answer::Yes)
    })
}

/// Asks, where somebody can answer.
fn agreed(what: &str) -> Result<bool, Diagnostic> {
    if !std::io::stdin().is_terminal() {
        return Err(Diagnostic::error("stock/not-asked", format!("{what} would be removed"))
            .hint("say --yes to remove without being asked, or --dry-run to look only"));
    }
    anstream::eprint!("remove {what}? [y/N] ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    Ok(read.is_ok() && ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}
