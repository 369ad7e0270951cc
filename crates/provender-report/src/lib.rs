//! Every way to show what provender found: texts for people, JSON for machines.
//!
//! Neutral values come in, a `String` goes out. Nothing here prints, and nothing here knows where a
//! diagnostic came from or which exit code it means.
//!
//! Much of what is shown was written by strangers: summaries of advisories, lines of requirement
//! files, names of files. What this crate returns for a terminal contains no control character but
//! the line feed, and the colours it was asked for.

pub mod annotations;
pub mod audit;
pub mod changes;
pub mod check;
pub mod diagnostics;
pub mod doctor;
pub mod excerpts;
pub mod json;
pub mod reports;
pub mod sarif;
pub mod sbom;
pub mod scan;
pub mod secure;
pub mod stock;

mod markdown;
mod style;
mod table;
mod untrusted;
mod wording;
mod wrap;

pub use audit::{AuditReport, ReportFormat};
pub use changes::{Change, Kept};
pub use sbom::SbomInput;
pub use scan::ScanReport;
pub use secure::SecureReport;
pub use style::Style;
pub use wording::size;
