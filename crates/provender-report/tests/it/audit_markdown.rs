//! The Markdown for comments and summaries.

use provender_report::ReportFormat::Markdown;

use crate::sample::{self, render, wide};

#[test]
fn every_part_is_a_section() {
    assert_eq!(
        render(&sample::audit(), Markdown, wide(80)),
        r"## Audit

3 findings on 2 projects (1 critical, 1 high, 1 unknown); 1 below low; 2 accepted; 1 not audited; 43 components; advisories: 2661 records, newest 2024-10-10, fetched 2024-10-11 (osv 2024-10-11, sample 2024-10-14)

### Findings

| severity | project | version | advisory | fixed in | where | summary |
| --- | --- | --- | --- | --- | --- | --- |
| critical | python-jose | 3.3.0 | CVE-2024-33663, GHSA-6c5p-j8vq-pqhj, PYSEC-2024-232 | 3.4.0 | constraints.txt:12 | python-jose does what it should not |
| high | starlette | 0.35.1 | CVE-2024-24762 | 0.36.2, 0.37.0, 0.38.0 | constraints.txt:12 | starlette does what it should not |
| unknown | starlette | 0.35.1 | GHSA-f96h-pmfr-66vw | no fix | constraints.txt:12 | starlette does what it should not |

### Below the threshold (low)

| severity | project | version | advisory | fixed in | where | summary |
| --- | --- | --- | --- | --- | --- | --- |
| none | idna | 3.6 | PYSEC-2024-60 | 3.7 | constraints.txt:12 | idna does what it should not |

### Accepted risks

| advisory | project | reason | owner | until |
| --- | --- | --- | --- | --- |
| GHSA-wj6h-64fc-37mp | ecdsa | only HS256 is used | ann | fixed |
| not-audited | local | only HS256 is used | ann | 2027-01-31 |

### Not audited

| requirement | why | where |
| --- | --- | --- |
| tools @ git+https\://ann:\*\*\*\*@&#8203;git.example/tools.git | taken from version control | constraints.txt:90 |

### Diagnostics

| level | rule | message | where | hint | decided by |
| --- | --- | --- | --- | --- | --- |
| warning | waiver/unmatched | the waiver of CVE-2020-0001 accepts nothing | provender.toml:12 | remove it with \`provender waiver prune\` |  |

### Advisory data

| source | records | newest | fetched |
| --- | --- | --- | --- |
| osv | 2650 | 2024-10-10 | 2024-10-11T11:00:00Z |
| sample | 11 | 2024-10-10 | 2024-10-14T11:58:00Z |

Digest of the advisory data: `abababababababababababababababababababababababababababababababab`
"
    );
}

#[test]
fn every_row_has_as_many_cells_as_its_heading() {
    let mut audit = sample::audit();
    audit.findings[0].summary = Some("a | b\n\\| `c` ||".to_owned());
    let markdown = render(&audit, Markdown, wide(80));
    let cells = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = markdown.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| line.starts_with('|'))) {
        assert_eq!(cells(pair[0]), cells(pair[1]), "{pair:?}");
    }
}
