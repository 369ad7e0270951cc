//! A place to run the binary in, away from the machine's own settings.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

use crate::{AdvisoryServer, FakeIndex};

/// A temporary folder with a project, a home and a data directory of its own; removed when dropped. Commands run in the
/// project, with `PATH`, `HOME`, `TMPDIR`, `NO_COLOR` and `PROVENDER_DATA_DIR` as their whole environment.
pub struct Sandbox {
    root: TempDir,
    /// Text and the placeholder that stands for it in what is compared.
    masks: Mutex<Vec<(String, String)>>,
}

impl Sandbox {
    /// An empty project.
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("provender-test-")
            .tempdir()
            .expect("a temporary folder");
        for dir in ["project", "home", "data", "tmp"] {
            fs::create_dir(root.path().join(dir)).expect("a folder in the sandbox");
        }
        let sandbox = Self { masks: Mutex::default(), root };
        // A path may reach the output as it is or with its symbolic links resolved.
        sandbox.mask(&sandbox.root.path().display().to_string(), "[TMP]");
        if let Ok(real) = sandbox.root.path().canonicalize() {
            sandbox.mask(&real.display().to_string(), "[TMP]");
        }
        sandbox
    }

    /// The folder commands run in.
    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// The home of the user.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.project().join(path)
    }

    /// Writes a file of the project, and the folders it needs.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a path in the project"))
            .expect("a folder in the sandbox");
        fs::write(&path, content).expect("a file in the sandbox");
        path
    }

    /// The text of a file of the project. Panics if it is missing.
    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Whether the project has this file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Copies the folder `from` with all it holds into the project.
    pub fn copy_from(&self, from: &Path) {
        copy_dir(from, &self.project());
    }

    /// Shows `text` as `placeholder` in snapshots.
    pub fn mask(&self, text: &str, placeholder: &str) {
        let mut masks = self.masks.lock().expect("no panic while masks are held");
        masks.push((text.to_owned(), placeholder.to_owned()));
        // What contains another mask comes first.
        masks.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    /// Shows the index's address as `[INDEX]`.
    pub fn mask_index(&self, index: &FakeIndex) {
        self.mask(&index.http().base(), "[INDEX]");
        self.mask(&index.http().address().to_string(), "[INDEX]");
    }

    /// Shows the advisory server's address as `[ADVISORIES]`.
    pub fn mask_advisories(&self, server: &AdvisoryServer) {
        self.mask(&server.http().base(), "[ADVISORIES]");
        self.mask(&server.http().address().to_string(), "[ADVISORIES]");
    }

    /// `text` with its placeholders: of the sandbox's paths and of all that was masked.
    pub fn masked(&self, text: &str) -> String {
        let masks = self.masks.lock().expect("no panic while masks are held");
        masks.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// A command in the sandbox, to be given arguments and further environment and then to [`finish`](Self::finish).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("TMPDIR", self.root.path().join("tmp"))
            .env("NO_COLOR", "1")
            .env("PROVENDER_DATA_DIR", self.data_dir())
            .current_dir(self.project())
            .stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Runs `program` with `args`.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Run {
        self.finish(self.command(program).args(args))
    }

    /// Runs a command to its end. Its output has placeholders.
    pub fn finish(&self, command: &mut Command) -> Run {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let text = |bytes: &[u8]| self.masked(&String::from_utf8_lossy(bytes));
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// How a command ended. Displays itself for snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with placeholders.
    pub stdout: String,
    /// Standard error, with placeholders.
    pub stderr: String,
}

impl Run {
    /// Panics with all output if the exit code is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        write!(f, "----- stdout -----\n{}----- stderr -----\n{}", self.stdout, self.stderr)
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder in the sandbox");
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let entry = entry.expect("an entry of a readable folder");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file in the sandbox");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_sees_none_of_the_environment_but_path() {
        let sandbox = Sandbox::new();
        let run = sandbox.run("env", [] as [&str; 0]).exits(0);
        let mut names: Vec<_> =
            run.stdout.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "NO_COLOR", "PATH", "PROVENDER_DATA_DIR", "TMPDIR"]);
    }

    #[test]
    fn output_has_placeholders_for_what_changes() {
        let sandbox = Sandbox::new();
        let index = FakeIndex::start();
        sandbox.mask_index(&index);
        sandbox.write("a/b.txt", index.url());
        let run = sandbox.run("sh", ["-c", "pwd; cat a/b.txt; echo oops >&2; exit 3"]).exits(3);
        assert_eq!(
            run.to_string(),
            "exit code: 3\n----- stdout -----\n[TMP]/project\n[INDEX]/simple/----- stderr -----\noops\n"
        );
    }
}
