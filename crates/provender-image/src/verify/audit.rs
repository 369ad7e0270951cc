//! The attached audit of the lock.

use std::fmt;

use jiff::Timestamp;
use provender_core::check::Step;
use provender_core::{Diagnostic, Level};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{counted, judged};
use crate::attach::Attached;

const ID: &str = "audit";
const TITLE: &str = "an audit of the lock is attached";

/// The schema of the documents that are read.
const SCHEMA: &str = "provender.audit/1";

/// As much of an audit as is told.
#[derive(Debug, Deserialize)]
struct Audit {
    schema: String,
    advisories: Advisories,
    components: u64,
    findings: Vec<Finding>,
    not_audited: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Advisories {
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
struct Source {
    fetched_at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Finding {
    waiver: Option<IgnoredAny>,
}

/// What the audit of a lock says in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditSummary {
    /// How many releases were compared.
    pub releases: usize,
    /// How many findings there are, accepted ones among them.
    pub findings: usize,
    /// How many of them somebody accepted.
    pub accepted: usize,
    /// How many releases could not be compared.
    pub not_audited: usize,
    /// When the newest of the advisory data was fetched.
    pub fetched_at: Option<Timestamp>,
}

impl AuditSummary {
    /// Reads a document as `provender audit --format json` writes it.
    ///
    /// # Errors
    ///
    /// What is none, or of another schema; in words.
    pub fn of(document: &[u8]) -> Result<Self, String> {
        let audit: Audit = serde_json::from_slice(document).map_err(|error| error.to_string())?;
        if audit.schema != SCHEMA {
            return Err(format!("its schema is {:?} and not {SCHEMA}", audit.schema));
        }
        Ok(Self {
            releases: usize::try_from(audit.components).unwrap_or(usize::MAX),
            findings: audit.findings.len(),
            accepted: audit.findings.iter().filter(|finding| finding.waiver.is_some()).count(),
            not_audited: audit.not_audited.len(),
            fetched_at: audit.advisories.sources.iter().map(|source| source.fetched_at).max(),
        })
    }
}

impl fmt::Display for AuditSummary {
    /// `43 releases, 2 findings, 1 accepted; advisories of 2026-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", counted(self.releases, "release"), counted(self.findings, "finding"))?;
        if self.accepted > 0 {
            write!(f, ", {} accepted", self.accepted)?;
        }
        if self.not_audited > 0 {
            write!(f, ", {} not audited", self.not_audited)?;
        }
        match self.fetched_at {
            Some(time) => write!(f, "; advisories of {}", time.strftime("%Y-%m-%d")),
            None => Ok(()),
        }
    }
}

/// Tells what the newest audit says; none where there is no audit, which is noted. Findings make no
/// image another one than it says it is, so that they decide nothing here.
pub(super) fn verify(attached: &[&Attached], notes: &mut Vec<Diagnostic>) -> Option<Step> {
    if attached.is_empty() {
        notes.push(
            Diagnostic::note("image/no-audit", "no audit of the lock is attached").hint(
                "build the image where there is advisory data; `provender image scan` audits it as it is",
            ),
        );
        return None;
    }
    let mut found = Vec::new();
    let mut newest: Option<AuditSummary> = None;
    for attached in attached {
        match read(attached) {
            // Each build adds one of its own where the advisory data was another.
            Ok(audit)
                if newest.as_ref().is_none_or(|other| other.fetched_at <= audit.fetched_at) =>
            {
                newest = Some(audit);
            }
            Ok(_) => {}
            Err(reason) => {
                let message = format!("the attached audit {} cannot be read", attached.name);
                found.push(
                    Diagnostic::new("image/attachment-unreadable", Level::Error, message)
                        .because(reason)
                        .hint("build the image again, or find out who attached it"),
                );
            }
        }
    }
    let summary = newest.map_or("none that can be read".to_owned(), |audit| audit.to_string());
    Some(judged(ID, TITLE, summary, found))
}

fn read(attached: &Attached) -> Result<AuditSummary, String> {
    let bytes = attached.document().map_err(|error| error.to_string())?;
    AuditSummary::of(&bytes)
}
