//! Stocking from a fake index.

mod again;
pub(crate) mod bench;
mod built;
mod choice;
mod damage;
mod faults;
mod idle;
mod killed;
mod list;
mod no_room;
mod refused;

pub(crate) use bench::Bench;
