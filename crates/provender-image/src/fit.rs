//! Whether a wheel fits a base: by its tags before it is fetched, by what its compiled files need before
//! anything of it is written.

mod objects;
mod tags;

pub use objects::{Misfit, Problem, check_shared_object};
pub use tags::{FitError, Tags, WheelTag};
