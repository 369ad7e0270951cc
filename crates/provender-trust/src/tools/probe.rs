//! What is asked for: something that nobody can have put there, so that asking brings nobody's code onto the machine.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;

/// The name of a project that nobody can have registered beforehand: it ends in what is random in the scratch folder's
/// name. Lower-case letters, digits and dashes, as every kind of registry allows.
pub(super) fn probe_name(scratch: &Path) -> String {
    let folder = scratch.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let random: String = folder
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    format!("provender-probe-{random}")
}

/// The name of a wheel of the project of [`probe_name`].
pub(super) fn probe_wheel(scratch: &Path) -> String {
    format!("{}-0-py3-none-any.whl", probe_name(scratch).replace('-', "_"))
}

/// A version that a server cannot offer, since it is random and not told to it: a tool that resolves finds nothing
/// that fits, and neither builds anything nor follows what it depends on. It is one for Python and for npm.
pub(super) fn probe_version() -> String {
    // Each state has keys of its own, from the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    format!("0.{}.{}", random >> 32, random & u64::from(u32::MAX))
}

/// The requirement of Python's that asks for the project and the version.
pub(super) fn probe_requirement(scratch: &Path) -> String {
    format!("{}=={}", probe_name(scratch), probe_version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_named_after_its_folder_and_nothing_else() {
        let name = probe_name(Path::new("/scratch/.tmpA1b_é"));
        assert_eq!(name, "provender-probe-tmpa1b");
        let wheel = probe_wheel(Path::new("/scratch/.tmpA1b"));
        assert_eq!(wheel, "provender_probe_tmpa1b-0-py3-none-any.whl");
    }

    #[test]
    fn no_version_is_asked_for_twice() {
        assert_ne!(probe_version(), probe_version());
    }
}
