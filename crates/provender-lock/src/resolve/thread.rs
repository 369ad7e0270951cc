//! The thread and the runtime that uv's crates want.
//!
//! The resolver recurses deeply; in debug builds it overflows the stack of a usual thread. Its
//! futures stay on their thread, so whoever has a runtime of its own waits beside it.

use std::panic::resume_unwind;
use std::sync::Once;
use std::thread::{Builder, ScopedJoinHandle};

use provender_core::Diagnostic;
use tokio::sync::oneshot;

use super::context::LocalBoxFuture;
use crate::failure::LockFailure;

/// Runs `work` to its end while the caller's thread stands still; it may borrow what it needs.
pub(crate) fn blocking<'w, T: Send>(
    work: impl FnOnce() -> LocalBoxFuture<'w, Result<T, LockFailure>> + Send,
) -> Result<T, LockFailure> {
    start_uv();
    std::thread::scope(|scope| {
        let thread = builder().spawn_scoped(scope, || run(work()));
        match thread.map(ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome?,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(error) => Err(cannot_start(&error)),
        }
    })
}

/// Runs `work` while the caller awaits it in its own runtime. It is given up where nobody awaits
/// it any more.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> LocalBoxFuture<'static, Result<T, LockFailure>> + Send + 'static,
) -> Result<T, LockFailure> {
    start_uv();
    let (mut sender, receiver) = oneshot::channel();
    let thread = builder().spawn(move || {
        let outcome = run(async {
            tokio::select! {
                outcome = work() => Some(outcome),
                () = sender.closed() => None,
            }
        });
        let _ = match outcome {
            Ok(Some(outcome)) => sender.send(outcome),
            Ok(None) => Ok(()),
            Err(failure) => sender.send(Err(failure)),
        };
    });
    let thread = thread.map_err(|error| cannot_start(&error))?;
    match receiver.await {
        Ok(outcome) => outcome,
        // The thread ended without a word: it panicked.
        Err(_) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => Err(cannot_start(&std::io::Error::other("its thread ended early"))),
        },
    }
}

fn builder() -> Builder {
    Builder::new().name("lock".to_owned()).stack_size(uv_configuration::min_stack_size())
}

fn run<T>(work: impl Future<Output = T>) -> Result<T, LockFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(uv_configuration::min_stack_size())
        .build()
        .map_err(|error| cannot_start(&error))?;
    let outcome = runtime.block_on(Box::pin(work));
    // Prefetches that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    Ok(outcome)
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
