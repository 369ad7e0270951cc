//! Ranges of versions: from the events of an OSV range to intervals that can be asked.
//!
//! The intervals contain what the evaluation algorithm of the OSV schema ("Evaluation") finds
//! affected. The events of a range come in no particular order. Where several stand at one version,
//! the schema leaves the outcome open, and here:
//!
//! - with a range open before it, `fixed` or `last_affected` closes that one and `introduced` opens the
//!   next, as in `[introduced 1, fixed 2, introduced 2, fixed 3]`;
//! - with none open, `introduced` opens one and the others close it again, as in
//!   `[introduced 1, last_affected 1]`, which is the one version.
//!
//! An event whose text is no version of its ecosystem cannot be compared, and the answer is then the one
//! that finds more affected: such an `introduced` is at the beginning of time, such an end never
//! comes.

use serde::{Deserialize, Serialize};

use crate::osv::Event;

/// A run of affected versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Interval<T> {
    /// The first affected version; none means every version from the beginning.
    pub(crate) from: Option<T>,
    /// Where it ends.
    pub(crate) to: End<T>,
}

/// Where a run of affected versions ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum End<T> {
    /// At this version, which is not affected.
    Before(T),
    /// At this version, which is affected.
    Through(T),
    /// Nowhere.
    Never,
}

impl<T> Interval<T> {
    /// The same interval with other bounds.
    pub(crate) fn map<'a, U>(&'a self, mut bound: impl FnMut(&'a T) -> U) -> Interval<U> {
        Interval {
            from: self.from.as_ref().map(&mut bound),
            to: match &self.to {
                End::Before(end) => End::Before(bound(end)),
                End::Through(end) => End::Through(bound(end)),
                End::Never => End::Never,
            },
        }
    }

    /// The versions it stands on.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = &T> {
        let end = match &self.to {
            End::Before(end) | End::Through(end) => Some(end),
            End::Never => None,
        };
        self.from.iter().chain(end)
    }

    /// Whether it contains something, of which `order` tells how it compares with a bound.
    pub(crate) fn contains(&self, order: impl Fn(&T) -> std::cmp::Ordering) -> bool {
        self.from.as_ref().is_none_or(|from| order(from).is_ge())
            && match &self.to {
                End::Before(end) => order(end).is_lt(),
                End::Through(end) => order(end).is_le(),
                End::Never => true,
            }
    }
}

/// The events that stand at one version.
#[derive(Default)]
struct Turn {
    introduced: bool,
    fixed: bool,
    last_affected: bool,
}

impl Turn {
    fn end<V: Clone>(&self, version: &V) -> Option<End<V>> {
        // The schema lets `fixed` take a version out even if it is also the last affected one.
        if self.fixed {
            Some(End::Before(version.clone()))
        } else if self.last_affected {
            Some(End::Through(version.clone()))
        } else {
            None
        }
    }
}

/// The affected versions of one range, ascending. `parse` reads a version as its ecosystem does.
pub(crate) fn intervals<V: Ord + Clone>(
    events: &[Event],
    parse: impl Fn(&str) -> Option<V>,
) -> Vec<Interval<V>> {
    let mut turns = std::collections::BTreeMap::<V, Turn>::new();
    let mut from_the_beginning = false;
    for event in events {
        match event {
            Event::Introduced(text) if text == "0" => from_the_beginning = true,
            Event::Introduced(text) => match parse(text) {
                Some(version) => turns.entry(version).or_default().introduced = true,
                None => from_the_beginning = true,
            },
            Event::Fixed(text) => {
                if let Some(version) = parse(text) {
                    turns.entry(version).or_default().fixed = true;
                }
            }
            Event::LastAffected(text) => {
                if let Some(version) = parse(text) {
                    turns.entry(version).or_default().last_affected = true;
                }
            }
            Event::Limit(_) => {}
        }
    }

    let mut found = Vec::new();
    // The interval that is open: outer none is "none open", inner none is "from the beginning".
    let mut open: Option<Option<V>> = from_the_beginning.then_some(None);
    for (version, turn) in &turns {
        if let Some(from) = open.take() {
            match turn.end(version) {
                Some(to) => {
                    found.push(Interval { from, to });
                    open = turn.introduced.then(|| Some(version.clone()));
                }
                None => open = Some(from),
            }
        } else if turn.introduced {
            match turn.end(version) {
                Some(End::Before(_)) => {}
                Some(to) => found.push(Interval { from: Some(version.clone()), to }),
                None => open = Some(Some(version.clone())),
            }
        }
    }
    found.extend(open.map(|from| Interval { from, to: End::Never }));

    match limit(events, parse) {
        Some(limit) => found.into_iter().filter_map(|interval| cut(interval, &limit)).collect(),
        None => found,
    }
}

/// The highest limit, below which a version must be; none where the range has none, where one is
/// `*`, and where one cannot be compared.
fn limit<V: Ord>(events: &[Event], parse: impl Fn(&str) -> Option<V>) -> Option<V> {
    let limits = events.iter().filter_map(|event| match event {
        Event::Limit(text) => Some(parse(text)),
        _ => None,
    });
    limits.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// What of an interval lies below a limit.
fn cut<V: Ord + Clone>(interval: Interval<V>, limit: &V) -> Option<Interval<V>> {
    if interval.from.as_ref().is_some_and(|from| from >= limit) {
        return None;
    }
    let within = match &interval.to {
        End::Before(end) => end <= limit,
        End::Through(end) => end < limit,
        End::Never => false,
    };
    let to = if within { interval.to } else { End::Before(limit.clone()) };
    Some(Interval { from: interval.from, to })
}

#[cfg(test)]
mod tests;
