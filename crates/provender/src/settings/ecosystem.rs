//! The ecosystems that advisories are had for.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// An ecosystem (OSV schema, "Defined ecosystems"). Of a distribution it is all releases: they come in
/// one dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Ecosystem {
    PyPI,
    Npm,
    Debian,
    Ubuntu,
    Alpine,
}

impl Ecosystem {
    const ALL: [Self; 5] = [Self::PyPI, Self::Npm, Self::Debian, Self::Ubuntu, Self::Alpine];

    /// As OSV calls it, and the folder of its dump.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PyPI => "PyPI",
            Self::Npm => "npm",
            Self::Debian => "Debian",
            Self::Ubuntu => "Ubuntu",
            Self::Alpine => "Alpine",
        }
    }

    /// The name of the source that is OSV's dump of it.
    pub(crate) fn source_name(self) -> String {
        format!("osv-{}", self.name().to_ascii_lowercase())
    }
}

impl FromStr for Ecosystem {
    type Err = String;

    /// Reads a name in any letter case, with or without a release: `debian`, `Debian:12`.
    fn from_str(text: &str) -> Result<Self, String> {
        let family = text.split_once(':').map_or(text, |(family, _)| family);
        let known = Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(family));
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("advisories of `{text}` are not read; those of {names} are")
        })
    }
}

impl TryFrom<String> for Ecosystem {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ecosystem_is_read_in_any_case_and_with_any_release() {
        assert_eq!("debian".parse(), Ok(Ecosystem::Debian));
        assert_eq!("Debian:12".parse(), Ok(Ecosystem::Debian));
        assert_eq!("Ubuntu:22.04:LTS".parse(), Ok(Ecosystem::Ubuntu));
        assert_eq!("pypi".parse(), Ok(Ecosystem::PyPI));
        assert!("Wolfi".parse::<Ecosystem>().unwrap_err().contains("Alpine"));
        assert!("".parse::<Ecosystem>().is_err());
    }
}
