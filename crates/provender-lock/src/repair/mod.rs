//! Moving what is vulnerable, and only that.
//!
//! The repair speaks with a resolver through the small trait [`Solver`]: it asks for solutions
//! under rules, and decides from the answers. It starts from the solution without rules and
//! demands in turn:
//!
//! 1. the vulnerable projects at unaffected versions, everything else exactly where it is;
//! 2. where that contradicts itself, room for the projects that the resolver names, upwards and
//!    within their step, until it works;
//! 3. each moved project nearer to where it was, and each freed one back there, as long as that
//!    works too.
//!
//! A solve is allowed a few candidates of each project, near both ends, and all of them only where
//! those do not do: each version that a resolver looks at is a request. What a fix brings along
//! anew is taken at its newest sound version.
//!
//! What cannot be demanded at all is given up and explained.

mod candidates;
mod demand;
mod explain;
mod guess;
mod obstacles;
pub(crate) mod policy;
mod search;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use provender_core::{Lock, LockedProject, ProjectName, Version};

use crate::failure::LockFailure;
use crate::inputs::UserLimit;
use crate::outcome::{Move, MoveReason, Unfixed};
use crate::request::{Advisories, Progress};
use crate::resolve::{Need, Rules, Session, SolveError, Solved};
use policy::FixPolicy;

/// Finds solutions under rules.
pub(crate) trait Solver {
    /// What the solver needs to tell a solution's files; the repair only carries it.
    type Output;

    /// A solution that obeys `rules`.
    fn solve(
        &self,
        rules: &Rules,
    ) -> impl Future<Output = Result<Solution<Self::Output>, SolveError>>;

    /// The versions that are published for the target and not yanked, ascending.
    fn published(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<Vec<Version>, LockFailure>>;

    /// What a release needs on the target without any extra, if that is known already.
    fn known_needs(&self, project: &ProjectName, version: &Version) -> Option<Arc<[Need]>>;

    /// What a release needs on the target without any extra; none where that cannot be told
    /// without a build.
    fn needs(
        &self,
        project: &ProjectName,
        version: &Version,
    ) -> impl Future<Output = Option<Arc<[Need]>>>;
}

/// A solution as the repair sees it.
pub(crate) struct Solution<O> {
    /// The versions of each project: several where markers tell them apart.
    pub(crate) pins: Pins,
    /// The solver's own form of it.
    pub(crate) output: O,
}

/// The versions of each project.
pub(crate) type Pins = BTreeMap<ProjectName, BTreeSet<Version>>;

/// What a repair came to.
pub(crate) struct Repaired<O> {
    /// The solution in its solver's own form.
    pub(crate) solved: O,
    /// The pins before the repair.
    pub(crate) before: Pins,
    /// Why projects moved.
    pub(crate) reasons: BTreeMap<ProjectName, MoveReason>,
    /// What stays vulnerable, and why.
    pub(crate) unfixed: Vec<Unfixed>,
}

impl Repaired<Solved> {
    /// A solution that nobody asked to repair.
    pub(crate) fn unchanged(solved: Solved) -> Self {
        let before = pins_of(&solved.pins);
        Self { solved, before, reasons: BTreeMap::new(), unfixed: Vec::new() }
    }
}

/// Repairs `plain` within `policy`.
pub(crate) async fn repair(
    session: &Session<'_, '_>,
    plain: Solved,
    policy: &FixPolicy,
    advisories: &dyn Advisories,
    limits: &[UserLimit],
) -> Result<Repaired<Solved>, LockFailure> {
    let plain = solution(plain);
    let vulnerable = search::vulnerable(&plain.pins, advisories).len();
    if vulnerable > 0 {
        session.observer.on(Progress::Repairing { vulnerable });
    }
    search::Search { solver: session, policy, advisories, limits }.run(plain).await
}

impl Solver for Session<'_, '_> {
    type Output = Solved;

    async fn solve(&self, rules: &Rules) -> Result<Solution<Solved>, SolveError> {
        Session::solve(self, rules).await.map(solution)
    }

    async fn published(&self, project: &ProjectName) -> Result<Vec<Version>, LockFailure> {
        let releases = Box::pin(self.releases(project)).await?;
        let python = self.target.python.full();
        let kept = releases.iter().filter(|(_, release)| {
            !release.yanked() && release.fits(&python, self.request.exclude_newer)
        });
        Ok(kept.map(|(version, _)| version.clone()).collect())
    }

    fn known_needs(&self, project: &ProjectName, version: &Version) -> Option<Arc<[Need]>> {
        self.needs.of(project, version)
    }

    async fn needs(&self, project: &ProjectName, version: &Version) -> Option<Arc<[Need]>> {
        Box::pin(Session::needs(self, project, version)).await
    }
}

fn solution(solved: Solved) -> Solution<Solved> {
    Solution { pins: pins_of(&solved.pins), output: solved }
}

/// The versions of each project that comes from an index; others cannot be moved.
fn pins_of(projects: &[LockedProject]) -> Pins {
    let mut pins = Pins::new();
    for project in projects {
        let from_index = matches!(project.source, provender_core::lock::LockedSource::Index(_));
        if let Some(version) = project.version.clone().filter(|_| from_index) {
            pins.entry(project.name.clone()).or_default().insert(version);
        }
    }
    pins
}

/// The first version that `these` have and `those` do not; the first at all where there is none.
fn only_in(
    these: Option<&BTreeSet<Version>>,
    those: Option<&BTreeSet<Version>>,
) -> Option<Version> {
    let these = these?;
    let mut others =
        these.iter().filter(|version| !those.is_some_and(|set| set.contains(*version)));
    others.next().or(these.first()).cloned()
}

/// What is different from the present lock; where there is none, from the unrepaired solution.
pub(crate) fn moves<O>(present: Option<&Lock>, lock: &Lock, plan: &Repaired<O>) -> Vec<Move> {
    let now = pins_of(&lock.projects);
    let before = present.map_or_else(|| plan.before.clone(), |lock| pins_of(&lock.projects));
    let names: BTreeSet<&ProjectName> = before.keys().chain(now.keys()).collect();
    let mut moves = Vec::new();
    for name in names {
        let (from, to) = (before.get(name), now.get(name));
        if from == to {
            continue;
        }
        let reason = plan.reasons.get(name).cloned().unwrap_or(MoveReason::Requirements);
        moves.push(Move {
            project: name.clone(),
            from: only_in(from, to),
            to: only_in(to, from),
            reason,
        });
    }
    moves
}
