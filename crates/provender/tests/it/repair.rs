//! A lock that repairs what is vulnerable, and only that, end to end.

use provender_test::{OsvRecord, osv};

use crate::project::{Project, says};

/// One project for each way in which a repair can end, and one that nobody has to touch.
const SCENARIO: &str = r#"
[web]
"1.0.0" = { requires = ["core<1.2"] }
"1.1.0" = { requires = ["core<1.4"] }
"2.0.0" = { requires = ["core"] }
[core]
"1.0.0" = {}
"1.1.0" = {}
"1.2.0" = {}
"1.3.0" = {}
[alone]
"1.0.0" = {}
"1.0.1" = {}
[pinned]
"1.0" = {}
"1.1" = {}
[far]
"1.0" = {}
"2.0" = {}
[never]
"1.0" = {}
[cap]
"1.0" = { requires = ["capped<1.1"] }
[capped]
"1.0" = {}
"1.1" = {}
[calm]
"1.0" = {}
"1.1" = {}
"#;

const REQUIREMENTS: &str =
    "# what the service needs\nweb\nalone\npinned==1.0\nfar\nnever\ncap\ncalm\n";

const PRESENT: &str = "alone==1.0.0\ncalm==1.0\ncap==1.0\ncapped==1.0\ncore==1.0.0\nfar==1.0\nnever==1.0\npinned==1.0\nweb==1.0.0\n";

fn records() -> Vec<OsvRecord> {
    vec![
        osv("X-CORE", "core").introduced("0").fixed("1.2.0"),
        osv("X-ALONE", "alone").introduced("0").fixed("1.0.1"),
        osv("X-PINNED", "pinned").introduced("0").fixed("1.1"),
        osv("X-FAR", "far").introduced("0").fixed("2.0"),
        osv("X-NEVER", "never").introduced("0"),
        osv("X-CAPPED", "capped").introduced("0").fixed("1.1"),
    ]
}

fn project() -> Project {
    let project = Project::new(SCENARIO, REQUIREMENTS, records());
    project.sandbox.write("constraints.txt", PRESENT);
    project
}

/// Lines without the blanks that align them.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_lock_moves_what_is_vulnerable_and_only_that() {
    let project = project();
    project.lock("").exits(1);
    let expected = "alone==1.0.1\ncalm==1.0\ncap==1.0\ncapped==1.0\ncore==1.2.0\nfar==1.0\nnever==1.0\npinned==1.0\nweb==1.1.0";
    assert_eq!(project.pins().join("\n"), expected);
}

#[test]
fn every_move_and_everything_that_stays_vulnerable_has_its_reason() {
    let run = project().lock("").exits(1);
    let lines = lines(&run.stderr);
    for line in [
        "alone 1.0.0 -> 1.0.1 was vulnerable",
        "core 1.0.0 -> 1.2.0 was vulnerable",
        "web 1.0.0 -> 1.1.0 for the fix of core",
        "= capped 1.0 capped by cap (demands capped<1.1)",
        "= never 1.0 no fix is published for this Python",
        "= pinned 1.0 pinned by you: `pinned==1.0` in requirements.txt:4",
    ] {
        assert!(lines.iter().any(|found| found == line), "no `{line}` in\n{run}");
    }
    let words = lines.join(" ");
    let far = "= far 1.0 the nearest fix, 2.0, is outside the allowed step: allow it with `far = \"major\"` in [lock.fix-project]";
    assert!(words.contains(far), "{run}");
    assert!(!words.contains("calm"), "nothing is said of what nobody touched\n{run}");
}

#[test]
fn what_is_left_is_in_the_report_with_its_line() {
    let project = project();
    let document = project.json("lock --python-version 3.11 --platform linux");
    let lock = project.sandbox.read("constraints.txt");
    let findings = document["audit"]["findings"].as_array().unwrap();
    let found: Vec<_> = findings.iter().map(|finding| &finding["project"]).collect();
    assert_eq!(found, ["capped", "far", "never", "pinned"]);
    for finding in findings {
        assert_eq!(finding["file"], "constraints.txt");
        let line = finding["line"].as_u64().unwrap() as usize;
        let pinned = format!("{}==", finding["project"].as_str().unwrap());
        assert!(lock.lines().nth(line - 1).unwrap().starts_with(&pinned), "{finding}\n{lock}");
    }
}

#[test]
fn a_repaired_lock_is_not_touched_again() {
    let project = project();
    project.lock("").exits(1);
    let repaired = project.files();
    let run = project.run("lock").exits(1);
    assert_eq!(project.files(), repaired);
    says(&run, &["constraints.txt is unchanged"]);
    project.run("lock --check").exits(0);
}

#[test]
fn the_step_is_as_wide_as_the_settings_say() {
    let project = project();
    let at = |args: &str| {
        project.sandbox.write("constraints.txt", PRESENT);
        project.lock(args).exits(1);
        project.pins()
    };
    assert!(at("--fix patch").contains(&"core==1.0.0".to_owned()), "1.2.0 is no patch of 1.0.0");
    assert!(at("--fix major").contains(&"far==2.0".to_owned()));
    assert!(at("").contains(&"far==1.0".to_owned()));
    project.settings("[lock.fix-project]\nfar = \"major\"\n");
    assert!(at("").contains(&"far==2.0".to_owned()));
    project.settings("[lock]\nfix = \"major\"\n");
    assert!(at("").contains(&"far==2.0".to_owned()));
}

#[test]
fn a_repair_takes_no_yanked_release() {
    let scenario = "[lib]\n\"1.0\" = {}\n\"1.1\" = { yanked = \"broken\" }\n\"1.2\" = {}\n";
    let record = osv("X-1", "lib").introduced("0").fixed("1.1");
    let project = Project::new(scenario, "lib\n", [record]);
    project.sandbox.write("constraints.txt", "lib==1.0\n");
    project.lock("").exits(0);
    assert_eq!(project.pins(), ["lib==1.2"]);
}

#[test]
fn a_waived_finding_moves_nothing() {
    let record = osv("X-1", "alone").introduced("0").fixed("1.0.1");
    let project = Project::new(SCENARIO, "alone\n", [record]);
    project.sandbox.write("constraints.txt", "alone==1.0.0\n");
    project.settings("[[waiver]]\nid = \"X-1\"\nproject = \"alone\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2999-12-31\"\n");
    let run = project.lock("").exits(0);
    assert_eq!(project.pins(), ["alone==1.0.0"]);
    assert!(run.stdout.contains("accepted risks"), "{run}");
}

#[test]
fn data_older_than_a_day_is_refreshed_before_it_is_believed() {
    let unrelated = osv("X-1", "calm").introduced("0");
    let project = Project::new(SCENARIO, "alone\n", [unrelated]);
    project.lock("").exits(0);
    let asked = || project.advisories.http().count("/PyPI/all.zip");
    assert_eq!(asked(), 1);
    project.lock("").exits(0);
    assert_eq!(asked(), 1, "fresh data is not asked for again");
    project.fetched_at("2020-01-01T00:00:00Z");
    project.advisories.publish([osv("X-1", "alone").introduced("0")]);
    project.lock("").exits(1);
    assert_eq!(asked(), 2);
}
