//! Which vulnerabilities a version of a package has, and what takes each away.
//!
//! Records are merged as Python's are, by shared ids and aliases, and besides by the vulnerability that
//! they are about: a distribution's record, its notice and a plain CVE are one finding. A notice about
//! several vulnerabilities belongs to the finding of each and does not make them one.

use std::collections::BTreeSet;

use super::block::{Block, Entry};
use super::{Fix, PackageFinding};
use crate::database::{Database, DatabaseError};
use crate::ecosystem::{Ecosystem, PackageVersion};
use crate::rating::Rating;
use crate::vulnerability::groups;

/// What the database says about one package, ready to be asked about many versions.
#[derive(Debug)]
pub(super) struct PackageAdvisories<'d> {
    /// For the release, and for every release.
    open: Vec<Block<'d>>,
    /// What only subscribers get (Ubuntu Pro).
    subscription: Vec<Block<'d>>,
}

/// An advisory that may affect the version asked about.
#[derive(Clone, Copy)]
struct Candidate<'b, 'd> {
    block: &'b Block<'d>,
    entry: &'b Entry<'d>,
    /// Whether its fixes can be had without a subscription, or the package comes from there.
    offered: bool,
}

/// An advisory that affects the version, as one of the vulnerabilities that it is about.
struct Member<'b, 'd> {
    candidate: Candidate<'b, 'd>,
    /// The ids that make it one with others.
    ids: Vec<&'d str>,
}

impl<'d> PackageAdvisories<'d> {
    /// Reads what there is about a package of an ecosystem.
    pub(super) fn read(
        database: &'d Database,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Self, DatabaseError> {
        let mut open = Vec::new();
        for ecosystem in [Some(ecosystem.clone()), ecosystem.without_release()] {
            let Some(ecosystem) = ecosystem else { continue };
            open.extend(database.package(&ecosystem, name)?);
        }
        let subscription = match ecosystem.with_subscription() {
            Some(ecosystem) => database.package(&ecosystem, name)?,
            None => None,
        };
        Ok(Self { open, subscription: subscription.into_iter().collect() })
    }

    /// The vulnerabilities of a version, in the order of their first ids.
    pub(super) fn vulnerabilities(&self, version: &PackageVersion) -> Vec<PackageFinding> {
        let members: Vec<_> =
            self.affecting(version).into_iter().flat_map(Candidate::members).collect();
        let members: Vec<&Member<'_, '_>> = members.iter().collect();
        let mut found: Vec<_> = groups(&members, |member| &member.ids)
            .into_iter()
            .map(|group| finding(&group, version))
            .collect();
        found.sort_by(|a, b| a.ids.cmp(&b.ids));
        found
    }

    /// The advisories that affect a version. Where a record speaks of a package both for everybody and
    /// for subscribers, the one that holds for where the version comes from is heard.
    fn affecting(&self, version: &PackageVersion) -> Vec<Candidate<'_, 'd>> {
        let from_subscription = version.as_str().contains("esm");
        let (first, second) = match from_subscription {
            true => (&self.subscription, &self.open),
            false => (&self.open, &self.subscription),
        };
        let heard: BTreeSet<_> =
            first.iter().flat_map(|block| &block.entries).filter_map(|e| e.ids.first()).collect();
        let mut affecting = Vec::new();
        let mut hear = |block, offered, is_heard: &dyn Fn(&Entry<'_>) -> bool| {
            let block: &Block<'d> = block;
            let place = block.place(version);
            let entries = block.entries.iter().filter(|entry| is_heard(entry));
            let entries = entries.filter(|entry| place.is_affected_by(entry));
            affecting.extend(entries.map(|entry| Candidate { block, entry, offered }));
        };
        first.iter().for_each(|block| hear(block, true, &|_| true));
        let unheard = |entry: &Entry<'_>| entry.ids.first().is_some_and(|id| !heard.contains(id));
        second.iter().for_each(|block| hear(block, from_subscription, &unheard));
        affecting
    }
}

impl<'b, 'd> Candidate<'b, 'd> {
    /// Once for each vulnerability that a notice is about; a record about one is that one.
    fn members(self) -> Vec<Member<'b, 'd>> {
        match self.entry.about.as_slice() {
            [] | [_] => {
                let ids = self.entry.ids.iter().chain(&self.entry.about).copied().collect();
                vec![Member { candidate: self, ids }]
            }
            several => {
                several.iter().map(|id| Member { candidate: self, ids: vec![*id] }).collect()
            }
        }
    }

    fn affects(&self, version: &PackageVersion) -> bool {
        self.block.place(version).is_affected_by(self.entry)
    }
}

/// Merges the advisories of one vulnerability.
fn finding(group: &[&Member<'_, '_>], version: &PackageVersion) -> PackageFinding {
    let entries = || group.iter().map(|member| member.candidate.entry);
    let own = entries().flat_map(|entry| entry.ids.iter().copied());
    let ids: BTreeSet<&str> =
        own.chain(group.iter().flat_map(|member| member.ids.iter().copied())).collect();
    let rating = entries().fold(Rating::default(), |all, entry| all.merge(entry.rating()));
    PackageFinding {
        query: 0,
        ids: ids.into_iter().map(str::to_owned).collect(),
        severity: rating.severity(),
        summary: entries().find_map(|entry| entry.summary).map(str::to_owned),
        fix: fix(group, version),
        determined: entries().any(|entry| entry.determined),
    }
}

fn fix(group: &[&Member<'_, '_>], version: &PackageVersion) -> Fix {
    let candidates: Vec<_> = group.iter().map(|member| member.candidate).collect();
    let lowest = |offered: bool| {
        let those = candidates.iter().filter(|candidate| candidate.offered == offered);
        let fixes: BTreeSet<_> =
            those.flat_map(|candidate| candidate.block.fixes(candidate.entry)).collect();
        let above = fixes.into_iter().filter(|fix| *fix > version);
        above.into_iter().find(|fix| !candidates.iter().any(|candidate| candidate.affects(fix)))
    };
    if let Some(fix) = lowest(true) {
        return Fix::In(fix.as_str().to_owned());
    }
    if let Some(fix) = lowest(false) {
        return Fix::WontFix(format!("fixed in {}, which needs Ubuntu Pro", fix.as_str()));
    }
    let decided = candidates.iter().find_map(|candidate| candidate.entry.wont_fix);
    decided.map_or(Fix::None, |reason| Fix::WontFix(reason.to_owned()))
}
