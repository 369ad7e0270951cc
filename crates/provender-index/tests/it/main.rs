//! The index as its clients see it, with real servers on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its servers has to fail")]

mod client;
mod gate;
mod served;

mod check;
mod clients;
mod export;
mod faults;
mod files;
mod killed;
mod pages;
mod pulling;
mod stock;
