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
    published: Vec<Version>,
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

    /// Some of them, ascending: near both ends, and between them the fewer the farther.
    pub(crate) fn few(&self) -> Vec<&Version> {
        spread(&self.versions.iter().collect::<Vec<_>>())
    }

    /// Versions to choose from, given as they are.
    pub(crate) fn among(versions: Vec<Version>, published: &[Version]) -> Option<Self> {
        (!versions.is_empty()).then(|| Self { versions, published: published.to_vec() })
    }

    /// Version clauses that allow just these up to `end`, among what is published.
    ///
    /// With `few`, only some of them are allowed, `likely` among them: a solver that finds one
    /// version not to fit looks at every other one in turn, each at the price of a request.
    pub(crate) fn clauses(
        &self,
        end: Option<&Version>,
        likely: Option<&Version>,
        few: bool,
    ) -> String {
        let up_to = |version: &&Version| end.is_none_or(|end| *version <= end);
        let allowed: Vec<&Version> = self.versions.iter().filter(up_to).collect();
        let Some(last) = allowed.last() else { return format!("=={}", self.versions[0]) };
        let chosen = if few { spread(&allowed) } else { allowed.clone() };
        let first = allowed[0];
        let mut clauses = format!(">={first},<={last}");
        for version in self.published.iter().filter(|version| *version > first && version < last) {
            if likely != Some(version) && chosen.binary_search(&version).is_err() {
                let _ = write!(clauses, ",!={version}");
            }
        }
        clauses
    }
}

/// The first and the last ones, and between them the fewer the farther from either end.
fn spread<'a>(versions: &[&'a Version]) -> Vec<&'a Version> {
    let count = versions.len();
    let steps = std::iter::successors(Some(1_usize), |step| Some(step * 2));
    let ends: BTreeSet<usize> =
        steps.take_while(|step| *step <= count).flat_map(|step| [step - 1, count - step]).collect();
    ends.into_iter().map(|at| versions[at]).collect()
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
    Ok(Candidates { versions, published: published.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(count: u64) -> Vec<Version> {
        (0..count).map(|minor| Version::new([1, minor])).collect()
    }

    #[test]
    fn all_candidates_are_allowed_and_nothing_else() {
        let published = versions(5);
        let kept = vec![published[1].clone(), published[3].clone(), published[4].clone()];
        let candidates = Candidates::among(kept, &published).unwrap();
        assert_eq!(candidates.clauses(None, None, false), ">=1.1,<=1.4,!=1.2");
        assert_eq!(candidates.clauses(Some(&published[3]), None, false), ">=1.1,<=1.3,!=1.2");
    }

    #[test]
    fn few_of_many_lie_near_both_ends() {
        let all = versions(40);
        let refs: Vec<&Version> = all.iter().collect();
        let chosen: Vec<u64> = spread(&refs).iter().map(|version| version.release()[1]).collect();
        assert_eq!(chosen, [0, 1, 3, 7, 8, 15, 24, 31, 32, 36, 38, 39]);
        assert_eq!(spread(&refs[..1]).len(), 1);
    }
}
