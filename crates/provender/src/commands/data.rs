//! The advisory data that an answer stands on: getting it, and refusing to answer without it.

mod download;
mod need;
mod told;
mod usable;

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use provender_advisory::catalog::State;
use provender_advisory::freshness::REFRESH_AGE;
use provender_advisory::{Catalog, ExpectedSource, Freshness, Update};
use provender_core::{Diagnostic, Level};
use provender_net::Client;

use crate::exit::Failure;
use crate::settings::ecosystem::Ecosystem;
use crate::settings::{Origin, Settings, Source};
use download::{import, take};
pub(crate) use need::Need;
pub(crate) use told::told;

/// The file of a catalog that names the ecosystems whose dumps are sources of it beside those of the
/// settings, one a line.
const FURTHER: &str = "ecosystems";

/// The sources of this run and what was kept of them.
pub(crate) struct AdvisoryData {
    pub(crate) catalog: Catalog,
    pub(crate) sources: Vec<Source>,
    /// Those of the sources that the settings do not name.
    further: Vec<Ecosystem>,
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

/// What came of asking the sources.
pub(crate) struct Updated<'a> {
    /// How each of them answered.
    pub(crate) answers: Vec<(&'a Source, Answered)>,
    /// What is to be said about what they gave.
    pub(crate) notes: Vec<Diagnostic>,
}

impl AdvisoryData {
    /// The sources that the settings name, and those that were asked for besides.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let catalog = Catalog::in_data_dir(&settings.catalog_root());
        let path = catalog.folder().join(FURTHER);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            // That nothing can be kept there is told where something is to be kept.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                String::new()
            }
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                return Err(Diagnostic::error("advisories/damaged", message)
                    .hint("grant access to it, or remove it and name its ecosystems again")
                    .into());
            }
        };
        let sources = settings.sources()?;
        let mut data =
            Self { catalog, sources, further: Vec::new(), allowed: settings.allowed_age() };
        for ecosystem in text.lines().filter_map(|line| line.parse().ok()) {
            data.add(ecosystem)?;
        }
        Ok(data)
    }

    /// Makes OSV's dump of an ecosystem a source, unless another one gives it. It is remembered as
    /// soon as it has answered.
    pub(crate) fn add(&mut self, ecosystem: Ecosystem) -> Result<(), Failure> {
        if self.source_of(ecosystem).is_none() {
            self.sources.push(Source::osv(ecosystem)?);
            self.further.push(ecosystem);
        }
        Ok(())
    }

    /// The name of the source that gives what OSV has of an ecosystem.
    pub(crate) fn source_of(&self, ecosystem: Ecosystem) -> Option<&String> {
        let dump = ecosystem.source_name();
        let gives = |source: &&Source| source.ecosystem == Some(ecosystem) || source.name == dump;
        self.sources.iter().find(gives).map(|source| &source.name)
    }

    /// Drops a source that was asked for besides those of the settings.
    pub(crate) fn forget(&mut self, ecosystem: Ecosystem) -> Result<(), Failure> {
        if !self.further.contains(&ecosystem) {
            let message = format!("the dump of {ecosystem} was not asked for");
            return Err(Diagnostic::error("advisories/unknown-source", message)
                .hint("a source that stands in provender.toml is taken out there")
                .decided_by("--forget-ecosystem")
                .into());
        }
        self.further.retain(|further| *further != ecosystem);
        self.sources.retain(|source| source.name != ecosystem.source_name());
        Ok(())
    }

    /// How old the data is that an answer needs.
    pub(crate) fn freshness(&self, need: &Need, state: &State, now: Timestamp) -> Freshness {
        let sources: Vec<&Source> =
            self.sources.iter().filter(|source| need.includes(source)).collect();
        self.freshness_of(&sources, state, now)
    }

    fn freshness_of(&self, sources: &[&Source], state: &State, now: Timestamp) -> Freshness {
        let expected: Vec<ExpectedSource<'_>> = sources
            .iter()
            .map(|source| ExpectedSource { name: &source.name, optional: source.optional })
            .collect();
        Freshness::of(state, &expected, now, self.allowed)
    }

    /// Whether data that was fetched then is older than allowed.
    pub(crate) fn is_stale(&self, fetched_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(fetched_at) > self.allowed
    }

    /// Whether a needed source, optional or not, never answered or did so more than a day ago. Who
    /// asked within the hour and got nothing is spared the wait for another refusal.
    pub(crate) fn has_due_source(&self, need: &Need, state: &State, now: Timestamp) -> bool {
        let due = self.sources.iter().filter(|source| need.includes(source)).any(|source| {
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
    pub(crate) fn update(&self, client: &Client, now: Timestamp) -> Result<Updated<'_>, Failure> {
        self.update_from(self.sources.iter(), client, now)
    }

    /// Asks the sources that an answer needs for what is new.
    pub(crate) fn update_needed(
        &self,
        need: &Need,
        client: &Client,
        now: Timestamp,
    ) -> Result<Updated<'_>, Failure> {
        self.update_from(self.sources.iter().filter(|source| need.includes(source)), client, now)
    }

    fn update_from<'a>(
        &'a self,
        sources: impl Iterator<Item = &'a Source>,
        client: &Client,
        now: Timestamp,
    ) -> Result<Updated<'a>, Failure> {
        let mut fetched = Vec::new();
        for source in sources {
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
        let notes = update.notes().to_vec();
        self.commit(update)?;
        Ok(Updated { answers, notes })
    }

    /// Takes in the sources on this machine that an answer needs and that are new, changed, or older
    /// than a day. No network is asked. One that fails keeps what it gave before, with its age.
    pub(crate) fn take_in_local(
        &self,
        need: &Need,
        now: Timestamp,
    ) -> Result<Vec<Diagnostic>, Failure> {
        let mut notes = Vec::new();
        let state = self.catalog.state().map_err(|error| told(&error))?;
        let due: Vec<(&Source, &Path)> = self
            .sources
            .iter()
            .filter(|source| need.includes(source))
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
        notes.extend_from_slice(update.notes());
        self.commit(update)?;
        Ok(notes)
    }

    /// Takes files in as what a source gives.
    pub(crate) fn import(
        &self,
        name: &str,
        paths: &[PathBuf],
        now: Timestamp,
    ) -> Result<Vec<Diagnostic>, Failure> {
        let mut update = self.catalog.update().map_err(|error| told(&error))?;
        update.import(name, paths, now).map_err(|error| told(&error))?;
        let notes = update.notes().to_vec();
        self.remember(&update)?;
        update.commit().map_err(|error| told(&error))?;
        Ok(notes)
    }

    fn commit(&self, mut update: Update) -> Result<(), Failure> {
        let names: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
        update.keep_only(&names);
        self.remember(&update)?;
        if update.state().sources.is_empty() {
            return Ok(());
        }
        update.commit().map_err(|error| told(&error))?;
        Ok(())
    }

    /// Notes which sources there are beside those of the settings: those that ever answered.
    fn remember(&self, update: &Update) -> Result<(), Failure> {
        let answered =
            |further: &&Ecosystem| update.state().source(&further.source_name()).is_some();
        let names = self.further.iter().filter(answered);
        let text: String = names.map(|ecosystem| format!("{ecosystem}\n")).collect();
        let path = self.catalog.folder().join(FURTHER);
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            crate::file::replace(&path, &text)?;
        }
        Ok(())
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
