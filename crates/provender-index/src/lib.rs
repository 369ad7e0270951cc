//! The index inside the network: the simple API, pulling through, stocking, exporting and checking.

pub mod check;
pub mod export;
pub mod server;
pub mod simple;
pub mod stock;
pub mod transfer;
pub mod upstream;
