//! How old advisory data is, and how old it may be.

use jiff::{SignedDuration, Timestamp};

use crate::catalog::State;

/// How old data may be unless the settings say otherwise: seven days.
pub const DEFAULT_ALLOWED_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// From which age on data is fetched anew by the commands that refresh it: one day.
pub const REFRESH_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How far in the future a fetch may lie before the clock, then or now, must have been wrong.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// A source that the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedSource<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether an answer can be given without it.
    pub optional: bool,
}

/// The age of advisory data at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// When the oldest source that counts was fetched, imported or confirmed. None when no source
    /// counts: there is no data, then.
    pub since: Option<Timestamp>,
    /// Sources that must be there and never answered. Without them there is no answer.
    pub missing: Vec<String>,
    /// The age at the moment that was asked about; zero when there is no data.
    pub age: SignedDuration,
    /// Older than allowed, or fetched at a time that lies more than a day ahead.
    pub stale: bool,
    /// Older than a day, or something is missing: worth asking the sources again.
    pub needs_refresh: bool,
}

impl Freshness {
    /// Measures the data of `state` at `now`.
    ///
    /// The age is that of the oldest source that is not optional. If all are optional, it is that
    /// of the oldest that ever answered.
    pub fn of(
        state: &State,
        expected: &[ExpectedSource<'_>],
        now: Timestamp,
        allowed: SignedDuration,
    ) -> Self {
        let fetched = |source: &ExpectedSource<'_>| state.source(source.name).map(|s| s.fetched_at);
        let required = expected.iter().filter(|source| !source.optional);
        let missing: Vec<_> = required
            .clone()
            .filter(|source| fetched(source).is_none())
            .map(|source| source.name.to_owned())
            .collect();
        let oldest_required = required.filter_map(fetched).min();
        let since = if expected.iter().all(|source| source.optional) {
            expected.iter().filter_map(fetched).min()
        } else {
            oldest_required
        };
        let age = since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        let stale = age > allowed || age < -CLOCK_SKEW;
        let needs_refresh = stale || age > REFRESH_AGE || since.is_none() || !missing.is_empty();
        Self { since, missing, age, stale, needs_refresh }
    }

    /// Whether an answer can stand on the data: nothing is missing and nothing is stale.
    pub fn is_usable(&self) -> bool {
        self.since.is_some() && self.missing.is_empty() && !self.stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Origin, Source};

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn measure(sources: &[(&str, &str)], expected: &[(&str, bool)]) -> Freshness {
        let sources = sources.iter().map(|(name, fetched_at)| Source {
            name: (*name).to_owned(),
            origin: Origin::Paths(Vec::new()),
            validators: crate::Validators::default(),
            fetched_at: fetched_at.parse().unwrap(),
            records: 1,
            newest: None,
            kept: provender_core::Sha256::from_bytes([0; 32]),
        });
        let state = State { sources: sources.collect(), ..State::default() };
        let expected: Vec<_> =
            expected.iter().map(|&(name, optional)| ExpectedSource { name, optional }).collect();
        Freshness::of(&state, &expected, NOW.parse().unwrap(), DEFAULT_ALLOWED_AGE)
    }

    #[test]
    fn the_oldest_required_source_gives_the_age() {
        let ages = measure(
            &[("a", "2026-11-21T11:00:00Z"), ("b", "2026-11-18T12:00:00Z")],
            &[("a", false), ("b", false)],
        );
        assert_eq!(ages.age, SignedDuration::from_hours(72));
        assert!(ages.is_usable() && ages.needs_refresh);
    }

    #[test]
    fn data_older_than_allowed_is_stale() {
        let at = |fetched_at: &str| measure(&[("a", fetched_at)], &[("a", false)]);
        assert!(!at("2026-11-14T12:00:00Z").stale);
        assert!(at("2026-11-14T11:59:59Z").stale);
        assert!(!at("2026-11-20T12:00:00Z").needs_refresh);
    }

    #[test]
    fn an_optional_source_neither_is_missed_nor_makes_data_stale() {
        let fresh = measure(&[("a", "2026-11-21T11:00:00Z")], &[("a", false), ("b", true)]);
        assert!(fresh.is_usable() && !fresh.needs_refresh);
        let old = measure(
            &[("a", "2026-11-21T11:00:00Z"), ("b", "2025-01-01T00:00:00Z")],
            &[("a", false), ("b", true)],
        );
        assert!(old.is_usable());
    }

    #[test]
    fn a_required_source_that_never_answered_is_missing() {
        let freshness = measure(&[("b", "2026-11-21T11:00:00Z")], &[("a", false), ("b", true)]);
        assert_eq!(freshness.missing, ["a"]);
        assert!(!freshness.is_usable() && freshness.needs_refresh);
    }

    #[test]
    fn without_any_data_there_is_no_answer() {
        assert!(!measure(&[], &[("b", true)]).is_usable());
        assert!(!measure(&[], &[]).is_usable());
    }

    #[test]
    fn a_fetch_far_in_the_future_is_no_proof_of_freshness() {
        let at = |fetched_at: &str| measure(&[("a", fetched_at)], &[("a", false)]);
        assert!(at("2026-11-21T12:05:00Z").is_usable(), "clocks differ a little");
        assert!(at("2030-01-01T00:00:00Z").stale);
    }
}
