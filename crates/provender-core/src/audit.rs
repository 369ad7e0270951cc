//! What an audit says: the shape shared by who finds (the advisory crate), who acts on it (the
//! repair) and who shows it (the report crate).
//!
//! The field names are those of the `provender.audit/1` schema.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Diagnostic, Place, ProjectName, Severity, Sha256, Version};

/// A project at a version that stands somewhere: what an audit looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The project.
    pub project: ProjectName,
    /// The version that is pinned or installed.
    pub version: Version,
    /// Where the pin stands.
    pub place: Place,
}

/// A vulnerability (an alias group of advisories) at a located component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The component it was found at.
    pub component: Component,
    /// Every id and alias of the merged records, sorted; never empty.
    pub ids: Vec<String>,
    /// The worst severity that the merged records give.
    pub severity: Severity,
    /// One line on what it is, from the record that has one.
    pub summary: Option<String>,
    /// Published fixes above this version, ascending: versions that no merged record affects.
    /// Empty means that no fix exists.
    pub fixed_in: Vec<Version>,
    /// The waiver that accepts it, if one does.
    pub waiver: Option<Waiver>,
}

impl Finding {
    /// The id people know it by: a CVE if there is one, else a GHSA, else a PYSEC, else the first.
    pub fn headline_id(&self) -> &str {
        headline_id(&self.ids)
    }

    /// Whether it decides the answer: unwaived, and at least as bad as `threshold`.
    pub fn counts_at(&self, threshold: Severity) -> bool {
        self.waiver.is_none() && self.severity.meets(threshold)
    }
}

/// Of the ids of one vulnerability the one that people know it by: a CVE if there is one, else a GHSA,
/// else a PYSEC, else the first. Empty only where there are no ids.
pub fn headline_id(ids: &[String]) -> &str {
    ["CVE-", "GHSA-", "PYSEC-"]
        .iter()
        .find_map(|prefix| ids.iter().find(|id| id.starts_with(prefix)))
        .or(ids.first())
        .map_or("", String::as_str)
}

/// An accepted risk. An expired waiver waives nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// An advisory's id or any alias of it.
    pub id: String,
    /// The project, or the package of another ecosystem, that it is accepted for.
    pub project: WaivedName,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// When the acceptance ends.
    pub until: WaiverEnd,
    /// Where it is accepted.
    #[serde(default, skip_serializing_if = "WaiverScope::is_everywhere")]
    pub scope: WaiverScope,
}

/// Where a risk is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaiverScope {
    /// Wherever the project is: in locks, and in the images that are built from them. Whether it
    /// still matches something is for the audit of a lock to say.
    #[default]
    Everywhere,
    /// In images only: at what a base image brings.
    Image,
}

impl WaiverScope {
    fn is_everywhere(&self) -> bool {
        *self == Self::Everywhere
    }
}

/// The name that a waiver is for: a Python project's, normalised, or any other, such as `g++` or
/// `@scope/name`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WaivedName(String);

/// Why a text cannot be the name of anything that is waived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a project or package")]
pub struct WaivedNameError(String);

impl WaivedName {
    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the name of a package, whatever the ecosystem writes differently: Python's
    /// spellings of one name are one.
    pub fn names(&self, name: &str) -> bool {
        self.0 == name || name.parse::<ProjectName>().is_ok_and(|project| *self == project)
    }
}

impl FromStr for WaivedName {
    type Err = WaivedNameError;

    fn from_str(text: &str) -> Result<Self, WaivedNameError> {
        if let Ok(project) = text.parse::<ProjectName>() {
            return Ok(project.into());
        }
        match !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) {
            true => Ok(Self(text.to_owned())),
            false => Err(WaivedNameError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for WaivedName {
    type Error = WaivedNameError;

    fn try_from(text: String) -> Result<Self, WaivedNameError> {
        text.parse()
    }
}

impl From<WaivedName> for String {
    fn from(name: WaivedName) -> Self {
        name.0
    }
}

impl From<ProjectName> for WaivedName {
    fn from(project: ProjectName) -> Self {
        Self(project.to_string())
    }
}

impl PartialEq<ProjectName> for WaivedName {
    fn eq(&self, project: &ProjectName) -> bool {
        self.0 == project.as_ref()
    }
}

impl fmt::Display for WaivedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// When a waiver ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaiverEnd {
    /// On the last day it holds (UTC).
    Date(Date),
    /// As soon as a fixed version exists; written `fixed`.
    Fixed,
}

impl fmt::Display for WaiverEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Fixed => f.write_str("fixed"),
        }
    }
}

impl Serialize for WaiverEnd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WaiverEnd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "fixed" {
            return Ok(Self::Fixed);
        }
        text.parse().map(Self::Date).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is not the end of a waiver: a date such as \"2027-01-31\", or \"fixed\""
            ))
        })
    }
}

/// Something that stands in an audited file and cannot be compared with advisories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAudited {
    /// The requirement as it stands there.
    pub requirement: String,
    /// The project, where the requirement names one.
    pub project: Option<ProjectName>,
    /// Why.
    pub reason: NotAuditedReason,
    /// Where it stands.
    pub place: Place,
    /// The waiver that accepts it, if one does (a waiver whose id is `not-audited`).
    pub waiver: Option<Waiver>,
}

/// Why something cannot be audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotAuditedReason {
    /// Taken from a URL or a path, so that its version is not known.
    Url,
    /// Taken from version control.
    Vcs,
    /// Installed in editable mode.
    Editable,
    /// Not pinned to one version with `==`.
    Unpinned,
}

impl fmt::Display for NotAuditedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "taken from a URL or path",
            Self::Vcs => "taken from version control",
            Self::Editable => "installed in editable mode",
            Self::Unpinned => "not pinned to one version",
        })
    }
}

/// Which advisory data an answer stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdvisoryStamp {
    /// The digest of the compiled advisory database.
    pub digest: Sha256,
    /// How many records it holds.
    pub records: u64,
    /// When its newest record was modified.
    pub newest: Option<Timestamp>,
    /// Where the records came from, in the configured order.
    pub sources: Vec<SourceStamp>,
}

/// One source of advisories as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStamp {
    /// The source's name in the settings.
    pub name: String,
    /// When its data was last fetched, imported or confirmed to be unchanged.
    pub fetched_at: Timestamp,
    /// How many records it gave.
    pub records: u64,
    /// When its newest record was modified.
    pub newest: Option<Timestamp>,
}

/// The answer of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The data it stands on.
    pub advisories: AdvisoryStamp,
    /// How many components were compared.
    pub components: usize,
    /// What was found, worst first, then by project, version and id.
    pub findings: Vec<Finding>,
    /// What could not be compared.
    pub not_audited: Vec<NotAudited>,
    /// Waivers that expired or match nothing, stale data, and the like.
    pub diagnostics: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> WaivedName {
        text.parse().unwrap()
    }

    #[test]
    fn a_waived_project_is_normalised_and_other_names_stay_as_they_are() {
        assert_eq!(name("Demo_App").as_str(), "demo-app");
        assert_eq!(name("Demo_App"), "demo.app".parse::<ProjectName>().unwrap());
        assert_eq!(name("g++").as_str(), "g++");
        assert_eq!(name("@scope/Name").as_str(), "@scope/Name");
        for text in ["", "two words", "a\u{1b}b"] {
            assert!(text.parse::<WaivedName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_waived_name_names_the_package_in_any_spelling_that_python_calls_one() {
        assert!(name("python3.11").names("python3.11") && name("libc6").names("libc6"));
        assert!(name("g++").names("g++") && !name("g++").names("g"));
        assert!(!name("@scope/Name").names("@scope/name"));
    }
}
