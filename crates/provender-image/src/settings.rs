//! `[image]` of `provender.toml`: what a project says of its image.
//!
//! Every setting may be left out. What stands here wins over what was read from the project's
//! sources; where neither says, [`Runtime::decide`](crate::service::Runtime::decide) names the
//! setting to write.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ImageFormat, Location, Platform};

/// The settings of `[image]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ImageSettings {
    /// The image that the project's stands on. What is written as text for builders needs a digest
    /// in it; a build records the digest that it found.
    #[serde(deserialize_with = "parsed")]
    pub base: Option<Location>,
    /// The image in which the Dockerfile makes wheels: it runs as root and has the base's Python, pip,
    /// and the compilers that sdists need. Left out, it is the base.
    #[serde(deserialize_with = "parsed")]
    pub builder: Option<Location>,
    /// What the image is called: `HOST/REPOSITORY:TAG`, or `NAME:TAG` on this machine.
    pub tags: Vec<String>,
    /// The program and its arguments, in exec form.
    pub entrypoint: Vec<String>,
    /// The port that the service listens on.
    pub port: Option<u16>,
    /// The path that answers 2xx or 3xx while the service is well. Empty: there is none to ask, and
    /// the image has no health check.
    pub health_path: Option<String>,
    /// From one check to the next, in seconds; 30.
    #[serde(deserialize_with = "seconds")]
    pub health_interval_seconds: Option<NonZeroU32>,
    /// Whom the service runs as, in numbers: `UID` or `UID:GID`, neither of them root's.
    pub user: Option<RunAs>,
    /// The folder that the application is in, and starts in; `/app`.
    pub workdir: Option<String>,
    /// The files and folders of the project that are the application, relative to it; left out,
    /// those that were found to hold its sources.
    pub include: Vec<String>,
    /// Environment variables of the image. No place for secrets: everybody who has the image reads
    /// them.
    pub env: BTreeMap<String, String>,
    /// Labels (image-spec 1.1, "Pre-Defined Annotation Keys"), such as
    /// `org.opencontainers.image.source`.
    pub labels: BTreeMap<String, String>,
    /// Files of the application, relative to the project, that may hold what looks like a secret.
    pub allow_secrets: Vec<String>,
    /// Files with certificates of authorities (PEM) that the image trusts besides those of its base.
    pub ca_certificates: Vec<PathBuf>,
    /// Whether Python's modules are compiled while the image is built.
    pub bytecode: Bytecode,
    /// What the image runs on: several give an image index.
    #[serde(deserialize_with = "all_parsed")]
    pub platforms: Vec<Platform>,
    /// In whose words the image is written.
    pub format: Option<ImageFormat>,
    /// Where the image goes.
    #[serde(deserialize_with = "parsed")]
    pub output: Option<Location>,
}

/// Whether an image holds bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bytecode {
    /// None: modules are compiled at each start.
    #[default]
    None,
    /// Compiled, and valid whatever their sources are (PEP 552).
    UncheckedHash,
}

/// A user and a group by their numbers, neither of them root's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunAs {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// Why a text is no [`RunAs`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not UID or UID:GID, two numbers above 0 such as 10001:10001")]
pub struct BadRunAs(String);

impl Default for RunAs {
    /// 10001: above every number that distributions give to users of their own.
    fn default() -> Self {
        Self { uid: 10001, gid: 10001 }
    }
}

impl fmt::Display for RunAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)
    }
}

impl FromStr for RunAs {
    type Err = BadRunAs;

    fn from_str(text: &str) -> Result<Self, BadRunAs> {
        // 2^32 - 1 is "no change" to chown(2).
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let number: Option<u32> = part.parse().ok();
            number.filter(|number| digits && *number != 0 && *number != u32::MAX)
        };
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        match (number(uid), number(gid)) {
            (Some(uid), Some(gid)) => Ok(Self { uid, gid }),
            _ => Err(BadRunAs(text.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for RunAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for RunAs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let seconds = u32::try_from(number).ok().and_then(NonZeroU32::new);
    let wrong = || D::Error::custom(format!("`{number}` is no number of seconds of 1 or more"));
    seconds.ok_or_else(wrong).map(Some)
}

fn all_parsed<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ImageSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_setting_is_read() {
        let digest = "1".repeat(64);
        let text = format!(
            "base = 'registry.example/python:3.11@sha256:{digest}'\nbuilder = 'oci:builder'\n\
             tags = ['app:1']\nentrypoint = ['python3', '-m', 'app']\nport = 9000\n\
             health-path = '/livez'\nuser = '2000'\nworkdir = '/srv'\ninclude = ['app']\n\
             platforms = ['linux/amd64']\nbytecode = 'unchecked-hash'\nca-certificates = ['ca.pem']\nformat = 'docker'\noutput = 'oci:out'\n\
             env = {{ TZ = 'UTC' }}\n[labels]\n'org.opencontainers.image.title' = 'App'\n"
        );
        let settings = read(&text).unwrap();
        let Some(Location::Registry(base)) = &settings.base else { panic!("{settings:?}") };
        assert!(base.digest.is_some());
        assert_eq!(settings.user, Some(RunAs { uid: 2000, gid: 2000 }));
        assert_eq!(settings.platforms, [Platform::linux("amd64")]);
        assert_eq!(settings.bytecode, Bytecode::UncheckedHash);
        assert_eq!(settings.ca_certificates, [PathBuf::from("ca.pem")]);
        assert_eq!(settings.format, Some(ImageFormat::Docker));
        assert_eq!(settings.env["TZ"], "UTC");
    }

    #[test]
    fn nothing_has_to_be_said() {
        assert_eq!(read("").unwrap(), ImageSettings::default());
    }

    #[test]
    fn what_is_not_known_or_not_possible_is_refused() {
        for (text, reason) in [
            ("health_path = '/health'", "unknown field"),
            ("user = 'root'", "not UID or UID:GID"),
            ("user = '0:0'", "not UID or UID:GID"),
            ("user = '10001:0'", "not UID or UID:GID"),
            ("user = '+1'", "not UID or UID:GID"),
            ("base = 'python:3.11'", "names no registry"),
            ("platforms = ['linux']", "not a platform"),
            ("port = 70000", "70000"),
            ("health-interval-seconds = 0", "`0` is no number of seconds of 1 or more"),
            ("health-interval-seconds = -1", "`-1` is no number of seconds"),
            ("bytecode = 'timestamp'", "unknown variant"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
