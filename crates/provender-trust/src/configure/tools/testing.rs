//! A machine in a temporary folder, set up and taken back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::{
    ConfigurableTool, ConfigureError, Plan, Scope, ToolVersion, Wanted, apply, rollback,
};
use crate::{Machine, Os};

/// A certificate as far as the editors look: any bytes in the frame of one.
pub(super) const CA: &str = "-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n";

pub(super) struct Desk {
    dir: tempfile::TempDir,
    tool: ConfigurableTool,
    pub(super) machine: Machine,
    pub(super) wanted: Wanted,
}

impl Desk {
    /// A Linux machine with folders `home`, `project` and `root`, an index, an authority and a full bundle.
    pub(super) fn new(tool: ConfigurableTool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["home", "project", "root"] {
            fs::create_dir(at(folder)).unwrap();
        }
        fs::write(at("ca.pem"), CA).unwrap();
        let other = CA.replace("b3Vycw==", "dGhlaXJz");
        fs::write(at("full.pem"), format!("{CA}{other}")).unwrap();
        let mut machine = Machine::new([], at("project"));
        machine.os = Os::Linux;
        machine.home = Some(at("home"));
        machine.root = at("root");
        let wanted = Wanted {
            index: Some(url::Url::parse("https://index.example/simple/").unwrap()),
            ca: Some(at("ca.pem")),
            full_bundle: Some(at("full.pem")),
            ..Wanted::default()
        };
        Self { dir, tool, machine, wanted }
    }

    pub(super) fn scope(mut self, scope: Scope) -> Self {
        self.wanted.scope = scope;
        self
    }

    pub(super) fn registry(mut self, url: &str) -> Self {
        self.wanted.registry = Some(url::Url::parse(url).unwrap());
        self
    }

    pub(super) fn version(mut self, printed: &str) -> Self {
        self.wanted.version = ToolVersion::parse(printed);
        self
    }

    pub(super) fn without_full_bundle(mut self) -> Self {
        self.wanted.full_bundle = None;
        self
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.machine.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(super) fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// What a file holds, with `$D` for the folder of it all.
    pub(super) fn text(&self, path: &str) -> String {
        let text =
            fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        text.replace(self.dir.path().to_str().unwrap(), "$D")
    }

    pub(super) fn plan(&self) -> Result<Plan, ConfigureError> {
        super::plan(self.tool, &self.machine, &self.wanted)
    }

    /// Sets the tool up, after proving that it can be taken back byte for byte and that doing it twice changes
    /// nothing. Gives the notes, one a line.
    pub(super) fn configure(&self) -> String {
        let before = self.files();
        let plan = self.plan().unwrap();
        let backup = tempfile::tempdir().unwrap();
        let applied = apply(&plan, backup.path()).unwrap();
        let again = self.plan().unwrap();
        assert!(again.is_empty(), "not idempotent:\n{}", again.diff());
        rollback(&applied.journal.expect("something was written")).unwrap();
        assert_eq!(self.files(), before, "not taken back");
        apply(&plan, backup.path()).unwrap();
        plan.notes.join("\n").replace(self.dir.path().to_str().unwrap(), "$D")
    }

    fn files(&self) -> BTreeMap<PathBuf, String> {
        fn walk(dir: &Path, into: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    into.insert(path.clone(), String::new());
                    walk(&path, into);
                } else {
                    into.insert(path.clone(), fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(self.dir.path(), &mut files);
        files
    }
}
