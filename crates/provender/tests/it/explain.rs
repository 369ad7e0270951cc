//! `provender explain`: every id that is told has a page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use provender_net::doctor::RULES;
use provender_test::{Run, Sandbox};
use serde_json::Value;

use crate::project::{one_error, says};

fn explain(args: &str) -> Run {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    sandbox.finish(command.arg("explain").args(args.split_whitespace()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The ids that `explain` lists.
fn listed() -> BTreeSet<String> {
    let run = explain("").exits(0);
    run.stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_rule_s_page_is_its_file() {
    let page = read("docs/lint/pip-trusted-host.md");
    for id in ["lint/pip-trusted-host", "pip-trusted-host", "error[lint/pip-trusted-host]"] {
        let run = explain(id).exits(0);
        assert_eq!(run.stdout, page, "{id}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_diagnostic_without_a_page_of_its_own_has_its_row() {
    let run = explain("net/tls").exits(0);
    assert!(run.stdout.starts_with("# net/tls\n\nLevel: error\n\n"), "{run}");
    assert!(run.stdout.contains("What to do: "), "{run}");
    assert!(!run.stdout.contains("../guides"), "a link leads nowhere from a terminal\n{run}");
}

#[test]
fn what_doctor_finds_is_explained() {
    for rule in RULES {
        let run = explain(rule.id).exits(0);
        assert!(run.stdout.starts_with(&format!("# {}\n", rule.id)), "{run}");
    }
}

#[test]
fn an_unknown_id_is_no_answer_and_a_near_one_is_suggested() {
    for typed in ["lint/pip-trusted-hosts", "pip-trusted-hots"] {
        let run = explain(typed).exits(2);
        one_error(&run);
        says(&run, &["error[explain/unknown-id]", "did you mean `lint/pip-trusted-host`?"]);
        assert_eq!(run.stdout, "");
    }
    let run = explain("xyzzy").exits(2);
    says(&run, &["`provender explain` lists all of them"]);
}

#[test]
fn all_ids_are_listed_each_once_with_a_summary() {
    let run = explain("").exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(listed().len(), lines.len());
    assert!(lines.is_sorted());
    for line in lines {
        assert!(
            line.split_once("  ").is_some_and(|(_, summary)| !summary.trim().is_empty()),
            "{line}"
        );
    }
}

#[test]
fn explanations_are_documents() {
    let run = explain("lint/curl-insecure --format json").exits(0);
    let page: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(page["schema"], "provender.explanation/1");
    assert_eq!(page["id"], "lint/curl-insecure");
    assert!(page["summary"].is_string());
    assert_eq!(page["text"], read("docs/lint/curl-insecure.md"));

    let run = explain("--format json").exits(0);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list["schema"], "provender.explanations/1");
    let entries = list["diagnostics"].as_array().unwrap();
    assert_eq!(entries.len(), listed().len());
    assert!(entries.iter().all(|entry| entry["id"].is_string() && entry["summary"].is_string()));
}

/// All text of the crates' own sources up to their tests.
fn sources() -> Vec<String> {
    let mut texts = Vec::new();
    for crate_folder in fs::read_dir(root().join("crates")).unwrap() {
        let crate_folder = crate_folder.unwrap().path();
        // The crate of test helpers tells nobody anything.
        if !crate_folder.ends_with("provender-test") {
            collect(&crate_folder.join("src"), &mut texts);
        }
    }
    texts
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "proof");
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            let text = fs::read_to_string(&path).unwrap();
            let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            texts.push(text[..end].to_owned());
        }
    }
}

/// Every string in the sources that has the form of an id, in an area that has diagnostics.
fn emitted(areas: &BTreeSet<String>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for text in sources() {
        for literal in text.split('"') {
            let Some((area, name)) = literal.split_once('/') else { continue };
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if is_name && areas.contains(area) {
                ids.insert(literal.to_owned());
            }
        }
    }
    ids
}

/// Strings in those areas that are something else: names of files.
const NO_IDS: [&str; 2] = ["file/below", "env/unwritable"];

#[test]
fn every_id_that_is_told_has_a_page() {
    let listed = listed();
    let areas: BTreeSet<String> = listed
        .iter()
        .filter_map(|id| id.split_once('/'))
        .map(|(area, _)| area.to_owned())
        .collect();
    let emitted = emitted(&areas);
    assert!(emitted.len() > 200, "{}", emitted.len());
    let without: Vec<_> =
        emitted.difference(&listed).filter(|id| !NO_IDS.contains(&&***id)).collect();
    assert!(without.is_empty(), "no page tells of {without:?}");
}

#[test]
fn every_row_of_the_reference_is_told_by_the_code() {
    let reference = read("docs/reference/diagnostics.md");
    let sources = sources().concat();
    for line in reference.lines() {
        let Some(row) = line.strip_prefix("| `") else { continue };
        let (id, _) = row.split_once('`').unwrap();
        assert!(sources.contains(&format!("\"{id}\"")), "`{id}` is told by nothing");
    }
}

/// The table of the lint rules, as it has to stand in the reference.
fn lint_table() -> String {
    let rules = provender_lint::rules::all().iter().map(|rule| {
        let name = rule.id().trim_start_matches("lint/");
        format!(
            "| [`{}`](../lint/{name}.md) | {} | {} |\n",
            rule.id(),
            rule.level(),
            rule.summary()
        )
    });
    format!("| id | level | what it finds |\n|---|---|---|\n{}", rules.collect::<String>())
}

#[test]
fn the_reference_lists_the_lint_rules_and_each_has_its_page() {
    let reference = read("docs/reference/diagnostics.md");
    let table = lint_table();
    assert!(reference.contains(&table), "docs/reference/diagnostics.md has to hold\n{table}");
    let pages = fs::read_dir(root().join("docs/lint")).unwrap().count();
    assert_eq!(pages, provender_lint::rules::all().len(), "docs/lint has a page for each rule");
    for rule in provender_lint::rules::all() {
        let id = rule.id();
        assert!(rule.page().starts_with(&format!("# {id}\n")), "{id}");
        for heading in ["\n## Why\n", "\n## What to do\n"] {
            assert!(rule.page().contains(heading), "{id} has no {heading}");
        }
    }
}
