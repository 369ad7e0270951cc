//! The OSV record (OSV schema 1.6 and 1.7), as far as it decides an answer or is shown.
//!
//! Unknown fields are let through, since databases add their own. What decides whether a version is
//! affected is read strictly: an unknown kind of range or event is an error, because to pass over it
//! could hide a vulnerability.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Why a text is not an OSV record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or not of an OSV record's shape.
    #[error("not an OSV record: {0}")]
    Shape(#[from] serde_json::Error),
    /// The id is empty or holds characters that no database uses in an id.
    #[error("not an OSV record: `{0}` cannot be an id")]
    Id(String),
    /// A schema with another major version means something else.
    #[error("the record follows OSV schema {0}, and only version 1 is known")]
    Schema(String),
}

/// One advisory.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    /// The version of the schema that the record follows; 1.0.0 where none is given.
    pub schema_version: Option<String>,
    /// The database's own id, such as `GHSA-wj6h-64fc-37mp`.
    pub id: String,
    /// When the record was last changed. Of two records with one id the newer one holds.
    pub modified: Timestamp,
    /// When the record was published.
    pub published: Option<Timestamp>,
    /// When the record was withdrawn; a withdrawn record affects nothing.
    pub withdrawn: Option<Timestamp>,
    /// Ids of the same vulnerability in other databases.
    #[serde(default, deserialize_with = "or_default")]
    pub aliases: Vec<String>,
    /// Ids of the vulnerabilities that the record is made from, as a distribution's record is from a
    /// CVE: what they say of the source, the record says of the distribution's package (schema 1.7).
    #[serde(default, deserialize_with = "or_default")]
    pub upstream: Vec<String>,
    /// Ids of vulnerabilities that are close but not the same.
    #[serde(default, deserialize_with = "or_default")]
    pub related: Vec<String>,
    /// One line on what it is.
    pub summary: Option<String>,
    /// The whole text, in Markdown.
    pub details: Option<String>,
    /// Scores that hold for every project of the record.
    #[serde(default, deserialize_with = "or_default")]
    pub severity: Vec<Score>,
    /// What is affected.
    #[serde(default, deserialize_with = "or_default")]
    pub affected: Vec<Affected>,
    /// Where to read more.
    #[serde(default, deserialize_with = "or_default")]
    pub references: Vec<Reference>,
    /// What the database adds.
    #[serde(default, deserialize_with = "or_default")]
    pub database_specific: DatabaseSpecific,
}

/// A severity score (schema, `severity[]`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Score {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, `Ubuntu`, or a database's own kind, which is passed over.
    #[serde(rename = "type")]
    pub kind: String,
    /// The vector, for the CVSS kinds; the priority, for `Ubuntu`.
    pub score: String,
}

/// One project with its affected versions (schema, `affected[]`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Affected {
    /// The project; none where only a source repository is meant.
    pub package: Option<Package>,
    /// Ranges of affected versions; a version in any of them is affected.
    #[serde(default, deserialize_with = "or_default")]
    pub ranges: Vec<Range>,
    /// Affected versions one by one.
    #[serde(default, deserialize_with = "or_default")]
    pub versions: Vec<String>,
    /// Scores that hold for this project.
    #[serde(default, deserialize_with = "or_default")]
    pub severity: Vec<Score>,
    /// What the ecosystem adds.
    #[serde(default, deserialize_with = "or_default")]
    pub ecosystem_specific: EcosystemSpecific,
    /// What the database adds.
    #[serde(default, deserialize_with = "or_default")]
    pub database_specific: DatabaseSpecific,
}

/// The name of a project in an ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// The ecosystem, such as `PyPI` or `Debian:12`.
    pub ecosystem: String,
    /// The name, as the database writes it.
    pub name: String,
}

/// A range of versions (schema, `affected[].ranges[]`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Range {
    /// How its versions are ordered.
    #[serde(rename = "type")]
    pub kind: RangeKind,
    /// Where the range begins and ends, in no particular order.
    #[serde(deserialize_with = "events")]
    pub events: Vec<Event>,
}

/// How the versions of a range are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RangeKind {
    /// As the ecosystem orders them: PEP 440 for PyPI, SemVer 2.0.0 for npm, dpkg's order for Debian and
    /// Ubuntu, that of apk-tools for Alpine.
    Ecosystem,
    /// As SemVer 2.0.0 orders them; read as [`RangeKind::Ecosystem`], since that is how the versions of
    /// its packages are ordered.
    Semver,
    /// As commits of a repository; says nothing about released versions.
    Git,
}

/// Where a range begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Affected from this version on; `0` is before every version.
    Introduced(String),
    /// No longer affected from this version on.
    Fixed(String),
    /// Affected up to and with this version.
    LastAffected(String),
    /// Nothing at or above this version is said; `*` is above every version.
    Limit(String),
}

/// Where to read more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// `ADVISORY`, `FIX`, `WEB` and the like.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The address.
    pub url: String,
}

/// The one field of `database_specific` that several databases share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseSpecific {
    /// The database's own word, such as `MODERATE`.
    pub severity: Option<String>,
}

/// The fields of `ecosystem_specific` that a distribution answers with: Debian's words, and those of its
/// tracker where a record was made from one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EcosystemSpecific {
    /// How urgent the distribution finds it: Debian's `urgency`, else Ubuntu's `ubuntu_priority` or
    /// `priority`.
    pub urgency: Option<String>,
    /// Where Debian stands: `open`, `resolved` or `undetermined`.
    pub status: Option<String>,
    /// Why Debian publishes no advisory of its own for it.
    pub nodsa: Option<String>,
    /// What follows from that: `ignored` or `postponed`.
    pub nodsa_reason: Option<String>,
}

impl Record {
    /// Reads one record from JSON.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, is not of an OSV record's shape, or follows another major version
    /// of the schema.
    pub fn from_json(json: &[u8]) -> Result<Self, RecordError> {
        let record: Self = serde_json::from_slice(json)?;
        if let Some(version) = &record.schema_version
            && version.split('.').next() != Some("1")
        {
            return Err(RecordError::Schema(version.clone()));
        }
        for id in record.all_ids() {
            if !is_id(id) {
                return Err(RecordError::Id(id.to_owned()));
            }
        }
        Ok(record)
    }

    /// Whether it is a notice of Debian or Ubuntu from before the schema had `upstream`. The
    /// vulnerabilities that such a notice is about stand among its aliases or what is related.
    pub fn is_old_notice(&self) -> bool {
        let is_notice = ["DSA-", "DLA-", "DTSA-", "USN-"].iter().any(|p| self.id.starts_with(p));
        is_notice && self.upstream.is_empty()
    }

    /// The ids of the vulnerabilities that a distribution's record is about, each once: what it names as
    /// `upstream`, a distribution's id of a CVE being that CVE. What cannot be an id is passed over.
    pub fn about(&self) -> Vec<&str> {
        let named = match self.is_old_notice() {
            true => [self.aliases.as_slice(), self.related.as_slice()],
            false => [self.upstream.as_slice(), &[]],
        };
        let ids = named.into_iter().flatten().map(|id| cve_within(id)).filter(|id| is_id(id));
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The id and every alias.
    pub fn all_ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.id).chain(&self.aliases).map(String::as_str)
    }

    /// One line on what it is: the summary, else the beginning of the details.
    pub fn one_line(&self) -> Option<String> {
        /// About what fits beside an id in a terminal; longer first lines are cut at a word.
        const LONGEST: usize = 120;
        if let Some(summary) = self.summary.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
            return Some(summary.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let details = self.details.as_deref()?;
        let line = details.lines().map(str::trim).find(|line| !line.is_empty())?;
        if line.chars().count() <= LONGEST {
            return Some(line.to_owned());
        }
        let cut: String = line.chars().take(LONGEST).collect();
        let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
        Some(format!("{}…", words.trim_end_matches([',', ';', ':', '.'])))
    }
}

impl Package {
    /// Whether the project is one of Python's: the ecosystem `PyPI`, with or without a suffix after
    /// a colon.
    pub fn is_python(&self) -> bool {
        self.ecosystem.split(':').next() == Some("PyPI")
    }
}

/// The CVE that an id such as `UBUNTU-CVE-2024-1` is made from; another id is itself.
fn cve_within(id: &str) -> &str {
    let bare = ["DEBIAN-", "UBUNTU-", "ALPINE-"].iter().find_map(|prefix| id.strip_prefix(prefix));
    bare.filter(|bare| bare.starts_with("CVE-")).unwrap_or(id)
}

/// Whether a text can be the id of an advisory in any database.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// `null` as the default, which is how some exporters write an empty list.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    #[derive(Deserialize)]
    struct Raw {
        introduced: Option<String>,
        fixed: Option<String>,
        last_affected: Option<String>,
        limit: Option<String>,
    }
    let mut events = Vec::new();
    for raw in Vec::<Raw>::deserialize(deserializer)? {
        let before = events.len();
        events.extend(raw.introduced.map(Event::Introduced));
        events.extend(raw.fixed.map(Event::Fixed));
        events.extend(raw.last_affected.map(Event::LastAffected));
        events.extend(raw.limit.map(Event::Limit));
        if events.len() == before {
            return Err(serde::de::Error::custom(
                "an event of a range is none of `introduced`, `fixed`, `last_affected` and `limit`",
            ));
        }
    }
    Ok(events)
}

impl<'de> Deserialize<'de> for DatabaseSpecific {
    /// Takes anything: its content is the database's own business.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let word = value.get("severity").and_then(serde_json::Value::as_str);
        Ok(Self { severity: word.map(str::to_owned) })
    }
}

impl<'de> Deserialize<'de> for EcosystemSpecific {
    /// Takes anything, as [`DatabaseSpecific`] does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let word = |name| value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Ok(Self {
            urgency: word("urgency").or(word("ubuntu_priority")).or(word("priority")),
            status: word("status"),
            nodsa: word("nodsa"),
            nodsa_reason: word("nodsa_reason"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Record, RecordError> {
        Record::from_json(json.as_bytes())
    }

    #[test]
    fn unknown_fields_and_nulls_are_let_through() {
        let record = read(
            r#"{"id": "X-1", "modified": "2024-01-01T00:00:00Z", "aliases": null, "credits": [{}],
                "affected": null, "database_specific": {"severity": ["odd"], "more": 1}}"#,
        )
        .unwrap();
        assert_eq!(record.database_specific.severity, None);
        assert!(record.affected.is_empty());
    }

    #[test]
    fn what_decides_an_answer_is_read_strictly() {
        let with_range = |range: &str| {
            read(&format!(
                r#"{{"id": "X-1", "modified": "2024-01-01T00:00:00Z", "affected": [{{"ranges": [{range}]}}]}}"#
            ))
        };
        assert!(with_range(r#"{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}"#).is_ok());
        assert!(with_range(r#"{"type": "ROMAN", "events": [{"introduced": "0"}]}"#).is_err());
        assert!(with_range(r#"{"type": "ECOSYSTEM", "events": [{"mended": "1"}]}"#).is_err());
        assert!(with_range(r#"{"type": "ECOSYSTEM", "events": [{"introduced": 0}]}"#).is_err());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for json in [
            "<!DOCTYPE html>",
            "[]",
            r#"{"name": "x"}"#,
            r#"{"id": "", "modified": "2024-01-01T00:00:00Z"}"#,
            r#"{"id": "X-1", "modified": "yesterday"}"#,
            r#"{"id": "X-1", "modified": "2024-01-01T00:00:00Z", "schema_version": "2.0.0"}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_record_without_a_summary_is_told_by_the_beginning_of_its_details() {
        let mut record = read(r#"{"id": "X-1", "modified": "2024-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(record.one_line(), None);
        record.details = Some(format!("\n  {}\nsecond line", "word ".repeat(50)));
        let line = record.one_line().unwrap();
        assert!(line.ends_with("word…") && line.chars().count() <= 120, "{line}");
        record.summary = Some("short,\n in two lines ".to_owned());
        assert_eq!(record.one_line().as_deref(), Some("short, in two lines"));
    }
}
