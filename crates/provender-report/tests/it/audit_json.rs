//! The schema `provender.audit/1`.

use provender_report::ReportFormat::Json;
use serde_json::{Value, json};

use crate::sample::{self, render, wide};

#[test]
fn the_document_has_the_schemas_shape() {
    let text = render(&sample::audit(), Json, wide(80));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "provender.audit/1");
    assert_eq!(document["components"], 43);
    assert_eq!(
        document["advisories"],
        json!({
            "digest": "ab".repeat(32),
            "records": 2661,
            "newest": "2024-10-10T01:02:03Z",
            "sources": [
                {"name": "osv", "fetched_at": "2024-10-11T11:00:00Z", "records": 2650,
                 "newest": "2024-10-10T01:02:03Z"},
                {"name": "sample", "fetched_at": "2024-10-14T11:58:00Z", "records": 11,
                 "newest": "2024-10-10T01:02:03Z"},
            ],
        })
    );
    assert_eq!(document["findings"].as_array().unwrap().len(), 5);
    assert_eq!(
        document["findings"][1],
        json!({
            "project": "ecdsa",
            "version": "0.18.0",
            "ids": ["CVE-2024-23342", "GHSA-wj6h-64fc-37mp"],
            "severity": "high",
            "fixed_in": [],
            "file": "constraints.txt",
            "line": 12,
            "waiver": {"id": "GHSA-wj6h-64fc-37mp", "project": "ecdsa",
                       "reason": "only HS256 is used", "owner": "ann", "until": "fixed"},
        })
    );
    assert_eq!(document["findings"][0]["waiver"], Value::Null);
    assert_eq!(document["findings"][2]["fixed_in"], json!(["0.36.2", "0.37.0", "0.38.0"]));
    assert_eq!(
        document["not_audited"][0],
        json!({
            "requirement": "tools @ git+https://ann:****@git.example/tools.git",
            "project": "tools",
            "reason": "vcs",
            "file": "constraints.txt",
            "line": 90,
            "waiver": null,
        })
    );
    assert_eq!(document["not_audited"][1]["waiver"]["until"], "2027-01-31");
    assert_eq!(
        document["diagnostics"],
        json!([{
            "rule": "waiver/unmatched",
            "level": "warning",
            "message": "the waiver of CVE-2020-0001 accepts nothing",
            "place": {"file": "provender.toml", "line": 12},
            "hint": "remove it with `provender waiver prune`",
        }])
    );
}

#[test]
fn an_empty_audit_has_every_field() {
    let mut audit = sample::clean();
    audit.advisories.sources.clear();
    audit.advisories.newest = None;
    assert_eq!(
        render(&audit, Json, wide(80)),
        format!(
            r#"{{
  "schema": "provender.audit/1",
  "advisories": {{
    "digest": "{}",
    "records": 2661,
    "newest": null,
    "sources": []
  }},
  "components": 43,
  "findings": [],
  "not_audited": [],
  "diagnostics": []
}}
"#,
            "ab".repeat(32)
        )
    );
}

#[test]
fn a_file_as_a_whole_has_no_line() {
    let mut audit = sample::audit();
    audit.findings[0].component.place.line = None;
    let document: Value = serde_json::from_str(&render(&audit, Json, wide(80))).unwrap();
    assert_eq!(document["findings"][0]["line"], Value::Null);
}
