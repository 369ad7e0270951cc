//! One record's word on one package, before it is written into a database.

use std::collections::BTreeMap;

use crate::ecosystem::{Ecosystem, PackageVersion, Scheme};
use crate::interval::{Interval, intervals};
use crate::osv::{Affected, EcosystemSpecific, Event, RangeKind, Record};
use crate::rating::Rating;

/// The longest reason that is kept for why something will not be fixed, in characters.
const LONGEST_REASON: usize = 160;

/// One record's word on one package. Versions are kept as they were written: a distribution's data
/// mentions a million of them, and most are only looked at once.
#[derive(Debug, Clone)]
pub(crate) struct PackageAdvisory {
    pub(super) scheme: Scheme,
    pub(super) rating: Rating,
    /// Why it will not be fixed, where the distribution has decided so.
    pub(super) wont_fix: Option<String>,
    pub(super) determined: bool,
    /// Affected versions that lie in no interval.
    pub(super) versions: Vec<String>,
    pub(super) intervals: Vec<Interval<String>>,
    pub(super) fixed: Vec<String>,
}

impl PackageAdvisory {
    /// What a record says about each package it names, by ecosystem and name. Withdrawn records say
    /// nothing; entries of Python and of ecosystems that are not known here are passed over.
    pub(crate) fn of(record: &Record) -> BTreeMap<(Ecosystem, String), Self> {
        let mut advisories = BTreeMap::<_, Self>::new();
        if record.withdrawn.is_some() {
            return advisories;
        }
        for affected in &record.affected {
            let Some(package) = &affected.package else { continue };
            let Some(ecosystem) = Ecosystem::parse(&package.ecosystem) else { continue };
            let Some(scheme) = ecosystem.scheme() else { continue };
            let specific = &affected.ecosystem_specific;
            let entry = Self {
                scheme,
                rating: Rating::of_package(record, affected),
                wont_fix: wont_fix(specific),
                determined: specific.status.as_deref() != Some("undetermined"),
                versions: Vec::new(),
                intervals: Vec::new(),
                fixed: Vec::new(),
            };
            let advisory = advisories.entry((ecosystem, package.name.clone())).or_insert(entry);
            advisory.add(record, affected);
        }
        advisories
    }

    fn add(&mut self, record: &Record, affected: &Affected) {
        let specific = &affected.ecosystem_specific;
        self.rating = self.rating.merge(Rating::of_package(record, affected));
        self.wont_fix = self.wont_fix.take().or_else(|| wont_fix(specific));
        self.determined |= specific.status.as_deref() != Some("undetermined");
        let parse = |text: &str| self.scheme.parse_mentioned(text);
        let mut runs = Vec::new();
        for range in affected.ranges.iter().filter(|range| range.kind != RangeKind::Git) {
            runs.extend(intervals(&range.events, parse));
            self.fixed.extend(range.events.iter().filter_map(|event| match event {
                Event::Fixed(text) => parse(text).map(|version| written(&version)),
                _ => None,
            }));
        }
        // A text that is no version of the ecosystem is the version of no package that is asked about.
        let listed = affected.versions.iter().filter_map(|text| parse(text));
        let listed = listed.filter(|version| {
            !runs.iter().any(|run| run.contains(|bound: &PackageVersion| version.cmp(bound)))
        });
        self.versions.extend(listed.map(|version| written(&version)));
        self.intervals.extend(runs.iter().map(|run| run.map(written)));
        for texts in [&mut self.versions, &mut self.fixed] {
            texts.sort_unstable();
            texts.dedup();
            texts.shrink_to_fit();
        }
        self.intervals.sort_unstable();
        self.intervals.dedup();
        self.intervals.shrink_to_fit();
    }

    /// Every version that is mentioned, some more than once.
    pub(super) fn mentioned(&self) -> impl Iterator<Item = &String> {
        let bounds = self.intervals.iter().flat_map(Interval::bounds);
        self.versions.iter().chain(bounds).chain(&self.fixed)
    }
}

fn written(version: &PackageVersion) -> String {
    version.as_str().to_owned()
}

/// Why the distribution will not fix it, by Debian's words.
fn wont_fix(specific: &EcosystemSpecific) -> Option<String> {
    let urgency = specific.urgency.as_deref();
    if urgency == Some("end-of-life") {
        return Some("the package is not supported any more in this release".to_owned());
    }
    if urgency == Some("unimportant") {
        return Some("the distribution calls it unimportant".to_owned());
    }
    let ignored = specific.nodsa_reason.as_deref() == Some("ignored");
    ignored.then(|| match specific.nodsa.as_deref().map(plain).filter(|text| !text.is_empty()) {
        Some(reason) => format!("the distribution ignores it: {reason}"),
        None => "the distribution ignores it".to_owned(),
    })
}

/// A text from elsewhere in one line of printable characters.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect()
}
