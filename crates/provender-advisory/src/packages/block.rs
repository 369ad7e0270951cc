//! Everything that the advisories say about one package, in the form in which it is matched: the
//! versions that they mention in one ascending list, and ranges as intervals of positions in it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use provender_core::Severity;
use serde::{Deserialize, Serialize};

use super::PackageAdvisory;
use crate::ecosystem::{PackageVersion, Scheme};
use crate::interval::Interval;
use crate::osv::Record;
use crate::rating::Rating;

/// What all packages of a record share.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    /// The id, then the aliases; of a notice that has its vulnerabilities among its aliases, the id.
    pub(crate) ids: Vec<String>,
    /// The vulnerabilities that the record is about.
    pub(crate) about: Vec<String>,
    /// One line on what it is.
    pub(crate) summary: Option<String>,
}

impl Heading {
    /// The heading of a record.
    pub(crate) fn of(record: &Record) -> Self {
        let own = match record.is_old_notice() {
            true => vec![record.id.clone()],
            false => record.all_ids().map(str::to_owned).collect(),
        };
        let about = record.about().into_iter().map(str::to_owned).collect();
        Self { ids: own, about, summary: record.one_line() }
    }
}

/// A package's block in the database file (postcard).
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    /// Every version that is mentioned, ascending.
    #[serde(borrow)]
    versions: Vec<&'a str>,
    /// The advisories, by id.
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

/// One advisory in a block. Numbers are positions in the block's versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    /// The id, then the aliases.
    #[serde(borrow)]
    pub(super) ids: Vec<&'a str>,
    /// The vulnerabilities that the record is about.
    #[serde(borrow)]
    pub(super) about: Vec<&'a str>,
    pub(super) summary: Option<&'a str>,
    // As words, so that the file does not depend on the order of an enum's variants.
    scored: Option<&'a str>,
    said: Option<&'a str>,
    pub(super) wont_fix: Option<&'a str>,
    pub(super) determined: bool,
    /// Affected versions that lie in no interval.
    versions: Vec<u32>,
    intervals: Vec<Interval<u32>>,
    fixed: Vec<u32>,
}

impl Entry<'_> {
    pub(super) fn rating(&self) -> Rating {
        let read = |word: Option<&str>| word.and_then(|word| word.parse().ok());
        Rating { scored: read(self.scored), said: read(self.said) }
    }
}

/// Writes the block of one package: what each record says, in the order of their ids.
pub(crate) fn encode(
    advisories: &[(&Heading, &PackageAdvisory)],
) -> Result<Vec<u8>, postcard::Error> {
    let mut positions = BTreeMap::new();
    for (_, advisory) in advisories {
        for text in advisory.mentioned() {
            // What was taken into an advisory could be parsed. Of two spellings of one version the
            // first is written.
            if let Some(version) = advisory.scheme.parse(text) {
                positions.entry(version).or_insert(0_u32);
            }
        }
    }
    positions.values_mut().zip(0..).for_each(|(position, next)| *position = next);
    let word = |severity: Option<Severity>| severity.map(|severity| severity.to_string());
    let words: Vec<_> = advisories
        .iter()
        .map(|(_, advisory)| (word(advisory.rating.scored), word(advisory.rating.said)))
        .collect();
    let entries = advisories.iter().zip(&words).map(|((heading, advisory), (scored, said))| {
        let position = |text: &String| {
            let version = advisory.scheme.parse(text);
            version.and_then(|version| positions.get(&version)).copied().unwrap_or(u32::MAX)
        };
        Entry {
            ids: heading.ids.iter().map(String::as_str).collect(),
            about: heading.about.iter().map(String::as_str).collect(),
            summary: heading.summary.as_deref(),
            scored: scored.as_deref(),
            said: said.as_deref(),
            wont_fix: advisory.wont_fix.as_deref(),
            determined: advisory.determined,
            versions: advisory.versions.iter().map(position).collect(),
            intervals: advisory.intervals.iter().map(|run| run.map(position)).collect(),
            fixed: advisory.fixed.iter().map(position).collect(),
        }
    });
    let entries = entries.collect();
    let versions = positions.keys().map(PackageVersion::as_str).collect();
    postcard::to_allocvec(&Written { versions, entries })
}

/// A block that was read.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    versions: Vec<PackageVersion>,
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> Block<'a> {
    /// Reads a block. None when it is not a block as [`encode`] writes them.
    pub(crate) fn decode(bytes: &'a [u8], scheme: Scheme) -> Option<Self> {
        let (block, rest): (Written<'a>, _) = postcard::take_from_bytes(bytes).ok()?;
        let versions: Vec<PackageVersion> =
            block.versions.iter().map(|text| scheme.parse(text)).collect::<Option<_>>()?;
        let known = |position: &u32| usize::try_from(*position).is_ok_and(|p| p < versions.len());
        let sound = block.entries.iter().all(|entry| {
            let bounds = entry.intervals.iter().flat_map(Interval::bounds);
            let mut positions = entry.versions.iter().chain(&entry.fixed).chain(bounds);
            !entry.ids.is_empty() && positions.all(known)
        });
        let ascending = versions.is_sorted_by(|a, b| a < b);
        (rest.is_empty() && sound && ascending).then_some(Self { versions, entries: block.entries })
    }

    /// Where a version stands among those of the block.
    pub(super) fn place(&self, version: &PackageVersion) -> Place {
        Place(self.versions.binary_search(version))
    }

    /// The fixes that an entry names.
    pub(super) fn fixes(&self, entry: &Entry<'_>) -> impl Iterator<Item = &PackageVersion> {
        entry
            .fixed
            .iter()
            .filter_map(|position| self.versions.get(usize::try_from(*position).ok()?))
    }
}

/// Where a version stands among the versions of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(Result<usize, usize>);

impl Place {
    /// Whether the version that stands here is affected by an entry of the block.
    pub(super) fn is_affected_by(self, entry: &Entry<'_>) -> bool {
        entry.intervals.iter().any(|run| run.contains(|bound| self.order(*bound)))
            || entry.versions.iter().any(|version| self.order(*version).is_eq())
    }

    /// How the version compares with the one at a position.
    fn order(self, position: u32) -> Ordering {
        let Ok(position) = usize::try_from(position) else { return Ordering::Less };
        match self.0 {
            Ok(own) => own.cmp(&position),
            // The version would be inserted at `own`, so what stands there is above it.
            Err(own) if own > position => Ordering::Greater,
            Err(_) => Ordering::Less,
        }
    }
}
