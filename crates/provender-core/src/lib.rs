//! The words that every other crate speaks: names, versions, digests, severities, the lock and the
//! diagnostic, and the ports through which one crate asks another for work without knowing it.
//!
//! Nothing here does I/O. Texts come in as `&str` and go out as `String`; who read them and where
//! they go is the business of the caller.

pub mod audit;
pub mod check;
pub mod diagnostic;
pub mod digest;
pub mod doctor;
pub mod excerpt;
pub mod inventory;
pub mod lock;
pub mod name;
pub mod ports;
pub mod redact;
pub mod requirements_txt;
pub mod severity;
pub mod target;
pub mod versions;

pub use diagnostic::{Diagnostic, Level, Place};
pub use digest::{FileHash, Sha256};
pub use lock::{Lock, LockedFile, LockedProject};
pub use name::{ExtraName, GroupName, ProjectName, Version, VersionSpecifiers};
pub use severity::Severity;
pub use target::{Platform, Platforms, PythonVersion, Target};
