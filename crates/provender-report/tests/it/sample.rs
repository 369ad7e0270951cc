//! Audits to show.

use jiff::Timestamp;
use provender_core::audit::{
    AdvisoryStamp, Audit, Component, Finding, NotAudited, NotAuditedReason, SourceStamp, Waiver,
    WaiverEnd, WaiverScope,
};
use provender_core::{Diagnostic, Place, Severity, Sha256};
use provender_report::{AuditReport, ReportFormat, Style};

/// The report as it looks three days after the data was fetched.
pub(crate) fn render(audit: &Audit, format: ReportFormat, style: Style) -> String {
    let now = time("2024-10-14T12:00:00Z");
    AuditReport { audit, threshold: Severity::Low, now }.render(format, style)
}

pub(crate) fn wide(width: usize) -> Style {
    Style { width, ..Style::PLAIN }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Three findings that count, one below the threshold, one accepted, and two that could not be
/// audited, of which one is accepted.
pub(crate) fn audit() -> Audit {
    let mut accepted =
        finding("ecdsa", "0.18.0", &["CVE-2024-23342", "GHSA-wj6h-64fc-37mp"], Severity::High, &[]);
    accepted.waiver = Some(waiver("GHSA-wj6h-64fc-37mp", "ecdsa", WaiverEnd::Fixed));
    let url = NotAudited {
        requirement: "tools @ git+https://ann:s3cret@git.example/tools.git".to_owned(),
        project: Some("tools".parse().unwrap()),
        reason: NotAuditedReason::Vcs,
        place: Place::line("constraints.txt", 90),
        waiver: None,
    };
    let editable = NotAudited {
        requirement: "-e ./local".to_owned(),
        project: Some("local".parse().unwrap()),
        reason: NotAuditedReason::Editable,
        place: Place::line("constraints.txt", 91),
        waiver: Some(waiver(
            "not-audited",
            "local",
            WaiverEnd::Date("2027-01-31".parse().unwrap()),
        )),
    };
    Audit {
        components: 43,
        findings: vec![
            finding(
                "python-jose",
                "3.3.0",
                &["CVE-2024-33663", "GHSA-6c5p-j8vq-pqhj", "PYSEC-2024-232"],
                Severity::Critical,
                &["3.4.0"],
            ),
            accepted,
            finding(
                "starlette",
                "0.35.1",
                &["CVE-2024-24762"],
                Severity::High,
                &["0.36.2", "0.37.0", "0.38.0"],
            ),
            finding("starlette", "0.35.1", &["GHSA-f96h-pmfr-66vw"], Severity::Unknown, &[]),
            finding("idna", "3.6", &["PYSEC-2024-60"], Severity::None, &["3.7"]),
        ],
        not_audited: vec![url, editable],
        diagnostics: vec![
            Diagnostic::warning("waiver/unmatched", "the waiver of CVE-2020-0001 accepts nothing")
                .at(Place::line("provender.toml", 12))
                .hint("remove it with `provender waiver prune`"),
        ],
        ..empty()
    }
}

/// Nothing found among 43 components.
pub(crate) fn clean() -> Audit {
    Audit { components: 43, ..empty() }
}

pub(crate) fn finding(
    project: &str,
    version: &str,
    ids: &[&str],
    severity: Severity,
    fixed_in: &[&str],
) -> Finding {
    Finding {
        component: Component {
            project: project.parse().unwrap(),
            version: version.parse().unwrap(),
            place: Place::line("constraints.txt", 12),
        },
        ids: ids.iter().map(ToString::to_string).collect(),
        severity,
        summary: Some(format!("{project} does what it should not")),
        fixed_in: fixed_in.iter().map(|version| version.parse().unwrap()).collect(),
        waiver: None,
    }
}

fn waiver(id: &str, project: &str, until: WaiverEnd) -> Waiver {
    Waiver {
        id: id.to_owned(),
        project: project.parse().unwrap(),
        reason: "only HS256 is used".to_owned(),
        owner: "ann".to_owned(),
        until,
        scope: WaiverScope::Everywhere,
    }
}

fn empty() -> Audit {
    let source = |name: &str, fetched_at, records| SourceStamp {
        name: name.to_owned(),
        fetched_at: time(fetched_at),
        records,
        newest: Some(time("2024-10-10T01:02:03Z")),
    };
    Audit {
        advisories: AdvisoryStamp {
            digest: Sha256::from_bytes([0xab; 32]),
            records: 2661,
            newest: Some(time("2024-10-10T01:02:03Z")),
            sources: vec![
                source("osv", "2024-10-11T11:00:00Z", 2650),
                source("sample", "2024-10-14T11:58:00Z", 11),
            ],
        },
        components: 0,
        findings: Vec::new(),
        not_audited: Vec::new(),
        diagnostics: Vec::new(),
    }
}
