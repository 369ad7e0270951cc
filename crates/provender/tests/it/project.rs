//! A project in a sandbox, with an index and an advisory server of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use provender_test::{AdvisoryServer, FakeIndex, OsvRecord, Run, Sandbox, Scenario, osv};
use serde_json::Value;

/// What is set in every project: a fault is told at once instead of after retries.
pub(crate) const SETTINGS: &str = "[network]\nretries = 0\n";

/// A library with a fix of every size, and an application that requires it.
pub(crate) const APP: &str = r#"
[app]
"1.0" = { requires = ["lib"] }
[lib]
"1.0.0" = {}
"1.0.1" = {}
"1.1.0" = {}
"2.0.0" = {}
"#;

pub(crate) struct Project {
    pub(crate) sandbox: Sandbox,
    pub(crate) index: FakeIndex,
    pub(crate) advisories: AdvisoryServer,
}

impl Project {
    /// A project whose index has what the scenario says, whose `requirements.txt` is given, and whose advisory server
    /// publishes `records`.
    pub(crate) fn new(
        scenario: &str,
        requirements: &str,
        records: impl IntoIterator<Item = OsvRecord>,
    ) -> Self {
        let project = Self {
            sandbox: Sandbox::new(),
            index: Scenario::parse(scenario).serve(),
            advisories: AdvisoryServer::start(records),
        };
        project.sandbox.mask_index(&project.index);
        project.sandbox.mask_advisories(&project.advisories);
        project.sandbox.write("requirements.txt", requirements);
        project.sandbox.write("provender.toml", SETTINGS);
        project
    }

    /// Puts more into the settings file.
    pub(crate) fn settings(&self, more: &str) {
        self.sandbox.write("provender.toml", format!("{SETTINGS}{more}"));
    }

    /// A program that is told the index and the advisory server, as the binary is.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(program);
        command
            .env("PROVENDER_INDEX", self.index.url())
            .env("PROVENDER_OSV_URL", self.advisories.http().base());
        command
    }

    /// The binary with arguments that stand between blanks.
    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_provender"));
        command.args(args.split_whitespace());
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, args: &str) -> Run {
        self.sandbox.finish(&mut self.command(args))
    }

    /// Locks for Python 3.11 on Linux, so that the machine's own Python does not matter.
    pub(crate) fn lock(&self, args: &str) -> Run {
        self.run(&format!("lock --python-version 3.11 --platform linux {args}"))
    }

    /// Runs the binary without any Python on `PATH`.
    pub(crate) fn run_without_python(&self, args: &str) -> Run {
        self.sandbox.finish(self.command(args).env("PATH", self.sandbox.home()))
    }

    /// What a run with `--format json` printed.
    pub(crate) fn json(&self, args: &str) -> Value {
        let run = self.run(&format!("{args} --format json"));
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// Every `NAME==VERSION` of the lock.
    pub(crate) fn pins(&self) -> Vec<String> {
        pins(&self.sandbox.read("constraints.txt"))
    }

    /// Makes the advisory data look as if it had been fetched then.
    pub(crate) fn fetched_at(&self, time: &str) {
        let path = self.sandbox.data_dir().join("advisories/state.json");
        let mut state: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for source in state["sources"].as_array_mut().unwrap() {
            source["fetched_at"] = time.into();
        }
        fs::write(&path, state.to_string()).unwrap();
    }

    /// Every file of the project with its bytes: equal before and after means that nothing was written, and that
    /// nothing was left beside it.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_of(&self.sandbox.project())
    }
}

/// Every file below a folder with its bytes.
pub(crate) fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(folder, &mut files);
    files
}

/// Every `NAME==VERSION` at the beginning of a line.
pub(crate) fn pins(lock: &str) -> Vec<String> {
    let lines = lock.lines().filter(|line| !line.starts_with([' ', '#']));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// One clear error: no second one, with something to do about it, and no trace of a panic.
#[track_caller]
pub(crate) fn one_error(run: &Run) {
    assert_eq!(run.stderr.matches("error[").count(), 1, "\n{run}");
    assert!(run.stderr.contains("= hint: "), "\n{run}");
    assert!(!run.stderr.contains("panicked"), "\n{run}");
}

/// Panics unless stderr has all these words.
#[track_caller]
pub(crate) fn says(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.stderr.contains(word), "no `{word}` in\n{run}");
    }
}

/// A lock without audit and for one target, whatever machine this is.
pub(crate) const LOCK: &str = "lock --fix off --python-version 3.11 --platform linux";

/// A lock that must stand as it is after every failure.
pub(crate) const PRESENT: &str = "app==1.0\nlib==1.0.0\n";

/// A project of [`APP`] that is locked already, with one vulnerable pin.
pub(crate) fn library(requirements: &str) -> Project {
    let record = osv("X-1", "lib").introduced("0").fixed("1.0.1");
    let project = Project::new(APP, requirements, [record]);
    project.sandbox.write("constraints.txt", PRESENT);
    project
}

/// Runs a command that must fail with one error, these words and this code, and change no file.
#[track_caller]
pub(crate) fn fails(project: &Project, args: &str, code: i32, words: &[&str]) -> Run {
    let before = project.files();
    let run = project.run(args).exits(code);
    one_error(&run);
    says(&run, words);
    assert_eq!(project.files(), before, "a file changed, or one was left behind\n{run}");
    run
}

fn collect(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
}
