//! From locks to the files that they need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use provender_core::{Diagnostic, ProjectName, Sha256};
use provender_store::{STOCK, StockedFile, Store};

use super::choose::Scope;
use super::diagnostics;
use super::knowledge::{Selection, is_known, merged, select};
use super::known::Known;
use super::outcome::{NeedsBuild, Plan, PlannedFile, StockError};
use super::pins::{Pin, Pins, pins};
use super::remembered::Remembered;
use super::request::{StockObserver, StockProgress, StockRequest, StockedLock};
use crate::simple::ProjectPage;
use crate::upstream::{Freshness, UpstreamError, UpstreamPage, Upstreams};

/// How many pages are read at once.
const PAGES_AT_ONCE: usize = 16;

/// Finds out which files the locks need and which of them are there.
///
/// What the upstream says of a release is asked once and remembered. Where everything is known,
/// this costs a few queries and one look at each file, and no connection.
///
/// # Errors
///
/// A target that no file can be chosen for, and a store that cannot be read or written. What is
/// wrong with single pins is a diagnostic of the plan.
pub async fn plan(
    store: &Store,
    upstreams: &Upstreams,
    request: &StockRequest,
    observer: &dyn StockObserver,
) -> Result<Plan, StockError> {
    let Pins { pins, scopes, mut diagnostics } = pins(request)?;
    let remembered = Remembered::read(store, request).await?;
    let mut known = Known::read(store, &pins).await?;

    let unknown: Vec<_> = pins
        .iter()
        .filter(|pin| {
            request.refresh
                || pin.wants.iter().any(|want| {
                    let selection = select(pin, want, &scopes[want.lock], known.of(pin));
                    !is_known(&selection, remembered.files(want.lock))
                })
        })
        .collect();
    let asked = ask(upstreams, &unknown, request.refresh, observer).await;
    learn(store, request, &unknown, &asked, &mut known).await?;

    for (project, answer) in &asked {
        if let Err(error) = answer {
            diagnostics.push(diagnostics::index(project, error));
        }
    }
    let mut files: BTreeMap<String, PlannedFile> = BTreeMap::new();
    let mut builds = Vec::new();
    let mut needed = vec![BTreeSet::new(); request.locks.len()];
    for pin in &pins {
        let answer = asked.get(&pin.project);
        for want in &pin.wants {
            let scope = &scopes[want.lock];
            let selection = select(pin, want, scope, known.of(pin));
            let is_unanswered = matches!(answer, Some(Err(_)));
            if is_unanswered {
                // Whatever an earlier stocking of this lock took for it may still be right.
                needed[want.lock].extend(remembered.still(want.lock, known.of(pin)));
            } else {
                diagnostics.extend(complaint(pin, &selection, scope, known.of(pin), answer));
            }
            for file in &selection.files {
                // A choice among the few files that happen to be known is not remembered as that
                // of this lock, else the page would never be asked for again.
                if !is_unanswered || selection.unknown.is_empty() {
                    needed[want.lock].insert(file.record.sha256);
                }
                files
                    .entry(file.record.filename.clone())
                    .or_insert_with(|| known.planned((*file).clone()));
            }
            builds.extend(build(pin, want.build, &selection, &request.locks[want.lock]));
        }
    }
    diagnostics.dedup();
    Ok(Plan {
        files: files.into_values().collect(),
        builds,
        diagnostics,
        locks: remembered.locks(request, needed),
        pages: asked.len(),
    })
}

type Answer = Result<Option<Arc<UpstreamPage>>, UpstreamError>;
type Answers = BTreeMap<ProjectName, Answer>;

/// Reads the pages of the projects of `unknown`, each once.
async fn ask(
    upstreams: &Upstreams,
    unknown: &[&Pin],
    refresh: bool,
    observer: &dyn StockObserver,
) -> Answers {
    let mut wanted: BTreeMap<&ProjectName, BTreeSet<Sha256>> = BTreeMap::new();
    for pin in unknown {
        wanted.entry(&pin.project).or_default().extend(pin.hashes());
    }
    let mut progress = StockProgress { pages_total: wanted.len(), ..StockProgress::default() };
    let mut pages = stream::iter(wanted)
        .map(|(project, hashes)| async move {
            (project.clone(), page(upstreams, project, &hashes, refresh).await)
        })
        .buffer_unordered(PAGES_AT_ONCE);
    let mut answers = Answers::new();
    while let Some((project, answer)) = pages.next().await {
        answers.insert(project, answer);
        progress.pages += 1;
        observer.progress(&progress);
    }
    answers
}

/// The page of a project. A remembered one will do if it has every file that the locks list.
async fn page(
    upstreams: &Upstreams,
    project: &ProjectName,
    hashes: &BTreeSet<Sha256>,
    refresh: bool,
) -> Answer {
    let lists_all = |page: &ProjectPage| {
        let listed: BTreeSet<_> = page.files.iter().filter_map(|file| file.sha256).collect();
        hashes.is_subset(&listed)
    };
    let remembered = if refresh { None } else { upstreams.remembered(project).await? };
    let freshness = match remembered {
        Some(remembered) if lists_all(&remembered.page) => Freshness::Remembered,
        _ => Freshness::Revalidate,
    };
    upstreams.page(project, freshness).await
}

/// Remembers what the pages say of the releases.
async fn learn(
    store: &Store,
    request: &StockRequest,
    unknown: &[&Pin],
    asked: &Answers,
    known: &mut Known,
) -> Result<(), StockError> {
    if unknown.is_empty() {
        return Ok(());
    }
    let mut elsewhere = BTreeSet::new();
    for lock in store.database().locks().await? {
        if request.locks.iter().all(|asked| asked.name != lock.name) {
            elsewhere.extend(store.database().lock_files(&lock.name).await?);
        }
    }
    let mut learnt = Vec::new();
    for pin in unknown {
        let Some(Ok(Some(page))) = asked.get(&pin.project) else { continue };
        let records = merged(pin, known.of(pin), &page.page, &elsewhere);
        let is_new = known.of(pin).len() != records.len()
            || known.of(pin).iter().any(|row| !records.contains(&row.record));
        if is_new {
            let database = store.database();
            database.put_release(STOCK, &pin.project, &pin.version, &records).await?;
            learnt.push((pin.project.clone(), pin.version.clone()));
        }
    }
    if !learnt.is_empty() {
        known.update(store, &learnt).await?;
    }
    Ok(())
}

/// What is wrong with a release for one lock.
fn complaint(
    pin: &Pin,
    selection: &Selection<'_>,
    scope: &Scope,
    rows: &[StockedFile],
    answer: Option<&Answer>,
) -> Option<Diagnostic> {
    if !selection.choice.applies {
        return None;
    }
    let complete = selection.choice.is_complete();
    if rows.is_empty() {
        return match answer {
            Some(Ok(Some(page))) => Some(diagnostics::no_release(pin, &page.page.versions())),
            _ => Some(diagnostics::no_project(pin)),
        };
    }
    if !selection.unknown.is_empty() {
        let wanted = pin.hashes();
        let others = rows.iter().filter(|row| !wanted.contains(&row.record.sha256));
        let offered: Vec<_> =
            others.map(|row| (row.record.filename.as_str(), row.record.sha256)).collect();
        let is_error = !complete || matches!(scope, Scope::AllFiles);
        return Some(diagnostics::hash(pin, &selection.unknown, &offered, is_error));
    }
    let python = match scope {
        Scope::Platforms(python, _) | Scope::Universal(Some(python)) => {
            format!("CPython {python}")
        }
        Scope::AllFiles | Scope::Universal(None) => "any CPython".to_owned(),
    };
    (!complete).then(|| diagnostics::no_file(pin, &python, &selection.choice.nothing_for))
}

/// What has to be built of a release for one lock.
fn build(
    pin: &Pin,
    to_build_with: bool,
    selection: &Selection<'_>,
    lock: &StockedLock,
) -> Option<NeedsBuild> {
    if !selection.choice.needs_build {
        return None;
    }
    let sdist = selection.files.iter().find(|file| !file.record.filename.ends_with(".whl"))?;
    Some(NeedsBuild {
        project: pin.project.clone(),
        version: pin.version.clone(),
        filename: sdist.record.filename.clone(),
        sha256: sdist.record.sha256,
        platforms: selection.choice.builds_on.clone(),
        lock: lock.name.clone(),
        to_build_with,
    })
}
