//! Locking: from requirements to a resolution with hashes, and the repair of its vulnerable pins.
//!
//! This is the one crate that knows uv's crates. What goes in and comes out are provender's own
//! types: a [`LockRequest`] and a [`LockOutcome`]. Inside, [`resolve`](self) drives the resolver,
//! and `repair` decides, over a small trait and without knowing any resolver, which pins move.

mod dev;
mod failure;
mod inputs;
mod outcome;
mod ports;
mod pyproject;
mod repair;
mod request;
mod resolve;

pub use dev::{DEV_FILES, DEV_GROUPS, DEV_TOOLS, DevRequirements};
pub use failure::{FailureKind, LockFailure};
pub use outcome::{Cap, LockOutcome, Move, MoveReason, Unfixed, UnfixedReason};
pub use ports::{RequirementsLocker, WheelBuilder};
pub use repair::policy::{FixPolicy, FixStep};
pub use request::{
    Advisories, IndexSettings, LockRequest, Observer, Progress, Selection, TargetRequest, Upgrade,
};
pub use resolve::{check_inputs, default_index, lock};
