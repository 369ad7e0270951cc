//! Everything that the advisories say about one project, in the form in which it is matched.
//!
//! When a database is compiled, the versions that a project's advisories mention are put into one
//! ascending list, and ranges become intervals of positions in it. To match a pin is then to find
//! its position once and to compare numbers.
//!
//! A pin's local label (`1.0+cu118`) takes part only in comparisons with versions that have one
//! themselves; otherwise the public part is compared, as the version specifiers of PEP 440 do. A
//! vendor's rebuild of an affected release is affected.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use provender_core::{ProjectName, Severity, Version};
use serde::{Deserialize, Serialize};

use crate::interval::{Interval, intervals};
use crate::osv::{Affected, Event, RangeKind, Record};
use crate::rating::Rating;
use crate::vulnerability::{self, Vulnerability};

/// One record's word on one project, before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Advisory {
    ids: Vec<String>,
    summary: Option<String>,
    rating: Rating,
    versions: BTreeSet<Version>,
    intervals: BTreeSet<Interval<Version>>,
    fixed: BTreeSet<Version>,
}

impl Advisory {
    /// What a record says about each Python project it names. Withdrawn records say nothing, and so
    /// do entries of other ecosystems and names that no project on an index can have.
    pub(crate) fn of(record: &Record) -> BTreeMap<ProjectName, Self> {
        let mut advisories = BTreeMap::new();
        if record.withdrawn.is_some() {
            return advisories;
        }
        for affected in &record.affected {
            let package = affected.package.as_ref().filter(|package| package.is_python());
            let Some(Ok(project)) = package.map(|package| package.name.parse()) else { continue };
            advisories
                .entry(project)
                .or_insert_with(|| Self {
                    ids: record.all_ids().map(str::to_owned).collect(),
                    summary: record.one_line(),
                    rating: Rating::default(),
                    versions: BTreeSet::new(),
                    intervals: BTreeSet::new(),
                    fixed: BTreeSet::new(),
                })
                .add(record, affected);
        }
        advisories
    }

    fn add(&mut self, record: &Record, affected: &Affected) {
        self.rating = self.rating.merge(Rating::of(record, affected));
        for range in affected.ranges.iter().filter(|range| range.kind != RangeKind::Git) {
            self.intervals.extend(intervals(&range.events, |text| text.parse().ok()));
            self.fixed.extend(range.events.iter().filter_map(|event| match event {
                Event::Fixed(text) => text.parse::<Version>().ok(),
                _ => None,
            }));
        }
        // A version that PEP 440 does not know is the version of no pin: every pin is a PEP 440
        // version, and no two texts of which only one is such a version are equal.
        self.versions.extend(affected.versions.iter().filter_map(|text| text.parse().ok()));
        let intervals = &self.intervals;
        self.versions.retain(|version| {
            !intervals.iter().any(|interval| interval.contains(|bound| version.cmp(bound)))
        });
    }
}

/// A project's block in the database file (postcard).
#[derive(Serialize, Deserialize)]
struct Block<'a> {
    /// Every version that is mentioned, ascending.
    #[serde(borrow)]
    versions: Vec<&'a str>,
    /// The advisories, by id.
    #[serde(borrow)]
    advisories: Vec<Entry<'a>>,
}

/// One advisory in a block. Numbers are positions in the block's versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry<'a> {
    /// The id, then the aliases.
    #[serde(borrow)]
    pub(crate) ids: Vec<&'a str>,
    /// One line on what it is.
    pub(crate) summary: Option<&'a str>,
    // As words, so that the file does not depend on the order of an enum's variants.
    scored: Option<&'a str>,
    said: Option<&'a str>,
    /// Affected versions that lie in no interval, ascending.
    versions: Vec<u32>,
    intervals: Vec<Interval<u32>>,
    fixed: Vec<u32>,
}

impl Entry<'_> {
    pub(crate) fn rating(&self) -> Rating {
        let read = |word: Option<&str>| word.and_then(|word| word.parse().ok());
        Rating { scored: read(self.scored), said: read(self.said) }
    }

    fn affects(&self, place: &Place<'_>) -> bool {
        self.intervals.iter().any(|interval| interval.contains(|bound| place.order(*bound)))
            || self.versions.iter().any(|version| place.order(*version).is_eq())
    }
}

/// Writes the block of one project.
pub(crate) fn encode(advisories: &[&Advisory]) -> Result<Vec<u8>, postcard::Error> {
    let mentioned: BTreeSet<&Version> = advisories
        .iter()
        .flat_map(|advisory| {
            let bounds = advisory.intervals.iter().flat_map(Interval::bounds);
            advisory.versions.iter().chain(bounds).chain(&advisory.fixed)
        })
        .collect();
    let texts: Vec<String> = mentioned.iter().map(ToString::to_string).collect();
    let positions: BTreeMap<&Version, u32> = mentioned.into_iter().zip(0..).collect();
    // Every version asked for was collected above.
    let position = |version: &Version| positions.get(version).copied().unwrap_or(u32::MAX);
    let word = |severity: Option<Severity>| severity.map(|severity| severity.to_string());
    let words: Vec<_> =
        advisories.iter().map(|a| (word(a.rating.scored), word(a.rating.said))).collect();
    let entries = advisories.iter().zip(&words).map(|(advisory, (scored, said))| Entry {
        ids: advisory.ids.iter().map(String::as_str).collect(),
        summary: advisory.summary.as_deref(),
        scored: scored.as_deref(),
        said: said.as_deref(),
        versions: advisory.versions.iter().map(position).collect(),
        intervals: advisory.intervals.iter().map(|interval| interval.map(position)).collect(),
        fixed: advisory.fixed.iter().map(position).collect(),
    });
    let block = Block {
        versions: texts.iter().map(String::as_str).collect(),
        advisories: entries.collect(),
    };
    postcard::to_allocvec(&block)
}

/// What the database says about one project, ready to be asked about many versions.
#[derive(Debug)]
pub struct ProjectAdvisories<'a> {
    versions: Vec<Version>,
    entries: Vec<Entry<'a>>,
}

impl<'a> ProjectAdvisories<'a> {
    /// Reads a block. None when it is not a block as [`encode`] writes them.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (block, rest): (Block<'a>, _) = postcard::take_from_bytes(bytes).ok()?;
        let versions: Vec<Version> =
            block.versions.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
        let known = |position: &u32| usize::try_from(*position).is_ok_and(|p| p < versions.len());
        let sound = block.advisories.iter().all(|entry| {
            let bounds = entry.intervals.iter().flat_map(Interval::bounds);
            let mut positions = entry.versions.iter().chain(&entry.fixed).chain(bounds);
            !entry.ids.is_empty() && positions.all(known)
        });
        let ascending = versions.is_sorted_by(|a, b| a < b);
        (rest.is_empty() && sound && ascending)
            .then_some(Self { versions, entries: block.advisories })
    }

    /// Whether any advisory affects a version.
    pub fn affect(&self, version: &Version) -> bool {
        self.matching(version).next().is_some()
    }

    /// The ids of the advisories that affect a version, one for each record.
    pub fn affecting(&self, version: &Version) -> Vec<&'a str> {
        self.matching(version).filter_map(|entry| entry.ids.first().copied()).collect()
    }

    /// The vulnerabilities of a version: the advisories that affect it, merged by shared ids and
    /// aliases. In the order of their first ids.
    pub fn vulnerabilities(&self, version: &Version) -> Vec<Vulnerability> {
        let matching: Vec<_> = self.matching(version).collect();
        let groups = vulnerability::groups(&matching, |entry| &entry.ids);
        let mut found: Vec<_> = groups
            .iter()
            .map(|group| Vulnerability::merge(group, self.fixes(group, version)))
            .collect();
        found.sort_by(|a, b| a.ids.cmp(&b.ids));
        found
    }

    fn matching(&self, version: &Version) -> impl Iterator<Item = &Entry<'a>> {
        let place = Place::of(version, &self.versions);
        self.entries.iter().filter(move |entry| entry.affects(&place))
    }

    /// The fixes that a group names above a version and that no record of the group affects.
    fn fixes(&self, group: &[&Entry<'_>], version: &Version) -> Vec<Version> {
        let fixed: BTreeSet<&Version> = group
            .iter()
            .flat_map(|entry| &entry.fixed)
            .filter_map(|position| self.versions.get(usize::try_from(*position).ok()?))
            .filter(|fixed| *fixed > version)
            .filter(|fixed| {
                let place = Place::of(fixed, &self.versions);
                !group.iter().any(|entry| entry.affects(&place))
            })
            .collect();
        fixed.into_iter().cloned().collect()
    }
}

/// Where a version stands among the versions of a block.
struct Place<'v> {
    versions: &'v [Version],
    /// With its local label, for versions that have one.
    full: Result<usize, usize>,
    /// Without its local label, for the others.
    public: Result<usize, usize>,
}

impl<'v> Place<'v> {
    fn of(version: &Version, versions: &'v [Version]) -> Self {
        let full = versions.binary_search(version);
        let public = if version.is_local() {
            versions.binary_search(&version.clone().without_local())
        } else {
            full
        };
        Self { versions, full, public }
    }

    /// How the version compares with the one at a position.
    fn order(&self, position: u32) -> Ordering {
        let Ok(position) = usize::try_from(position) else { return Ordering::Less };
        let local = self.versions.get(position).is_some_and(Version::is_local);
        match if local { self.full } else { self.public } {
            Ok(own) => own.cmp(&position),
            // The version would be inserted at `own`, so what stands there is above it.
            Err(own) if own > position => Ordering::Greater,
            Err(_) => Ordering::Less,
        }
    }
}

#[cfg(test)]
mod tests;
