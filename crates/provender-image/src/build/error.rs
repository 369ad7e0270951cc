//! Why an image is not built.

use provender_core::{Diagnostic, ProjectName};

use crate::ImageError;
use crate::base::BaseError;
use crate::bytecode::BytecodeError;
use crate::certificates::CertificatesError;
use crate::fit::FitError;
use crate::harden::PasswdError;
use crate::layer::LayerError;
use crate::wheel::{Collision, WheelError};
use crate::write::WriteError;

/// Why an image is not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The base offers not what is needed.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// There are no wheels for the base.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Compiled modules that the base cannot load.
    #[error("{} of the wheels cannot be loaded on this base", count_files(.0.len()))]
    Misfits(Vec<String>),
    /// The lock was made for another Python than the base's.
    #[error("the lock is for Python {lock}, and the base has Python {base}")]
    Python {
        /// The lock's.
        lock: String,
        /// The base's.
        base: String,
    },
    /// Files that are not stocked, or that the base cannot use.
    #[error("{} of the lock cannot be installed on this base", count(.0.len()))]
    Unusable(Vec<Unusable>),
    /// A wheel that was refused.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// Two wheels that claim one file.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// A layer that cannot be written.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// Certificates that cannot be added.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    /// Bytecode that cannot be had.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// The base's user database is in the way.
    #[error(transparent)]
    Passwd(#[from] PasswdError),
    /// The image's documents cannot be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A wheel could not be built.
    #[error("{}", .0.message)]
    Builder(Box<Diagnostic>),
    /// A time that no archive can hold.
    #[error("{0} is no time that an image can have")]
    Time(i64),
}

fn count_files(number: usize) -> String {
    if number == 1 { "1 compiled file".to_owned() } else { format!("{number} compiled files") }
}

fn count(number: usize) -> String {
    if number == 1 { "1 release".to_owned() } else { format!("{number} releases") }
}

/// A release that cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{project}=={version}: {reason}")]
pub struct Unusable {
    /// The project.
    pub project: ProjectName,
    /// Its locked version; `?` where the lock does not tell.
    pub version: String,
    /// Why not, and what would help.
    pub reason: String,
}
