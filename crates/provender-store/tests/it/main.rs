//! The store from outside: the conformance suites over what there is, and what must hold when
//! something fails.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod again;
mod conformance;
mod data_directory;
mod database_file;
mod garbage;
mod intact;
mod no_room;
mod processes;
mod spool;
