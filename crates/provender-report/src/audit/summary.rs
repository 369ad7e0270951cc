//! One line that answers the question and says what the answer stands on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use provender_core::Severity;
use provender_core::audit::{AdvisoryStamp, SourceStamp};

use super::AuditReport;
use super::sections::Sections;
use crate::untrusted;
use crate::wording::{age, counted, day};

/// How the time of a fetch is told.
#[derive(Clone, Copy)]
pub(crate) enum Fetched {
    /// As an age, for who reads it now.
    Ago,
    /// As a day, for a file that is read later.
    On,
}

/// Such as `2 findings on 1 project (2 high); 1 accepted; 43 components; advisories: 2661 records,
/// newest 2024-10-10, fetched 3 days ago (osv 3 days, sample 2 minutes)`.
pub(crate) fn summary(report: &AuditReport<'_>, sections: &Sections<'_>, told: Fetched) -> String {
    let mut parts = vec![answer(report, sections)];
    if !sections.counting.is_empty() {
        parts.push(counted(report.audit.components as u64, "component"));
    }
    parts.push(format!("advisories: {}", stamp(&report.audit.advisories, report.now, told)));
    parts.join("; ")
}

/// Such as `2 findings on 1 project (2 high); 1 accepted`.
pub(crate) fn answer(report: &AuditReport<'_>, sections: &Sections<'_>) -> String {
    let mut parts = vec![headline(report, sections)];
    if !sections.below.is_empty() {
        parts.push(format!("{} below {}", sections.below.len(), report.threshold));
    }
    if !sections.accepted.is_empty() {
        parts.push(format!("{} accepted", sections.accepted.len()));
    }
    if !sections.not_audited.is_empty() {
        parts.push(format!("{} not audited", sections.not_audited.len()));
    }
    parts.join("; ")
}

/// Whether the summary is a clear yes: something was compared with something, everything could be,
/// and nothing counts.
pub(crate) fn is_clean(report: &AuditReport<'_>, sections: &Sections<'_>) -> bool {
    sections.counting.is_empty()
        && sections.not_audited.is_empty()
        && report.audit.components > 0
        && report.audit.advisories.records > 0
}

fn headline(report: &AuditReport<'_>, sections: &Sections<'_>) -> String {
    let components = counted(report.audit.components as u64, "component");
    let audit = report.audit;
    if !sections.counting.is_empty() {
        let findings = &sections.counting;
        let projects: BTreeSet<_> = findings.iter().map(|f| &f.component.project).collect();
        let (findings, severities) = (
            counted(findings.len() as u64, "finding"),
            severities(findings.iter().map(|f| f.severity)),
        );
        return format!(
            "{findings} on {} ({severities})",
            counted(projects.len() as u64, "project")
        );
    }
    if audit.components == 0 {
        return "no component to compare with advisories".to_owned();
    }
    if audit.advisories.records == 0 {
        return format!("{components} and no advisory to compare with");
    }
    if !sections.below.is_empty() {
        return format!("no finding of severity {} or worse in {components}", report.threshold);
    }
    if !sections.waived.is_empty() {
        return format!("no known vulnerability but accepted ones in {components}");
    }
    format!("no known vulnerability in {components}")
}

/// How many findings there are of each severity, worst first.
pub(crate) fn severities(findings: impl Iterator<Item = Severity>) -> String {
    use Severity::*;
    let findings: Vec<Severity> = findings.collect();
    [Critical, High, Unknown, Medium, Low, None]
        .into_iter()
        .map(|severity| (findings.iter().filter(|found| **found == severity).count(), severity))
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {severity}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Such as `2661 records, newest 2024-10-10, fetched 3 days ago (osv)`.
pub(crate) fn stamp(stamp: &AdvisoryStamp, now: Timestamp, told: Fetched) -> String {
    let mut parts = vec![counted(stamp.records, "record")];
    if let Some(newest) = stamp.newest {
        parts.push(format!("newest {}", day(newest)));
    }
    // An answer is as old as the oldest data it stands on.
    if let Some(oldest) = stamp.sources.iter().map(|source| source.fetched_at).min() {
        parts.push(fetched(oldest, &stamp.sources, now, told));
    }
    parts.join(", ")
}

/// Such as `digest 0123456789ab`: what a report is compared by, of which the beginning is enough for
/// people.
pub(crate) fn digest(stamp: &AdvisoryStamp) -> String {
    format!("digest {:.12}", stamp.digest.to_string())
}

fn fetched(oldest: Timestamp, sources: &[SourceStamp], now: Timestamp, told: Fetched) -> String {
    let relative = |then| match told {
        Fetched::Ago => age(then, now),
        Fetched::On => None,
    };
    let overall = match (relative(oldest), told) {
        (Some(age), _) => format!("{age} ago"),
        (None, Fetched::Ago) => format!("in the future ({})", day(oldest)),
        (None, Fetched::On) => day(oldest).to_string(),
    };
    let each: Vec<String> = sources
        .iter()
        .map(|source| {
            let name = untrusted::line(&source.name);
            if sources.len() == 1 {
                return name;
            }
            let when = relative(source.fetched_at);
            format!("{name} {}", when.unwrap_or_else(|| day(source.fetched_at).to_string()))
        })
        .collect();
    format!("fetched {overall} ({})", each.join(", "))
}
