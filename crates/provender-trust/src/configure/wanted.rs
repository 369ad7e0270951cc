//! What a tool should be set up for.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// How far a setting reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// All that the user does.
    #[default]
    User,
    /// The project in the working directory.
    Project,
    /// All users of the machine.
    System,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "the user",
            Self::Project => "the project",
            Self::System => "the system",
        })
    }
}

/// The version of a tool, as far as its settings depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ToolVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The Python that the tool runs on, where it is written in Python and says so.
    pub python: Option<(u32, u32)>,
}

impl ToolVersion {
    /// The version in what a tool prints for `--version`: the first number with a dot, and what `(python 3.11)` says.
    /// None if there is no such number.
    pub fn parse(printed: &str) -> Option<Self> {
        let (major, minor) = printed.split_whitespace().find_map(two_numbers)?;
        let python = printed.split_once("(python ").and_then(|(_, rest)| two_numbers(rest));
        Some(Self { major, minor, python })
    }

    /// Whether it is this version or a later one.
    pub fn at_least(self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

/// The first two numbers of `24.2`, `v24.2.1` or `24.2)`.
fn two_numbers(word: &str) -> Option<(u32, u32)> {
    let (major, rest) = word.strip_prefix('v').unwrap_or(word).split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
}

/// What a tool should be set up for. What is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The Python index: the URL that ends in `/simple/`.
    pub index: Option<Url>,
    /// The tool's own server where it does not speak to a Python index: an npm registry, a container registry, a git
    /// host, an apt or apk repository.
    pub registry: Option<Url>,
    /// A PEM file with the private authority alone. An absolute path.
    pub ca: Option<PathBuf>,
    /// A PEM file with the public roots and the private authority, for settings that replace a tool's own roots. An
    /// absolute path. [`full_bundle`](super::full_bundle) makes its content.
    pub full_bundle: Option<PathBuf>,
    /// How far the settings reach.
    pub scope: Scope,
    /// The tool's version, where it is known.
    pub version: Option<ToolVersion>,
    /// Further hosts, as `HOST` or `HOST:PORT`, whose switches against verification go. Where neither these nor an
    /// index nor a registry is given, the authority is meant for every host, and every such switch goes.
    pub hosts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_tools_print() {
        let of = |printed| ToolVersion::parse(printed).map(|v| (v.major, v.minor, v.python));
        assert_eq!(
            of("pip 24.2 from /lib/python3.11/site-packages/pip (python 3.11)"),
            Some((24, 2, Some((3, 11))))
        );
        assert_eq!(of("uv 0.13.9 (x86_64-unknown-linux-gnu)"), Some((0, 13, None)));
        assert_eq!(of("v20.20.2"), Some((20, 20, None)));
        assert_eq!(of("Poetry (version 2.5.1)"), Some((2, 5, None)));
        assert_eq!(of("git version 2.47.3"), Some((2, 47, None)));
        assert_eq!(of("none"), None);
    }
}
