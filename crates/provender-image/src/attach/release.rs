//! The releases that were installed into an image.

use provender_core::{ProjectName, Sha256, Version};

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseFile {
    /// Its name.
    pub filename: String,
    /// What its bytes hash to.
    pub sha256: Sha256,
}

/// A release in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The project.
    pub project: ProjectName,
    /// Its version.
    pub version: Version,
    /// The wheel that was unpacked.
    pub wheel: ReleaseFile,
    /// The sdist that the wheel was built from, where it was.
    pub sdist: Option<ReleaseFile>,
}
