//! Which versions of a vulnerable project a repair may choose.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use provender_core::{ProjectName, Version};

use super::policy::FixPolicy;
use crate::inputs::UserLimit;
use crate::outcome::UnfixedReason;
use crate::request::Advisories;

/// The versions that would do, ascending; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidates {
    versions: Vec<Version>,
    clauses: String,
}

impl Candidates {
    /// The version that is the smallest step.
    pub(crate) fn nearest(&self) -> &Version {
        &self.versions[0]
    }

    /// All of them, ascending.
    pub(crate) fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Version clauses that allow just these among what is published.
    pub(crate) fn clauses(&self) -> &str {
        &self.clauses
    }
}

/// What decides which versions would do.
pub(crate) struct Question<'a> {
    pub(crate) project: &'a ProjectName,
    /// The versions it stands at before the repair; empty for a project that the repair brought.
    pub(crate) before: &'a BTreeSet<Version>,
    pub(crate) published: &'a [Version],
    pub(crate) policy: &'a FixPolicy,
    pub(crate) advisories: &'a dyn Advisories,
    pub(crate) limits: &'a [UserLimit],
}

/// The versions that would do, or why none does.
pub(crate) fn find(question: &Question<'_>) -> Result<Candidates, UnfixedReason> {
    let Question { project, before, published, policy, advisories, limits } = question;
    // Where markers keep several versions, the lowest is what limits the step.
    let lowest = before.first();
    let highest = before.last();
    let stable = !before.iter().any(Version::any_prerelease);
    let unaffected: Vec<&Version> = published
        .iter()
        .filter(|version| highest.is_none_or(|highest| *version >= highest))
        .filter(|version| !(stable && version.any_prerelease()))
        .filter(|version| !advisories.is_vulnerable(project, version))
        .collect();
    let Some(nearest) = unaffected.first() else { return Err(UnfixedReason::NoFixPublished) };
    let within =
        |version: &&&Version| lowest.is_none_or(|lowest| policy.allows(project, lowest, version));
    let in_step: Vec<&Version> = unaffected.iter().filter(within).copied().collect();
    // A user's own limit is named even where the step is too small as well: it is what the user
    // can see in a file.
    let own = limits.iter().filter(|limit| limit.name == **project);
    for limit in own {
        let blocks = |version: &&Version| !limit.specifiers.contains(version);
        let all = if in_step.is_empty() { &unaffected } else { &in_step };
        if all.iter().all(blocks) {
            return Err(UnfixedReason::PinnedByUser {
                requirement: limit.text.clone(),
                place: Some(limit.place.clone()),
            });
        }
    }
    if in_step.is_empty() {
        return Err(UnfixedReason::OutsideStep { nearest: (*nearest).clone() });
    }
    let versions: Vec<Version> = in_step.into_iter().cloned().collect();
    let clauses = clauses(&versions, published);
    Ok(Candidates { versions, clauses })
}

/// `>=` the first, `<=` the last, and `!=` whatever lies between and is no candidate.
fn clauses(versions: &[Version], published: &[Version]) -> String {
    let (first, last) = (&versions[0], &versions[versions.len() - 1]);
    let mut clauses = format!(">={first},<={last}");
    for version in published.iter().filter(|version| *version > first && *version < last) {
        if versions.binary_search(version).is_err() {
            let _ = write!(clauses, ",!={version}");
        }
    }
    clauses
}
