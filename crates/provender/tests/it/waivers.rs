//! Accepted risks: kept in `provender.toml`, with an end.

use provender_test::osv;

use crate::project::{APP, Project, one_error, says};

const WITH_COMMENTS: &str = r#"# settings of the service
[network]   # keep
retries = 0

# decided in March
[[waiver]]
id = "X-OLD"
project = "lib"   # the parser
reason = "not reachable"
owner = "backend"
until = "2020-01-31"
"#;

fn waiver(id: &str, until: &str) -> String {
    format!(
        "[[waiver]]\nid = \"{id}\"\nproject = \"lib\"\nreason = \"not reachable\"\nowner = \"backend\"\nuntil = \"{until}\"\n"
    )
}

/// A project whose lock has one finding, known by two ids.
fn project(waivers: &str) -> Project {
    let record = osv("X-1", "lib").alias("CVE-2024-1").introduced("0");
    let project = Project::new(APP, "app\n", [record]);
    project.run("advisories update").exits(0);
    project.sandbox.write("constraints.txt", "lib==1.0.0\n");
    project.settings(waivers);
    project
}

#[test]
fn a_waiver_accepts_a_finding_by_any_of_its_ids() {
    for id in ["X-1", "CVE-2024-1"] {
        let project = project(&waiver(id, "2999-12-31"));
        let run = project.run("audit").exits(0);
        assert!(run.stdout.contains("not reachable"), "the reason is shown\n{run}");
        let document = project.json("audit");
        assert_eq!(document["findings"][0]["waiver"]["owner"], "backend");
        assert_eq!(document["findings"][0]["waiver"]["until"], "2999-12-31");
    }
}

#[test]
fn an_expired_waiver_waives_nothing_and_is_told() {
    let run = project(&waiver("X-1", "2020-01-31")).run("audit").exits(1);
    says(&run, &["warning[waiver/expired]", "X-1 for lib expired on 2020-01-31", "= hint: "]);
}

#[test]
fn a_waiver_of_another_project_waives_nothing_and_is_told() {
    let other = waiver("X-1", "2999-12-31").replace("\"lib\"", "\"app\"");
    let run = project(&other).run("audit").exits(1);
    says(&run, &["warning[waiver/unmatched]", "X-1 for app"]);
}

#[test]
fn a_waiver_that_matches_nothing_is_told() {
    let project = project(&waiver("X-2", "fixed"));
    let run = project.run("audit").exits(1);
    says(&run, &["warning[waiver/unmatched]", "X-2 for lib"]);
    let rules = &project.json("audit")["diagnostics"][0]["rule"];
    assert_eq!(rules, "waiver/unmatched");
}

#[test]
fn a_waiver_until_fixed_ends_with_the_fix() {
    let project = project(&waiver("X-1", "fixed"));
    let run = project.run("audit").exits(0);
    assert!(!run.stderr.contains("warning"), "{run}");
    project.advisories.publish([osv("X-1", "lib").introduced("0").fixed("2.0.0")]);
    project.run("advisories update").exits(0);
    let run = project.run("audit").exits(1);
    says(&run, &["warning[waiver/fixed-available]", "X-1 for lib"]);
}

#[test]
fn adding_a_waiver_keeps_comments_and_layout() {
    let project = project("");
    project.sandbox.write("provender.toml", WITH_COMMENTS);
    let mut command =
        project.command("waiver add X-1 --project lib --owner me --until fixed --reason");
    project.sandbox.finish(command.arg("a \"quoted\" reason")).exits(0);
    let text = project.sandbox.read("provender.toml");
    assert!(text.starts_with(WITH_COMMENTS), "{text}");
    let settings: toml::Table = text.parse().unwrap();
    let added = &settings["waiver"][1];
    assert_eq!(added["id"].as_str(), Some("X-1"));
    assert_eq!(added["reason"].as_str(), Some("a \"quoted\" reason"));
    assert_eq!(added["until"].as_str(), Some("fixed"));
    project.run("audit").exits(0);
}

#[test]
fn a_first_waiver_makes_the_settings_file() {
    let project = project("");
    std::fs::remove_file(project.sandbox.path("provender.toml")).unwrap();
    let add = "waiver add X-1 --project Lib --reason r --owner o --until 2999-12-31";
    project.run(add).exits(0);
    project.run("audit").exits(0);
}

#[test]
fn a_waiver_is_added_once_and_only_with_an_end() {
    let project = project(&waiver("X-1", "fixed"));
    let before = project.files();
    let add = "waiver add X-1 --project lib --reason r --owner o --until";
    let run = project.run(&format!("{add} fixed")).exits(2);
    one_error(&run);
    says(&run, &["waiver/exists", "provender.toml"]);
    let run = project.run(&format!("{} someday", add.replace("X-1", "X-2"))).exits(2);
    one_error(&run);
    says(&run, &["waiver/end", "`someday`"]);
    project.run("waiver add X-3 --project lib --reason r --owner o").exits(2);
    let run = project.run(&format!("{} 2020-01-31", add.replace("X-1", "X-4"))).exits(2);
    says(&run, &["waiver/end", "2020-01-31 is over already"]);
    let run =
        project.run("waiver add X-5 --project lib --reason= --owner o --until fixed").exits(2);
    says(&run, &["waiver/empty", "--reason"]);
    assert_eq!(project.files(), before);
}

#[test]
fn a_waiver_without_a_reason_is_refused_with_its_line() {
    let without = waiver("X-1", "fixed").replace("reason = \"not reachable\"\n", "");
    let run = project(&without).run("audit").exits(2);
    one_error(&run);
    says(&run, &["settings/malformed", "`reason`", "--> provender.toml:3\n"]);
}

#[test]
fn the_list_says_which_waivers_still_hold() {
    let project = project(&format!("{}{}", waiver("X-1", "fixed"), waiver("X-2", "2020-01-31")));
    let run = project.run("waiver list").exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "X-1  lib  until a fix exists  backend: not reachable",
            "X-2  lib  expired on 2020-01-31  backend: not reachable"
        ]
    );
    let document = project.json("waiver list");
    assert_eq!(document["schema"], "provender.waivers/1");
    assert_eq!(document["waivers"][0]["until"], "fixed");
    assert_eq!(document["waivers"][0]["expired"], false);
    assert_eq!(document["waivers"][1]["expired"], true);
}

#[test]
fn pruning_takes_out_what_expired_and_nothing_else() {
    let project = project("");
    let kept = "# still needed\n[[waiver]]\nid = \"X-1\"\nproject = \"lib\"\nreason = \"r\"   # why\nowner = \"o\"\nuntil = \"fixed\"\n";
    let head = "# settings of the service\n[network]   # keep\nretries = 0\n\n";
    let expired = waiver("X-OLD", "2020-01-31");
    project.sandbox.write("provender.toml", format!("{head}{expired}\n{kept}"));
    let run = project.run("waiver prune").exits(0);
    says(&run, &["1 expired waiver taken out"]);
    assert_eq!(
        project.sandbox.read("provender.toml"),
        format!("{head}\n{kept}").replace("\n\n\n", "\n\n")
    );
    let before = project.files();
    project.run("waiver prune").exits(0);
    assert_eq!(project.files(), before);
}

#[test]
fn pruning_knows_waivers_in_one_line_each() {
    let project = project("");
    let one = |id: &str, until: &str| {
        format!(
            "{{ id = \"{id}\", project = \"lib\", reason = \"r\", owner = \"o\", until = \"{until}\" }}"
        )
    };
    let (old, kept) = (one("X-OLD", "2020-01-31"), one("X-1", "fixed"));
    project.sandbox.write("provender.toml", format!("waiver = [\n  {old},\n  {kept},\n]\n"));
    project.run("waiver prune").exits(0);
    let text = project.sandbox.read("provender.toml");
    assert!(text.contains("X-1") && !text.contains("X-OLD"), "{text}");
}
