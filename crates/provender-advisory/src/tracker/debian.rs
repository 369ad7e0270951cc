//! Debian's security tracker: `{source package: {id: {description, releases: {codename: {...}}}}}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::{Affection, Issue, Tracker, TrackerError};
use crate::osv::{EcosystemSpecific, is_id};

const TRACKER: &str = "Debian's security tracker";

/// The releases by the names that the tracker uses, and their numbers, which OSV uses. The rolling
/// *sid* has none. A name that is not here is told to who imports.
const RELEASES: [(&str, &str); 14] = [
    ("sarge", "3.1"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("sid", "sid"),
];

/// What the tracker says of one vulnerability in one source package.
#[derive(Deserialize)]
struct Entry {
    description: Option<String>,
    releases: BTreeMap<String, Release>,
}

/// How one release stands to it.
#[derive(Deserialize)]
struct Release {
    status: Status,
    /// `0` where the release was never affected.
    fixed_version: Option<String>,
    urgency: Option<String>,
    nodsa: Option<String>,
    nodsa_reason: Option<String>,
}

/// An unknown status is an error, because to pass over it could hide a vulnerability.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Resolved,
    Open,
    Undetermined,
}

/// Reads a document; none where it does not begin as the tracker's does.
pub(super) fn read(json: &[u8]) -> Option<Result<Tracker, TrackerError>> {
    let mut gathered = Gathered::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = gathered.deserialize(&mut reader).and_then(|()| reader.end());
    match read {
        _ if !gathered.recognised => None,
        Ok(()) => Some(Ok(gathered.into_tracker())),
        Err(source) => Some(Err(TrackerError::Shape { tracker: TRACKER, source })),
    }
}

/// What was read so far. The document has some 70 MB; only what counts of each package is kept.
#[derive(Default)]
struct Gathered {
    /// Whether a whole source package could be read.
    recognised: bool,
    unknown_releases: BTreeSet<String>,
    issues: BTreeMap<String, Issue>,
}

impl<'de> DeserializeSeed<'de> for &mut Gathered {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Gathered {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("source packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut packages: A) -> Result<(), A::Error> {
        while let Some((name, entries)) =
            packages.next_entry::<String, BTreeMap<String, Entry>>()?
        {
            self.recognised |= !entries.is_empty();
            for (id, entry) in entries {
                self.add(&name, id, entry);
            }
        }
        Ok(())
    }
}

impl Gathered {
    fn add(&mut self, name: &str, id: String, entry: Entry) {
        if !is_id(&id) {
            return;
        }
        let mut packages = Vec::new();
        for (codename, release) in entry.releases {
            let Some((_, number)) = RELEASES.iter().find(|(known, _)| *known == codename) else {
                self.unknown_releases.insert(codename);
                continue;
            };
            if release.is_affected() {
                packages.push(release.affection(name, number));
            }
        }
        if packages.is_empty() {
            return;
        }
        let issue = self.issues.entry(id).or_insert_with_key(|id| Issue {
            id: format!("DEBIAN-{id}"),
            about: id.clone(),
            details: None,
            packages: Vec::new(),
        });
        issue.details = issue.details.take().or(entry.description);
        issue.packages.append(&mut packages);
    }

    fn into_tracker(self) -> Tracker {
        Tracker {
            name: "debian-security-tracker".to_owned(),
            unknown_releases: self.unknown_releases,
            issues: self.issues.into_values().collect(),
        }
    }
}

impl Release {
    /// Whether any version in the release is or was affected.
    fn is_affected(&self) -> bool {
        !(matches!(self.status, Status::Resolved) && self.fixed_version.as_deref() == Some("0"))
    }

    fn affection(self, name: &str, number: &str) -> Affection {
        let status = match self.status {
            Status::Resolved => "resolved",
            Status::Open => "open",
            Status::Undetermined => "undetermined",
        };
        Affection {
            ecosystem: format!("Debian:{number}"),
            name: name.to_owned(),
            fixed: match self.status {
                Status::Resolved => self.fixed_version,
                Status::Open | Status::Undetermined => None,
            },
            specific: EcosystemSpecific {
                urgency: self.urgency,
                status: Some(status.to_owned()),
                nodsa: self.nodsa.filter(|text| !text.is_empty()),
                nodsa_reason: self.nodsa_reason.filter(|text| !text.is_empty()),
            },
        }
    }
}
