//! A user of a temporary home directory, and programs that run as that user.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use provender_trust::configure::{
    ConfigurableTool, Plan, Scope, ToolVersion, Wanted, apply, plan, rollback,
};
use provender_trust::{Machine, Os};
use tempfile::TempDir;
use url::Url;

pub(crate) struct Desk {
    dir: TempDir,
    pub(crate) wanted: Wanted,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["home", "project"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let wanted = Wanted {
            index: Some(Url::parse("https://index.example/simple/").unwrap()),
            registry: Some(Url::parse("https://npm.example/").unwrap()),
            ca: Some(dir.path().join("our ca #1.pem")),
            full_bundle: Some(dir.path().join("full; bundle.pem")),
            ..Wanted::default()
        };
        let pem = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n";
        for file in [&wanted.ca, &wanted.full_bundle] {
            fs::write(file.as_ref().unwrap(), pem).unwrap();
        }
        Self { dir, wanted }
    }

    pub(crate) fn scope(mut self, scope: Scope) -> Self {
        self.wanted.scope = scope;
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn full_bundle(&self) -> String {
        self.wanted.full_bundle.as_ref().unwrap().display().to_string()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Sets a tool up in the home or project, of the version that the installed one prints.
    pub(crate) fn configure(&mut self, tool: ConfigurableTool, printed: &str) -> Plan {
        self.wanted.version = ToolVersion::parse(printed);
        let mut machine = Machine::new([], self.path("project"));
        machine.os = Os::Linux;
        machine.home = Some(self.path("home"));
        machine.root = self.path("root");
        let made = plan(tool, &machine, &self.wanted).unwrap();
        let backup = tempfile::tempdir().unwrap();
        let journal = apply(&made, backup.path()).unwrap().journal.unwrap();
        rollback(&journal).unwrap();
        apply(&made, backup.path()).unwrap();
        made
    }

    /// What a program prints, run as that user in the project. None, and a word about it, where it is not installed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = Command::new(installed(program)?)
            .args(arguments)
            .current_dir(self.path("project"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("PYENV_ROOT", pyenv_root())
            .env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
            .env("NO_UPDATE_NOTIFIER", "1")
            .env("PDM_CHECK_UPDATE", "0")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{program} {arguments:?}: {out}{err}");
        Some(format!("{out}{err}"))
    }
}

/// Where pyenv's shims look for Python when the home is another.
fn pyenv_root() -> PathBuf {
    match std::env::var_os("PYENV_ROOT") {
        Some(root) => root.into(),
        None => Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".pyenv"),
    }
}

/// The program on PATH; says where there is none.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    if found.is_none() {
        provender_test::left_out(
            &format!("what {program} reads"),
            &format!("no {program} is installed"),
        );
    }
    found
}
