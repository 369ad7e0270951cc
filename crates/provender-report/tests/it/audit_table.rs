//! The table for terminals.

use provender_core::Severity;
use provender_report::ReportFormat::Table;
use provender_report::{AuditReport, ReportFormat, Style};
use unicode_width::UnicodeWidthStr;

use crate::sample::{self, render, wide};

#[test]
fn a_table_at_80_columns() {
    assert_eq!(
        render(&sample::audit(), Table, wide(80)),
        "\
severity  project     version  advisory             fixed in  where
critical  python-     3.3.0    CVE-2024-33663       3.4.0     constraints.txt:12
          jose
high      starlette   0.35.1   CVE-2024-24762       0.36.2,   constraints.txt:12
                                                    0.37.0,
                                                    ...
unknown   starlette   0.35.1   GHSA-f96h-pmfr-66vw  no fix    constraints.txt:12

below the threshold (low)
severity  project  version  advisory       fixed in  where
none      idna     3.6      PYSEC-2024-60  3.7       constraints.txt:12

accepted risks
advisory             project  reason              owner  until
GHSA-wj6h-64fc-37mp  ecdsa    only HS256 is used  ann    fixed
not-audited          local    only HS256 is used  ann    2027-01-31

not audited
requirement                       why                         where
tools @ git+https://              taken from version control  constraints.txt:90
ann:****@git.example/tools.git

3 findings on 2 projects (1 critical, 1 high, 1 unknown); 1 below low; 2
  accepted; 1 not audited; 43 components; advisories: 2661 records, newest
  2024-10-10, fetched 3 days ago (osv 3 days, sample 2 minutes), digest
  abababababab
"
    );
}

#[test]
fn a_table_at_120_columns() {
    assert_eq!(
        render(&sample::audit(), Table, wide(120)),
        "\
severity  project      version  advisory             fixed in             where
critical  python-jose  3.3.0    CVE-2024-33663       3.4.0                constraints.txt:12
high      starlette    0.35.1   CVE-2024-24762       0.36.2, 0.37.0, ...  constraints.txt:12
unknown   starlette    0.35.1   GHSA-f96h-pmfr-66vw  no fix               constraints.txt:12

below the threshold (low)
severity  project  version  advisory       fixed in  where
none      idna     3.6      PYSEC-2024-60  3.7       constraints.txt:12

accepted risks
advisory             project  reason              owner  until
GHSA-wj6h-64fc-37mp  ecdsa    only HS256 is used  ann    fixed
not-audited          local    only HS256 is used  ann    2027-01-31

not audited
requirement                                         why                         where
tools @ git+https://ann:****@git.example/tools.git  taken from version control  constraints.txt:90

3 findings on 2 projects (1 critical, 1 high, 1 unknown); 1 below low; 2 accepted; 1 not audited; 43 components;
  advisories: 2661 records, newest 2024-10-10, fetched 3 days ago (osv 3 days, sample 2 minutes), digest abababababab
"
    );
}

#[test]
fn at_40_columns_every_finding_is_a_list() {
    assert_eq!(
        render(&sample::audit(), Table, wide(40)),
        "\
severity  critical
project   python-jose
version   3.3.0
advisory  CVE-2024-33663
fixed in  3.4.0
where     constraints.txt:12

severity  high
project   starlette
version   0.35.1
advisory  CVE-2024-24762
fixed in  0.36.2, 0.37.0, ...
where     constraints.txt:12

severity  unknown
project   starlette
version   0.35.1
advisory  GHSA-f96h-pmfr-66vw
fixed in  no fix
where     constraints.txt:12

below the threshold (low)
severity  none
project   idna
version   3.6
advisory  PYSEC-2024-60
fixed in  3.7
where     constraints.txt:12

accepted risks
advisory  GHSA-wj6h-64fc-37mp
project   ecdsa
reason    only HS256 is used
owner     ann
until     fixed

advisory  not-audited
project   local
reason    only HS256 is used
owner     ann
until     2027-01-31

not audited
requirement  tools @ git+https://
             ann:****@git.example/
             tools.git
why          taken from version control
where        constraints.txt:90

3 findings on 2 projects (1 critical, 1
  high, 1 unknown); 1 below low; 2
  accepted; 1 not audited; 43
  components; advisories: 2661 records,
  newest 2024-10-10, fetched 3 days ago
  (osv 3 days, sample 2 minutes), digest
  abababababab
"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut audit = sample::audit();
    audit.findings[0].component.place.file =
        "サービス/とても長いフォルダの名前/requirements.txt".into();
    audit.findings[2].component.version =
        "2024.7.4.post12+a.very.long.local.version".parse().unwrap();
    for waiver in audit.findings.iter_mut().filter_map(|found| found.waiver.as_mut()) {
        waiver.reason = "長い理由がここにあります。".repeat(9);
    }
    for unicode in [false, true] {
        for width in (40..=130).chain([0, 500]) {
            let table = render(&audit, Table, Style { color: false, width, unicode });
            for line in table.lines() {
                assert!(line.width() <= width.max(40), "{width}: {line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn a_clean_audit_says_what_it_stands_on() {
    assert_eq!(
        render(&sample::clean(), Table, wide(200)),
        "no known vulnerability in 43 components; advisories: 2661 records, newest 2024-10-10, \
         fetched 3 days ago (osv 3 days, sample 2 minutes), digest abababababab\n"
    );
}

#[test]
fn a_single_source_is_named_without_an_age_of_its_own() {
    let mut audit = sample::clean();
    audit.advisories.sources.truncate(1);
    assert!(render(&audit, Table, wide(200)).contains("fetched 3 days ago (osv), digest"));
}

#[test]
fn data_from_the_future_has_no_age() {
    let mut audit = sample::clean();
    for source in &mut audit.advisories.sources {
        source.fetched_at = sample::time("2025-01-02T00:00:00Z");
    }
    let table = render(&audit, Table, wide(200));
    assert!(table.contains("fetched in the future (2025-01-02) (osv 2025-01-02,"), "{table}");
}

#[test]
fn nothing_compared_is_not_called_clean() {
    let mut audit = sample::clean();
    audit.components = 0;
    assert!(
        render(&audit, Table, wide(200)).starts_with("no component to compare with advisories;")
    );
    audit.components = 43;
    audit.advisories.records = 0;
    assert!(
        render(&audit, Table, wide(200))
            .starts_with("43 components and no advisory to compare with;")
    );
}

#[test]
fn an_audit_with_only_accepted_findings_says_so() {
    let mut audit = sample::audit();
    audit.findings.retain(|found| found.waiver.is_some());
    audit.not_audited.clear();
    let table = render(&audit, Table, wide(200));
    assert!(
        table.contains("\nno known vulnerability but accepted ones in 43 components; 1 accepted;"),
        "{table}"
    );
}

#[test]
fn the_threshold_moves_findings_out_of_the_answer() {
    let audit = sample::audit();
    let now = sample::time("2024-10-14T12:00:00Z");
    let report = AuditReport { audit: &audit, threshold: Severity::Critical, now };
    let table = report.render(Table, wide(120));
    assert!(table.contains("\nbelow the threshold (critical)\nseverity"), "{table}");
    assert!(
        table.contains("\n2 findings on 2 projects (1 critical, 1 unknown); 2 below critical;"),
        "unknown meets every threshold: {table}"
    );
}

#[test]
fn typography_leaves_ascii_only_when_it_may() {
    let table = render(&sample::audit(), Table, Style { unicode: true, ..wide(120) });
    assert!(table.contains("0.36.2, 0.37.0, …  constraints.txt:12"), "{table}");
    assert!(render(&sample::audit(), Table, wide(120)).is_ascii());
}

#[test]
fn formats_are_read_as_they_are_written() {
    for format in ReportFormat::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("html".parse::<ReportFormat>().is_err());
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let plain = render(&sample::audit(), Table, wide(80));
    let colored = render(&sample::audit(), Table, Style { color: true, ..wide(80) });
    assert!(colored.contains("\u{1b}[1m\u{1b}[31mcritical\u{1b}[0m"), "{colored}");
    let mut stripped = String::new();
    for (i, part) in colored.split('\u{1b}').enumerate() {
        stripped.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
}
