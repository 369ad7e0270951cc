//! The image crate as others use it, with the tools of others where these are installed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and one that is left out says so"
)]

mod application;
mod attach;
mod dockerfile;
mod inventory;
mod layers;
mod layouts;
mod registry;
mod trees;
mod verify;
mod wheels;
