//! What is wrong with what was typed and with the files that it names: one clear error with file and line and a hint,
//! the exit code of the table, and nothing half-written.

use std::fs;

use crate::project::{APP, LOCK, Project, fails, library as project, says};

#[test]
fn a_requirement_file_that_cannot_be_used_is_named_with_its_line() {
    let cases: &[(&str, &[&str])] = &[
        ("app ==\n", &["lock/input-malformed", "`app ==`", "--> requirements.txt:1\n"]),
        ("app\n\n# note\nlib>=\n", &["`lib>=`", "--> requirements.txt:4\n"]),
        ("app[\n", &["`app[`", "--> requirements.txt:1\n"]),
        ("app=1.0\n", &["`app=1.0`", "--> requirements.txt:1\n"]),
        ("app; nonsense > 1\n", &["nonsense", "--> requirements.txt:1\n"]),
        ("app\nlib --hash=sha256:zz\n", &["`sha256:zz`", "--> requirements.txt:2\n"]),
        ("--no-such-option\napp\n", &["`--no-such-option`", "--> requirements.txt:1\n"]),
        ("app\n-r other.txt\n", &["other.txt does not exist", "--> requirements.txt:2\n"]),
        ("app\n-c other.txt\n", &["other.txt does not exist", "--> requirements.txt:2\n"]),
        ("-r requirements.txt\n", &["includes itself", "--> requirements.txt:1\n"]),
        ("app ${NOT_SET}\n", &["NOT_SET", "--> requirements.txt:1\n"]),
        ("-r https://files.example/more.txt\n", &["lock/input-remote", "--> requirements.txt:1\n"]),
    ];
    for (requirements, words) in cases {
        fails(&project(requirements), LOCK, 2, words);
    }
}

#[test]
fn a_requirement_file_that_does_not_exist_is_named() {
    fails(&project("app\n"), &format!("{LOCK} nope.txt"), 2, &["nope.txt does not exist"]);
}

#[test]
fn an_included_file_is_named_rather_than_the_one_that_includes_it() {
    let project = project("-r parts/more.txt\n");
    project.sandbox.write("parts/more.txt", "app\n==\n");
    fails(&project, LOCK, 2, &["--> parts/more.txt:2\n"]);
}

#[test]
fn a_folder_without_requirements_says_what_was_looked_for() {
    let project = project("");
    fs::remove_file(project.sandbox.path("requirements.txt")).unwrap();
    fails(
        &project,
        LOCK,
        2,
        &["lock/no-input", "pyproject.toml, requirements.in, requirements.txt"],
    );
}

#[test]
fn a_malformed_pyproject_is_named_with_its_line() {
    let project = project("app\n");
    project.sandbox.write("pyproject.toml", "[project]\nname = \"a\"\nversion = \n");
    fails(&project, &format!("{LOCK} pyproject.toml"), 2, &["--> pyproject.toml:3\n"]);
}

#[test]
fn malformed_settings_are_named_with_file_and_line() {
    let project = project("app\n");
    project.sandbox.write("provender.toml", "[lock]\nfixx = \"minor\"\n");
    fails(&project, LOCK, 2, &["settings/malformed", "`fixx`", "--> provender.toml:2\n"]);
    let project = self::project("app\n");
    fails(
        &project,
        &format!("{LOCK} --config nope.toml"),
        2,
        &["settings/unreadable", "nope.toml"],
    );
}

#[test]
fn a_value_that_means_nothing_is_told_with_the_setting_that_gave_it() {
    let project = project("app\n");
    for (flag, setting) in [
        ("--index nonsense", "--index"),
        ("--extra-index ftp://index.example/", "--extra-index"),
        ("--index-for app", "--index-for"),
        ("--exclude-newer yesterday", "--exclude-newer"),
    ] {
        fails(&project, &format!("{LOCK} {flag}"), 2, &["settings/malformed", setting]);
    }
    for (settings, setting) in [
        ("[lock]\nfix = \"huge\"\n", "lock.fix"),
        ("[lock]\nplatform = [\"amiga\"]\n", "lock.platform"),
        ("[lock]\npython-version = \"three\"\n", "lock.python-version"),
    ] {
        project.settings(settings);
        fails(&project, "lock", 2, &["settings/malformed", setting]);
    }
}

#[test]
fn a_malformed_lock_is_no_list_of_present_pins() {
    let project = project("app\n");
    project.sandbox.write("constraints.txt", "app==1.0\nlib==\n");
    fails(&project, LOCK, 2, &["lock/present-malformed", "--> constraints.txt:2\n"]);
}

#[test]
fn requirements_that_contradict_each_other_are_explained_in_the_users_words() {
    let project = project("app\nlib>=3\n");
    let run = fails(&project, LOCK, 1, &["lock/no-solution", "lib<=2.0.0", "you require lib>=3"]);
    assert!(!run.stderr.contains("uv "), "another tool is spoken of\n{run}");
}

#[test]
fn a_version_that_is_not_published_is_named_as_it_was_asked_for() {
    fails(&project("app==9\n"), LOCK, 1, &["no version of app==9", "you require app==9"]);
}

#[test]
fn a_project_that_the_index_does_not_have_is_named() {
    fails(&project("nosuch\n"), LOCK, 1, &["nosuch was not found"]);
}

#[test]
fn a_limit_on_upload_times_that_leaves_no_version_is_no_solution() {
    let scenario = "[app]\n\"1.0\" = { upload-time = \"2024-06-01T00:00:00Z\" }\n";
    let project = Project::new(scenario, "app\n", []);
    fails(&project, &format!("{LOCK} --exclude-newer 2024-01-01"), 1, &["lock/no-solution"]);
}

#[test]
fn a_file_that_cannot_be_audited_is_told_of() {
    let project = project("app\n");
    project.run("advisories update").exits(0);
    project.sandbox.write("bad.txt", "app==1.0\nlib==\n");
    project.sandbox.write("pylock.toml", "lock-version = \n");
    project.sandbox.write("bytes.txt", [0xff, 0xfe, 0x00]);
    let cases: &[(&str, &[&str])] = &[
        ("nope.txt", &["nope.txt does not exist"]),
        ("bad.txt", &["audit/malformed", "--> bad.txt:2\n"]),
        ("pylock.toml", &["audit/malformed", "--> pylock.toml"]),
        ("provender.toml", &["audit/unknown-format"]),
        ("bytes.txt", &["bytes.txt is not UTF-8 text"]),
    ];
    for (file, words) in cases {
        fails(&project, &format!("audit {file}"), 2, words);
    }
    fs::remove_file(project.sandbox.path("constraints.txt")).unwrap();
    fs::remove_file(project.sandbox.path("pylock.toml")).unwrap();
    fails(&project, "audit", 2, &["audit/no-target", "constraints.txt, pylock.toml, uv.lock"]);
}

#[test]
fn what_is_wrong_with_an_input_is_told_before_anything_is_fetched() {
    let project = Project::new(APP, "app=1\n", []);
    let run = project.run("lock --python-version 3.11 --platform linux").exits(2);
    says(&run, &["lock/input-malformed", "requirements.txt:1"]);
    assert_eq!(project.advisories.http().requests().len(), 0);
}
