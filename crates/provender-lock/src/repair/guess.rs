//! Where everything is likely to land, told from what releases need.
//!
//! A solver that finds its first choice not to fit walks down from the newest version, and reads
//! what each one on its way needs. A guess costs less: it only ever moves upwards, from the nearest
//! versions on, and reads what could be chosen. It is no more than what the solver tries first.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use provender_core::{ProjectName, Version, VersionSpecifiers};

use super::candidates::Candidates;
use super::demand::Demand;
use super::search::Search;
use super::{Pins, Solver};

/// How many versions are read at the same time while one is looked for.
const AHEAD: usize = 3;

/// A project that may move, and where the guess has it.
struct Mover<'a> {
    versions: &'a [Version],
    /// Which of the versions are tried; ascending.
    stops: Vec<usize>,
    /// Which of the versions it is at. Between the stops where another project's demand says so.
    at: usize,
    /// The lowest version that nothing is known against.
    lowest: usize,
}

impl<'a> Mover<'a> {
    fn new(candidates: &'a Candidates) -> Self {
        let versions = candidates.versions();
        let few = candidates.few();
        let stops = few.iter().filter_map(|version| versions.binary_search(version).ok());
        Self { versions, stops: stops.collect(), at: 0, lowest: 0 }
    }

    fn version(&self) -> &'a Version {
        &self.versions[self.at]
    }

    /// Its version and the stops that come next, once it had to leave its first one.
    fn next(&self) -> impl Iterator<Item = &'a Version> {
        let ahead = if self.at == 0 { 1 } else { AHEAD };
        let stops = self.stops.iter().copied().filter(|stop| *stop > self.at);
        std::iter::once(self.at).chain(stops).take(ahead).map(|at| &self.versions[at])
    }

    /// Goes to the next stop; whether there is one.
    fn leave(&mut self) -> bool {
        let Some(next) = self.stops.iter().copied().find(|stop| *stop > self.at) else {
            return false;
        };
        (self.at, self.lowest) = (next, self.at + 1);
        true
    }

    /// Goes up to the first version that is among `good`; whether there is one.
    fn raise(&mut self, good: &VersionSpecifiers) -> bool {
        let above = self.at + 1..self.versions.len();
        let Some(at) = above.into_iter().find(|at| good.contains(&self.versions[*at])) else {
            return false;
        };
        (self.at, self.lowest) = (at, at);
        true
    }
}

/// The guess: every project that may move, and what the others demand of it where they are held.
struct Guess<'a> {
    movers: BTreeMap<&'a ProjectName, Mover<'a>>,
    bounds: BTreeMap<ProjectName, Vec<VersionSpecifiers>>,
}

impl<S: Solver> Search<'_, S> {
    /// The versions that the projects of `demand` are likely to take.
    pub(super) async fn guess(
        &self,
        demand: &Demand,
        before: &Pins,
    ) -> BTreeMap<ProjectName, Version> {
        let targets = demand.targets.iter().filter(|(name, _)| before.contains_key(*name));
        let free = demand.free.iter().map(|(name, free)| (name, &free.candidates));
        let movers: BTreeMap<&ProjectName, Mover<'_>> =
            targets.chain(free).map(|(name, found)| (name, Mover::new(found))).collect();
        let mut guess = Guess { bounds: self.bounds(demand, before, &movers), movers };
        // Each round but the last moves a project upwards, so the rounds end.
        loop {
            let next = guess.movers.iter().flat_map(|(name, mover)| {
                mover.next().map(|version| self.solver.needs(name, version))
            });
            join_all(next).await;
            if !self.advance(&mut guess, demand, before) {
                break;
            }
        }
        self.lower(&mut guess, demand, before).await;
        let landed = guess.movers.iter();
        landed.map(|(name, mover)| ((*name).clone(), mover.version().clone())).collect()
    }

    /// What projects that stay where they are demand of those that may move.
    fn bounds(
        &self,
        demand: &Demand,
        before: &Pins,
        movers: &BTreeMap<&ProjectName, Mover<'_>>,
    ) -> BTreeMap<ProjectName, Vec<VersionSpecifiers>> {
        let mut bounds: BTreeMap<ProjectName, Vec<VersionSpecifiers>> = BTreeMap::new();
        for other in before.keys().filter(|other| !movers.contains_key(*other)) {
            let held = demand.held_at(other, before);
            let needs = held.and_then(|held| self.solver.known_needs(other, held));
            for need in needs.iter().flat_map(|needs| needs.iter()) {
                if movers.contains_key(&need.project) {
                    let bound = bounds.entry(need.project.clone()).or_default();
                    bound.push(need.specifiers.clone());
                }
            }
        }
        bounds
    }

    /// Moves what does not go with the others; whether anything moved.
    fn advance(&self, guess: &mut Guess<'_>, demand: &Demand, before: &Pins) -> bool {
        let mut advanced = false;
        let names: Vec<&ProjectName> = guess.movers.keys().copied().collect();
        for name in names {
            let version = guess.movers[name].version();
            let bounds = guess.bounds.get(name).into_iter().flatten();
            if let Some(bound) = bounds.into_iter().find(|bound| !bound.contains(version)) {
                advanced |= guess.movers.get_mut(name).is_some_and(|mover| mover.raise(bound));
                continue;
            }
            let needs = self.solver.known_needs(name, version);
            for need in needs.iter().flat_map(|needs| needs.iter()) {
                if need.project == *name {
                    continue;
                }
                if let Some(other) = guess.movers.get_mut(&need.project) {
                    if need.specifiers.contains(other.version()) {
                        continue;
                    }
                    if other.raise(&need.specifiers) {
                        advanced = true;
                        continue;
                    }
                } else if demand
                    .held_at(&need.project, before)
                    .is_none_or(|held| need.specifiers.contains(held))
                {
                    continue;
                }
                advanced |= guess.movers.get_mut(name).is_some_and(Mover::leave);
                break;
            }
        }
        advanced
    }

    /// Between the last version that did not fit and the one that does, finds the lowest that does.
    async fn lower(&self, guess: &mut Guess<'_>, demand: &Demand, before: &Pins) {
        let names: Vec<&ProjectName> = guess.movers.keys().copied().collect();
        for name in names {
            let (mut low, mut high) = (guess.movers[name].lowest, guess.movers[name].at);
            while low < high {
                let middle = low.midpoint(high);
                let version = &guess.movers[name].versions[middle];
                self.solver.needs(name, version).await;
                if self.fits(name, version, guess, demand, before) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            if let Some(mover) = guess.movers.get_mut(name) {
                mover.at = high;
            }
        }
    }

    /// Whether nothing is known against a version beside the others' versions of the guess.
    fn fits(
        &self,
        name: &ProjectName,
        version: &Version,
        guess: &Guess<'_>,
        demand: &Demand,
        before: &Pins,
    ) -> bool {
        let needs = self.solver.known_needs(name, version);
        let met = needs.iter().flat_map(|needs| needs.iter()).all(|need| {
            let other = guess.movers.get(&need.project).map(Mover::version);
            let at = other.or_else(|| demand.held_at(&need.project, before));
            need.project == *name || at.is_none_or(|at| need.specifiers.contains(at))
        });
        let bounds = guess.bounds.get(name).into_iter().flatten();
        met && bounds.into_iter().all(|bound| bound.contains(version))
            && guess.movers.iter().filter(|(other, _)| **other != name).all(|(other, mover)| {
                let needs = self.solver.known_needs(other, mover.version());
                let mut needs = needs.iter().flat_map(|needs| needs.iter());
                needs.all(|need| need.project != *name || need.specifiers.contains(version))
            })
    }
}
