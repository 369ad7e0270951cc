//! npm's versions (Semantic Versioning 2.0.0).

use std::cmp::Ordering;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digits::{self, Digits};
use super::{VersionError, written};

/// A version of an npm package: `MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]`.
///
/// As node's own reader does, it passes over a `v` or `=` in front and zeros before a number;
/// absent numbers are 0, since advisories write `0` for the first version that there can be.
/// What stands after `+` has no part in the order (section 10).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NpmVersion {
    text: String,
    numbers: [Digits; 3],
    prerelease: Prerelease,
}

written!(NpmVersion);

/// A version with a pre-release comes before the one without (section 11.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Prerelease {
    Of(Vec<Identifier>),
    None,
}

/// Numbers come before texts (section 11.4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(Digits),
    Text(String),
}

impl NpmVersion {
    /// Whether it is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        self.prerelease != Prerelease::None
    }
}

impl FromStr for NpmVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| VersionError { version: text.to_owned(), world: "npm", reason };
        let trimmed = text.trim();
        let version = trimmed.trim_start_matches(['=', ' ']);
        let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
        let (version, build) = version.split_once('+').unwrap_or((version, "0"));
        let (release, prerelease) = match version.split_once('-') {
            Some((release, prerelease)) => (release, Some(prerelease)),
            None => (version, None),
        };
        if !build.split('.').all(is_identifier) {
            return Err(refuse("the build is not made of letters, digits and hyphens"));
        }
        let mut numbers = [Digits::new(""), Digits::new(""), Digits::new("")];
        let mut written = release.split('.');
        for number in &mut numbers {
            match written.next().map(digits::split) {
                Some(("", _)) => return Err(refuse("a number is missing")),
                Some((digits, "")) => *number = Digits::new(digits),
                Some(_) => return Err(refuse("a number holds other characters than digits")),
                None => {}
            }
        }
        if written.next().is_some() {
            return Err(refuse("it has more than three numbers"));
        }
        let prerelease = match prerelease {
            None => Prerelease::None,
            Some(identifiers) if identifiers.split('.').all(is_identifier) => {
                Prerelease::Of(identifiers.split('.').map(Identifier::new).collect())
            }
            Some(_) => {
                return Err(refuse("the pre-release is not made of letters, digits and hyphens"));
            }
        };
        Ok(Self { text: trimmed.to_owned(), numbers, prerelease })
    }
}

impl Ord for NpmVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = self.numbers.cmp(&other.numbers);
        numbers.then_with(|| self.prerelease.cmp(&other.prerelease))
    }
}

impl Identifier {
    fn new(text: &str) -> Self {
        match digits::split(text) {
            (digits, "") => Self::Number(Digits::new(digits)),
            _ => Self::Text(text.to_owned()),
        }
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> NpmVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_ascend_as_the_specification_says() {
        let ascending = "0 0.0.1-0 0.0.1 1.0.0-0 1.0.0-9 1.0.0-10 1.0.0-alpha 1.0.0-alpha.1 \
                         1.0.0-alpha.beta 1.0.0-alpha-x 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 \
                         1.0.0-rc.1 1.0.0 1.2.0 1.10.0 2.0.0 99999999999999999999.0.0";
        let ascending: Vec<_> = ascending.split(' ').collect();
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn the_build_and_a_letter_in_front_make_no_difference() {
        for (a, b) in [("1.0.0+a", "1.0.0+b.c"), ("v1.2.3", "1.2.3"), ("= v1", "1.0.0")] {
            assert_eq!(version(a), version(b), "{a} = {b}");
        }
        assert_eq!(version("v1.2.3").to_string(), "v1.2.3");
    }

    #[test]
    fn texts_that_are_no_versions_are_refused() {
        for text in ["", "v", "1.", "1.x", "1.2.3.4", "1.0.0-", "1.0.0-a..b", "1.0.0+", "1.0.0-é"]
        {
            assert!(text.parse::<NpmVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_version_is_text_in_json() {
        assert!(version("1.0.0-rc.1").is_prerelease());
        assert_eq!(String::from(version("v1")), "v1");
        assert!(NpmVersion::try_from("x".to_owned()).is_err());
    }
}
