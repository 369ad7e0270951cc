//! Bringing what moved as near to its old place as it goes.

use futures_util::future::join_all;
use provender_core::{ProjectName, Version};

use super::demand::Demand;
use super::search::Search;
use super::{Pins, Solution, Solver};

impl<S: Solver> Search<'_, S> {
    /// Makes the steps of `now` as small as they can be, and puts back what need not have moved.
    pub(super) async fn settle(
        &self,
        demand: &mut Demand,
        before: &Pins,
        mut now: Solution<S::Output>,
    ) -> Solution<S::Output> {
        now = self.step_down(demand, before, now).await;
        if self.put_back(demand, before, &mut now).await {
            now = self.step_down(demand, before, now).await;
        }
        now
    }

    /// Tries each freed project at its old place again. Tells whether one is back there.
    async fn put_back(
        &self,
        demand: &mut Demand,
        before: &Pins,
        now: &mut Solution<S::Output>,
    ) -> bool {
        // What was freed and did not move stays where it is for free.
        demand.free.retain(|name, _| moved(name, before, &now.pins));
        let freed: Vec<ProjectName> = demand.free.keys().cloned().collect();
        let mut any = false;
        for name in freed {
            let mut without = no_farther(demand, &now.pins);
            without.free.remove(&name);
            let Some(old) = only(before, &name) else { continue };
            let pins = (before, &now.pins);
            if !self.obstacles(&name, &old, &without, pins).await.is_empty() {
                continue;
            }
            if let Some(solution) = self.attempt(&without, before, &now.pins).await {
                demand.free.retain(|name, _| moved(name, before, &solution.pins));
                *now = solution;
                any = true;
            }
        }
        any
    }

    /// Brings each moved project as near to its old place as the others allow. Between the
    /// nearest version and the chosen one it halves: a cap that is lifted stays lifted in
    /// practice, and a proof for every version between would cost a solve each.
    async fn step_down(
        &self,
        demand: &Demand,
        before: &Pins,
        mut now: Solution<S::Output>,
    ) -> Solution<S::Output> {
        // All at once, as far as single versions show nothing against it. A step can make room for
        // another one.
        loop {
            let nearer = self.all_nearer(demand, before, &now.pins).await;
            if nearer.exact.is_empty() {
                return now;
            }
            match self.attempt(&nearer, before, &now.pins).await {
                Some(solution) => now = solution,
                None => break,
            }
        }
        for (name, versions) in places(demand, before) {
            let Some(mut lower) = below(&versions, &now.pins, &name) else { continue };
            let mut first_try = true;
            while !lower.is_empty() {
                let at = probe(lower, first_try);
                let mut nearer = no_farther(demand, &now.pins);
                nearer.exact.insert(name.clone(), lower[at].clone());
                let pins = (before, &now.pins);
                let fits = self.obstacles(&name, &lower[at], &nearer, pins).await.is_empty();
                let solution = match fits {
                    true => self.attempt(&nearer, before, &now.pins).await,
                    false => None,
                };
                match solution {
                    Some(solution) => {
                        now = solution;
                        lower = &lower[..at];
                    }
                    None => lower = &lower[at + 1..],
                }
                first_try = false;
            }
        }
        now
    }

    /// The demand with every moved project exactly at the nearest version that nothing is known
    /// against.
    async fn all_nearer(&self, demand: &Demand, before: &Pins, now: &Pins) -> Demand {
        let mut nearer = no_farther(demand, now);
        let places = places(demand, before);
        // The first tries are known beforehand: their metadata are fetched at the same time.
        join_all(places.iter().filter_map(|(name, versions)| {
            let nearest = below(versions, now, name)?.first()?;
            Some(self.solver.needs(name, nearest))
        }))
        .await;
        for (name, versions) in &places {
            let Some(mut lower) = below(versions, now, name) else { continue };
            let mut first_try = true;
            while !lower.is_empty() {
                let at = probe(lower, first_try);
                let fits =
                    self.obstacles(name, &lower[at], &nearer, (before, now)).await.is_empty();
                if fits {
                    nearer.exact.insert(name.clone(), lower[at].clone());
                    lower = &lower[..at];
                } else {
                    lower = &lower[at + 1..];
                }
                first_try = false;
            }
        }
        nearer
    }
}

/// The demand, with nothing farther from its old place than it is now.
fn no_farther(demand: &Demand, now: &Pins) -> Demand {
    let mut demand = demand.clone();
    demand.guess.clear();
    for name in demand.free.keys().chain(demand.targets.keys()) {
        if let Some(version) = only(now, name) {
            demand.at_most.insert(name.clone(), version);
        }
    }
    demand
}

/// What moved and had an old place, with the versions that it may have.
fn places(demand: &Demand, before: &Pins) -> Vec<(ProjectName, Vec<Version>)> {
    let free = demand.free.iter().map(|(name, free)| (name, &free.candidates));
    let targets = demand.targets.iter().filter(|(name, _)| before.contains_key(*name));
    free.chain(targets)
        .map(|(name, candidates)| (name.clone(), candidates.versions().to_vec()))
        .collect()
}

/// Those of `versions` that are nearer than the present one.
fn below<'a>(versions: &'a [Version], now: &Pins, name: &ProjectName) -> Option<&'a [Version]> {
    let chosen = only(now, name)?;
    versions.binary_search(&chosen).ok().map(|at| &versions[..at])
}

/// Which version is tried next: the nearest one first, which mostly works.
fn probe(lower: &[Version], first_try: bool) -> usize {
    if first_try { 0 } else { lower.len() / 2 }
}

fn only(pins: &Pins, name: &ProjectName) -> Option<Version> {
    let versions = pins.get(name)?;
    (versions.len() == 1).then(|| versions.first().cloned())?
}

fn moved(name: &ProjectName, before: &Pins, now: &Pins) -> bool {
    now.get(name).is_some_and(|versions| before.get(name) != Some(versions))
}
