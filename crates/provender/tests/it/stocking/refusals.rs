//! What cannot be stocked, and why: one clear error, exit code 2, and no file changed.

use std::fs;

use provender_test::Fault;
use serde_json::json;

use super::TARGET;
use crate::project::{APP, Project, fails, says};
use crate::stored::{locked, requests};

/// The header of a lock for the usual target.
const HEADER: &str = "# provender: lock = 1\n# provender: python = 3.11\n# provender: platforms = x86_64-manylinux_2_28\n";

/// A project of [`APP`] whose lock has these lines.
fn with_lock(lines: &str) -> Project {
    let project = Project::new(APP, "app\n", []);
    project.sandbox.write("constraints.txt", format!("{HEADER}{lines}"));
    project
}

/// A pin with a hash that no file has.
fn wrong_pin(pin: &str) -> String {
    format!("{pin} --hash=sha256:{}\n", "0f".repeat(32))
}

#[test]
fn a_lock_that_does_not_exist_is_named() {
    fails(&locked(), "stock nope.txt", 2, &["stock/unreadable", "nope.txt does not exist"]);
}

#[test]
fn a_folder_without_lock_says_what_was_looked_for() {
    let project = Project::new(APP, "app\n", []);
    fails(
        &project,
        "stock",
        2,
        &["stock/no-lock", "constraints.txt and pylock.toml", "provender lock"],
    );
}

#[test]
fn a_lock_that_cannot_be_read_is_named_with_its_line() {
    let cases: [(&str, &[u8], &[&str]); 5] = [
        ("bad.txt", b"app==1.0 --hash=sha256:zz\n", &["stock/malformed", "--> bad.txt:1\n"]),
        ("two.txt", b"a==1 --hash=sha256:00\nlib==\n", &["stock/malformed", "--> two.txt:"]),
        (
            "pylock.toml",
            b"lock-version = \"1.0\"\n[[packages]]\nname = \n",
            &["stock/malformed", "--> pylock.toml:3\n"],
        ),
        ("bytes.txt", &[0xff, 0xfe, 0x00], &["stock/unreadable", "bytes.txt is not UTF-8 text"]),
        (
            "requirements.txt",
            b"app\nlib>=\n",
            &["lock/input-malformed", "--> requirements.txt:2\n"],
        ),
    ];
    for (name, bytes, words) in cases {
        let project = Project::new(APP, "", []);
        project.sandbox.write(name, bytes);
        fails(&project, &format!("stock {name}"), 2, words);
        assert_eq!(requests(&project), 0, "{name}");
    }
}

#[test]
fn a_lock_of_another_tool_is_told_from_a_broken_one() {
    for name in ["uv.lock", "poetry.lock", "Pipfile.lock", "environment.json", "provender.toml"] {
        let project = locked();
        project.sandbox.write(name, "");
        let words = ["stock/unknown-format", &format!("--> {name}"), "uv export"];
        fails(&project, &format!("stock {name}"), 2, &words);
    }
}

#[test]
fn an_index_that_cannot_be_reached_is_named() {
    let project = with_lock(&wrong_pin("app==1.0"));
    project.index.http().fail("/", Fault::Closed);
    fails(
        &project,
        "stock",
        2,
        &["stock/index", "what the index has of app", "[INDEX]/simple/app/"],
    );
    let document = project.json("stock");
    assert_eq!(document["complete"], false);
    assert_eq!(document["incomplete"], json!(["app"]));
    let [diagnostic] = &document["diagnostics"].as_array().unwrap()[..] else {
        panic!("{document}")
    };
    assert_eq!(diagnostic["rule"], "stock/index");
}

#[test]
fn what_is_not_stocked_cannot_be_had_offline() {
    let project = with_lock(&wrong_pin("app==1.0"));
    fails(&project, "stock --offline", 2, &["stock/index", "app", "--offline"]);
    assert_eq!(requests(&project), 0);
}

#[test]
fn a_page_that_is_none_is_named() {
    let project = with_lock(&wrong_pin("app==1.0"));
    project.index.http().fail("/simple/", Fault::HtmlPage);
    let run = fails(&project, "stock", 2, &["app"]);
    says(&run, &["error[stock/"]);
}

#[test]
fn a_hash_that_no_index_offers_is_named_with_what_is_offered() {
    let project = with_lock(&wrong_pin("app==1.0"));
    let (file, hash) = project.index.hashes("app", "1.0").remove(0);
    let (locked, offered) = ("0f".repeat(32), format!("{file} with sha256:{hash}"));
    let words = ["stock/hash", &format!("in the lock: sha256:{locked}"), &offered];
    fails(&project, "stock", 2, &words);
}

#[test]
fn a_release_that_the_index_does_not_have_is_named_with_those_that_it_has() {
    let project = with_lock(&wrong_pin("lib==9.0"));
    fails(&project, "stock", 2, &["stock/no-release", "the index has no lib 9.0", "2.0.0, 1.1.0"]);
    let project = with_lock(&wrong_pin("nosuch==1.0"));
    fails(&project, "stock", 2, &["stock/no-project", "no index has nosuch"]);
}

#[test]
fn json_names_the_projects_of_which_something_is_missing() {
    let direct = "direct @ https://files.example/direct.zip\n";
    let pins = ["lib==9.0", "nosuch==1.0", "app==1.0"].map(wrong_pin).concat();
    let project = with_lock(&format!("{direct}{pins}"));
    let document = project.json("stock");
    assert_eq!(document["incomplete"], json!(["app", "direct", "lib", "nosuch"]));
}

#[test]
fn what_no_index_holds_is_refused() {
    let cases: [(&str, &[&str]); 3] = [
        (
            "app @ https://files.example/app.zip\n",
            &["app comes from https://files.example/app.zip"],
        ),
        ("app @ git+https://git.example/app\n", &["app comes from git+https://git.example/app"]),
        ("-e ./app\n", &["`-e ./app` comes from a place that no index", "--> constraints.txt:4\n"]),
    ];
    for (line, words) in cases {
        let run = fails(&with_lock(line), "stock", 2, words);
        says(&run, &["error[stock/direct]", "--> constraints.txt"]);
    }
}

#[test]
fn the_rest_of_a_lock_is_stocked_beside_what_cannot_be() {
    let project = locked();
    let lock = project.sandbox.read("constraints.txt");
    project.sandbox.write("constraints.txt", format!("{lock}-e ./service\n"));
    let document = project.json("stock");
    assert_eq!((&document["complete"], &document["files"]), (&false.into(), &2.into()));
}

#[test]
fn a_line_of_a_lock_that_pins_nothing_is_named() {
    let lines = ["lib>=1\n", "lib\n", "-r other.txt\n"];
    for (line, words) in lines.into_iter().zip(["`lib>=1`", "`lib`", "other.txt"]) {
        let words = [words, "error[stock/no-hash]", "--> constraints.txt:4\n"];
        fails(&with_lock(line), "stock", 2, &words);
    }
}

#[test]
fn requirements_with_a_few_hashes_are_no_lock() {
    let project = Project::new(APP, "", []);
    let (_, hash) = project.index.hashes("lib", "1.0.0").remove(0);
    let requirements = format!("app\nlib==1.0.0 --hash=sha256:{hash}\n");
    project.sandbox.write("requirements.txt", requirements);
    let run = project.run(&format!("stock requirements.txt {TARGET}")).exits(0);
    says(&run, &["locked requirements.txt on the way: 2 projects"]);
}

#[test]
fn a_pin_without_hash_is_refused() {
    fails(&with_lock("app==1.0\n"), "stock", 2, &["stock/no-hash", "app 1.0 has no SHA-256"]);
}

#[test]
fn a_release_without_a_file_for_the_target_is_named() {
    let scenario = "[app]\n\"1.0\" = { files = [\"cp311-cp311-win_amd64\"] }\n";
    let project = Project::new(scenario, "app\n", []);
    let (_, hash) = project.index.hashes("app", "1.0").remove(0);
    project.sandbox.write("constraints.txt", format!("{HEADER}app==1.0 --hash=sha256:{hash}\n"));
    fails(
        &project,
        "stock",
        2,
        &["stock/no-file", "app 1.0", "CPython 3.11 on x86_64-manylinux_2_28"],
    );
}

#[test]
fn a_tool_for_no_known_python_is_asked_for_its_target() {
    let project = Project::new(APP, "", []);
    fs::remove_file(project.sandbox.path("requirements.txt")).unwrap();
    fails(&project, "stock --with app", 2, &["stock/target", "app", "--python-version"]);
}

#[test]
fn a_tool_that_cannot_be_locked_is_named() {
    fails(&locked(), "stock --with nosuch", 2, &["nosuch"]);
    fails(&locked(), &format!("stock --with ??? {TARGET}"), 2, &["???"]);
}

#[test]
fn a_data_directory_that_is_a_file_is_named() {
    let project = locked();
    project.sandbox.write("data.txt", "");
    fails(
        &project,
        "stock --data-dir data.txt/data",
        2,
        &["store/unusable", "data.txt", "--data-dir"],
    );
}
