//! From inputs to a lock.

use provender_core::lock::{Via, constraints};
use provender_lock::{DevRequirements, FailureKind, LockFailure, Upgrade};

use crate::project::{Project, pins};

const WEB: &str = r#"
[web]
"1.0" = { requires = ["core<2"], extras = { fast = ["speed"] } }
[core]
"1.0" = {}
"1.5" = {}
"2.0" = {}
[speed]
"3.0" = {}
[pytest]
"8.0" = { requires = ["pluggy"] }
[pluggy]
"1.0" = {}
"#;

fn message(failure: &LockFailure) -> String {
    let diagnostic = &failure.diagnostic;
    let place = diagnostic.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    format!("{place}{}", diagnostic.message)
}

#[test]
fn requirements_are_pinned_with_the_hash_of_every_file() {
    let project = Project::new(WEB, "web\n");
    let outcome = project.lock(&project.request()).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==1.5", "web==1.0"]);
    let hashes: Vec<String> =
        outcome.lock.projects[0].files.iter().map(|file| file.hash.to_string()).collect();
    let expected: Vec<String> = project
        .index
        .hashes("core", "1.5")
        .into_iter()
        .map(|(_, hash)| format!("sha256:{hash}"))
        .collect();
    assert_eq!(hashes, expected);
    assert_eq!(outcome.lock.projects[0].via, [Via::Project("web".parse().unwrap())]);
    assert_eq!(outcome.lock.projects[1].via, [Via::Input("requirements.txt".into())]);
}

#[test]
fn a_second_run_gives_the_same_bytes() {
    let project = Project::new(WEB, "web[fast]\n");
    let first = constraints::render(&project.lock(&project.request()).unwrap().lock);
    let mut request = project.request();
    request.present = Some(constraints::parse(&first).unwrap());
    let second = constraints::render(&project.lock(&request).unwrap().lock);
    assert_eq!(first, second);
    assert!(first.contains("speed==3.0"), "{first}");
}

#[test]
fn a_present_pin_is_kept_until_it_is_given_up() {
    let project = Project::new(WEB, "web\n");
    let mut request = project.request();
    request.present = Some(constraints::parse("core==1.0\nweb==1.0\n").unwrap());
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["core==1.0", "web==1.0"]);
    request.upgrade = Upgrade::Only(["core".parse().unwrap()].into());
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["core==1.5", "web==1.0"]);
}

#[test]
fn the_outputs_own_name_after_c_means_preferences() {
    let project = Project::new(WEB, "-c constraints.txt\ncore\n");
    let outcome = project.lock(&project.request()).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==2.0"]);
}

#[test]
fn another_constraints_file_is_a_limit() {
    let project = Project::new(WEB, "-c limits.txt\ncore\n");
    project.write("limits.txt", "core<1.5\n");
    let outcome = project.lock(&project.request()).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==1.0"]);
    assert_eq!(
        outcome.lock.projects[0].via,
        [Via::Input("requirements.txt".into()), Via::Constraint("limits.txt".into())]
    );
}

#[test]
fn development_requirements_are_left_out_with_what_only_they_need() {
    let project = Project::new(WEB, "core\npytest>=7\n-r requirements-dev.txt\n");
    let mut request = project.request();
    request.exclude_dev = Some(DevRequirements::default());
    let outcome = project.lock(&request).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==2.0"]);
    assert_eq!(outcome.left_out, ["pytest>=7", "requirements-dev.txt"]);
}

#[test]
fn a_pyproject_is_read_with_extras_and_groups() {
    let project = Project::new(WEB, "");
    project.write(
        "pyproject.toml",
        "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"core<2\"]\n[project.optional-dependencies]\nquick = [\"speed\"]\n[dependency-groups]\nqa = [\"pytest\"]\n",
    );
    let mut request = project.request();
    request.inputs = vec![project.path("pyproject.toml")];
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["core==1.5"]);
    request.selection.extras = ["quick".parse().unwrap()].into();
    request.selection.groups = ["qa".parse().unwrap()].into();
    let outcome = project.lock(&request).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==1.5", "pluggy==1.0", "pytest==8.0", "speed==3.0"]);
    assert_eq!(outcome.lock.projects[0].via, [Via::Input("pyproject.toml".into())]);
}

#[test]
fn an_unknown_extra_or_group_is_refused() {
    let project = Project::new(WEB, "");
    project
        .write("pyproject.toml", "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = []\n");
    let mut request = project.request();
    request.inputs = vec![project.path("pyproject.toml")];
    request.selection.extras = ["nope".parse().unwrap()].into();
    assert_eq!(
        message(&project.lock(&request).unwrap_err()),
        "pyproject.toml: pyproject.toml has no extra `nope`"
    );
}

#[test]
fn requirements_that_contradict_each_other_are_no_solution() {
    let project = Project::new(WEB, "web\ncore>=2\n");
    let failure = project.lock(&project.request()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoSolution);
    let cause = failure.diagnostic.causes.join("\n");
    assert!(cause.contains("web") && cause.contains("core<2"), "{cause}");
    assert_eq!(failure.diagnostic.place.unwrap().to_string(), "requirements.txt:2");
}

#[test]
fn a_missing_or_malformed_file_is_named_with_its_line() {
    let project = Project::new(WEB, "web\n-r other.txt\n");
    let failure = project.lock(&project.request()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoAnswer);
    assert_eq!(message(&failure), "requirements.txt:2: other.txt does not exist");
    project.write("other.txt", "core\n\ncore===\n");
    let text = message(&project.lock(&project.request()).unwrap_err());
    assert!(text.starts_with("other.txt:3: "), "{text}");
    project.write("other.txt", "-r requirements.txt\n");
    let text = message(&project.lock(&project.request()).unwrap_err());
    assert_eq!(text, "other.txt:1: requirements.txt includes itself");
}

#[test]
fn a_variable_in_a_file_is_put_in_and_must_be_set() {
    let project = Project::new(WEB, "core ${LIMIT}\n");
    let mut request = project.request();
    let text = message(&project.lock(&request).unwrap_err());
    assert!(text.contains("LIMIT"), "{text}");
    request.variables.insert("LIMIT".into(), "<1.5".into());
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["core==1.0"]);
}

#[test]
fn hashes_that_the_user_gives_limit_the_files() {
    let project = Project::new(WEB, "");
    let (_, hash) = project.index.hashes("speed", "3.0").remove(0);
    project.write("requirements.txt", &format!("speed==3.0 --hash=sha256:{hash}\n"));
    assert_eq!(pins(&project.lock(&project.request()).unwrap().lock), ["speed==3.0"]);
    let other = "0".repeat(64);
    project.write("requirements.txt", &format!("speed==3.0 --hash=sha256:{other}\n"));
    let text = message(&project.lock(&project.request()).unwrap_err());
    assert_eq!(text, "requirements.txt:1: no file of speed==3.0 has a hash that is given for it");
}

#[test]
fn a_universal_lock_has_markers() {
    let scenario = "[a]\n\"1.0\" = { requires = [\"w ; sys_platform == 'win32'\", \"u\"] }\n[w]\n\"1.0\" = {}\n[u]\n\"1.0\" = {}\n";
    let project = Project::new(scenario, "a\n");
    let mut request = project.request();
    request.target.platforms = Some("universal".parse().unwrap());
    let outcome = project.lock(&request).unwrap();
    assert_eq!(pins(&outcome.lock), ["a==1.0", "u==1.0", "w==1.0 ; sys_platform == 'win32'"]);
    request.target.platforms = Some("x86_64-windows".parse().unwrap());
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["a==1.0", "u==1.0", "w==1.0"]);
}

#[test]
fn a_project_may_come_from_one_index_only() {
    let project =
        Project::new("[core]\n\"9.0\" = {}\n[web]\n\"1.0\" = { requires = [\"core\"] }\n", "web\n");
    let private = provender_test::Scenario::parse("[core]\n\"1.0\" = {}\n").serve();
    let mut request = project.request();
    request.indexes.only_for = vec![("core".parse().unwrap(), private.url().parse().unwrap())];
    assert_eq!(pins(&project.lock(&request).unwrap().lock), ["core==1.0", "web==1.0"]);
    assert_eq!(project.index.http().count("/simple/core/"), 0);
}

#[test]
fn pages_without_caching_headers_are_fresh_for_a_while() {
    let project = Project::new(WEB, "web\n");
    project.lock(&project.request()).unwrap();
    let asked = project.index.http().count("/simple/");
    project.lock(&project.request()).unwrap();
    assert_eq!(project.index.http().count("/simple/"), asked);
    let mut request = project.request();
    request.refresh = true;
    project.lock(&request).unwrap();
    assert!(project.index.http().count("/simple/") > asked);
}

#[test]
fn an_sdist_without_static_metadata_needs_a_build() {
    let scenario = "[s]\n\"1.0\" = { files = [\"sdist-dynamic\"] }\n";
    let project = Project::new(scenario, "s\n");
    let failure = project.lock(&project.request()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoAnswer);
    assert_eq!(failure.diagnostic.rule, "lock/needs-build", "{failure:?}");
}

#[test]
fn an_sdist_with_static_metadata_needs_none() {
    let scenario =
        "[s]\n\"1.0\" = { files = [\"sdist\"], requires = [\"core\"] }\n[core]\n\"1.0\" = {}\n";
    let project = Project::new(scenario, "s\n");
    let outcome = project.lock(&project.request()).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==1.0", "s==1.0"]);
    assert!(outcome.built.is_empty());
}

#[test]
fn a_build_is_named_and_its_requirements_are_locked() {
    let scenario = "[s]\n\"1.0\" = { files = [\"sdist-dynamic\"], build-requires = [\"tool\"] }\n[tool]\n\"2.0\" = {}\n";
    let project = Project::new(scenario, "s\n");
    if provender_test::python(project.folder.path()).is_none() {
        provender_test::left_out("a_build_is_named_and_its_requirements_are_locked", "no python3");
        return;
    }
    let mut request = project.request();
    request.builds = true;
    let outcome = project.lock(&request).unwrap();
    assert_eq!(outcome.built, ["s==1.0"]);
    let build: Vec<String> = outcome.lock.build.iter().map(constraints::requirement).collect();
    assert_eq!(build, ["tool==2.0"]);
    assert_eq!(outcome.lock.build[0].files.len(), 1);
    // A build that has to be done again installs what is locked, or nothing.
    let mut again = project.request();
    again.builds = true;
    again.cache_dir = project.path("another-cache");
    let mut changed = outcome.lock.clone();
    changed.build[0].files[0].hash = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    again.present = Some(changed);
    let failure = project.lock(&again).unwrap_err();
    assert_eq!(failure.diagnostic.rule, "lock/hash-mismatch", "{failure:?}");
    // Now the metadata is remembered: no code runs, and the lock says the same.
    let again = project.lock(&request).unwrap();
    assert!(again.built.is_empty());
    assert_eq!(constraints::render(&again.lock), constraints::render(&outcome.lock));
}

#[test]
fn what_builds_here_and_not_on_the_locks_python_is_not_locked() {
    let scenario = "[s]\n\"1.0\" = { files = [\"sdist-dynamic\"], build-requires = [\"tool\"] }\n[tool]\n\"2.0\" = { requires-python = \">=3.7\" }\n";
    let project = Project::new(scenario, "s\n");
    if provender_test::python(project.folder.path()).is_none() {
        provender_test::left_out("what_builds_here_and_not_on_the_locks_python", "no python3");
        return;
    }
    let mut request = project.request();
    request.builds = true;
    request.target.python = Some("3.6".parse().unwrap());
    let outcome = project.lock(&request).unwrap();
    assert_eq!(outcome.built, ["s==1.0"]);
    assert!(outcome.lock.build.is_empty(), "{:?}", outcome.lock.build);
}

#[test]
fn a_bare_path_is_refused_with_what_to_write() {
    let project = Project::new(WEB, "");
    for line in ["./lib-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl", "./src", "lib @ ./lib"] {
        project.write("requirements.txt", &format!("web\n{line}\n"));
        let failure = project.lock(&project.request()).unwrap_err();
        assert_eq!(failure.diagnostic.rule, "lock/input-path", "{line}: {failure:?}");
        assert_eq!(failure.diagnostic.place.unwrap().line, Some(2));
    }
}

#[test]
fn an_editable_project_is_locked_by_its_own_name() {
    let project = Project::new(WEB, "-e ./folder\n");
    project.write(
        "folder/pyproject.toml",
        "[project]\nname = \"its-own-name\"\nversion = \"1\"\ndependencies = [\"core<2\"]\n",
    );
    let outcome = project.lock(&project.request()).unwrap();
    assert_eq!(pins(&outcome.lock), ["core==1.5", "-e ./folder"]);
    assert_eq!(outcome.lock.projects[1].name.as_str(), "its-own-name");
}

#[test]
fn a_file_at_an_address_is_locked_with_its_hash() {
    let project = Project::new(WEB, "");
    let (filename, hash) = project.index.hashes("core", "1.0").remove(0);
    let base = project.index.http().base();
    project.write("requirements.txt", &format!("core @ {base}/files/{filename}\n"));
    let lock = project.lock(&project.request()).unwrap().lock;
    assert_eq!(pins(&lock), [format!("core @ {base}/files/{filename}")]);
    assert_eq!(lock.projects[0].files[0].hash.to_string(), format!("sha256:{hash}"));
}

#[test]
fn a_malformed_dependency_of_a_pyproject_is_named_with_its_line() {
    let project = Project::new(WEB, "");
    project.write(
        "pyproject.toml",
        "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\n  \"core\",\n  \"x=1\",\n]\n",
    );
    let mut request = project.request();
    request.inputs = vec![project.path("pyproject.toml")];
    let failure = project.lock(&request).unwrap_err();
    assert_eq!(failure.diagnostic.rule, "lock/input-malformed", "{failure:?}");
    assert_eq!(failure.diagnostic.place.unwrap().to_string(), "pyproject.toml:6");
}

#[test]
fn the_locks_own_place_is_no_input() {
    let project = Project::new(WEB, "web\n-r constraints.txt\n");
    let failure = project.lock(&project.request()).unwrap_err();
    assert_eq!(failure.diagnostic.rule, "lock/output-is-input", "{failure:?}");
    let mut request = project.request();
    request.output = Some(project.path("requirements.txt"));
    assert_eq!(project.lock(&request).unwrap_err().diagnostic.rule, "lock/output-is-input");
}

#[test]
fn a_lock_of_nothing_but_development_requirements_is_refused() {
    let project = Project::new(WEB, "");
    project.write("requirements-dev.txt", "pytest\n");
    let mut request = project.request();
    request.inputs = vec![project.path("requirements-dev.txt")];
    request.exclude_dev = Some(DevRequirements::default());
    assert_eq!(project.lock(&request).unwrap_err().diagnostic.rule, "lock/all-left-out");
}

#[test]
fn a_pyproject_that_only_configures_tools_is_refused() {
    let project = Project::new(WEB, "");
    project.write("pyproject.toml", "[tool.black]\nline-length = 100\n");
    let mut request = project.request();
    request.inputs = vec![project.path("pyproject.toml")];
    assert_eq!(project.lock(&request).unwrap_err().diagnostic.rule, "lock/no-project");
}

#[test]
fn a_hash_that_is_given_for_an_address_is_checked() {
    let project = Project::new(WEB, "");
    let (filename, _) = project.index.hashes("core", "1.0").remove(0);
    let base = project.index.http().base();
    let wrong = "0".repeat(64);
    project.write(
        "requirements.txt",
        &format!("core @ {base}/files/{filename} --hash=sha256:{wrong}\n"),
    );
    let failure = project.lock(&project.request()).unwrap_err();
    assert_eq!(failure.diagnostic.rule, "lock/hash-mismatch", "{failure:?}");
}

#[test]
fn a_secret_in_an_address_stays_out_of_the_lock() {
    let project = Project::new(WEB, "");
    let (filename, _) = project.index.hashes("core", "1.0").remove(0);
    let base = project.index.http().base().replace("http://", "http://ann:${TOKEN}@");
    project.write("requirements.txt", &format!("core @ {base}/files/{filename}\n"));
    let mut request = project.request();
    request.variables.insert("TOKEN".into(), "s3cret".into());
    let lock = project.lock(&request).unwrap().lock;
    let written = constraints::render(&lock) + &provender_core::lock::pylock::render(&lock);
    assert!(written.contains(&filename) && !written.contains("s3cret"), "{written}");
}
