//! Real pip takes the index for one.

use std::path::Path;
use std::process::Command;

use provender_test::{FakeIndex, Fault, Release, Sandbox, Scenario, left_out};

fn scenario() -> FakeIndex {
    Scenario::parse(
        r#"
        [first]
        "1.0" = { requires = ["second<2"] }
        "1.1" = { yanked = "broken" }
        "3.0" = { requires-python = ">=99" }
        [second]
        "1.5" = { files = ["py3-none-any", "sdist"] }
        "2.0" = {}
        [built]
        "1.0" = { files = ["sdist-dynamic"], requires = ["second"] }
        "#,
    )
    .serve()
}

/// `pip install` into `TARGET` of the sandbox, or `None` after saying why not.
fn pip_install(test: &str, sandbox: &Sandbox, index: &FakeIndex, args: &[&str]) -> Option<Command> {
    let Some(mut pip) = provender_test::pip(&sandbox.home()) else {
        left_out(test, "no python3 with pip on PATH");
        return None;
    };
    pip.args(["install", "--quiet", "--index-url", &index.url(), "--target"])
        .arg(sandbox.path("target"))
        .args(args);
    Some(pip)
}

fn installed(sandbox: &Sandbox) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(sandbox.path("target")) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".dist-info"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn pip_installs_with_what_is_required() {
    for json in [true, false] {
        let (sandbox, index) = (Sandbox::new(), scenario());
        index.set_json(json);
        let test = "pip_installs_with_what_is_required";
        let Some(mut pip) = pip_install(test, &sandbox, &index, &["first"]) else { return };
        sandbox.finish(&mut pip).exits(0);
        assert_eq!(installed(&sandbox), ["first-1.0.dist-info", "second-1.5.dist-info"]);
    }
}

#[test]
fn pip_builds_an_sdist_by_its_own_backend() {
    let (sandbox, index) = (Sandbox::new(), scenario());
    let trace = sandbox.path("trace");
    index.add(
        &Release::new("built", "1.0").no_wheel().sdist_as(|sdist| sdist.dynamic().trace(&trace)),
    );
    let test = "pip_builds_an_sdist_by_its_own_backend";
    let Some(mut pip) = pip_install(test, &sandbox, &index, &["built"]) else { return };
    sandbox.finish(&mut pip).exits(0);
    assert_eq!(installed(&sandbox), ["built-1.0.dist-info"]);
    assert!(sandbox.read("trace").contains("build_wheel built-1.0"));
}

#[test]
fn pip_accepts_the_hashes_and_refuses_wrong_bytes() {
    let (sandbox, index) = (Sandbox::new(), scenario());
    let lines: String = [("first", "1.0"), ("second", "1.5")]
        .iter()
        .map(|(project, version)| {
            let hashes: String = index
                .hashes(project, version)
                .iter()
                .map(|(_, hash)| format!(" --hash=sha256:{hash}"))
                .collect();
            format!("{project}=={version}{hashes}\n")
        })
        .collect();
    let file = sandbox.write("constraints.txt", lines);
    let args = ["--require-hashes", "-r", path(&file)];
    let test = "pip_accepts_the_hashes_and_refuses_wrong_bytes";

    let Some(mut pip) = pip_install(test, &sandbox, &index, &args) else { return };
    sandbox.finish(&mut pip).exits(0);

    index.http().fail("/files/second-1.5-py3-none-any.whl", Fault::WrongBytes);
    let other = Sandbox::new();
    let Some(mut pip) = pip_install(test, &other, &index, &args) else { return };
    let run = other.finish(&mut pip).exits(1);
    assert!(run.stderr.contains("DO NOT MATCH THE HASHES"), "{run}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
