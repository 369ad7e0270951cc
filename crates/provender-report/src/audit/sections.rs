//! What belongs together in a report for people.

use std::borrow::Cow;

use provender_core::Severity;
use provender_core::audit::{Audit, Finding, NotAudited, Waiver};

/// The parts of a report for people, each in the audit's order.
pub(crate) struct Sections<'a> {
    /// Findings that decide the answer.
    pub(crate) counting: Vec<&'a Finding>,
    /// Findings below the threshold.
    pub(crate) below: Vec<&'a Finding>,
    /// Findings that a waiver accepts.
    pub(crate) waived: Vec<&'a Finding>,
    /// The waivers that accept something, each once.
    pub(crate) accepted: Vec<&'a Waiver>,
    /// What could not be compared and is not accepted.
    pub(crate) not_audited: Vec<&'a NotAudited>,
}

impl<'a> Sections<'a> {
    pub(crate) fn new(audit: &'a Audit, threshold: Severity) -> Self {
        let (waived, open): (Vec<_>, Vec<_>) =
            audit.findings.iter().partition(|finding| finding.waiver.is_some());
        let (counting, below) = open.into_iter().partition(|finding| finding.counts_at(threshold));
        let of_findings = audit.findings.iter().filter_map(|finding| finding.waiver.as_ref());
        let of_others = audit.not_audited.iter().filter_map(|other| other.waiver.as_ref());
        let mut accepted = Vec::new();
        for waiver in of_findings.chain(of_others) {
            if !accepted.contains(&waiver) {
                accepted.push(waiver);
            }
        }
        let not_audited = audit.not_audited.iter().filter(|other| other.waiver.is_none()).collect();
        Self { counting, below, waived, accepted, not_audited }
    }
}

/// The versions that fix a finding, or that there is none.
pub(crate) fn fixes(finding: &Finding) -> String {
    match finding.fixed_in.as_slice() {
        [] => "no fix".to_owned(),
        fixes => fixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The requirement as it may be shown.
pub(crate) fn requirement(other: &NotAudited) -> Cow<'_, str> {
    provender_core::redact::without_credentials(&other.requirement)
}
