//! Driving uv's resolver.
//!
//! `thread` gives the resolver what it needs around it (a large stack, a current-thread runtime,
//! its global settings), `workshop` what it draws on; `session` holds one project's resolver over
//! several solves; `build_wheel` runs one build; the other modules translate: the target in, the
//! resolution and its errors out.

mod build_error;
mod build_log;
mod build_pins;
mod build_record;
mod build_wheel;
mod caching;
mod client;
mod context;
mod error;
mod indexes;
mod needs;
mod output;
mod pages;
mod published;
mod python;
mod requirements;
mod sdist;
mod session;
mod target;
mod thread;
mod work;
mod workshop;

use std::sync::Arc;

use crate::failure::LockFailure;
use crate::outcome::LockOutcome;
use crate::request::{Advisories, LockRequest, Observer};

pub(crate) use build_wheel::{Order, build};
pub use indexes::default_index;
pub(crate) use needs::Need;
pub(crate) use session::{Rules, Session, SolveError, Solved};
pub(crate) use thread::beside;
pub(crate) use work::work;

/// Reads the inputs and forgets them: what is wrong with them can be told before anything is
/// fetched for them.
///
/// # Errors
///
/// Inputs that cannot be read.
pub fn check_inputs(request: &LockRequest) -> Result<(), LockFailure> {
    crate::inputs::read(request).map(drop)
}

/// Resolves the requirements of `request`, and, where `request.fix` says so, moves what
/// `advisories` calls vulnerable.
///
/// # Errors
///
/// Requirements that cannot be met; inputs that cannot be read; an index that does not answer as
/// an index; a build that fails; a cache that cannot be written.
pub fn lock(
    request: &LockRequest,
    advisories: &dyn Advisories,
    observer: &Arc<dyn Observer>,
) -> Result<LockOutcome, LockFailure> {
    thread::blocking(|| Box::pin(work::work(request, advisories, observer)))
}
