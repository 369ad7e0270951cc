//! Projects without a wheel: stocked with what builds them, or as a wheel that was built once.

use std::collections::BTreeSet;
use std::fs;

use provender_test::{DistFile, Release, left_out};
use serde_json::json;

use super::{TARGET, asks_nothing};
use crate::project::{LOCK, Project, fails, says};
use crate::stored::downloaded;

/// A project with only an sdist, which says that `tool` builds it, and what an old one would be built with.
const BUILT: &str = r#"
[app]
"1.0" = { requires = ["built"] }
[built]
"1.0" = { files = ["sdist"], build-requires = ["tool"] }
[tool]
"2.0" = { requires = ["part"] }
[part]
"1.0" = {}
[setuptools]
"80.0" = {}
[wheel]
"0.40" = {}
"#;

const BUILT_WHEEL: &str = "built-1.0-py3-none-any.whl";

/// A project of [`BUILT`] with its lock.
fn locked() -> Project {
    let project = Project::new(BUILT, "app\n", []);
    project.run(LOCK).exits(0);
    project
}

/// As [`locked`]; nothing, with a word on it, where nothing can be built.
fn buildable(test: &str) -> Option<Project> {
    let project = locked();
    if provender_test::python(&project.sandbox.home()).is_none() {
        left_out(test, "no python3");
        return None;
    }
    Some(project)
}

/// An sdist that is older than `pyproject.toml`. `None` without a `tar`.
fn with_setup_py(project: &Project) -> Option<DistFile> {
    let sandbox = &project.sandbox;
    sandbox.write(
        "old-1.0/setup.py",
        "from setuptools import setup\nsetup(name='old', version='1.0')\n",
    );
    sandbox.write("old-1.0/PKG-INFO", "Metadata-Version: 2.2\nName: old\nVersion: 1.0\n");
    let mut tar = sandbox.command("tar");
    tar.args(["-czf", "old-1.0.tar.gz", "old-1.0"]);
    tar.status().ok().filter(|status| status.success())?;
    let path = sandbox.path("old-1.0.tar.gz");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(path).unwrap();
    fs::remove_dir_all(sandbox.path("old-1.0")).unwrap();
    Some(DistFile { filename: "old-1.0.tar.gz".to_owned(), bytes, core_metadata: None })
}

/// The lines of a lock without the backslashes that join them.
fn lines(lock: &str) -> BTreeSet<String> {
    lock.lines().map(|line| line.trim_end_matches('\\').trim_end().to_owned()).collect()
}

#[test]
fn an_sdist_is_stocked_with_what_its_pyproject_requires() {
    let project = locked();
    project.index.http().forget_requests();
    let run = project.run("stock").exits(0);
    says(&run, &["without a wheel: built==1.0; stocked with what builds it", "--build-wheels"]);
    let app = ["app-1.0-py3-none-any.whl", "built-1.0.tar.gz", "part-1.0-py3-none-any.whl"];
    assert_eq!(downloaded(&project), [&app[..], &["tool-2.0-py3-none-any.whl"]].concat());
    assert_eq!(project.json("stock")["builds"], json!(["built==1.0"]));
    asks_nothing(&project, "stock");
    let run = project.run("stock prune --yes").exits(0);
    assert!(run.stdout.contains("every file in stock is needed"), "{run}");
}

#[test]
fn an_sdist_with_a_setup_py_is_stocked_with_setuptools_and_wheel() {
    let project = Project::new(BUILT, "old\n", []);
    let Some(sdist) = with_setup_py(&project) else {
        return left_out("an_sdist_with_a_setup_py_is_stocked_with_setuptools_and_wheel", "no tar");
    };
    project.index.add(&Release::new("old", "1.0").file(sdist));
    project.run(LOCK).exits(0);
    project.index.http().forget_requests();
    project.run("stock").exits(0);
    let expected =
        ["old-1.0.tar.gz", "setuptools-80.0-py3-none-any.whl", "wheel-0.40-py3-none-any.whl"];
    assert_eq!(downloaded(&project), expected);
    asks_nothing(&project, "stock");
}

#[test]
fn a_builder_that_the_index_does_not_have_is_named() {
    let project = locked();
    project.index.remove("tool", "2.0");
    fails(&project, "stock", 2, &["tool", "not found"]);
}

#[test]
fn a_wheel_is_built_once_and_its_hash_is_added_to_the_lock() {
    let Some(project) = buildable("a_wheel_is_built_once_and_its_hash_is_added_to_the_lock") else {
        return;
    };
    let before = project.sandbox.read("constraints.txt");
    let run = project.run("stock --build-wheels").exits(0);
    says(
        &run,
        &[
            "running the build of built==1.0",
            &format!("built {BUILT_WHEEL}; its hash is in the lock now"),
        ],
    );
    let after = project.sandbox.read("constraints.txt");
    let (before, after) = (lines(&before), lines(&after));
    let added: Vec<_> = after.difference(&before).collect();
    let [hash, built] = &added[..] else { panic!("{added:#?}") };
    let digest = hash.trim().strip_prefix("--hash=").unwrap();
    assert_eq!(**built, format!("# provender: built = built==1.0 {digest}"));
    assert!(before.is_subset(&after), "the notes and hashes of the lock stay\n{after:#?}");
    let run = asks_nothing(&project, "stock --build-wheels");
    assert!(!run.stderr.contains("running the build"), "{run}");
}

#[test]
fn a_lock_with_a_built_wheel_stays_as_it_is() {
    let Some(project) = buildable("a_lock_with_a_built_wheel_stays_as_it_is") else { return };
    project.run("stock --build-wheels").exits(0);
    let lock = project.sandbox.read("constraints.txt");
    for command in ["lock --fix off --check", "lock --fix off", "lock --fix off --upgrade"] {
        let run = project.run(command).exits(0);
        assert_eq!(project.sandbox.read("constraints.txt"), lock, "{command}\n{run}");
    }
    let document = project.json("stock");
    assert_eq!((&document["complete"], &document["diagnostics"]), (&true.into(), &json!([])));
}

#[test]
fn another_store_says_that_it_does_not_have_the_built_wheel_and_takes_the_sdist() {
    let test = "another_store_says_that_it_does_not_have_the_built_wheel_and_takes_the_sdist";
    let Some(project) = buildable(test) else { return };
    project.run("stock --build-wheels").exits(0);
    project.index.http().forget_requests();
    let run = project.run("stock --data-dir elsewhere").exits(0);
    says(&run, &["warning[stock/hash]", "--build-wheels"]);
    assert!(downloaded(&project).contains(&"built-1.0.tar.gz".to_owned()));
    // The same build gives the same wheel there.
    let lock = project.sandbox.read("constraints.txt");
    project.run("stock --data-dir elsewhere --build-wheels").exits(0);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
}

#[test]
fn a_requirements_file_gets_its_wheel_and_no_hash() {
    let Some(project) = buildable("a_requirements_file_gets_its_wheel_and_no_hash") else { return };
    let before = project.files();
    let args = format!("stock requirements.txt {TARGET} --build-wheels");
    let document = project.json(&args);
    assert_eq!(document["built"], json!([BUILT_WHEEL]));
    assert_eq!(document["builds"], json!([]));
    assert_eq!(project.files(), before);
}

#[test]
fn a_lock_that_cannot_hold_a_built_wheel_is_refused_before_anything_is_built() {
    let test = "a_lock_that_cannot_hold_a_built_wheel_is_refused_before_anything_is_built";
    let Some(project) = buildable(test) else { return };
    project.run(&format!("{LOCK} -o pylock.toml")).exits(0);
    let words = ["stock/foreign-lock", "--> pylock.toml", "constraints.txt"];
    let run = fails(&project, "stock pylock.toml --build-wheels", 2, &words);
    assert!(!run.stderr.contains("running the build"), "{run}");
}

#[test]
fn a_build_that_fails_leaves_the_lock_as_it_is() {
    let test = "a_build_that_fails_leaves_the_lock_as_it_is";
    let project = Project::new(BUILT, "app\n", []);
    if provender_test::python(&project.sandbox.home()).is_none() {
        return left_out(test, "no python3");
    }
    let broken = Release::new("built", "1.0").no_wheel();
    project.index.add(&broken.sdist_as(|sdist| sdist.build_fails("no compiler here")));
    project.run(LOCK).exits(0);
    fails(&project, "stock --build-wheels", 2, &["built==1.0", "no compiler here"]);
}
