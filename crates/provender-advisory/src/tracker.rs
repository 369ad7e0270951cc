//! The distributions' own trackers: what Debian's security team and Alpine's build system publish.
//!
//! A tracker is one JSON document, recognised by its content. It knows more than the OSV records that
//! are made from it (what will not be fixed, what nobody has looked at yet), and is told here in the
//! same form: one record for each vulnerability, with the id that OSV gives it (`DEBIAN-CVE-2024-1`,
//! `ALPINE-CVE-2024-1`). A tracker does not say when it learnt something, so its records have no dates;
//! OSV records of the same ids stand beside them.

mod alpine;
mod debian;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::osv::{Affected, EcosystemSpecific, Event, Package, Range, RangeKind, Record};

/// Why a document that was recognised as a tracker cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrackerError {
    /// Not of the shape that the tracker has, or cut short.
    #[error("not a document of {tracker}: {source}")]
    Shape {
        /// Whose document it looks like.
        tracker: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A name in it, which others are made from, holds characters that no such name has.
    #[error("not a document of {tracker}: `{name}` cannot be the name of a release or repository")]
    Name {
        /// Whose document it looks like.
        tracker: &'static str,
        /// The name.
        name: String,
    },
}

/// What a tracker says.
#[derive(Debug)]
pub struct Tracker {
    name: String,
    unknown_releases: BTreeSet<String>,
    issues: Vec<Issue>,
}

/// One vulnerability in a tracker.
#[derive(Debug)]
struct Issue {
    /// The id of the record.
    id: String,
    /// The vulnerability.
    about: String,
    details: Option<String>,
    packages: Vec<Affection>,
}

/// How a package of one release stands to it.
#[derive(Debug)]
struct Affection {
    ecosystem: String,
    name: String,
    /// The version from which on it is not affected; none while there is none.
    fixed: Option<String>,
    specific: EcosystemSpecific,
}

impl Tracker {
    /// Reads a document. None where it is not a tracker's.
    ///
    /// # Errors
    ///
    /// When it is one by its beginning, and something in it is not as it should be.
    pub fn from_json(json: &[u8]) -> Option<Result<Self, TrackerError>> {
        alpine::read(json).or_else(|| debian::read(json))
    }

    /// What it is called: `debian-security-tracker`, or, for each of Alpine's branches and
    /// repositories, `alpine-v3.18-main` and the like. Two documents of one name are two states of one
    /// thing.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The releases that it speaks of and whose number is not known here. What it says of them is
    /// passed over.
    pub fn unknown_releases(&self) -> &BTreeSet<String> {
        &self.unknown_releases
    }

    /// What it says, as records with their JSON, in the order of their ids.
    pub(crate) fn into_records(self) -> impl Iterator<Item = (Record, Vec<u8>)> {
        self.issues.into_iter().map(Issue::into_record)
    }
}

impl Issue {
    fn into_record(self) -> (Record, Vec<u8>) {
        let mut shown =
            json!({"schema_version": "1.7.0", "id": &self.id, "upstream": [&self.about]});
        if let (Some(details), Value::Object(shown)) = (&self.details, &mut shown) {
            shown.insert("details".to_owned(), details.as_str().into());
        }
        let affected: Vec<Value> = self.packages.iter().map(Affection::to_json).collect();
        shown["affected"] = affected.into();
        let record = Record {
            schema_version: None,
            id: self.id,
            // Never looked at: who prepares a tracker's record knows that it has no date.
            modified: Timestamp::UNIX_EPOCH,
            published: None,
            withdrawn: None,
            aliases: Vec::new(),
            upstream: vec![self.about],
            related: Vec::new(),
            summary: None,
            details: self.details,
            severity: Vec::new(),
            affected: self.packages.into_iter().map(Affection::into_affected).collect(),
            references: Vec::new(),
            database_specific: crate::osv::DatabaseSpecific::default(),
        };
        (record, shown.to_string().into_bytes())
    }
}

impl Affection {
    fn to_json(&self) -> Value {
        let mut events = vec![json!({"introduced": "0"})];
        events.extend(self.fixed.as_ref().map(|fixed| json!({"fixed": fixed})));
        let words = [
            ("status", &self.specific.status),
            ("urgency", &self.specific.urgency),
            ("nodsa", &self.specific.nodsa),
            ("nodsa_reason", &self.specific.nodsa_reason),
        ];
        let words = words.into_iter().filter_map(|(name, word)| {
            Some((name.to_owned(), Value::from(word.as_ref()?.as_str())))
        });
        let specific: serde_json::Map<String, Value> = words.collect();
        let mut affected = json!({
            "package": {"ecosystem": &self.ecosystem, "name": &self.name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        });
        if !specific.is_empty() {
            affected["ecosystem_specific"] = specific.into();
        }
        affected
    }

    fn into_affected(self) -> Affected {
        let mut events = vec![Event::Introduced("0".to_owned())];
        events.extend(self.fixed.map(Event::Fixed));
        Affected {
            package: Some(Package { ecosystem: self.ecosystem, name: self.name }),
            ranges: vec![Range { kind: RangeKind::Ecosystem, events }],
            versions: Vec::new(),
            severity: Vec::new(),
            ecosystem_specific: self.specific,
            database_specific: crate::osv::DatabaseSpecific::default(),
        }
    }
}

#[cfg(test)]
mod tests;
