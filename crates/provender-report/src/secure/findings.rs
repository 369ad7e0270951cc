//! Findings and what becomes of each, in a line.

use provender_core::audit::{Finding, Waiver};

use super::SecureReport;
use crate::audit::sections::{self, Sections};

/// A finding and what becomes of it.
pub(super) struct Line<'a> {
    pub(super) finding: &'a Finding,
    /// Whether it decides the answer.
    pub(super) counts: bool,
    /// Its fixes or its waiver.
    pub(super) remedy: String,
}

/// Findings that count, then those below the threshold, then accepted ones.
pub(super) fn lines<'a>(sections: &Sections<'a>) -> Vec<Line<'a>> {
    let line = |counts| {
        move |finding: &&'a Finding| Line {
            finding,
            counts,
            remedy: match &finding.waiver {
                Some(waiver) => accepted(waiver),
                None => sections::fixes(finding),
            },
        }
    };
    let counting = sections.counting.iter().map(line(true));
    let others = sections.below.iter().chain(&sections.waived).map(line(false));
    counting.chain(others).collect()
}

fn accepted(waiver: &Waiver) -> String {
    format!("accepted by {} until {}: {}", waiver.owner, waiver.until, waiver.reason)
}

impl SecureReport {
    /// Every finding, and what could not be audited with the reason.
    pub(super) fn findings(&self) -> (Vec<Line<'_>>, Vec<[String; 2]>) {
        let Some(report) = self.audit_report() else { return (Vec::new(), Vec::new()) };
        let sections = report.sections();
        let not_audited = sections.not_audited.iter().map(|other| {
            [
                sections::requirement(other).into_owned(),
                format!("{} ({})", other.reason, other.place),
            ]
        });
        (lines(&sections), not_audited.collect())
    }
}
