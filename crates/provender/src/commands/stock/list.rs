//! `provender stock list`.

use std::path::Path;

use provender_index::stock;
use provender_report::stock::{StockedRelease, json, terminal};

use super::told;
use crate::cli::Format;
use crate::commands::store;
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;

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

/// A lock as it is shown.
pub(super) fn lock(name: &str) -> String {
    shown(Path::new(name))
}
