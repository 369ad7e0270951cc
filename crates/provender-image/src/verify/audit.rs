//! The attached audit of the lock.

use jiff::Timestamp;
use provender_core::check::Step;
use provender_core::{Diagnostic, Level};
use serde::Deserialize;
use serde::de::IgnoredAny;

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
    let mut newest: Option<Audit> = None;
    for attached in attached {
        match read(attached) {
            // Each build adds one of its own where the advisory data was another.
            Ok(audit) if newest.as_ref().is_none_or(|other| other.time() <= audit.time()) => {
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
    let summary = newest.map_or("none that can be read".to_owned(), |audit| audit.told());
    Some(judged(ID, TITLE, summary, found))
}

fn read(attached: &Attached) -> Result<Audit, String> {
    let bytes = attached.document().map_err(|error| error.to_string())?;
    let audit: Audit = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if audit.schema != SCHEMA {
        return Err(format!("its schema is {:?} and not {SCHEMA}", audit.schema));
    }
    Ok(audit)
}

impl Audit {
    /// When the advisory data that it stands on was fetched.
    fn time(&self) -> Option<Timestamp> {
        self.advisories.sources.iter().map(|source| source.fetched_at).max()
    }

    /// `43 releases, 2 findings, 1 accepted; advisories of 2026-01-31`.
    fn told(&self) -> String {
        let releases = usize::try_from(self.components).unwrap_or(usize::MAX);
        let accepted = self.findings.iter().filter(|finding| finding.waiver.is_some()).count();
        let findings = counted(self.findings.len(), "finding");
        let mut text = format!("{}, {findings}", counted(releases, "release"));
        if accepted > 0 {
            text.push_str(&format!(", {accepted} accepted"));
        }
        if !self.not_audited.is_empty() {
            text.push_str(&format!(", {} not audited", self.not_audited.len()));
        }
        if let Some(time) = self.time() {
            text.push_str(&format!("; advisories of {}", time.strftime("%Y-%m-%d")));
        }
        text
    }
}
