//! `provender lint`: how it tells what it found, without secrets.

use std::collections::BTreeSet;

use provender_test::{Authority, Sandbox};
use serde_json::Value;

use crate::linting::{json, lint, with};
use crate::project::{files_of, says};

/// What stands in [`secrets`] and may stand in no output.
const SECRET: &str = "hunter2-geheim";

/// Files with a secret wherever one is known to be.
pub(crate) fn secrets() -> Sandbox {
    let sandbox = with(
        "Dockerfile",
        &format!(
            "FROM a.example/python:3.12\n\
             ENV API_TOKEN={SECRET} PIP_TRUSTED_HOST=index.example\n\
             ARG NPM_TOKEN={SECRET}\n\
             ENV HTTPS_PROXY=http://ann:{SECRET}@proxy.example:3128\n\
             RUN pip install --trusted-host index.example -i https://ann:{SECRET}@index.example/simple x\n\
             USER 1000\n"
        ),
    );
    sandbox.write(
        "compose.yaml",
        format!(
            "services:\n  app:\n    build: .\n    environment:\n      DB_PASSWORD: {SECRET}\n      NODE_TLS_REJECT_UNAUTHORIZED: \"0\"\n"
        ),
    );
    sandbox.write(
        ".npmrc",
        format!(
            "strict-ssl=false\n//npm.example/:_authToken={SECRET}\nregistry=https://npm.example\n"
        ),
    );
    sandbox.write(
        "pip.conf",
        format!("[global]\nindex-url = https://ann:{SECRET}@index.example/simple\ntrusted-host = index.example\n"),
    );
    sandbox.write(
        "run.sh",
        format!("#!/bin/sh\nexport DB_PASSWORD={SECRET}\ncurl -k https://a.example/x\n"),
    );
    sandbox
}

#[test]
fn no_form_of_output_shows_a_secret() {
    let sandbox = secrets();
    let ca = sandbox.home().join("ca.pem");
    std::fs::write(&ca, Authority::named("Corp").pem()).unwrap();
    let ca = ca.display().to_string();
    for format in ["human", "json", "sarif", "github"] {
        for more in ["", "--diff --offline", &format!("--diff --assume-ca {ca}")] {
            let run = lint(&sandbox, &format!("--format {format} {more}")).exits(1);
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(!shown.contains(SECRET), "{format} {more}\n{run}");
            assert!(!run.stdout.is_empty() || more.contains("--offline"), "{run}");
        }
    }
    let run = lint(&sandbox, &format!("--fix --assume-ca {ca} -vv"));
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(SECRET), "{run}");
}

#[test]
fn the_document_says_what_was_found_and_where() {
    let sandbox = with(".npmrc", "# ü\nstrict-ssl=false\n");
    let document = json(&sandbox, "");
    assert_eq!(document["schema"], "provender.lint/1");
    let mut fields: Vec<_> = document.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["accepted", "diagnostics", "files", "findings", "schema"]);
    let finding = &document["findings"][0];
    assert_eq!(finding["rule"], "lint/npm-strict-ssl");
    assert_eq!(finding["level"], "error");
    assert_eq!(finding["file"], ".npmrc");
    assert_eq!(finding["start"], serde_json::json!({"line": 2, "column": 1}));
    assert_eq!(finding["end"], serde_json::json!({"line": 2, "column": 17}));
    assert_eq!(finding["fix"], "delete `strict-ssl`");
    for field in ["message", "label", "hint"] {
        assert!(finding[field].is_string(), "{field}");
    }
    assert!(finding["causes"].is_array());

    let document = json(&sandbox, "--diff --offline");
    let fixes = &document["fixes"];
    assert_eq!(fixes["written"], false);
    assert_eq!(fixes["made"], serde_json::json!([]));
    assert_eq!(fixes["left"][0]["rule"], "lint/npm-strict-ssl");
    assert_eq!(
        (&fixes["left"][0]["file"], &fixes["left"][0]["line"]),
        (&".npmrc".into(), &2.into())
    );
    assert!(fixes["left"][0]["why"].is_string());
}

#[test]
fn two_runs_say_the_same() {
    let sandbox = secrets();
    for format in ["human", "json", "sarif", "github"] {
        let args = format!("--format {format}");
        assert_eq!(lint(&sandbox, &args), lint(&sandbox, &args));
    }
}

/// What the schema of SARIF 2.1.0 requires of the parts that are written.
fn assert_sarif(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    for run in log["runs"].as_array().unwrap() {
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "provender");
        assert!(
            ["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap())
        );
        let rules = driver["rules"].as_array().unwrap();
        let ids: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), rules.len(), "no two rules have one id");
        for rule in rules.iter().filter(|rule| rule.get("help").is_some()) {
            assert!(rule["help"]["text"].is_string(), "a help has a text");
            assert!(rule["shortDescription"]["text"].is_string());
        }
        for result in run["results"].as_array().unwrap() {
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            assert!(
                ["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap())
            );
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            for location in result["locations"].as_array().unwrap() {
                let physical = &location["physicalLocation"];
                let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
                assert!(!uri.contains([' ', '\\']) && !uri.starts_with("./"), "{uri}");
                for number in physical["region"].as_object().into_iter().flat_map(|r| r.values()) {
                    assert!(number.as_u64().unwrap() >= 1);
                }
            }
        }
    }
}

#[test]
fn sarif_has_what_its_schema_requires() {
    let sandbox = secrets();
    sandbox.write("a b/pip.conf", "[global]\ntrusted-host = a\n");
    sandbox.write("latin/pip.conf", b"\xfc");
    let run = lint(&sandbox, "--format sarif").exits(1);
    let log: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_sarif(&log);
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rules: BTreeSet<_> =
        results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert!(rules.contains("lint/pip-trusted-host") && rules.contains("lint/cannot-read"));
    assert!(run.stdout.contains("\"uri\": \"a%20b/pip.conf\""), "{run}");

    let none = lint(&with("pip.conf", ""), "--format sarif").exits(0);
    assert_sarif(&serde_json::from_str(&none.stdout).unwrap());
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let sandbox = with(".npmrc", "strict-ssl=false\n");
    let run = lint(&sandbox, "--format github").exits(1);
    let [line] = run.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{run}") };
    let start =
        "::error file=.npmrc,line=1,col=1,endLine=1,endColumn=17,title=lint/npm-strict-ssl::TLS ";
    assert!(line.starts_with(start), "{run}");
    lint(&with("pip.conf", ""), "--format github").exits(0);
}

#[test]
fn looking_changes_nothing() {
    let sandbox = secrets();
    let before = files_of(&sandbox.project());
    for args in ["", "--format sarif", "--diff --offline", "--fix --diff --offline"] {
        lint(&sandbox, args).exits(1);
        assert_eq!(files_of(&sandbox.project()), before, "{args}");
    }
}

#[test]
fn other_commands_have_no_sarif() {
    let run = lint(&Sandbox::new(), "--format markdown").exits(2);
    says(&run, &["error[cli/format]"]);
}

/// A page of the documentation.
fn page(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn the_documentation_shows_what_is_seen() {
    let sandbox = with("pip.conf", "[global]\n# ours\ntrusted-host = index.example\n");
    let seen = lint(&sandbox, "").exits(1).stdout;
    assert!(page("docs/guides/lint.md").contains(&format!("```\n{seen}```\n")), "{seen}");

    let sandbox = with(
        "Dockerfile",
        "FROM python:3.12-slim\nCOPY requirements.txt .\n\
         RUN pip install --trusted-host index.example -r requirements.txt\nUSER 1000\n",
    );
    sandbox.write("corporate-ca.pem", Authority::named("Corp").pem());
    for args in ["--fail-on error -q", "--diff --assume-ca corporate-ca.pem"] {
        let seen = lint(&sandbox, args).exits(1).stdout;
        let shown = format!("```\n$ provender lint {args}\n{seen}```\n");
        assert!(page("README.md").contains(&shown), "{shown}");
    }
}
