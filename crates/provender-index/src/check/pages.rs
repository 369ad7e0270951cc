//! The step `pages`: every page says of every file what it is, in both formats.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use provender_core::check::Step;
use provender_core::{Diagnostic, ProjectName, Sha256};
use provender_net::{Fetched, redact};
use provender_store::{STOCK, StockedFile, Store, StoreError};
use url::Url;

use super::answers::{FORMATS, Reached};
use super::complaint::{count, names, store_failed};
use super::listing;
use super::request::CheckObserver;
use crate::simple::{JSON, PageFile, ProjectPage};

pub(super) const ID: &str = "pages";
pub(super) const TITLE: &str = "the pages agree with the files";

/// How many pages are asked for at once.
const AT_ONCE: usize = 8;

/// How many disagreements of a page are told.
const TOLD: usize = 8;

pub(super) async fn step(store: &Store, reached: &Reached, observer: &dyn CheckObserver) -> Step {
    match look(store, reached, observer).await {
        Ok(step) => step,
        Err(error) => store_failed(ID, TITLE, &error),
    }
}

async fn look(
    store: &Store,
    reached: &Reached,
    observer: &dyn CheckObserver,
) -> Result<Step, StoreError> {
    let expected = expected(store).await?;
    if expected.is_empty() {
        return Ok(Step::not_run(ID, TITLE, "there is no file to be listed", Vec::new()));
    }
    let projects: BTreeSet<_> = expected.keys().cloned().collect();
    let total = (expected.len() + 1) * FORMATS.len();
    let mut asked = 0;
    let mut bad: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (format, accept) in FORMATS {
        let wrong = list(reached, &projects, accept).await;
        asked += 1;
        observer.progressed(ID, asked, total);
        if !wrong.is_empty() {
            let told = wrong.into_iter().map(|wrong| format!("{format}: {wrong}"));
            bad.entry("the list of projects".to_owned()).or_default().extend(told);
        }
    }
    let pages = expected.iter().flat_map(|page| FORMATS.map(|format| (page, format)));
    let mut answers = stream::iter(pages)
        .map(|((project, files), (format, accept))| async move {
            (project, format, project_page(reached, project, files, accept).await)
        })
        .buffered(AT_ONCE);
    while let Some((project, format, wrong)) = answers.next().await {
        asked += 1;
        observer.progressed(ID, asked, total);
        if !wrong.is_empty() {
            let told = wrong.into_iter().map(|wrong| format!("{format}: {wrong}"));
            bad.entry(format!("the page of {project}")).or_default().extend(told);
        }
    }
    let projects = count(expected.len(), "project");
    if bad.is_empty() {
        let files = count(expected.values().map(Vec::len).sum(), "file");
        let summary = format!("{projects} with {files}, and their list, in JSON and HTML");
        return Ok(Step::passed(ID, TITLE, summary));
    }
    let (wrong, diagnostics): (Vec<_>, Vec<_>) = bad
        .into_iter()
        .map(|(page, wrong)| {
            let diagnostic = diagnostic(reached, &page, &wrong);
            (page, diagnostic)
        })
        .unzip();
    let do_not = if wrong.len() == 1 { "does not agree" } else { "do not agree" };
    let summary = format!("{projects}; {} {do_not}", names(&wrong));
    Ok(Step::failed(ID, TITLE, summary, diagnostics))
}

/// What has to stand on the page of each project: the files that are present, with the length that
/// they really have.
async fn expected(store: &Store) -> Result<BTreeMap<ProjectName, Vec<PageFile>>, StoreError> {
    let files = store.database().all_files(STOCK).await?;
    let digests: Vec<_> = files.iter().map(|file| file.record.sha256).collect();
    let infos = store.blobs().infos(&digests).await?;
    let sizes: BTreeMap<Sha256, u64> =
        infos.into_iter().flatten().map(|info| (info.sha256, info.size)).collect();
    let mut projects: BTreeMap<ProjectName, Vec<StockedFile>> = BTreeMap::new();
    for file in files {
        projects.entry(file.record.project.clone()).or_default().push(file);
    }
    let pages = projects.into_iter().map(|(project, files)| {
        let mut page = ProjectPage::of_stocked(&project, &files);
        for file in &mut page.files {
            file.size = file.sha256.and_then(|sha256| sizes.get(&sha256).copied()).or(file.size);
        }
        (project, page.files)
    });
    Ok(pages.collect())
}

/// What came in answer to a request for a page.
struct Came {
    url: Url,
    content_type: String,
    body: Vec<u8>,
    is_json: bool,
}

async fn fetch(reached: &Reached, path: &str, accept: &str) -> Result<Came, String> {
    let url = reached.simple.join(path).map_err(|error| error.to_string())?;
    let answer = reached.client.get(&url).accept(accept).send().await;
    let answer = match answer.map_err(|error| with_source(&error))? {
        Fetched::New(answer) => answer,
        Fetched::NotModified => return Err("the index answered 304 to a plain request".to_owned()),
    };
    let essence = answer.content_type.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case(JSON) || essence == "application/json";
    if is_json != (accept == JSON) {
        return Err(format!("it came as `{essence}`"));
    }
    Ok(Came { is_json, url: answer.url, content_type: answer.content_type, body: answer.body })
}

/// What is wrong with the list of projects.
async fn list(reached: &Reached, projects: &BTreeSet<ProjectName>, accept: &str) -> Vec<String> {
    let listed = match fetch(reached, "", accept).await {
        Ok(came) => listing::projects(came.is_json, &came.body),
        Err(error) => Err(error),
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return vec![error],
    };
    let mut wrong: Vec<_> = projects
        .difference(&listed)
        .map(|project| format!("{project} is stocked and not on the list"))
        .collect();
    // A running index may have more than this store.
    if reached.is_own() {
        let more = listed.difference(projects);
        wrong.extend(more.map(|project| format!("{project} is on the list and not stocked")));
    }
    wrong
}

/// What is wrong with the page of a project.
async fn project_page(
    reached: &Reached,
    project: &ProjectName,
    expected: &[PageFile],
    accept: &str,
) -> Vec<String> {
    let page = match fetch(reached, &format!("{project}/"), accept).await {
        Ok(came) => ProjectPage::parse(project, &came.url, &came.content_type, &came.body)
            .map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    match page {
        Ok(page) => disagreements(expected, &page, accept == JSON, reached.is_own()),
        Err(error) => vec![error],
    }
}

/// Where a page says something else of the files than they are. In HTML there are no sizes and no
/// upload times. A running index may know more files, and more recent reasons for yanking.
fn disagreements(
    expected: &[PageFile],
    page: &ProjectPage,
    is_json: bool,
    is_own: bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in expected {
        let name = &file.filename;
        let Some(found) = page.file(name) else {
            wrong.push(format!("{name} is missing"));
            continue;
        };
        let mut differs = |what: &str, expected: Option<String>, found: Option<String>| {
            if expected != found {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
                let (expected, found) = (or_none(expected), or_none(found));
                wrong.push(format!("{name} has {what} {expected}, and the page says {found}"));
            }
        };
        let hex = |sha256: Option<Sha256>| sha256.map(|sha256| sha256.to_string());
        let text = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        differs("sha256", hex(file.sha256), hex(found.sha256));
        if is_json {
            differs("size", number(file.size), number(found.size));
            let time = |file: &PageFile| file.upload_time.map(|time| time.to_string());
            if file.upload_time.is_some() {
                differs("upload time", time(file), time(found));
            }
        }
        let python = (text(&file.requires_python), text(&found.requires_python));
        differs("requires-python", python.0, python.1);
        if is_own {
            let yanked = |file: &PageFile| text(&file.yanked).map(|why| format!("`{why}`"));
            differs("yanked", yanked(file), yanked(found));
        }
        let metadata = (file.metadata.sha256(), found.metadata.sha256());
        if is_own || metadata.0.is_some() {
            differs("metadata sha256", hex(metadata.0), hex(metadata.1));
        }
    }
    if is_own {
        let known: BTreeSet<_> = expected.iter().map(|file| &file.filename).collect();
        let more = page.files.iter().filter(|file| !known.contains(&file.filename));
        wrong.extend(more.map(|file| format!("{} is listed and not there", file.filename)));
    }
    wrong
}

fn number(number: Option<u64>) -> Option<String> {
    number.map(|number| number.to_string())
}

fn diagnostic(reached: &Reached, page: &str, wrong: &[String]) -> Diagnostic {
    let message = format!("{page} at {} disagrees with the files", redact(&reached.simple));
    let mut diagnostic = Diagnostic::error("check/page", message);
    for wrong in wrong.iter().take(TOLD) {
        diagnostic = diagnostic.because(wrong);
    }
    if wrong.len() > TOLD {
        diagnostic = diagnostic.because(format!("and {} more", wrong.len() - TOLD));
    }
    diagnostic.hint(if reached.is_own() {
        "`provender stock --refresh` asks the upstream anew for what its pages say"
    } else {
        "the running index may serve another store, or something between changes its pages; \
         compare with a check without `--url`"
    })
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
