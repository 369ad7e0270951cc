//! Stocking: every file that locks need, verified, in the store.
//!
//! [`plan`](plan()) finds out which files that are, for each platform of the target, and which of
//! them are missing; [`run`] fetches those. What is fetched goes through the one way into the
//! store, [`Transfers`](crate::transfer::Transfers), and is kept only under the digest that the
//! lock lists. What is known of a release is asked once and remembered, so that stocking what is
//! stocked asks the network for nothing.
//!
//! What cannot be had does not hold up the rest. Each is a diagnostic, and the outcome is then not
//! complete.

pub mod build_requires;
mod built;
pub mod choose;
mod diagnostics;
mod fetch;
mod inspect;
mod knowledge;
mod known;
mod list;
mod outcome;
mod pins;
mod plan;
mod prune;
mod remembered;
mod request;
mod run;
pub mod wheel_metadata;

pub use build_requires::{BuildRequiresError, build_requires};
pub use built::{BuiltError, add_wheel, built_wheel, take_out};
pub(crate) use inspect::inspect;
pub use list::{ListedFile, ListedProject, ListedRelease, list};
pub use outcome::{FileState, NeedsBuild, Plan, PlannedFile, StockError, Stocked};
pub use plan::plan;
pub use prune::{PrunePlan, Pruned, prune, prune_plan};
pub use request::{StockObserver, StockProgress, StockRequest, StockedLock};
pub use run::run;
