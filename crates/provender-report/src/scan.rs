//! The answer of a scan of an image: text and Markdown, in the manner of an [audit](crate::audit).

mod markdown;
mod text;

use provender_core::audit::{AdvisoryStamp, Waiver};
use provender_core::{Diagnostic, Severity};

use crate::audit::summary::{Fetched, severities, stamp};
use crate::wording::counted;

/// A scan and what is needed to show it.
#[derive(Debug, Clone)]
pub struct ScanReport<'a> {
    /// The image's reference or location, without credentials.
    pub image: &'a str,
    /// What its manifest hashes to.
    pub digest: &'a str,
    /// What it runs on, such as `linux/amd64`.
    pub platform: &'a str,
    /// Its distribution, for people.
    pub os: Option<&'a str>,
    /// How many packages it holds.
    pub packages: usize,
    /// Findings by what takes them away, in the order in which they are shown.
    pub groups: Vec<ScanGroup<'a>>,
    /// Packages that could not be compared.
    pub not_compared: Vec<NotCompared<'a>>,
    /// What else is to be said of the findings: lines, of which some are indented; or empty.
    pub remarks: &'a str,
    /// What a hardened image does otherwise.
    pub hardening: &'a [Diagnostic],
    /// What is to be said besides.
    pub diagnostics: &'a [Diagnostic],
    /// What it was compared with.
    pub advisories: &'a AdvisoryStamp,
    /// The severity from which on a finding counts.
    pub threshold: Severity,
}

/// Findings that one thing takes away.
#[derive(Debug, Clone)]
pub struct ScanGroup<'a> {
    /// What takes them away, such as `fixed by a newer base image: ...`.
    pub title: String,
    /// The findings.
    pub findings: Vec<ScanFinding<'a>>,
}

/// A vulnerability at a package.
#[derive(Debug, Clone)]
pub struct ScanFinding<'a> {
    /// The package.
    pub package: &'a str,
    /// Its version.
    pub version: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// The id that people know it by.
    pub headline: &'a str,
    /// Every id and alias, sorted.
    pub ids: &'a [String],
    /// The version that fixes it, or why none does.
    pub fix: String,
    /// The file of the image that tells of the package.
    pub location: Option<&'a str>,
    /// The waiver that accepts it, if one does.
    pub waiver: Option<&'a Waiver>,
}

/// A package that could not be compared.
#[derive(Debug, Clone)]
pub struct NotCompared<'a> {
    /// The package.
    pub package: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its ecosystem in OSV's words, where it has one.
    pub ecosystem: Option<&'a str>,
    /// Why it could not.
    pub reason: String,
    /// The waiver that accepts it, if one does.
    pub waiver: Option<&'a Waiver>,
}

impl<'a> ScanReport<'a> {
    /// One block of lines for each finding, with everything that is known. It depends on no width and
    /// no clock; every line ends with a line feed.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// GitHub-flavoured Markdown. It depends on no width and no clock.
    pub fn markdown(&self) -> String {
        markdown::render(self)
    }

    fn findings(&self) -> impl Iterator<Item = &ScanFinding<'a>> {
        self.groups.iter().flat_map(|group| &group.findings)
    }

    /// Such as `2 findings (1 high, 1 low); 1 below high; 1 accepted; 2 not compared; 161 packages of
    /// Debian GNU/Linux 12; advisories: 2661 records, newest 2024-10-10, fetched 2024-10-12 (osv)`.
    fn summary(&self) -> String {
        let (waived, open): (Vec<_>, Vec<_>) =
            self.findings().partition(|finding| finding.waiver.is_some());
        let (counting, below): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|finding| finding.severity.meets(self.threshold));
        let found = counted(counting.len() as u64, "finding");
        let mut parts = vec![match counting.is_empty() {
            true => found,
            false => format!("{found} ({})", severities(counting.iter().map(|f| f.severity))),
        }];
        if !below.is_empty() {
            parts.push(format!("{} below {}", below.len(), self.threshold));
        }
        if !waived.is_empty() {
            parts.push(format!("{} accepted", waived.len()));
        }
        let skipped = self.not_compared.iter().filter(|one| one.waiver.is_none()).count();
        if skipped > 0 {
            parts.push(format!("{skipped} not compared"));
        }
        let packages = counted(self.packages as u64, "package");
        parts.push(self.os.map_or(packages.clone(), |os| format!("{packages} of {os}")));
        // No age is told, so the time does not matter.
        let now = jiff::Timestamp::UNIX_EPOCH;
        parts.push(format!("advisories: {}", stamp(self.advisories, now, Fetched::On)));
        parts.join("; ")
    }

    /// The waivers that accept something, each once.
    fn accepted(&self) -> Vec<&'a Waiver> {
        let of_findings = self.findings().filter_map(|finding| finding.waiver);
        let of_others = self.not_compared.iter().filter_map(|one| one.waiver);
        let mut accepted = Vec::new();
        for waiver in of_findings.chain(of_others) {
            if !accepted.contains(&waiver) {
                accepted.push(waiver);
            }
        }
        accepted
    }
}
