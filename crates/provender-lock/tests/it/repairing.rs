//! Which pins a repair moves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use provender_core::ProjectName;
use provender_lock::{Cap, FixPolicy, FixStep, MoveReason, UnfixedReason};

use crate::project::{Project, Vulnerable, pins};

fn name(text: &str) -> ProjectName {
    text.parse().unwrap()
}

#[test]
fn only_the_vulnerable_pin_moves_and_only_as_far_as_it_must() {
    let project = Project::new(
        "[a]\n\"1.0\" = {}\n\"1.1\" = {}\n\"1.2\" = {}\n\"2.0\" = {}\n[b]\n\"1.0\" = {}\n\"1.1\" = {}\n",
        "a\nb\n",
    );
    let outcome = project.repaired(
        "a==1.0\nb==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("a", vec!["1.0"])]),
    );
    assert_eq!(pins(&outcome.lock), ["a==1.1", "b==1.0"]);
    assert_eq!(outcome.moves.len(), 1);
    assert_eq!(outcome.moves[0].reason, MoveReason::Vulnerable);
}

#[test]
fn a_parent_that_caps_a_fix_is_raised_as_little_as_possible() {
    let project = Project::new(
        r#"
[web]
"1.0" = { requires = ["core<1.1"] }
"1.1" = { requires = ["core<1.2"] }
"1.2" = { requires = ["core<1.3"] }
"1.3" = { requires = ["core<1.4"] }
"1.4" = { requires = ["core<1.5"] }
[core]
"1.0" = {}
"1.1" = {}
"1.2" = {}
"1.3" = {}
[other]
"1.0" = {}
"1.1" = {}
"#,
        "web\nother\n",
    );
    let outcome = project.repaired(
        "web==1.0\ncore==1.0\nother==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("core", vec!["1.0", "1.1"])]),
    );
    assert_eq!(pins(&outcome.lock), ["core==1.2", "other==1.0", "web==1.2"]);
    let reasons: BTreeMap<_, _> =
        outcome.moves.into_iter().map(|moved| (moved.project, moved.reason)).collect();
    assert_eq!(reasons[&name("core")], MoveReason::Vulnerable);
    assert_eq!(reasons[&name("web")], MoveReason::ForFixOf(vec![name("core")]));
}

#[test]
fn fewest_moves_win_over_the_nearest_version() {
    // The nearest fix of `a` needs a newer `b`; the next one does not.
    let project = Project::new(
        r#"
[a]
"1.0" = { requires = ["b"] }
"1.1" = { requires = ["b>=2"] }
"1.2" = { requires = ["b"] }
[b]
"1.0" = {}
"1.1" = {}
"2.0" = {}
"#,
        "a\nb\n",
    );
    let outcome = project.repaired(
        "a==1.0\nb==1.0\n",
        FixPolicy { default: FixStep::Major, ..FixPolicy::default() },
        &Vulnerable(vec![("a", vec!["1.0"])]),
    );
    assert_eq!(pins(&outcome.lock), ["a==1.2", "b==1.0"]);
}

#[test]
fn nothing_moves_downwards() {
    // The fix of `a` would go with an older `b`, and with no newer one.
    let project = Project::new(
        "[a]\n\"1.0\" = { requires = [\"b\"] }\n\"1.1\" = { requires = [\"b<2\"] }\n[b]\n\"1.0\" = {}\n\"2.0\" = {}\n",
        "a\nb\n",
    );
    let outcome = project.repaired(
        "a==1.0\nb==2.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("a", vec!["1.0"])]),
    );
    assert_eq!(pins(&outcome.lock), ["a==1.0", "b==2.0"]);
    assert_eq!(outcome.unfixed.len(), 1);
    assert!(outcome.moves.is_empty());
}

#[test]
fn what_stays_is_told_with_its_reason() {
    let project = Project::new(
        r#"
[nofix]
"1.0" = {}
"1.1" = { yanked = true }
"1.2rc1" = {}
[far]
"1.0" = {}
"2.0" = {}
[mine]
"1.0" = {}
"1.1" = {}
[capped]
"1.0" = {}
"1.1" = {}
[cap]
"1.0" = { requires = ["capped<1.1"] }
"#,
        "nofix\nfar\nmine==1.0  # for now\ncap\n",
    );
    let outcome = project.repaired(
        "nofix==1.0\nfar==1.0\nmine==1.0\ncapped==1.0\ncap==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![
            ("nofix", vec!["1.0"]),
            ("far", vec!["1.0"]),
            ("mine", vec!["1.0"]),
            ("capped", vec!["1.0"]),
        ]),
    );
    assert!(outcome.moves.is_empty(), "{:?}", outcome.moves);
    let reasons: BTreeMap<_, _> =
        outcome.unfixed.into_iter().map(|unfixed| (unfixed.project, unfixed.reason)).collect();
    assert_eq!(reasons[&name("nofix")], UnfixedReason::NoFixPublished);
    assert_eq!(
        reasons[&name("far")],
        UnfixedReason::OutsideStep { nearest: "2.0".parse().unwrap() }
    );
    let UnfixedReason::PinnedByUser { requirement, place } = &reasons[&name("mine")] else {
        panic!("{:?}", reasons[&name("mine")])
    };
    assert_eq!(requirement, "mine==1.0");
    assert_eq!(place.as_ref().unwrap().to_string(), "requirements.txt:3");
    assert_eq!(
        reasons[&name("capped")],
        UnfixedReason::CappedBy {
            caps: vec![Cap { parent: name("cap"), demand: "<1.1".into(), pinned: None }]
        }
    );
}

#[test]
fn a_limit_in_a_pyproject_is_told_with_its_line() {
    let project = Project::new("[mine]\n\"1.0\" = {}\n\"1.1\" = {}\n", "");
    project.write(
        "pyproject.toml",
        "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\n  \"mine<1.1\",\n]\n",
    );
    let mut request = project.request();
    request.inputs = vec![project.path("pyproject.toml")];
    request.fix = Some(FixPolicy::default());
    let outcome = project.repair(&request, &Vulnerable(vec![("mine", vec!["1.0"])])).unwrap();
    let UnfixedReason::PinnedByUser { requirement, place } = &outcome.unfixed[0].reason else {
        panic!("{:?}", outcome.unfixed)
    };
    assert_eq!(requirement, "mine<1.1");
    assert_eq!(place.as_ref().unwrap().to_string(), "pyproject.toml:5");
}

#[test]
fn a_cap_is_told_with_the_users_pin_of_its_parent() {
    let project = Project::new(
        r#"
[capped]
"1.0" = {}
"1.1" = {}
[cap]
"1.0" = { requires = ["capped<1.1"] }
"1.1" = {}
"#,
        "# the framework\ncap==1.0\n",
    );
    let outcome = project.repaired(
        "capped==1.0\ncap==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("capped", vec!["1.0"])]),
    );
    let UnfixedReason::CappedBy { caps } = &outcome.unfixed[0].reason else {
        panic!("{:?}", outcome.unfixed)
    };
    assert_eq!(caps[0].parent, name("cap"));
    let (requirement, place) = caps[0].pinned.clone().unwrap();
    assert_eq!(
        (requirement.as_str(), place.to_string().as_str()),
        ("cap==1.0", "requirements.txt:2")
    );
}

#[test]
fn a_pinned_parent_is_told_before_a_step_that_would_change_nothing() {
    let project = Project::new(
        r#"
[far]
"1.0" = {}
"2.0" = {}
[cap]
"1.0" = { requires = ["far<2"] }
"1.1" = {}
"#,
        "cap==1.0\n",
    );
    let outcome = project.repaired(
        "far==1.0\ncap==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("far", vec!["1.0"])]),
    );
    let UnfixedReason::CappedBy { caps } = &outcome.unfixed[0].reason else {
        panic!("{:?}", outcome.unfixed)
    };
    assert_eq!((caps[0].demand.as_str(), caps[0].pinned.is_some()), ("<2", true));
}

#[test]
fn one_project_may_take_a_larger_step() {
    let project = Project::new("[far]\n\"1.0\" = {}\n\"2.0\" = {}\n\"3.0\" = {}\n", "far\n");
    let policy = FixPolicy {
        default: FixStep::Patch,
        projects: BTreeMap::from([(name("far"), FixStep::Major)]),
    };
    let outcome = project.repaired("far==1.0\n", policy, &Vulnerable(vec![("far", vec!["1.0"])]));
    assert_eq!(pins(&outcome.lock), ["far==2.0"]);
}

#[test]
fn what_a_fix_brings_along_is_audited_too() {
    // The fix of `a` needs `c`, whose newest version is vulnerable: the newest sound one is taken.
    let project = Project::new(
        "[a]\n\"1.0\" = {}\n\"1.1\" = { requires = [\"c\"] }\n[c]\n\"0.1\" = {}\n\"1.0\" = {}\n\"1.1\" = {}\n",
        "a\n",
    );
    let outcome = project.repaired(
        "a==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("a", vec!["1.0"]), ("c", vec!["1.1"])]),
    );
    assert_eq!(pins(&outcome.lock), ["a==1.1", "c==1.0"]);
}

#[test]
fn one_that_cannot_be_fixed_does_not_hold_up_the_others() {
    let project = Project::new(
        r#"
[a]
"1.0" = {}
"1.1" = {}
[b]
"1.0" = {}
"1.1" = {}
[cap]
"1.0" = { requires = ["b<1.1"] }
"#,
        "a\nb\ncap\n",
    );
    let outcome = project.repaired(
        "a==1.0\nb==1.0\ncap==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("a", vec!["1.0"]), ("b", vec!["1.0"])]),
    );
    assert_eq!(pins(&outcome.lock), ["a==1.1", "b==1.0", "cap==1.0"]);
    assert_eq!(outcome.unfixed[0].project, name("b"));
}

#[test]
fn a_pre_release_is_no_fix() {
    let project = Project::new("[a]\n\"1.0\" = {}\n\"1.1rc1\" = {}\n\"1.2\" = {}\n", "a\n");
    let outcome =
        project.repaired("a==1.0\n", FixPolicy::default(), &Vulnerable(vec![("a", vec!["1.0"])]));
    assert_eq!(pins(&outcome.lock), ["a==1.2"]);
}

#[test]
fn a_fix_for_another_python_is_no_fix() {
    let project =
        Project::new("[a]\n\"1.0\" = {}\n\"1.1\" = { requires-python = \">=3.12\" }\n", "a\n");
    let outcome =
        project.repaired("a==1.0\n", FixPolicy::default(), &Vulnerable(vec![("a", vec!["1.0"])]));
    assert_eq!(outcome.unfixed[0].reason, UnfixedReason::NoFixPublished);
}

#[test]
fn a_limit_for_another_python_pins_nothing_here() {
    let project = Project::new(
        "[a]\n\"1.0\" = {}\n\"1.1\" = {}\n",
        "a==1.0 ; python_version < '3.8'\na>=1 ; python_version >= '3.8'\n",
    );
    let outcome =
        project.repaired("a==1.0\n", FixPolicy::default(), &Vulnerable(vec![("a", vec!["1.0"])]));
    assert_eq!(pins(&outcome.lock), ["a==1.1"]);
}

#[test]
fn a_fix_that_cannot_be_built_here_is_passed_over() {
    // Builds are not allowed, and the nearest fix needs one.
    let project = Project::new(
        "[a]\n\"1.0\" = {}\n\"1.1\" = { files = [\"sdist-dynamic\"] }\n\"1.2\" = {}\n[b]\n\"1.0\" = {}\n\"1.1\" = {}\n",
        "a\nb\n",
    );
    let outcome = project.repaired(
        "a==1.0\nb==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("a", vec!["1.0"]), ("b", vec!["1.0"])]),
    );
    assert!(pins(&outcome.lock).contains(&"b==1.1".to_owned()), "{:?}", pins(&outcome.lock));
}

/// `frame` caps `core` up to 1.19, goes with its fix from 1.20 to 1.24, and needs more than there is
/// of `glue` from then on.
fn capped_and_then_demanding() -> Project {
    let mut index =
        String::from("[core]\n\"1.0\" = {}\n\"1.2\" = {}\n[glue]\n\"1.0\" = {}\n[frame]\n");
    for minor in 0..40 {
        let requires = match minor {
            0..20 => r#""core<1.2", "glue""#,
            20..25 => r#""core", "glue""#,
            _ => r#""core", "glue>=2""#,
        };
        writeln!(index, "\"1.{minor}\" = {{ requires = [{requires}] }}").unwrap();
    }
    Project::new(&index, "frame\n")
}

#[test]
fn what_lies_beyond_a_fix_is_not_read() {
    let project = capped_and_then_demanding();
    let outcome = project.repaired(
        "core==1.0\nframe==1.0\nglue==1.0\n",
        FixPolicy::default(),
        &Vulnerable(vec![("core", vec!["1.0"]), ("frame", vec!["1.0"])]),
    );
    assert_eq!(pins(&outcome.lock), ["core==1.2", "frame==1.20", "glue==1.0"]);
    // The next stops after the one that fits are read with it.
    let beyond = (25..40)
        .filter(|minor| project.index.http().count(&format!("/files/frame-1.{minor}-")) > 0)
        .count();
    assert!(beyond <= 2, "{beyond} versions");
}
