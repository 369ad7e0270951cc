//! Scans of images as text and Markdown.

use provender_core::audit::{AdvisoryStamp, Waiver};
use provender_core::{Diagnostic, Severity};
use provender_report::ScanReport;
use provender_report::scan::{NotCompared, ScanFinding, ScanGroup};

use crate::hostile::{HOSTILE, is_harmless};
use crate::sample;

/// What stands behind a report.
struct Sample {
    ids: Vec<String>,
    waiver: Waiver,
    advisories: AdvisoryStamp,
    diagnostics: Vec<Diagnostic>,
    name: String,
}

impl Sample {
    fn new() -> Self {
        let audit = sample::audit();
        let waiver = audit.findings.iter().find_map(|finding| finding.waiver.clone()).unwrap();
        let rule = Diagnostic::warning("image/root-user", "the image runs as root");
        Self {
            ids: vec!["CVE-2026-1001".to_owned(), "DSA-1".to_owned()],
            waiver,
            advisories: audit.advisories,
            diagnostics: vec![rule.hint("set a user")],
            name: "libssl3".to_owned(),
        }
    }

    fn finding(&self, severity: Severity, accepted: bool) -> ScanFinding<'_> {
        ScanFinding {
            package: &self.name,
            version: "3.0.22-1",
            severity,
            headline: &self.ids[0],
            ids: &self.ids,
            fix: "3.0.23-1".to_owned(),
            location: Some("var/lib/dpkg/status"),
            waiver: accepted.then_some(&self.waiver),
        }
    }

    fn report(&self) -> ScanReport<'_> {
        let group = |title: &str, findings| ScanGroup { title: title.to_owned(), findings };
        ScanReport {
            image: "registry.example/team/app:1",
            digest: "sha256:abc",
            platform: "linux/amd64",
            os: Some("Debian GNU/Linux 12 (bookworm)"),
            packages: 161,
            groups: vec![
                group(
                    "fixed by a newer base image",
                    vec![self.finding(Severity::High, false), self.finding(Severity::Low, false)],
                ),
                group("no fix is published", vec![self.finding(Severity::High, true)]),
            ],
            not_compared: vec![NotCompared {
                package: "python",
                version: "3.11.9",
                ecosystem: None,
                reason: "no advisories speak of it".to_owned(),
                waiver: None,
            }],
            remarks: "a newer base removes 1 of 3 findings\n  removes\n",
            hardening: &self.diagnostics,
            diagnostics: &[],
            advisories: &self.advisories,
            threshold: Severity::Medium,
        }
    }
}

#[test]
fn text_has_a_block_for_each_finding() {
    let sample = Sample::new();
    assert_eq!(
        sample.report().text(),
        "\
libssl3 3.0.22-1
  severity: high
  ids: CVE-2026-1001, DSA-1
  fixed in: 3.0.23-1
  what to do: fixed by a newer base image
  where: var/lib/dpkg/status

libssl3 3.0.22-1
  severity: low (below the threshold)
  ids: CVE-2026-1001, DSA-1
  fixed in: 3.0.23-1
  what to do: fixed by a newer base image
  where: var/lib/dpkg/status

libssl3 3.0.22-1
  severity: high
  ids: CVE-2026-1001, DSA-1
  fixed in: 3.0.23-1
  what to do: no fix is published
  where: var/lib/dpkg/status
  accepted: only HS256 is used (ann, until fixed)

python 3.11.9
  not compared: no advisories speak of it

warning[image/root-user]: the image runs as root
  = hint: set a user

a newer base removes 1 of 3 findings
  removes
1 finding (1 high); 1 below medium; 1 accepted; 1 not compared; 161 packages of Debian GNU/Linux 12 (bookworm); advisories: 2661 records, newest 2024-10-10, fetched 2024-10-11 (osv 2024-10-11, sample 2024-10-14)
image: registry.example/team/app:1
image digest: sha256:abc
platform: linux/amd64
advisories sha256: abababababababababababababababababababababababababababababababab
"
    );
}

#[test]
fn markdown_has_a_table_for_what_takes_findings_away() {
    let markdown = Sample::new().report().markdown();
    for part in [
        "## Image\n\n1 finding (1 high); 1 below medium; 1 accepted; 1 not compared; 161 packages",
        "\n\n    a newer base removes 1 of 3 findings\n      removes\n\n",
        "### fixed by a newer base image\n\n| severity | package | version | advisory | fix | where |",
        "| high | libssl3 | 3.0.22-1 | CVE-2026-1001, DSA-1 | 3.0.23-1 | var/lib/dpkg/status |\n",
        "### Accepted risks\n",
        "### Not compared\n\n| package | version | ecosystem | why |\n",
        "### Hardening\n",
        "### Advisory data\n",
        "Image: registry.example/team/app:1 (linux/amd64), sha256:abc\n",
    ] {
        assert!(markdown.contains(part), "{part} is missing:\n{markdown}");
    }
    assert!(!markdown.contains("### no fix is published"), "what is accepted stands apart");
    assert!(!markdown.contains("### Diagnostics"));
}

#[test]
fn strangers_texts_are_harmless() {
    let mut sample = Sample::new();
    sample.name = HOSTILE.to_owned();
    sample.ids = vec![HOSTILE.to_owned()];
    let mut report = sample.report();
    report.os = Some(HOSTILE);
    report.image = HOSTILE;
    report.not_compared[0].package = HOSTILE;
    report.remarks = HOSTILE.lines().next().unwrap();
    for text in [report.text(), report.markdown()] {
        assert!(is_harmless(&text), "{text:?}");
        assert!(!text.contains("\nz"), "no line is begun by a stranger: {text}");
    }
}
