//! The advisory crate as others use it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod audits;
mod bad_input;
mod catalog;
mod damage;
mod fixtures;
mod oracle;
mod packages;
mod packages_oracle;
mod shared_data;
mod trackers;
mod waivers;
