//! What one part of provender asks of another without knowing it.
//!
//! A port is a trait here, an implementation in the crate that can do it, and an argument in the
//! crate that needs it; the binary plugs one into the other. So tools are carried along and wheels are
//! built without a resolver among the dependencies of those who ask for it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use crate::{Diagnostic, Lock, LockedProject, Target};

/// The future that a port returns: boxed, so that ports can be passed as `&dyn`.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Box<Diagnostic>>> + Send + 'a>>;

/// Locks requirements.
pub trait LockRequirements: Send + Sync {
    /// Resolves requirement lines for a target, with the hashes of every file.
    fn lock<'a>(&'a self, requirements: &'a [String], target: &'a Target) -> PortFuture<'a, Lock>;
}

/// Builds a wheel from an sdist.
pub trait BuildWheel: Send + Sync {
    /// Builds the wheel of `project` from the sdist at `sdist` in isolation, with the locked
    /// `build` requirements and nothing else, into the folder `into`; returns the wheel's path.
    fn build<'a>(
        &'a self,
        project: &'a LockedProject,
        sdist: &'a Path,
        build: &'a [LockedProject],
        into: &'a Path,
    ) -> PortFuture<'a, PathBuf>;
}
