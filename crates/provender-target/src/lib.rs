//! What a target means for what is locked: when a pin is installed there.
//!
//! Stocking and building images ask the same question. It is none of the core's: reading markers
//! needs a crate that brings tokio along.

mod marker;

pub use marker::Marker;
