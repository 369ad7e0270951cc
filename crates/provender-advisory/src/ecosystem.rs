//! Ecosystems: how their names are written, and how each orders its versions.
//!
//! An ecosystem is called as OSV calls it (OSV schema, "Defined ecosystems"): `PyPI`, `npm`, and for a
//! distribution its name with the release, `Debian:12`, `Ubuntu:22.04:LTS`, `Alpine:v3.18`. Spellings
//! of one release are one ecosystem here: `Ubuntu:22.04` and `Ubuntu:22.04:LTS`, `Debian:12` and
//! `Debian:12.5`, `Alpine:v3.18` and `Alpine:v3.18.4`.

use std::fmt;

use provender_core::versions::{ApkVersion, DebianVersion, NpmVersion};

/// The ecosystem of Python's projects.
pub(crate) const PYPI: &str = "PyPI";

/// The longest release that is read, in bytes: far above any real one.
const LONGEST_RELEASE: usize = 64;

/// An ecosystem that is known here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ecosystem {
    family: Family,
    /// What stands behind the family's name; none means every release.
    release: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Alpine,
    Debian,
    Npm,
    PyPI,
    Ubuntu,
}

/// How versions are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// As `dpkg --compare-versions` does.
    Debian,
    /// As apk-tools do.
    Apk,
    /// As SemVer 2.0.0 does.
    Npm,
}

/// A version of something that is no Python project. Only versions of one scheme are compared: those
/// of one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PackageVersion {
    Debian(DebianVersion),
    Apk(ApkVersion),
    Npm(NpmVersion),
}

impl Scheme {
    /// Reads a version. None when it is not one.
    pub(crate) fn parse(self, text: &str) -> Option<PackageVersion> {
        match self {
            Self::Debian => text.parse().ok().map(PackageVersion::Debian),
            Self::Apk => text.parse().ok().map(PackageVersion::Apk),
            Self::Npm => text.parse().ok().map(PackageVersion::Npm),
        }
    }

    /// Reads a version that a record mentions. Installed versions of Debian are read as leniently as dpkg
    /// reads them; a word in a record, such as `experimental`, is no version.
    pub(crate) fn parse_mentioned(self, text: &str) -> Option<PackageVersion> {
        self.parse(text).filter(|version| match version {
            PackageVersion::Debian(version) => {
                version.upstream().starts_with(|c: char| c.is_ascii_digit())
            }
            PackageVersion::Apk(_) | PackageVersion::Npm(_) => true,
        })
    }
}

impl PackageVersion {
    /// The version as it was written.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Debian(version) => version.as_str(),
            Self::Apk(version) => version.as_str(),
            Self::Npm(version) => version.as_str(),
        }
    }
}

impl Ecosystem {
    /// Reads the name of an ecosystem. None when it is not one of those that are known here.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (family, release) = match text.split_once(':') {
            Some((family, release)) => (family, Some(release)),
            None => (text, None),
        };
        let sound = |release: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || ".:-_/".contains(c);
            !release.is_empty() && release.len() <= LONGEST_RELEASE && release.chars().all(known)
        };
        let family = match family {
            // What follows these two names an index, and the same names mean the same there.
            PYPI => return Some(Self { family: Family::PyPI, release: None }),
            "npm" => return Some(Self { family: Family::Npm, release: None }),
            "Debian" => Family::Debian,
            "Ubuntu" => Family::Ubuntu,
            "Alpine" => Family::Alpine,
            _ => return None,
        };
        if !release.is_none_or(sound) {
            return None;
        }
        let release = release.map(|release| match family {
            Family::Debian => debian_release(release),
            Family::Alpine => alpine_release(release),
            _ => release.strip_suffix(":LTS").unwrap_or(release).to_owned(),
        });
        Some(Self { family, release })
    }

    /// How its versions are ordered; none for Python, which has a way of its own.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self.family {
            Family::PyPI => None,
            Family::Npm => Some(Scheme::Npm),
            Family::Alpine => Some(Scheme::Apk),
            Family::Debian | Family::Ubuntu => Some(Scheme::Debian),
        }
    }

    /// The ecosystem of records that name no release and so mean each of them; none if it is that one.
    pub(crate) fn without_release(&self) -> Option<Self> {
        self.release.as_ref().map(|_| Self { family: self.family, release: None })
    }

    /// For a release of Ubuntu, the one with what only subscribers of Ubuntu Pro get.
    pub(crate) fn with_subscription(&self) -> Option<Self> {
        let release = self.release.as_ref().filter(|release| !release.starts_with("Pro:"))?;
        let release = Some(format!("Pro:{release}"));
        (self.family == Family::Ubuntu).then_some(Self { family: self.family, release })
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.family {
            Family::Alpine => "Alpine",
            Family::Debian => "Debian",
            Family::Npm => "npm",
            Family::PyPI => PYPI,
            Family::Ubuntu => "Ubuntu",
        })?;
        self.release.as_ref().map_or(Ok(()), |release| write!(f, ":{release}"))
    }
}

/// Debian's releases are numbered; what follows the point counts updates of one.
fn debian_release(release: &str) -> String {
    match release.split_once('.') {
        Some((major, _)) if major.bytes().all(|byte| byte.is_ascii_digit()) => major.to_owned(),
        _ => release.to_owned(),
    }
}

/// Alpine's branches have two numbers behind a `v`; a third counts updates of one.
fn alpine_release(release: &str) -> String {
    let numbers = release.strip_prefix('v').unwrap_or(release);
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match numbers.split('.').collect::<Vec<_>>().as_slice() {
        [major, minor, ..] if number(major) && number(minor) => format!("v{major}.{minor}"),
        _ => release.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Ecosystem::parse(text).map(|ecosystem| ecosystem.to_string())
    }

    #[test]
    fn spellings_of_one_release_are_one_ecosystem() {
        for (written, meant) in [
            ("PyPI", "PyPI"),
            ("PyPI:https://index.example/simple", "PyPI"),
            ("npm", "npm"),
            ("Debian", "Debian"),
            ("Debian:12", "Debian:12"),
            ("Debian:12.5", "Debian:12"),
            ("Debian:sid", "Debian:sid"),
            ("Ubuntu:22.04:LTS", "Ubuntu:22.04"),
            ("Ubuntu:23.10", "Ubuntu:23.10"),
            ("Ubuntu:Pro:18.04:LTS", "Ubuntu:Pro:18.04"),
            ("Alpine:v3.18", "Alpine:v3.18"),
            ("Alpine:3.18.4", "Alpine:v3.18"),
            ("Alpine:edge", "Alpine:edge"),
        ] {
            assert_eq!(read(written).as_deref(), Some(meant), "{written}");
        }
    }

    #[test]
    fn other_ecosystems_and_odd_releases_are_unknown() {
        let long = format!("Debian:{}", "1".repeat(65));
        for text in ["", "Go", "pypi", "debian:12", "Debian:", "Debian:1\u{1b}[2J", &long] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn each_ecosystem_has_its_own_order() {
        let order = |ecosystem: &str, a, b| {
            let scheme = Ecosystem::parse(ecosystem).unwrap().scheme().unwrap();
            scheme.parse(a).unwrap().cmp(&scheme.parse(b).unwrap())
        };
        assert!(order("Debian:12", "1.0~rc1-1", "1.0-1").is_lt());
        assert!(order("Ubuntu:22.04", "1:1.0", "2.0").is_gt());
        assert!(order("Alpine:v3.18", "1.0_rc1-r0", "1.0-r0").is_lt());
        assert!(order("npm", "1.0.0-rc.1", "1.0.0").is_lt());
        assert_eq!(Ecosystem::parse("PyPI").unwrap().scheme(), None);
    }
}
