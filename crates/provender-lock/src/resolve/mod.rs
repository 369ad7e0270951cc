//! Driving uv's resolver.
//!
//! [`lock`] sets up what the resolver needs around it (a large stack, a current-thread runtime,
//! its global settings); `session` holds one project's resolver over several solves; the other
//! modules translate: the target in, the resolution and its errors out.

mod build_pins;
mod build_record;
mod caching;
mod context;
mod error;
mod indexes;
mod output;
mod published;
mod python;
mod requirements;
mod session;
mod target;
mod work;

use std::sync::{Arc, Once};

use provender_core::Diagnostic;

use crate::failure::LockFailure;
use crate::outcome::LockOutcome;
use crate::request::{Advisories, LockRequest, Observer};

pub use indexes::default_index;
pub(crate) use session::{Rules, Session, SolveError, Solved};

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
    start_uv();
    // The resolver recurses deeply; in debug builds it overflows the stack of a usual thread.
    let stack = uv_configuration::min_stack_size();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("lock".to_owned())
            .stack_size(stack)
            .spawn_scoped(scope, || run(request, advisories, observer, stack));
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(cannot_start(&error)),
        }
    })
}

fn run(
    request: &LockRequest,
    advisories: &dyn Advisories,
    observer: &Arc<dyn Observer>,
    stack: usize,
) -> Result<LockOutcome, LockFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(stack)
        .build()
        .map_err(|error| cannot_start(&error))?;
    let outcome = runtime.block_on(Box::pin(work::work(request, advisories, observer)));
    // Prefetches that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// uv's crates read these from globals, and unpacking an sdist panics before they are set.
fn start_uv() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Both fail only where they were called before, which `Once` rules out.
        let _ = uv_preview::set(uv_preview::Preview::default());
        let _ = uv_preview::finalize();
    });
}

fn cannot_start(error: &std::io::Error) -> LockFailure {
    LockFailure::no_answer(
        Diagnostic::error("lock/no-thread", format!("cannot start the resolver: {error}"))
            .hint("check the limits on threads and memory"),
    )
}
