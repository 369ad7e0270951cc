//! The search for a repair.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use provender_core::{ProjectName, Version};

use super::candidates::{self, Candidates, Question};
use super::demand::{Demand, Free};
use super::explain;
use super::policy::FixPolicy;
use super::{Pins, Repaired, Solution, Solver};
use crate::failure::{FailureKind, LockFailure};
use crate::inputs::UserLimit;
use crate::outcome::{Cap, MoveReason, Unfixed, UnfixedReason};
use crate::request::Advisories;
use crate::resolve::SolveError;

/// Projects that take part in a contradiction, with what the solver said of it.
pub(crate) struct Conflict {
    pub(crate) projects: BTreeSet<ProjectName>,
    pub(crate) report: String,
}

/// A repair in progress.
pub(crate) struct Search<'a, S> {
    pub(crate) solver: &'a S,
    pub(crate) policy: &'a FixPolicy,
    pub(crate) advisories: &'a dyn Advisories,
    pub(crate) limits: &'a [UserLimit],
}

/// The projects of `pins` that have a vulnerable version.
pub(crate) fn vulnerable(pins: &Pins, advisories: &dyn Advisories) -> BTreeSet<ProjectName> {
    let hit = pins.iter().filter(|(name, versions)| {
        versions.iter().any(|version| advisories.is_vulnerable(name, version))
    });
    hit.map(|(name, _)| name.clone()).collect()
}

impl<S: Solver> Search<'_, S> {
    /// Repairs `plain`: the solution without rules.
    pub(crate) async fn run(
        &self,
        plain: Solution<S::Output>,
    ) -> Result<Repaired<S::Output>, LockFailure> {
        let before = plain.pins.clone();
        let mut demand = Demand::default();
        let mut unfixed: BTreeMap<ProjectName, UnfixedReason> = BTreeMap::new();
        let mut now = plain;
        // Each round demands at least one project more, so the rounds end.
        loop {
            let found = vulnerable(&now.pins, self.advisories);
            let new: Vec<ProjectName> = found
                .into_iter()
                .filter(|name| !demand.targets.contains_key(name) && !unfixed.contains_key(name))
                .collect();
            if new.is_empty() {
                break;
            }
            let mut demanded = false;
            // Their pages are read at the same time.
            let asked = join_all(new.iter().map(|name| self.candidates(name, &before))).await;
            for (name, candidates) in new.into_iter().zip(asked) {
                match candidates? {
                    Ok(candidates) => {
                        demand.targets.insert(name, candidates);
                        demanded = true;
                    }
                    Err(reason) => {
                        let reason = self.told_first(&name, reason, &before);
                        unfixed.insert(name, reason);
                    }
                }
            }
            if demanded
                && let Some(solution) = self.satisfy(&mut demand, &before, &mut unfixed).await?
            {
                now = solution;
            }
        }
        if !demand.targets.is_empty() {
            demand.thorough = false;
            now = self.settle(&mut demand, &before, now).await;
        }
        let reasons = self.reasons(&demand, &before, &now.pins);
        let unfixed = unfixed
            .into_iter()
            .filter_map(|(project, reason)| {
                let vulnerable =
                    |version: &&Version| self.advisories.is_vulnerable(&project, version);
                let version = now.pins.get(&project)?.iter().find(vulnerable)?.clone();
                Some(Unfixed { project, version, reason })
            })
            .collect();
        Ok(Repaired { solved: now.output, before, reasons, unfixed })
    }

    /// Where the fix is outside the step, and a project that the user pins would not let it in
    /// anyway, that is told: to allow the step would change nothing.
    fn told_first(
        &self,
        project: &ProjectName,
        reason: UnfixedReason,
        before: &Pins,
    ) -> UnfixedReason {
        let UnfixedReason::OutsideStep { nearest } = &reason else { return reason };
        let mut caps = Vec::new();
        for (parent, versions) in before {
            let pinned = explain::pin(parent, self.limits);
            let Some(version) = versions.first().filter(|_| pinned.is_some()) else { continue };
            let needs = self.solver.known_needs(parent, version);
            for need in needs.iter().flat_map(|needs| needs.iter()) {
                if need.project == *project && !need.specifiers.contains(nearest) {
                    let demand = need.specifiers.to_string().replace(", ", ",");
                    let pinned = pinned.clone();
                    caps.push(Cap { parent: parent.clone(), demand, pinned });
                }
            }
        }
        if caps.is_empty() { reason } else { UnfixedReason::CappedBy { caps } }
    }

    async fn candidates(
        &self,
        project: &ProjectName,
        before: &Pins,
    ) -> Result<Result<Candidates, UnfixedReason>, LockFailure> {
        // Boxed, as everywhere where futures stand on uv's: their types are deep.
        let published = Box::pin(self.solver.published(project)).await?;
        let nothing = BTreeSet::new();
        Ok(candidates::find(&Question {
            project,
            before: before.get(project).unwrap_or(&nothing),
            published: &published,
            policy: self.policy,
            advisories: self.advisories,
            limits: self.limits,
        }))
    }

    /// A solution that meets the demand: all of it, else as much of it as goes together.
    async fn satisfy(
        &self,
        demand: &mut Demand,
        before: &Pins,
        unfixed: &mut BTreeMap<ProjectName, UnfixedReason>,
    ) -> Result<Option<Solution<S::Output>>, LockFailure> {
        let mut whole = demand.clone();
        if let Ok(solution) = self.make_room(&mut whole, before).await? {
            *demand = whole;
            return Ok(Some(solution));
        }
        // Not all together: one after the other, and what does not fit is given up.
        let wanted = std::mem::take(&mut demand.targets);
        demand.free.clear();
        let mut last = None;
        for (project, candidates) in wanted {
            let mut with = demand.clone();
            with.targets.insert(project.clone(), candidates);
            match self.make_room(&mut with, before).await? {
                Ok(solution) => {
                    *demand = with;
                    last = Some(solution);
                }
                Err(conflict) => {
                    let reason = explain::conflict(&project, &conflict, self.limits);
                    unfixed.insert(project, reason);
                }
            }
        }
        Ok(last)
    }

    /// Meets the demand: with a few candidates of each project first, with all of them where that
    /// is not enough.
    async fn make_room(
        &self,
        demand: &mut Demand,
        before: &Pins,
    ) -> Result<Result<Solution<S::Output>, Conflict>, LockFailure> {
        demand.thorough = false;
        self.make_way(demand, before).await?;
        if let Ok(solution) = self.free_until_met(demand, before).await? {
            return Ok(Ok(solution));
        }
        demand.thorough = true;
        self.free_until_met(demand, before).await
    }

    /// Frees what the solver names, until the demand is met or nothing is left to free.
    async fn free_until_met(
        &self,
        demand: &mut Demand,
        before: &Pins,
    ) -> Result<Result<Solution<S::Output>, Conflict>, LockFailure> {
        loop {
            demand.guess = self.guess(demand, before).await;
            let conflict = match self.ask(demand, before).await? {
                Ok(solution) => return Ok(Ok(solution)),
                Err(conflict) => conflict,
            };
            let targets: BTreeSet<ProjectName> = conflict
                .projects
                .iter()
                .filter(|name| demand.targets.contains_key(name))
                .cloned()
                .collect();
            let mut freed = false;
            for name in &conflict.projects {
                if demand.is_held(name, before)
                    && let Some(candidates) = self.upwards(name, before).await?
                {
                    demand.free.insert(name.clone(), Free { candidates, targets: targets.clone() });
                    freed = true;
                }
            }
            if !freed {
                return Ok(Err(conflict));
            }
        }
    }

    async fn ask(
        &self,
        demand: &Demand,
        before: &Pins,
    ) -> Result<Result<Solution<S::Output>, Conflict>, LockFailure> {
        match self.solver.solve(&demand.rules(before)).await {
            Ok(solution) => Ok(Ok(solution)),
            // What could not be looked at is no contradiction.
            Err(SolveError::NoSolution { failure, .. })
                if failure.kind == FailureKind::NoAnswer =>
            {
                Err(*failure)
            }
            Err(SolveError::NoSolution { projects, failure }) => {
                let report = failure.diagnostic.causes.join("\n");
                Ok(Err(Conflict { projects, report }))
            }
            // A version that cannot be built here is no fix, and no reason to have no lock.
            Err(SolveError::Failed(failure))
                if ["lock/build-failed", "lock/needs-build"].contains(&failure.diagnostic.rule) =>
            {
                Ok(Err(Conflict { projects: BTreeSet::new(), report: String::new() }))
            }
            Err(SolveError::Failed(failure)) => Err(*failure),
        }
    }

    /// As [`ask`](Self::ask), where something as good is at hand already: whatever goes wrong, that
    /// stays.
    pub(super) async fn attempt(
        &self,
        demand: &Demand,
        before: &Pins,
        reference: &Pins,
    ) -> Option<Solution<S::Output>> {
        let solution = self.ask(demand, before).await.ok()?.ok()?;
        self.as_good(&solution.pins, reference).then_some(solution)
    }

    /// Whether a solution has no vulnerability beyond those that are given up already.
    fn as_good(&self, solution: &Pins, reference: &Pins) -> bool {
        vulnerable(solution, self.advisories).is_subset(&vulnerable(reference, self.advisories))
    }

    /// The present version of a project and those above it that lie within its step; none where
    /// there is nothing above it.
    pub(super) async fn upwards(
        &self,
        name: &ProjectName,
        before: &Pins,
    ) -> Result<Option<Candidates>, LockFailure> {
        let Some(from) = before.get(name).and_then(BTreeSet::first) else { return Ok(None) };
        let published = self.solver.published(name).await?;
        let above = published.iter().filter(|version| {
            *version > from
                && (from.any_prerelease() || !version.any_prerelease())
                && self.policy.allows(name, from, version)
        });
        let versions: Vec<Version> = std::iter::once(from).chain(above).cloned().collect();
        Ok(if versions.len() > 1 { Candidates::among(versions, &published) } else { None })
    }

    fn reasons(
        &self,
        demand: &Demand,
        before: &Pins,
        now: &Pins,
    ) -> BTreeMap<ProjectName, MoveReason> {
        let mut reasons = BTreeMap::new();
        let names: BTreeSet<&ProjectName> = before.keys().chain(now.keys()).collect();
        for name in names {
            if before.get(name) == now.get(name) {
                continue;
            }
            let was_vulnerable = before.get(name).is_some_and(|versions| {
                versions.iter().any(|version| self.advisories.is_vulnerable(name, version))
            });
            let reason = if was_vulnerable {
                MoveReason::Vulnerable
            } else {
                let named = demand.free.get(name).map(|free| &free.targets);
                let named = named.filter(|targets| !targets.is_empty());
                let all = || demand.targets.keys().cloned().collect();
                MoveReason::ForFixOf(named.map_or_else(all, |set| set.iter().cloned().collect()))
            };
            reasons.insert(name.clone(), reason);
        }
        reasons
    }
}
