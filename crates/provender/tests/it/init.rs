//! `provender init`: the files of a project that has none, and what it leaves alone.

use std::collections::BTreeMap;
use std::process::Command;

use provender_test::{Run, Sandbox, left_out};
use serde_json::Value;

use crate::project::{files_of, one_error, says};

const FILES: [&str; 4] = ["provender.toml", ".gitignore", ".env.example", "Makefile"];

/// A service with requirements, a Python version and settings.
fn service() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "flask\n");
    sandbox.write("requirements-dev.txt", "pytest\n");
    sandbox.write(".python-version", "3.11\n");
    let main = "import os\n\
                DATABASE = os.environ.get('DATABASE_URL', 'postgresql://ann:s3cret@db/app')\n\
                PASSWORD = os.getenv('ADMIN_PASSWORD', 's3cret')\n\
                PORT = int(os.environ.get('PORT', '8000'))\n\
                ORIGIN = os.environ['ORIGIN']\n";
    sandbox.write("app/main.py", main);
    sandbox.write("tests/test_main.py", "import os\nos.environ['ONLY_IN_TESTS']\n");
    sandbox
}

fn provender(sandbox: &Sandbox, args: &str) -> Run {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    sandbox.finish(command.args(args.split_whitespace()))
}

fn files(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    files_of(&sandbox.project())
}

/// The state that a line of the output tells of each file.
fn states(run: &Run) -> Vec<(String, String)> {
    let lines = run.stdout.lines().take_while(|line| !line.is_empty());
    lines
        .map(|line| {
            let (state, rest) = line.split_once("  ").unwrap();
            (rest.split_whitespace().next().unwrap().to_owned(), state.to_owned())
        })
        .collect()
}

fn all(state: &str) -> Vec<(String, String)> {
    FILES.map(|file| (file.to_owned(), state.to_owned())).to_vec()
}

#[test]
fn a_project_that_has_none_gets_its_files_and_is_told_the_next_command() {
    let sandbox = service();
    let run = provender(&sandbox, "init").exits(0);
    assert_eq!(states(&run), all("written"), "{run}");
    assert!(run.stdout.ends_with("\nnext: `provender secure`\n"), "{run}");
    assert_eq!(run.stderr, "");

    let settings: toml::Table = sandbox.read("provender.toml").parse().unwrap();
    assert_eq!(
        settings["lock"]["inputs"].as_array().unwrap()[0].as_str(),
        Some("requirements.txt")
    );
    assert_eq!(settings["lock"]["python-version"].as_str(), Some("3.11"));
    assert!(sandbox.read("provender.toml").contains("not locked: requirements-dev.txt"));
    assert_eq!(sandbox.read(".gitignore"), "# provender\nprovender-reports/\n.env\n.provender-*\n");
    provender(&sandbox, "waiver list").exits(0);
}

#[test]
fn a_second_run_changes_nothing() {
    let sandbox = service();
    provender(&sandbox, "init").exits(0);
    let before = files(&sandbox);
    for args in ["init", "init --force"] {
        let run = provender(&sandbox, args).exits(0);
        assert_eq!(states(&run), all("kept"), "{run}");
        assert_eq!(files(&sandbox), before);
    }
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let sandbox = service();
    sandbox.write(".gitignore", "*.pyc\n");
    sandbox.write("Makefile", "all:\n");
    let before = files(&sandbox);
    let run = provender(&sandbox, "init --dry-run --force").exits(0);
    let told: Vec<_> = run.stdout.lines().take(4).collect();
    for (line, state) in
        told.iter().zip(["would write", "would extend", "would write", "would replace"])
    {
        assert!(line.starts_with(state), "{run}");
    }
    assert_eq!(files(&sandbox), before);
}

#[test]
fn what_is_there_stays_unless_it_is_forced() {
    let sandbox = service();
    for file in ["provender.toml", ".env.example", "Makefile"] {
        sandbox.write(file, "# mine\n");
    }
    let run = provender(&sandbox, "init").exits(0);
    assert_eq!(states(&run)[0], ("provender.toml".to_owned(), "kept".to_owned()), "{run}");
    assert!(run.stdout.contains("--force"), "{run}");
    for file in ["provender.toml", ".env.example", "Makefile"] {
        assert_eq!(sandbox.read(file), "# mine\n");
    }
    let run = provender(&sandbox, "init --force").exits(0);
    let states = states(&run);
    for (file, state) in states.iter().filter(|(file, _)| file != ".gitignore") {
        assert_eq!(state, "replaced", "{file}\n{run}");
        assert_ne!(sandbox.read(file), "# mine\n");
    }
    assert_eq!(states[1].1, "kept", "a .gitignore is never replaced\n{run}");
}

#[test]
fn a_makefile_by_any_of_its_names_is_the_makefile() {
    for name in ["GNUmakefile", "makefile"] {
        let sandbox = service();
        sandbox.write(name, "all:\n");
        let run = provender(&sandbox, "init").exits(0);
        assert_eq!(states(&run)[3], (name.to_owned(), "kept".to_owned()), "{run}");
        assert_eq!(sandbox.read(name), "all:\n");
    }
}

#[test]
fn ignored_lines_are_added_and_the_others_stay() {
    let sandbox = service();
    sandbox.write(".gitignore", "*.pyc\n/.env");
    let run = provender(&sandbox, "init").exits(0);
    assert_eq!(states(&run)[1].1, "extended", "{run}");
    assert_eq!(
        sandbox.read(".gitignore"),
        "*.pyc\n/.env\n\n# provender\nprovender-reports/\n.provender-*\n"
    );
}

#[test]
fn settings_that_the_service_reads_are_shown_without_secrets() {
    let sandbox = service();
    provender(&sandbox, "init").exits(0);
    let example = sandbox.read(".env.example");
    let lines: Vec<_> = example.lines().skip_while(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "",
            "# app/main.py",
            "DATABASE_URL=postgresql://ann:****@db/app",
            "#ADMIN_PASSWORD=",
            "PORT=8000",
            "ORIGIN=",
        ]
    );
    for (path, bytes) in files(&sandbox) {
        let holds = String::from_utf8_lossy(&bytes).contains("s3cret");
        assert!(!holds || path.ends_with("main.py"), "{path}");
    }
}

#[test]
fn a_project_without_settings_gets_no_example_and_one_without_requirements_is_told() {
    let sandbox = Sandbox::new();
    let run = provender(&sandbox, "init").exits(0);
    assert_eq!(states(&run)[2].1, "not needed", "{run}");
    assert!(!sandbox.has(".env.example"));
    assert!(
        run.stdout.contains("next: write what the project needs into requirements.in"),
        "{run}"
    );
    let settings: toml::Table = sandbox.read("provender.toml").parse().unwrap();
    assert!(settings["lock"].get("inputs").is_none());
}

#[test]
fn a_pyproject_says_inputs_and_python() {
    let sandbox = Sandbox::new();
    sandbox.write("a b/pyproject.toml", "[project]\nname = 'a'\nrequires-python = '>=3.10,<4'\n");
    sandbox.write("a b/requirements.txt", "flask\n");
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    let run = sandbox.finish(command.args(["init", "a b"])).exits(0);
    assert!(run.stdout.contains("next: `provender secure 'a b'`"), "{run}");
    let settings: toml::Table = sandbox.read("a b/provender.toml").parse().unwrap();
    assert_eq!(settings["lock"]["inputs"].as_array().unwrap()[0].as_str(), Some("pyproject.toml"));
    assert_eq!(settings["lock"]["python-version"].as_str(), Some("3.10"));
}

#[test]
fn settings_above_that_hold_no_longer_are_told() {
    let sandbox = service();
    provender(&sandbox, "init").exits(0);
    let run = provender(&sandbox, "init app").exits(0);
    says(&run, &["note[init/settings-above]", "provender.toml holds here no longer"]);
    let run = provender(&sandbox, "init app").exits(0);
    assert_eq!(run.stderr, "", "it is told once, when the file is written");
}

#[test]
fn the_document_says_what_became_of_each_file() {
    let sandbox = service();
    let run = provender(&sandbox, "init --format json").exits(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "provender.init/1");
    assert_eq!(document["dry_run"], false);
    assert_eq!(document["inputs"], serde_json::json!(["requirements.txt"]));
    assert_eq!(document["python_version"], "3.11");
    let names = ["DATABASE_URL", "ADMIN_PASSWORD", "PORT", "ORIGIN"];
    assert_eq!(document["variables"], serde_json::json!(names));
    let files = document["files"].as_array().unwrap();
    assert_eq!(files.iter().map(|file| &file["path"]).collect::<Vec<_>>(), FILES);
    assert!(files.iter().all(|file| file["state"] == "written"), "{run}");
    assert_eq!(document["next"], serde_json::json!(["`provender secure`"]));
}

#[test]
fn nothing_is_written_where_one_file_cannot_be() {
    let sandbox = service();
    std::fs::create_dir(sandbox.path("Makefile")).unwrap();
    let before = files(&sandbox);
    let run = provender(&sandbox, "init").exits(2);
    one_error(&run);
    says(&run, &["error[init/unreadable]", "--> Makefile"]);
    assert_eq!(files(&sandbox), before);

    let run = provender(&sandbox, "init nowhere").exits(2);
    one_error(&run);
    says(&run, &["error[init/no-folder]", "--> nowhere"]);
    assert!(!sandbox.has("nowhere"));
}

#[test]
fn the_makefile_lists_its_targets_and_runs_the_binary() {
    if Command::new("make").arg("--version").output().is_err() {
        left_out("the_makefile_lists_its_targets_and_runs_the_binary", "no make");
        return;
    }
    let sandbox = service();
    provender(&sandbox, "init").exits(0);
    let run = sandbox.run("make", [] as [&str; 0]).exits(0);
    for target in ["lock", "audit", "stock", "serve", "check", "secure", "help"] {
        assert!(run.stdout.lines().any(|line| line.starts_with(target)), "{target}\n{run}");
        let run = sandbox.run("make", ["-n", target]).exits(0);
        let command = format!("provender {target}");
        assert!(target == "help" || run.stdout.trim() == command, "{run}");
    }
}
