//! Versions of what is not a Python release, each with the order of its own world.
//!
//! A version is shown as it was written. Equality follows the order, not the text: Debian's `1.0`
//! and `1.00` are one version. None of the orders says anything about a version of another world.

mod apk;
mod debian;
mod digits;
mod npm;

pub use apk::{ApkVersion, compare_apk};
pub use debian::DebianVersion;
pub use npm::NpmVersion;

/// Why a text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{version}` is not a version of {world}: {reason}")]
pub struct VersionError {
    /// The text, as written.
    pub version: String,
    /// Whose versions it was read as: `dpkg`, `apk` or `npm`.
    pub world: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// What a version written as text needs besides its order: equality that agrees with the order,
/// its text, and its form in JSON, which is the text.
macro_rules! written {
    ($version:ident) => {
        impl $version {
            /// The version as it was written.
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl PartialEq for $version {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $version {}

        impl PartialOrd for $version {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl std::fmt::Display for $version {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.text)
            }
        }

        impl TryFrom<String> for $version {
            type Error = super::VersionError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$version> for String {
            fn from(version: $version) -> Self {
                version.text
            }
        }
    };
}

pub(crate) use written;

#[cfg(test)]
mod algebra;
#[cfg(test)]
mod tests;
