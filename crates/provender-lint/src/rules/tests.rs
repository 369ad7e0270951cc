//! What holds for every rule.

use super::*;

#[test]
fn the_rules_are_sorted_by_id_and_each_id_is_there_once() {
    let ids: Vec<_> = all().iter().map(|rule| rule.id()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert!(ids.iter().all(|id| id.starts_with("lint/")), "{ids:?}");
}

#[test]
fn a_rule_is_found_with_and_without_its_area() {
    assert!(all().iter().all(|rule| find(rule.id()).is_some()));
    assert!(find("unreadable").is_some());
    assert!(find("lint/no-such-rule").is_none());
}

#[test]
fn every_page_has_the_same_parts() {
    for rule in all() {
        let page = rule.page();
        assert!(page.starts_with(&format!("# {}\n", rule.id())), "{}", rule.id());
        for part in ["\n## Why\n", "\n## What to do\n", "\n## When to allow it\n"] {
            assert!(page.contains(part), "{} has no {part:?}", rule.id());
        }
    }
}
