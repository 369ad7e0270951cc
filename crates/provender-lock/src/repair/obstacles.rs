//! What stands in the way of a single version, told from what releases need.
//!
//! A solve tells the same, at a hundred times the price. What stands in the way here may only be
//! gone where nothing needs it any more; what nothing here stands against may still be impossible,
//! and a solve has the last word.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use provender_core::{ProjectName, Version};

use super::candidates::Candidates;
use super::demand::{Demand, Free};
use super::search::Search;
use super::{Pins, Solver};
use crate::failure::LockFailure;

impl<S: Solver> Search<'_, S> {
    /// The projects that would have to be elsewhere than `demand` lets them be, for `project` to
    /// be at `version` beside the projects of `pins`.
    pub(super) async fn obstacles(
        &self,
        project: &ProjectName,
        version: &Version,
        demand: &Demand,
        (before, pins): (&Pins, &Pins),
    ) -> BTreeSet<ProjectName> {
        let mut found = BTreeSet::new();
        let needs = self.solver.needs(project, version).await;
        for need in needs.iter().flat_map(|needs| needs.iter()) {
            let good = |version: &Version| need.specifiers.contains(version);
            if need.project != *project && !demand.may_have(&need.project, before, good) {
                found.insert(need.project.clone());
            }
        }
        for other in pins.keys().filter(|other| *other != project) {
            let Some(held) = demand.held_at(other, before) else { continue };
            let Some(needs) = self.solver.known_needs(other, held) else { continue };
            let mut of_project = needs.iter().filter(|need| need.project == *project);
            if of_project.any(|need| !need.specifiers.contains(version)) {
                found.insert(other.clone());
            }
        }
        found
    }

    /// Frees what stands in the way of everything that a target, or a project freed for one, may
    /// be, so that the first solve need not find that out.
    pub(super) async fn make_way(
        &self,
        demand: &mut Demand,
        before: &Pins,
    ) -> Result<(), LockFailure> {
        loop {
            let mut in_the_way: BTreeMap<ProjectName, BTreeSet<ProjectName>> = BTreeMap::new();
            let movers = movers(demand);
            // What they need is read at the same time.
            let obstacles = join_all(movers.iter().map(|(project, candidates, _)| {
                self.common_obstacles(project, candidates, demand, before)
            }));
            for ((_, _, targets), obstacles) in movers.iter().zip(obstacles.await) {
                for obstacle in obstacles {
                    in_the_way
                        .entry(obstacle)
                        .or_default()
                        .extend(targets.iter().copied().cloned());
                }
            }
            let mut freed = false;
            for (name, targets) in in_the_way {
                if demand.is_held(&name, before)
                    && let Some(candidates) = self.upwards(&name, before).await?
                {
                    demand.free.insert(name, Free { candidates, targets });
                    freed = true;
                }
            }
            if !freed {
                return Ok(());
            }
        }
    }

    /// What could be freed and stands in the way of each of the versions that a project may move to,
    /// told from the nearest and the newest of them.
    async fn common_obstacles(
        &self,
        project: &ProjectName,
        candidates: &Candidates,
        demand: &Demand,
        before: &Pins,
    ) -> BTreeSet<ProjectName> {
        let stands_at = before.get(project).and_then(BTreeSet::first);
        let few = candidates.few();
        let mut versions = few.into_iter().filter(|version| Some(*version) != stands_at);
        let Some(nearest) = versions.next() else { return BTreeSet::new() };
        let pins = (before, before);
        let mut common = self.obstacles(project, nearest, demand, pins).await;
        common.retain(|name| demand.is_held(name, before));
        // What stands in the way at both ends does so between them, as good as always; and what is
        // freed in vain stays where it is.
        if let Some(newest) = versions.next_back().filter(|_| !common.is_empty()) {
            let obstacles = self.obstacles(project, newest, demand, pins).await;
            common.retain(|name| obstacles.contains(name));
        }
        common
    }
}

/// The projects that have to move, where they may move to, and for whose sake.
fn movers(demand: &Demand) -> Vec<(&ProjectName, &Candidates, Vec<&ProjectName>)> {
    let targets = demand.targets.iter().map(|(name, candidates)| (name, candidates, vec![name]));
    let free = demand
        .free
        .iter()
        .map(|(name, free)| (name, &free.candidates, free.targets.iter().collect()));
    targets.chain(free).collect()
}
