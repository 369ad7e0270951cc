//! What a repair demands of a solution.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::{ProjectName, Version};

use super::Pins;
use super::candidates::Candidates;
use crate::resolve::Rules;

/// What is demanded of a solution.
#[derive(Default, Clone)]
pub(super) struct Demand {
    /// Vulnerable projects, and the versions that would do.
    pub(super) targets: BTreeMap<ProjectName, Candidates>,
    /// Projects that may move upwards.
    pub(super) free: BTreeMap<ProjectName, Free>,
    /// Whether every candidate may be tried, at the price of a request each.
    pub(super) thorough: bool,
    /// Exact versions, while a smaller step is tried.
    pub(super) exact: BTreeMap<ProjectName, Version>,
    /// Upper ends, while a smaller step of another project is tried.
    pub(super) at_most: BTreeMap<ProjectName, Version>,
    /// Where projects that may move are likely to land: what is tried first.
    pub(super) guess: BTreeMap<ProjectName, Version>,
}

/// A project that may move although it is not vulnerable.
#[derive(Clone)]
pub(super) struct Free {
    /// The versions it may take, its present one among them.
    pub(super) candidates: Candidates,
    /// The vulnerable projects for whose sake it may move.
    pub(super) targets: BTreeSet<ProjectName>,
}

impl Demand {
    /// The rules that make a solver meet the self.
    pub(super) fn rules(&self, before: &Pins) -> Rules {
        let mut rules = Rules::default();
        for (name, versions) in before {
            let (Some(lowest), Some(highest)) = (versions.first(), versions.last()) else {
                continue;
            };
            let guess = self.guess.get(name);
            if versions.len() == 1 {
                rules.prefer.insert(name.clone(), Some(guess.unwrap_or(lowest).clone()));
            }
            let clauses = if let Some(free) = self.free.get(name) {
                free.candidates.clauses(self.at_most.get(name), guess, !self.thorough)
            } else if versions.len() == 1 {
                format!("=={lowest}")
            } else {
                format!(">={lowest},<={highest}")
            };
            rules.limits.insert(name.clone(), clauses);
        }
        for (name, candidates) in &self.targets {
            // What the repair brings along has no old place to be near to: the newest is taken.
            let guess = self.guess.get(name);
            let first = guess.unwrap_or(candidates.nearest());
            rules.prefer.insert(name.clone(), before.contains_key(name).then(|| first.clone()));
            let clauses = candidates.clauses(self.at_most.get(name), guess, !self.thorough);
            rules.limits.insert(name.clone(), clauses);
        }
        for (name, version) in &self.exact {
            rules.prefer.insert(name.clone(), Some(version.clone()));
            rules.limits.insert(name.clone(), format!("=={version}"));
        }
        let prereleases = before
            .iter()
            .filter(|(_, versions)| versions.iter().any(Version::any_prerelease))
            .map(|(name, _)| name.clone());
        rules.only_prereleases_of = Some(prereleases.collect());
        rules
    }

    /// The one version that a project may have; none where it has a choice or is not bound.
    pub(super) fn held_at<'a>(
        &'a self,
        project: &ProjectName,
        before: &'a Pins,
    ) -> Option<&'a Version> {
        if let Some(exact) = self.exact.get(project) {
            return Some(exact);
        }
        if let Some(candidates) = self.choice(project) {
            let nearest = &candidates.versions()[0];
            let bound = self.at_most.get(project).is_some_and(|end| end == nearest);
            return bound.then_some(nearest);
        }
        before.get(project).filter(|versions| versions.len() == 1)?.first()
    }

    /// Whether a project may have a version that is `good`; what is not bound may have any.
    pub(super) fn may_have(
        &self,
        project: &ProjectName,
        before: &Pins,
        good: impl Fn(&Version) -> bool,
    ) -> bool {
        if let Some(version) = self.held_at(project, before) {
            return good(version);
        }
        let Some(candidates) = self.choice(project) else { return true };
        let end = self.at_most.get(project);
        candidates.versions().iter().any(|v| end.is_none_or(|end| v <= end) && good(v))
    }

    /// Whether a project has to stay where it was before.
    pub(super) fn is_held(&self, project: &ProjectName, before: &Pins) -> bool {
        before.contains_key(project) && self.choice(project).is_none()
    }

    fn choice(&self, project: &ProjectName) -> Option<&Candidates> {
        let free = || self.free.get(project).map(|free| &free.candidates);
        self.targets.get(project).or_else(free)
    }
}
