//! Advisories: what they say, where they are kept, and what they mean for a pinned project.
//!
//! Records in the OSV format ([`osv`]), and what the distributions' own trackers say ([`tracker`]), come
//! in as zip archives, folders or files ([`source`]). A [`catalog`] keeps them by source and compiles
//! them into one memory-mapped file ([`database`]) that is replaced atomically. An
//! [`audit`](mod@audit) compares Python's components with it, merges records by their aliases into
//! vulnerabilities ([`vulnerability`]) and applies [`waiver`]s; packages of distributions and of npm are
//! compared by [`packages`]. How old the data may be is the subject of [`freshness`].
//!
//! Nothing here reaches a network: who downloads hands the file to [`catalog::Update::accept`].

pub mod audit;
pub mod catalog;
pub mod database;
pub mod freshness;
pub mod osv;
pub mod packages;
pub mod source;
pub mod tracker;
pub mod vulnerability;
pub mod waiver;

mod ecosystem;
mod interval;
mod project;
mod rating;

pub use audit::{Auditor, audit};
pub use catalog::{Catalog, CatalogError, Snapshot, Update, Validators};
pub use database::{Database, DatabaseError, EcosystemStamp};
pub use freshness::{ExpectedSource, Freshness};
pub use packages::{
    Fix, NotCompared, NotComparedReason, PackageFinding, PackageMatches, PackageQuery,
    match_packages,
};
pub use project::ProjectAdvisories;
pub use vulnerability::Vulnerability;
