//! The advisory data that an answer stands on: getting it, and refusing to answer without it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use provender_advisory::catalog::State;
use provender_advisory::freshness::REFRESH_AGE;
use provender_advisory::{
    Catalog, CatalogError, ExpectedSource, Freshness, Snapshot, Update, Validators,
};
use provender_core::{Diagnostic, Level};
use provender_net::{Client, Fetched, Wanted};
use url::Url;

use crate::exit::Failure;
use crate::settings::{Origin, Settings, Source, network};

/// How large a source's archive may be, in bytes.
const LARGEST_ARCHIVE: u64 = 2 << 30;

/// The sources of this run and what was kept of them.
pub(crate) struct AdvisoryData {
    pub(crate) catalog: Catalog,
    pub(crate) sources: Vec<Source>,
    allowed: SignedDuration,
}

/// How one source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// With new data.
    New,
    /// That it has nothing newer.
    Unchanged,
    /// Not at all; what it gave before stays.
    Failed(Box<Diagnostic>),
}

impl AdvisoryData {
    /// The sources that the settings name.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            catalog: Catalog::in_data_dir(&settings.catalog_root()),
            sources: settings.sources()?,
            allowed: settings.allowed_age(),
        })
    }

    /// How old the data is.
    pub(crate) fn freshness(&self, state: &State, now: Timestamp) -> Freshness {
        let expected: Vec<ExpectedSource<'_>> = self
            .sources
            .iter()
            .map(|source| ExpectedSource { name: &source.name, optional: source.optional })
            .collect();
        Freshness::of(state, &expected, now, self.allowed)
    }

    /// Whether a source, optional or not, never answered or did so more than a day ago. Who asked
    /// within the hour and got nothing is spared the wait for another refusal.
    pub(crate) fn has_due_source(&self, state: &State, now: Timestamp) -> bool {
        let due = self.sources.iter().any(|source| {
            state
                .source(&source.name)
                .is_none_or(|kept| now.duration_since(kept.fetched_at) > REFRESH_AGE)
        });
        due && !self.asked_within_the_hour(now)
    }

    fn asked_within_the_hour(&self, now: Timestamp) -> bool {
        let asked = std::fs::metadata(self.asked_file()).and_then(|file| file.modified());
        let asked = asked.ok().and_then(|time| Timestamp::try_from(time).ok());
        asked.is_some_and(|asked| {
            let age = now.duration_since(asked);
            age < SignedDuration::from_hours(1) && age >= SignedDuration::ZERO
        })
    }

    /// Its time of change says when the sources were last asked.
    fn asked_file(&self) -> PathBuf {
        self.catalog.folder().join("asked")
    }

    /// Asks every source for what is new.
    pub(crate) fn update(
        &self,
        client: &Client,
        now: Timestamp,
    ) -> Result<Vec<(&Source, Answered)>, Failure> {
        let mut fetched = Vec::new();
        for source in &self.sources {
            let download = match &source.origin {
                Origin::Url(url) => Some(self.download(client, &source.name, url)),
                Origin::Path(_) => None,
            };
            fetched.push((source, download));
        }
        let mut update = self.catalog.update().map_err(|error| told(&error))?;
        // Where it cannot be written, the sources are asked again next time: no more is lost.
        let _ = std::fs::write(self.asked_file(), "");
        let mut answers = Vec::new();
        for (source, download) in fetched {
            let answered = match (&source.origin, download) {
                (Origin::Url(url), Some(download)) => take(&mut update, source, url, download, now),
                (Origin::Path(path), _) => import(&mut update, &source.name, path, now),
                (Origin::Url(_), None) => continue,
            };
            answers.push((source, answered));
        }
        self.commit(update)?;
        Ok(answers)
    }

    /// Takes in the sources on this machine that are new, changed, or older than a day. No network
    /// is asked. One that fails keeps what it gave before, with its age.
    pub(crate) fn take_in_local(&self, now: Timestamp) -> Result<Vec<Diagnostic>, Failure> {
        let mut notes = Vec::new();
        let state = self.catalog.state().map_err(|error| told(&error))?;
        let due: Vec<(&Source, &Path)> = self
            .sources
            .iter()
            .filter_map(|source| match &source.origin {
                Origin::Path(path) => Some((source, path.as_path())),
                Origin::Url(_) => None,
            })
            .filter(|(source, path)| is_due(&state, &source.name, path, now))
            .collect();
        if due.is_empty() {
            return Ok(notes);
        }
        let mut update = self.catalog.update().map_err(|error| told(&error))?;
        for (source, path) in due {
            let kept = state.source(&source.name).is_some();
            if let Answered::Failed(diagnostic) = import(&mut update, &source.name, path, now) {
                if !kept && !source.optional {
                    return Err((*diagnostic).into());
                }
                let message = format!(
                    "the source `{}` gave nothing new: {}",
                    source.name, diagnostic.message
                );
                notes.push(Diagnostic { level: Level::Warning, message, ..*diagnostic });
            }
        }
        self.commit(update)?;
        Ok(notes)
    }

    fn commit(&self, mut update: Update) -> Result<(), Failure> {
        let names: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
        update.keep_only(&names);
        if update.state().sources.is_empty() {
            return Ok(());
        }
        update.commit().map_err(|error| told(&error))?;
        Ok(())
    }

    /// The data, if an answer may stand on it.
    pub(crate) fn usable(
        &self,
        now: Timestamp,
        allow_stale: bool,
    ) -> Result<(Snapshot, Vec<Diagnostic>), Failure> {
        let snapshot = self.catalog.open().map_err(|error| told(&error))?;
        let Some(snapshot) = snapshot else { return Err(self.no_data().into()) };
        let freshness = self.freshness(&snapshot.state, now);
        if !freshness.missing.is_empty() || freshness.since.is_none() {
            return Err(self.missing(&freshness).into());
        }
        let mut notes = Vec::new();
        if freshness.stale {
            let days = freshness.age.as_hours() / 24;
            let message = format!(
                "the advisory data is {days} days old; {} are allowed",
                self.allowed.as_hours() / 24
            );
            if !allow_stale {
                return Err(Diagnostic::error("advisories/stale", message)
                    .hint(
                        "run `provender advisories update` where a source can be reached, or \
                         `provender advisories import` with newer data, or answer all the same \
                         with --allow-stale",
                    )
                    .decided_by("advisories.max-age-days")
                    .into());
            }
            notes
                .push(Diagnostic::warning("advisories/stale", message).decided_by("--allow-stale"));
        }
        for source in self.sources.iter().filter(|source| source.optional) {
            let Some(kept) = snapshot.state.source(&source.name) else { continue };
            let age = now.duration_since(kept.fetched_at);
            if age > self.allowed {
                let days = age.as_hours() / 24;
                let message =
                    format!("the optional source `{}` last answered {days} days ago", source.name);
                notes.push(
                    Diagnostic::warning("advisories/optional-source-stale", message)
                        .hint("run `provender advisories update` where it can be reached")
                        .decided_by("advisories.max-age-days"),
                );
            }
        }
        let silent = self
            .sources
            .iter()
            .filter(|source| source.optional && snapshot.state.source(&source.name).is_none());
        for source in silent {
            let message = format!(
                "the optional source `{}` never answered: what only it knows is missing",
                source.name
            );
            notes.push(
                Diagnostic::warning("advisories/optional-source-missing", message)
                    .hint("run `provender advisories update` where it can be reached"),
            );
        }
        Ok((snapshot, notes))
    }

    fn no_data(&self) -> Diagnostic {
        Diagnostic::error("advisories/none", "there is no advisory data to answer from").hint(
            "run `provender advisories update`, or take data in with `provender advisories \
             import FILE`; where OSV cannot be reached, name a mirror with \
             `[[advisories.source]]` or PROVENDER_OSV_URL",
        )
    }

    fn missing(&self, freshness: &Freshness) -> Diagnostic {
        let names = freshness.missing.join(", ");
        if names.is_empty() {
            return self.no_data();
        }
        Diagnostic::error("advisories/none", format!("there is no data from the source {names}"))
            .hint(
                "run `provender advisories update`, take its data in with `provender advisories \
                 import FILE --name NAME`, or make the source `optional`",
            )
            .decided_by("advisories.source")
    }

    fn download(
        &self,
        client: &Client,
        name: &str,
        url: &Url,
    ) -> Result<Download, Box<Diagnostic>> {
        let asked_with =
            self.catalog.validators(name, url).map_err(|error| Box::new(told(&error)))?;
        // The archive may be larger than the machine's own temporary folder.
        let parent = self.catalog.folder();
        let made = std::fs::create_dir_all(parent).and_then(|()| tempfile::tempdir_in(parent));
        let folder = made.map_err(|error| {
            let message = format!("cannot write to {}: {error}", parent.display());
            Box::new(
                Diagnostic::error("file/cannot-write", message)
                    .hint("make room or grant access, or keep the data elsewhere with --data-dir"),
            )
        })?;
        let file = folder.path().join("all.zip");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Box::new(Diagnostic::error("net/failed", format!("cannot start networking: {error}")))
        })?;
        let validators = provender_net::Validators {
            etag: asked_with.etag.clone(),
            last_modified: asked_with.last_modified.clone(),
        };
        let sent = client
            .download(url, &file)
            .max_bytes(LARGEST_ARCHIVE)
            .if_changed(&validators)
            .wanted(Wanted::Zip)
            .send();
        match runtime.block_on(sent) {
            Ok(Fetched::NotModified) => Ok(Download::Unchanged { asked_with }),
            Ok(Fetched::New(downloaded)) => Ok(Download::New {
                _folder: folder,
                file,
                validators: Validators {
                    etag: downloaded.validators.etag,
                    last_modified: downloaded.validators.last_modified,
                },
            }),
            Err(error) => Err(Box::new(network::diagnostic(&error))),
        }
    }
}

enum Download {
    Unchanged { asked_with: Validators },
    New { _folder: tempfile::TempDir, file: PathBuf, validators: Validators },
}

fn take(
    update: &mut Update,
    source: &Source,
    url: &Url,
    download: Result<Download, Box<Diagnostic>>,
    now: Timestamp,
) -> Answered {
    match download {
        Ok(Download::Unchanged { asked_with }) => {
            update.confirm_unchanged(&source.name, &asked_with, now);
            Answered::Unchanged
        }
        Ok(Download::New { file, validators, .. }) => {
            match update.accept(&source.name, url, &file, validators, now) {
                Ok(()) => Answered::New,
                Err(error) => Answered::Failed(Box::new(told(&error))),
            }
        }
        Err(diagnostic) => Answered::Failed(diagnostic),
    }
}

fn import(update: &mut Update, name: &str, path: &Path, now: Timestamp) -> Answered {
    match update.import(name, &[path.to_path_buf()], now) {
        Ok(()) => Answered::New,
        Err(error) => Answered::Failed(Box::new(told(&error))),
    }
}

/// Whether a source on this machine was never taken in, has changed since, or is a day old.
fn is_due(state: &State, name: &str, path: &Path, now: Timestamp) -> bool {
    let Some(source) = state.source(name) else { return true };
    if now.duration_since(source.fetched_at) > SignedDuration::from_hours(24) {
        return true;
    }
    let taken_in = SystemTime::from(source.fetched_at);
    changed_since(path, taken_in)
}

fn changed_since(path: &Path, instant: SystemTime) -> bool {
    let newer = |path: &Path| {
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        modified.map_or(true, |modified| modified > instant)
    };
    // A folder changes with the names in it, its files each for themselves.
    newer(path)
        || std::fs::read_dir(path)
            .is_ok_and(|entries| entries.flatten().any(|entry| newer(&entry.path())))
}

/// An error of the catalog as it is told.
pub(crate) fn told(error: &CatalogError) -> Diagnostic {
    let (rule, hint) = match error {
        CatalogError::Write { .. } => (
            "advisories/cannot-write",
            "make room or grant access, or keep the data elsewhere with --data-dir",
        ),
        CatalogError::Source { .. } => {
            ("advisories/bad-source", "check what the source gives; its earlier data was kept")
        }
        CatalogError::NoSource => {
            ("advisories/none", "run `provender advisories update`, or import a file")
        }
        _ => (
            "advisories/damaged",
            "run `provender advisories update` or import again; if that fails, remove the \
             advisories folder of the data directory",
        ),
    };
    let mut diagnostic = Diagnostic::error(rule, error.to_string()).hint(hint);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        diagnostic = diagnostic.because(cause.to_string());
        source = cause.source();
    }
    diagnostic
}
