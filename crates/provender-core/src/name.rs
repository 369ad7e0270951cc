//! Names and versions as the packaging specifications define them.
//!
//! They are the resolver's own types, so that a name is normalised and a version is ordered in one
//! way everywhere in provender.

/// A normalised extra name.
pub use uv_normalize::ExtraName;
/// A normalised dependency-group name (PEP 735).
pub use uv_normalize::GroupName;
/// A normalised project name: lower case, runs of `-`, `_` and `.` folded to one `-`
/// (packaging specifications, "Name normalization", from PEP 503).
pub use uv_normalize::PackageName as ProjectName;
/// A version and its order (packaging specifications, "Version specifiers", from PEP 440).
pub use uv_pep440::Version;
/// A comma-separated list of version clauses such as `>=1.0,<2` (same specification).
pub use uv_pep440::VersionSpecifiers;
