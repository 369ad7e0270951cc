//! SARIF 2.1.0, as code scanning reads it.

use provender_core::{Diagnostic, Place};
use provender_report::sarif::{Result, RuleText, document};
use serde_json::{Value, json};

use crate::excerpts::about;

const RULES: [RuleText<'static>; 2] = [
    RuleText { id: "lint/a", summary: "finds a", page: "# lint/a\n" },
    RuleText { id: "lint/unseen", summary: "finds nothing", page: "" },
];

fn log(results: &[Result<'_>]) -> Value {
    serde_json::from_str(&document("1.2.3", &RULES, results)).unwrap()
}

#[test]
fn a_log_has_one_run_with_the_rules_that_were_found() {
    let excerpt = about(
        Diagnostic::warning("lint/a", "wrong").because("why").hint("mend it"),
        "./a b/\u{fc}.sh",
        "one\nx \u{fc} yy\n",
        "\u{fc} yy",
    );
    let plain = Diagnostic::error("lint/z", "gone").at(Place::file("c.sh"));
    let nowhere = Diagnostic::note("lint/a", "so");
    let results =
        [Result::Excerpt(&excerpt), Result::Diagnostic(&plain), Result::Diagnostic(&nowhere)];
    assert_eq!(
        log(&results),
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "provender",
                    "version": "1.2.3",
                    "rules": [
                        {
                            "id": "lint/a",
                            "shortDescription": {"text": "finds a"},
                            "help": {"text": "# lint/a\n", "markdown": "# lint/a\n"},
                        },
                        {"id": "lint/z"},
                    ],
                }},
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "lint/a",
                        "ruleIndex": 0,
                        "level": "warning",
                        "message": {"text": "wrong\n\nwhy\n\nmend it"},
                        "locations": [{"physicalLocation": {
                            "artifactLocation": {"uri": "a%20b/%C3%BC.sh"},
                            "region": {
                                "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 7,
                            },
                        }}],
                    },
                    {
                        "ruleId": "lint/z",
                        "ruleIndex": 1,
                        "level": "error",
                        "message": {"text": "gone"},
                        "locations": [{"physicalLocation": {
                            "artifactLocation": {"uri": "c.sh"},
                        }}],
                    },
                    {
                        "ruleId": "lint/a",
                        "ruleIndex": 0,
                        "level": "note",
                        "message": {"text": "so"},
                    },
                ],
            }],
        })
    );
}

#[test]
fn a_place_without_a_column_has_a_region_of_its_line() {
    let place = Place { file: "a".into(), line: Some(7), column: None };
    let diagnostic = Diagnostic::error("lint/a", "m").at(place);
    let log = log(&[Result::Diagnostic(&diagnostic)]);
    let physical = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(physical["region"], json!({"startLine": 7}));
}

#[test]
fn nothing_found_is_a_run_without_results() {
    let log = log(&[]);
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
}
