//! What a lock came to.

use provender_core::{Lock, ProjectName, Target, Version};

/// A lock, and what has to be said about how it was made.
#[derive(Debug)]
pub struct LockOutcome {
    /// The lock.
    pub lock: Lock,
    /// What it is for.
    pub target: Target,
    /// Pins of the present lock that are different now, sorted by name.
    pub moves: Vec<Move>,
    /// Vulnerable pins that could not be moved, with the reason.
    pub unfixed: Vec<Unfixed>,
    /// Projects whose code ran to learn their metadata, as `name==version`.
    pub built: Vec<String>,
    /// Development requirements that were left out, as they stand in the inputs.
    pub left_out: Vec<String>,
}

/// A project that stands at another version than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The project.
    pub project: ProjectName,
    /// The version before; none where it is new.
    pub from: Option<Version>,
    /// The version now; none where it is no longer needed.
    pub to: Option<Version>,
    /// Why.
    pub reason: MoveReason,
}

/// Why a pin moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoveReason {
    /// Its version was vulnerable.
    Vulnerable,
    /// The fix of these projects needs it.
    ForFixOf(Vec<ProjectName>),
    /// The requirements, the target or the upgrade options ask for it.
    Requirements,
}

/// A vulnerable pin that was not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfixed {
    /// The project.
    pub project: ProjectName,
    /// The version it stays at.
    pub version: Version,
    /// Why it stays.
    pub reason: UnfixedReason,
}

/// Why a vulnerable pin was not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnfixedReason {
    /// No unaffected version above it is published.
    NoFixPublished,
    /// The nearest unaffected version lies outside the allowed step.
    OutsideStep {
        /// That version.
        nearest: Version,
    },
    /// The user pins or limits it.
    PinnedByUser {
        /// The requirement.
        requirement: String,
        /// The file and line, where known.
        place: Option<provender_core::Place>,
    },
    /// Another project in the lock limits it, and no version of that one within its step lifts
    /// the limit.
    CappedBy {
        /// The projects that limit it.
        caps: Vec<Cap>,
    },
    /// No version of the other projects goes with any fix.
    NoSolution,
}

/// A project in the lock that limits a vulnerable one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// The project, such as `fastapi`.
    pub parent: ProjectName,
    /// What it demands of the vulnerable one, such as `<0.36`.
    pub demand: String,
    /// The requirement by which the user pins the project to one version, and where it stands.
    pub pinned: Option<(String, provender_core::Place)>,
}
