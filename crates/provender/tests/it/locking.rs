//! `provender lock`: what is written, what it stands on, and who accepts it.

use std::fs;

use provender_test::{left_out, pip, venv_dir};

use crate::project::{APP, LOCK, Project, one_error, pins, says};

/// An application with tools for its development.
const DEV: &str = r#"
[app]
"1.0" = {}
[pytest]
"8.0" = { requires = ["pluggy"] }
[pluggy]
"1.0" = {}
[seeds]
"1.0" = {}
"#;

fn project(requirements: &str) -> Project {
    Project::new(APP, requirements, [])
}

#[test]
fn a_second_run_changes_no_byte() {
    let project = project("app\nlib<2\n");
    project.run(LOCK).exits(0);
    let first = project.files();
    let run = project.run("lock --fix off").exits(0);
    assert_eq!(project.files(), first);
    says(&run, &["constraints.txt is unchanged"]);
    project.run("lock --fix off --refresh").exits(0);
    assert_eq!(project.files(), first);
}

#[test]
fn the_same_inputs_give_the_same_bytes_elsewhere() {
    let lock = |project: &Project| {
        project.run(LOCK).exits(0);
        project.sandbox.read("constraints.txt")
    };
    assert_eq!(lock(&project("app\n")), lock(&project("app\n")));
}

#[test]
fn every_file_of_a_release_is_in_the_lock_with_its_hash() {
    let scenario = "[app]\n\"1.0\" = { files = [\"cp311-cp311-win_amd64\", \"cp311-cp311-manylinux_2_28_x86_64\", \"sdist\"] }\n";
    let project = Project::new(scenario, "app\n", []);
    project.run(LOCK).exits(0);
    let lock = project.sandbox.read("constraints.txt");
    let hashes = project.index.hashes("app", "1.0");
    assert_eq!(hashes.len(), 3);
    for (file, hash) in hashes {
        assert!(lock.contains(&format!("--hash=sha256:{hash}")), "no {file} in\n{lock}");
    }
}

#[test]
fn the_lock_goes_where_it_is_sent() {
    let project = project("app\n");
    let lock = project.run(&format!("{LOCK} -o -")).exits(0).stdout;
    assert!(!project.sandbox.has("constraints.txt"));
    assert_eq!(pins(&lock), ["app==1.0", "lib==2.0.0"]);
    project.run(&format!("{LOCK} -o other.txt")).exits(0);
    assert_eq!(project.sandbox.read("other.txt"), lock);
    project.run(LOCK).exits(0);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
}

#[test]
fn the_lock_of_a_file_elsewhere_is_written_beside_it() {
    let project = project("");
    project.sandbox.write("service/requirements.txt", "app\n");
    project.run(&format!("{LOCK} service/requirements.txt")).exits(0);
    let lock = project.sandbox.read("service/constraints.txt");
    assert!(lock.contains("# via -r requirements.txt"), "{lock}");
    assert!(!project.sandbox.has("constraints.txt"));
}

#[test]
fn a_name_such_as_pylock_toml_gives_pep_751() {
    let project = project("app\n");
    project.run(&format!("{LOCK} -o pylock.toml")).exits(0);
    let text = project.sandbox.read("pylock.toml");
    let lock: toml::Table = text.parse().unwrap();
    assert_eq!(lock["lock-version"].as_str(), Some("1.0"));
    let packages = lock["packages"].as_array().unwrap();
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["app", "lib"]);
    let (file, hash) = project.index.hashes("lib", "2.0.0").remove(0);
    let wheel = &packages[1]["wheels"][0];
    assert_eq!(wheel["name"].as_str(), Some(&*file));
    assert_eq!(wheel["hashes"]["sha256"].as_str(), Some(&*hash));
    project.run("lock --fix off -o pylock.toml").exits(0);
    assert_eq!(project.sandbox.read("pylock.toml"), text, "a second run changes no byte");
    let run = project.run(&format!("{LOCK} -o - --lock-format pylock")).exits(0);
    assert!(run.stdout.contains("lock-version = \"1.0\""), "{run}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_lock_stays_a_link() {
    let project = project("app\n");
    project.sandbox.write("locks/real.txt", "");
    let link = project.sandbox.path("constraints.txt");
    std::os::unix::fs::symlink("locks/real.txt", &link).unwrap();
    project.run(LOCK).exits(0);
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(pins(&project.sandbox.read("locks/real.txt")), ["app==1.0", "lib==2.0.0"]);
}

#[test]
fn the_target_in_the_header_is_the_default_of_the_next_run() {
    let scenario = r#"
        [app]
        "1.0" = { requires = ["old ; python_version < '3.11'", "win ; sys_platform == 'win32'"] }
        [old]
        "1.0" = {}
        [win]
        "1.0" = {}
    "#;
    let project = Project::new(scenario, "app\n", []);
    project.run("lock --fix off --python-version 3.10 --platform windows").exits(0);
    assert_eq!(project.pins(), ["app==1.0", "old==1.0", "win==1.0"]);
    let lock = project.sandbox.read("constraints.txt");
    assert!(lock.contains("# provender: python = 3.10\n"), "{lock}");
    assert!(lock.contains("# provender: platforms = x86_64-windows\n"), "{lock}");
    project.run("lock --fix off --upgrade").exits(0);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
    project.run("lock --fix off --python-version 3.12").exits(0);
    assert_eq!(project.pins(), ["app==1.0", "win==1.0"], "the platform still stands");
}

#[test]
fn a_flag_wins_over_the_settings_and_they_win_over_the_header() {
    let project = project("app\n");
    project.settings("[lock]\npython-version = \"3.10\"\nplatform = [\"windows\"]\n");
    let target = |args: &str| {
        let document = project.json(&format!("lock --fix off {args}"));
        format!("{} {}", document["python"], document["platforms"])
    };
    assert_eq!(target("--python-version 3.12"), "\"3.12\" \"x86_64-windows\"");
    assert_eq!(target(""), "\"3.10\" \"x86_64-windows\"");
    assert_eq!(target("--universal"), "\"3.10\" \"universal\"");
}

#[test]
fn a_universal_lock_tells_platforms_apart_with_markers() {
    let scenario = "[app]\n\"1.0\" = { requires = [\"win ; sys_platform == 'win32'\"] }\n[win]\n\"1.0\" = {}\n";
    let project = Project::new(scenario, "app\n", []);
    project.run("lock --fix off --python-version 3.11 --universal").exits(0);
    let lock = project.sandbox.read("constraints.txt");
    assert!(lock.contains("win==1.0 ; sys_platform == 'win32'"), "{lock}");
    let both =
        "lock --fix off --python-version 3.11 --platform linux --platform windows -o two.txt";
    project.run(both).exits(0);
    assert!(project.sandbox.read("two.txt").contains("win==1.0 ; "));
}

#[test]
fn a_pin_is_kept_until_it_is_given_up() {
    let project = Project::new(
        &format!("{APP}[other]\n\"1.0\" = {{}}\n\"2.0\" = {{}}\n"),
        "app\nother\n",
        [],
    );
    project.sandbox.write("constraints.txt", "app==1.0\nlib==1.0.0\nother==1.0\n");
    project.run(LOCK).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==1.0.0", "other==1.0"]);
    let run = project.run(&format!("{LOCK} --upgrade-package lib")).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==2.0.0", "other==1.0"]);
    says(&run, &["lib  1.0.0 -> 2.0.0"]);
    project.run(&format!("{LOCK} --upgrade")).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==2.0.0", "other==2.0"]);
}

#[test]
fn an_input_that_names_its_own_lock_means_preferences() {
    let project = project("-c constraints.txt\napp\n");
    project.sandbox.write("constraints.txt", "lib==1.0.0\n");
    project.run(&format!("{LOCK} --upgrade")).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==2.0.0"]);
}

#[test]
fn development_requirements_that_are_left_out_are_named() {
    let project = Project::new(DEV, "app\npytest>=7\nseeds\n-r requirements-dev.txt\n", []);
    project.sandbox.write("requirements-dev.txt", "pluggy\n");
    project.settings("[lock.dev]\nprojects = [\"seeds\"]\n");
    let run = project.run(&format!("{LOCK} --exclude-dev")).exits(0);
    assert_eq!(project.pins(), ["app==1.0"]);
    says(&run, &["left out for development: pytest>=7", "seeds", "requirements-dev.txt"]);
    project.run(LOCK).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "pluggy==1.0", "pytest==8.0", "seeds==1.0"]);
}

#[test]
fn a_flag_takes_development_requirements_back_in() {
    let project = Project::new(DEV, "app\npytest\n", []);
    project.settings("[lock]\nexclude-dev = true\n");
    project.run(LOCK).exits(0);
    assert_eq!(project.pins(), ["app==1.0"]);
    project.run(&format!("{LOCK} --include-dev")).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "pluggy==1.0", "pytest==8.0"]);
}

#[test]
fn a_build_is_named_and_what_it_needs_is_in_the_lock() {
    let scenario = "[s]\n\"1.0\" = { files = [\"sdist-dynamic\"], build-requires = [\"tool\"] }\n[tool]\n\"2.0\" = {}\n";
    let project = Project::new(scenario, "s\n", []);
    if provender_test::python(&project.sandbox.home()).is_none() {
        return left_out("a_build_is_named_and_what_it_needs_is_in_the_lock", "no python3");
    }
    let run = project.run("lock --fix off").exits(0);
    says(&run, &["running the build of s==1.0", "built for their metadata: s==1.0"]);
    let lock = project.sandbox.read("constraints.txt");
    let (_, hash) = project.index.hashes("tool", "2.0").remove(0);
    assert!(lock.contains(&format!("# build: tool==2.0 --hash=sha256:{hash}")), "{lock}");
    assert_eq!(project.pins(), ["s==1.0"], "pip must not install what only a build needs");
}

#[test]
fn check_writes_nothing_and_says_what_would_change() {
    let project = project("app\n");
    project.run(LOCK).exits(0);
    says(&project.run(&format!("{LOCK} --check")).exits(0), &["constraints.txt is up to date"]);
    project.sandbox.write("requirements.txt", "app\nlib<2\n");
    let before = project.files();
    let run = project.run(&format!("{LOCK} --check")).exits(1);
    says(&run, &["lib  2.0.0 -> 1.1.0", "error[lock/out-of-date]", "provender lock"]);
    assert_eq!(project.files(), before);
}

#[test]
fn stdout_holds_no_lock_to_check() {
    let run = project("app\n").run(&format!("{LOCK} --check -o -")).exits(2);
    one_error(&run);
    says(&run, &["--check", "-o"]);
}

#[test]
fn one_project_may_come_from_an_index_of_its_own() {
    let project = project("app\n");
    let own = provender_test::Scenario::parse("[lib]\n\"0.9\" = {}\n").serve();
    project.run(&format!("{LOCK} --index-for lib={}", own.url())).exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==0.9"]);
    assert_eq!(project.index.http().count("/simple/lib/"), 0, "the other index is not asked");
}

#[test]
fn the_index_of_pips_configuration_is_taken_where_none_is_named() {
    let project = project("app\n");
    let mut command = project.command(LOCK);
    command.env_remove("PROVENDER_INDEX").env("PIP_INDEX_URL", project.index.url());
    let run = project.sandbox.finish(&mut command).exits(0);
    says(&run, &["the index is [INDEX]/simple/", "decided by: PIP_INDEX_URL"]);
    assert_eq!(project.pins(), ["app==1.0", "lib==2.0.0"]);
    project.sandbox.write("requirements.txt", "nosuch\n");
    let run = project.sandbox.finish(&mut command).exits(1);
    says(&run, &["decided by: PIP_INDEX_URL", "error[lock/no-solution]"]);
}

#[test]
fn credentials_of_an_index_are_in_no_output_and_no_lock() {
    let project = project("app\n");
    project.index.http().require_login("reader", "s3cret");
    let url = project.index.url().replace("http://", "http://reader:s3cret@");
    for form in ["constraints.txt", "pylock.toml"] {
        let run = project.run(&format!("{LOCK} -v --index {url} -o {form}")).exits(0);
        let lock = project.sandbox.read(form);
        assert!(!format!("{run}{lock}").contains("s3cret"), "{run}\n{lock}");
    }
    let wrong = url.replace("s3cret", "wr0ng");
    let run = project.run(&format!("{LOCK} --refresh --index {wrong}")).exits(2);
    assert!(!run.to_string().contains("wr0ng"), "{run}");
}

#[test]
fn pip_installs_from_the_lock_with_hashes_required() {
    let project = project("app\n");
    let Some(mut pip) = pip(&project.sandbox.home()) else {
        return left_out("pip_installs_from_the_lock_with_hashes_required", "no pip");
    };
    project.run("lock --fix off").exits(0);
    pip.args(["install", "--require-hashes", "--no-input", "--retries", "0", "--quiet"])
        .args(["--target", "site", "--index-url", &project.index.url(), "-r", "constraints.txt"])
        .current_dir(project.sandbox.project());
    project.sandbox.finish(&mut pip).exits(0);
    assert!(project.sandbox.has("site/lib-2.0.0.dist-info"));
    assert!(project.sandbox.has("site/app-1.0.dist-info"));
}

#[test]
fn uv_installs_from_the_lock_with_hashes_required() {
    let name = "uv_installs_from_the_lock_with_hashes_required";
    let Some(uv) = venv_dir().map(|venv| venv.join("bin/uv")).filter(|uv| uv.exists()) else {
        return left_out(name, "no uv (PROVENDER_TEST_VENV)");
    };
    let project = project("app\n");
    if provender_test::python(&project.sandbox.home()).is_none() {
        return left_out(name, "no python3");
    }
    project.run("lock --fix off").exits(0);
    for (lock, site) in [("constraints.txt", "site"), ("pylock.toml", "site-pylock")] {
        project.run(&format!("lock --fix off -o {lock}")).exits(0);
        let mut command = project.sandbox.command(&uv);
        command.args(["--no-config", "--no-cache", "pip", "install", "--require-hashes"]);
        command.args(["--index-url", &project.index.url(), "--target", site, "-r", lock]);
        project.sandbox.finish(&mut command).exits(0);
        assert!(project.sandbox.has(&format!("{site}/lib-2.0.0.dist-info")), "{lock}");
    }
}
