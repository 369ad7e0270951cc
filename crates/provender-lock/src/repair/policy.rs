//! How far a pin may move.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use provender_core::{ProjectName, Version};

/// The largest step that a repair may take with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum FixStep {
    /// The first two numbers stay.
    Patch,
    /// The first number stays.
    #[default]
    Minor,
    /// Anything may change.
    Major,
}

impl fmt::Display for FixStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// Why a text is not a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a step: patch, minor or major")]
pub struct FixStepError(String);

impl FromStr for FixStep {
    type Err = FixStepError;

    fn from_str(text: &str) -> Result<Self, FixStepError> {
        match text {
            "patch" => Ok(Self::Patch),
            "minor" => Ok(Self::Minor),
            "major" => Ok(Self::Major),
            _ => Err(FixStepError(text.to_owned())),
        }
    }
}

/// The steps that a repair may take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixPolicy {
    /// For every project that has no step of its own.
    pub default: FixStep,
    /// For one project each.
    pub projects: BTreeMap<ProjectName, FixStep>,
}

impl FixPolicy {
    /// The step for a project.
    pub fn step(&self, project: &ProjectName) -> FixStep {
        self.projects.get(project).copied().unwrap_or(self.default)
    }

    /// The lowest version that lies outside the step from `version`; none where nothing does.
    pub(crate) fn bound(&self, project: &ProjectName, version: &Version) -> Option<Version> {
        let release = version.release();
        let number = |at: usize| release.get(at).copied().unwrap_or(0);
        let bound = match self.step(project) {
            FixStep::Major => return None,
            FixStep::Minor => format!("{}", number(0) + 1),
            FixStep::Patch => format!("{}.{}", number(0), number(1) + 1),
        };
        // An epoch can only be given in writing.
        format!("{}!{bound}", version.epoch()).parse().ok()
    }

    /// Whether `to` lies within the step from `from`.
    pub(crate) fn allows(&self, project: &ProjectName, from: &Version, to: &Version) -> bool {
        self.bound(project, from).is_none_or(|bound| *to < bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_leading_numbers() {
        let name: ProjectName = "a".parse().unwrap();
        let bound = |step, version: &str| {
            let policy = FixPolicy { default: step, ..FixPolicy::default() };
            policy.bound(&name, &version.parse().unwrap()).map(|bound| bound.to_string())
        };
        assert_eq!(bound(FixStep::Patch, "1.2.3").as_deref(), Some("1.3"));
        assert_eq!(bound(FixStep::Minor, "1.2.3").as_deref(), Some("2"));
        assert_eq!(bound(FixStep::Minor, "0.109.0").as_deref(), Some("1"));
        assert_eq!(bound(FixStep::Minor, "1!3").as_deref(), Some("1!4"));
        assert_eq!(bound(FixStep::Major, "1.2.3"), None);
    }

    #[test]
    fn a_project_may_have_a_step_of_its_own() {
        let name: ProjectName = "cryptography".parse().unwrap();
        let policy = FixPolicy {
            default: FixStep::Minor,
            projects: BTreeMap::from([(name.clone(), FixStep::Major)]),
        };
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(policy.allows(&name, &version("42.0.2"), &version("46.0.5")));
        assert!(!policy.allows(&"other".parse().unwrap(), &version("1.9"), &version("2.0")));
    }
}
