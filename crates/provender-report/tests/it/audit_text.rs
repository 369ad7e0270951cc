//! The text for files.

use provender_report::ReportFormat::Text;

use crate::sample::{self, render, wide};

#[test]
fn every_finding_is_a_block() {
    assert_eq!(
        render(&sample::audit(), Text, wide(80)),
        "\
python-jose 3.3.0
  severity: critical
  ids: CVE-2024-33663, GHSA-6c5p-j8vq-pqhj, PYSEC-2024-232
  summary: python-jose does what it should not
  fixed in: 3.4.0
  where: constraints.txt:12

starlette 0.35.1
  severity: high
  ids: CVE-2024-24762
  summary: starlette does what it should not
  fixed in: 0.36.2, 0.37.0, 0.38.0
  where: constraints.txt:12

starlette 0.35.1
  severity: unknown
  ids: GHSA-f96h-pmfr-66vw
  summary: starlette does what it should not
  fixed in: no fix
  where: constraints.txt:12

idna 3.6
  severity: none (below the threshold)
  ids: PYSEC-2024-60
  summary: idna does what it should not
  fixed in: 3.7
  where: constraints.txt:12

ecdsa 0.18.0
  severity: high
  ids: CVE-2024-23342, GHSA-wj6h-64fc-37mp
  summary: ecdsa does what it should not
  fixed in: no fix
  where: constraints.txt:12
  accepted: only HS256 is used (ann, until fixed)

tools @ git+https://ann:****@git.example/tools.git
  not audited: taken from version control
  where: constraints.txt:90

-e ./local
  not audited: installed in editable mode
  where: constraints.txt:91
  accepted: only HS256 is used (ann, until 2027-01-31)

warning[waiver/unmatched]: the waiver of CVE-2020-0001 accepts nothing
  --> provender.toml:12
  = hint: remove it with `provender waiver prune`

3 findings on 2 projects (1 critical, 1 high, 1 unknown); 1 below low; 2 accepted; 1 not audited; 43 components; advisories: 2661 records, newest 2024-10-10, fetched 2024-10-11 (osv 2024-10-11, sample 2024-10-14)
advisories sha256: abababababababababababababababababababababababababababababababab
"
    );
}

#[test]
fn it_depends_on_no_style() {
    let audit = sample::audit();
    let colored = provender_report::Style { color: true, width: 40, unicode: true };
    assert_eq!(render(&audit, Text, colored), render(&audit, Text, wide(120)));
}
