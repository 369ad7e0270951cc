//! uv's resolver takes the index for one.

use provender_test::{Sandbox, Scenario, left_out, venv_dir};

#[test]
fn uv_locks_from_the_index_and_builds_what_it_must() {
    let Some(venv) = venv_dir() else {
        left_out(
            "uv_locks_from_the_index_and_builds_what_it_must",
            "PROVENDER_TEST_VENV is not set",
        );
        return;
    };
    let index = Scenario::parse(
        r#"
        [app]
        "1.0" = { requires = ["built", "static[x]>=1"], files = ["py3-none-any", "sdist"] }
        "2.0" = { yanked = true }
        [built]
        "1.0" = { files = ["sdist-dynamic"], requires = ["leaf<2"], build-requires = ["tool"] }
        [static]
        "1.0" = { files = ["sdist"], extras = { x = ["leaf"] } }
        [leaf]
        "1.0" = {}
        "2.0" = {}
        [tool]
        "1.0" = {}
        "#,
    )
    .serve();
    let sandbox = Sandbox::new();
    sandbox.write("requirements.in", "app\n");
    let mut uv = sandbox.command(venv.join("bin/uv"));
    uv.args(["pip", "compile", "-q", "--generate-hashes", "--no-annotate", "--no-header"])
        .args(["--no-config", "--python"])
        .arg(venv.join("bin/python"))
        .args(["--default-index", &index.url(), "requirements.in"]);
    let run = sandbox.finish(&mut uv).exits(0);
    let pins: Vec<_> = run
        .stdout
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|l| l.trim_end_matches(" \\"))
        .collect();
    assert_eq!(pins, ["app==1.0", "built==1.0", "leaf==1.0", "static==1.0"], "{run}");
    for (file, hash) in index.hashes("app", "1.0") {
        assert!(run.stdout.contains(&hash), "the hash of {file} is missing in\n{run}");
    }
    assert_eq!(index.http().count("/files/static-1.0.tar.gz"), 1);
    assert_eq!(index.http().count("/files/tool-1.0-py3-none-any.whl.metadata"), 1);
}
