//! Whether an answer may stand on the data, and what to do where it may not.

use jiff::Timestamp;
use provender_advisory::{Database, Freshness, Snapshot};
use provender_core::Diagnostic;

use super::{AdvisoryData, Need, told};
use crate::exit::Failure;
use crate::settings::Source;
use crate::settings::ecosystem::Ecosystem;

impl AdvisoryData {
    /// The data, if an answer may stand on it.
    pub(crate) fn usable(
        &self,
        need: &Need,
        now: Timestamp,
        allow_stale: bool,
    ) -> Result<(Snapshot, Vec<Diagnostic>), Failure> {
        let snapshot = self.catalog.open().map_err(|error| told(&error))?;
        let Some(snapshot) = snapshot else { return Err(self.no_data(need).into()) };
        let sources = self.answering(need, &snapshot.database);
        let freshness = self.freshness_of(&sources, &snapshot.state, now);
        if !freshness.missing.is_empty() || freshness.since.is_none() {
            return Err(self.missing(need, &freshness).into());
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
        let optional = || sources.iter().filter(|source| source.optional);
        for source in optional() {
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
        for source in optional().filter(|source| snapshot.state.source(&source.name).is_none()) {
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

    /// The sources that an answer stands on. Where none says that it gives what is needed and yet it
    /// is there, any of them may have given it.
    fn answering(&self, need: &Need, database: &Database) -> Vec<&Source> {
        let named: Vec<&Source> =
            self.sources.iter().filter(|source| need.includes(source)).collect();
        if !named.is_empty() {
            return named;
        }
        let there = database.ecosystems().unwrap_or_default();
        let there = there.iter().filter_map(|(name, _)| name.parse::<Ecosystem>().ok());
        let there: Vec<Ecosystem> = there.collect();
        match need.ecosystems().any(|wanted| there.contains(&wanted)) {
            true => self.sources.iter().collect(),
            false => named,
        }
    }

    fn no_data(&self, need: &Need) -> Diagnostic {
        if *need == Need::python() {
            return Diagnostic::error(
                "advisories/none",
                "there is no advisory data to answer from",
            )
            .hint(
                "run `provender advisories update`, or take data in with `provender advisories \
                 import FILE`; where OSV cannot be reached, name a mirror with \
                 `[[advisories.source]]` or PROVENDER_OSV_URL",
            );
        }
        let names: Vec<&str> = need.ecosystems().map(Ecosystem::name).collect();
        let message = format!("there is no advisory data for {}", names.join(", "));
        self.none_for(need, message)
    }

    /// Says that there is nothing for what is needed, and which command gets it.
    pub(crate) fn none_for(&self, need: &Need, message: String) -> Diagnostic {
        let names: Vec<&str> = need.ecosystems().map(Ecosystem::name).collect();
        let hint = format!(
            "run `{}`, or take OSV's dump or the distribution's tracker in with `provender \
             advisories import FILE --ecosystem {}`; a mirror is named by PROVENDER_OSV_URL, or by \
             a `[[advisories.source]]` with its `ecosystem`",
            need.command(&self.sources),
            names.join("|")
        );
        Diagnostic::error("advisories/none", message).hint(hint)
    }

    fn missing(&self, need: &Need, freshness: &Freshness) -> Diagnostic {
        let names = freshness.missing.join(", ");
        if names.is_empty() {
            return self.no_data(need);
        }
        Diagnostic::error("advisories/none", format!("there is no data from the source {names}"))
            .hint(
                "run `provender advisories update`, take its data in with `provender advisories \
                 import FILE --name NAME`, or make the source `optional`",
            )
            .decided_by("advisories.source")
    }
}
