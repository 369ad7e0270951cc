//! The user's machine as data: its environment, its folders and where its tools are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Setting;

/// The family of operating systems, as far as tools keep their configuration in other places on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux, and what follows the XDG base directory specification.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Os {
    /// The one that this program was built for.
    pub fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// How many random letters and digits the name of a scratch folder has.
const SCRATCH_RANDOM: usize = 16;

/// What tools see of the machine they run on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The environment. Tools that are asked get exactly these variables.
    pub variables: BTreeMap<String, String>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// The working directory: where tools begin to look for a project's settings.
    pub directory: PathBuf,
    /// The operating system.
    pub os: Os,
    /// Below what the system's configuration lies: `/`, another in tests and for mounted images.
    pub root: PathBuf,
    /// The Python whose libraries (pip, requests, httpx) are meant: that of the project's environment. Without one it
    /// is the first `python3` or `python` on `PATH`.
    pub python: Option<PathBuf>,
    /// The folder below which asked tools get their own, empty ones; none for the system's temporary folder. Tools
    /// look upwards for settings, so that nobody else should be able to write above it.
    pub scratch: Option<PathBuf>,
}

impl Machine {
    /// A machine with this environment and working directory; home, system and root are what they imply.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        directory: impl Into<PathBuf>,
    ) -> Self {
        let mut machine = Self {
            variables: variables.into_iter().collect(),
            home: None,
            directory: directory.into(),
            os: Os::current(),
            root: PathBuf::from("/"),
            python: None,
            scratch: None,
        };
        let home = if machine.os == Os::Windows { "USERPROFILE" } else { "HOME" };
        machine.home = machine.set(home).map(PathBuf::from);
        machine
    }

    /// A new folder that goes when the value is dropped. Its name cannot be guessed.
    pub(crate) fn scratch_folder(&self) -> std::io::Result<TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.rand_bytes(SCRATCH_RANDOM);
        match &self.scratch {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        }
    }

    /// The value of a variable, if it is there; an empty one counts. Windows does not tell cases apart.
    pub fn variable(&self, name: &str) -> Option<&str> {
        match self.variables.get(name) {
            None if self.os == Os::Windows => self
                .variables
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str()),
            value => value.map(String::as_str),
        }
    }

    /// The value of a variable, if it is there and not empty: what most tools call set.
    pub fn set(&self, name: &str) -> Option<&str> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The file that forgets what is written to it.
    pub(crate) fn null_device(&self) -> &'static str {
        if self.os == Os::Windows { "NUL" } else { "/dev/null" }
    }

    /// The first of these variables that is set, with its name.
    pub fn first_set<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|&name| Some((name, self.set(name)?)))
    }

    /// A path as a tool started in the working directory understands it: relative to that directory, with a leading
    /// `~` for the home directory.
    pub fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(text),
        }
    }

    /// A path below the home directory.
    pub fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// A path of the system, given as it is on a machine whose root is `/`.
    pub fn system_path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Where the user's configuration lies: `$XDG_CONFIG_HOME` or `~/.config`; on Windows `%APPDATA%`. On macOS it is
    /// `~/.config` too for the tools that ask for this; others ask for [`application_support`](Self::application_support).
    pub fn config_dir(&self) -> Option<PathBuf> {
        if self.os == Os::Windows {
            return self.set("APPDATA").map(PathBuf::from);
        }
        match self.set("XDG_CONFIG_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute()) {
            Some(dir) => Some(dir),
            None => self.in_home(".config"),
        }
    }

    /// Where macOS programs keep the user's configuration, `~/Library/Application Support`; elsewhere the same as
    /// [`config_dir`](Self::config_dir).
    pub fn application_support(&self) -> Option<PathBuf> {
        match self.os {
            Os::MacOs => self.in_home("Library/Application Support"),
            Os::Linux | Os::Windows => self.config_dir(),
        }
    }

    /// Where configuration for all users lies, the most important first: `$XDG_CONFIG_DIRS` or `/etc/xdg`; on macOS
    /// `/Library/Application Support`; on Windows `%PROGRAMDATA%`.
    pub fn system_config_dirs(&self) -> Vec<PathBuf> {
        match self.os {
            Os::Linux => match self.set("XDG_CONFIG_DIRS") {
                Some(dirs) => {
                    dirs.split(':').filter(|d| !d.is_empty()).map(PathBuf::from).collect()
                }
                None => vec![self.system_path("/etc/xdg")],
            },
            Os::MacOs => vec![self.system_path("/Library/Application Support")],
            Os::Windows => self.set("PROGRAMDATA").map(PathBuf::from).into_iter().collect(),
        }
    }

    /// The program that this name means: the first on `PATH` that may be run, with the endings of `PATHEXT` on
    /// Windows.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.set("PATH")?;
        let separator = if self.os == Os::Windows { ';' } else { ':' };
        let endings: Vec<String> = match self.os {
            Os::Windows => self
                .set("PATHEXT")
                .unwrap_or(".COM;.EXE;.BAT;.CMD")
                .split(';')
                .map(str::to_lowercase)
                .collect(),
            Os::Linux | Os::MacOs => vec![String::new()],
        };
        path.split(separator)
            .filter(|dir| !dir.is_empty())
            .map(|dir| self.directory.join(dir))
            .flat_map(|dir| {
                endings.iter().map(move |e| dir.join(format!("{name}{e}"))).collect::<Vec<_>>()
            })
            .find(|candidate| is_program(candidate))
    }

    /// The Python that is meant by [`python`](Self::python).
    pub fn python(&self) -> Option<PathBuf> {
        match &self.python {
            Some(python) => Some(python.clone()),
            None => self.program("python3").or_else(|| self.program("python")),
        }
    }

    /// The working directory and those above it, the innermost first.
    pub fn directories_upwards(&self) -> impl Iterator<Item = &Path> {
        self.directory.ancestors().filter(|dir| !dir.as_os_str().is_empty())
    }

    /// The machine as it would be with these settings, as far as they are variables.
    #[must_use]
    pub fn with(&self, settings: &[Setting]) -> Self {
        let mut machine = self.clone();
        for setting in settings {
            match setting {
                Setting::Variable { name, value } => {
                    machine.variables.insert(name.clone(), value.clone());
                }
                Setting::Unset { name } => {
                    machine.variables.remove(name);
                }
                Setting::Line { .. }
                | Setting::Copy { .. }
                | Setting::Run { .. }
                | Setting::Remove { .. } => {}
            }
        }
        machine
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(variables: &[(&str, &str)]) -> Machine {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let mut machine = Machine::new(variables, "/home/ann/project");
        machine.os = Os::Linux;
        machine.home = Some(PathBuf::from("/home/ann"));
        machine
    }

    #[test]
    fn an_empty_variable_is_there_but_not_set() {
        let machine = machine(&[("PIP_CERT", "")]);
        assert_eq!(machine.variable("PIP_CERT"), Some(""));
        assert_eq!(machine.set("PIP_CERT"), None);
    }

    #[test]
    fn windows_finds_a_variable_in_any_case() {
        let mut machine = machine(&[("Path", "x")]);
        assert_eq!(machine.variable("PATH"), None);
        machine.os = Os::Windows;
        assert_eq!(machine.variable("PATH"), Some("x"));
    }

    #[test]
    fn xdg_moves_the_configuration_of_the_user_and_of_the_system() {
        let plain = machine(&[]);
        assert_eq!(plain.config_dir(), Some(PathBuf::from("/home/ann/.config")));
        assert_eq!(plain.system_config_dirs(), [PathBuf::from("/etc/xdg")]);
        let moved = machine(&[("XDG_CONFIG_HOME", "/c"), ("XDG_CONFIG_DIRS", "/a:/b")]);
        assert_eq!(moved.config_dir(), Some(PathBuf::from("/c")));
        assert_eq!(moved.system_config_dirs(), [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn settings_change_the_variables_of_a_copy() {
        let before = machine(&[("A", "1"), ("B", "2")]);
        let after = before.with(&[
            Setting::Variable { name: "A".to_owned(), value: "3".to_owned() },
            Setting::Unset { name: "B".to_owned() },
        ]);
        assert_eq!((after.set("A"), after.set("B")), (Some("3"), None));
        assert_eq!(before.set("B"), Some("2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_a_file_on_path_that_may_be_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tool"), "").unwrap();
        let machine = machine(&[("PATH", dir.path().to_str().unwrap())]);
        assert_eq!(machine.program("tool"), None);
        let runnable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path().join("tool"), runnable).unwrap();
        assert_eq!(machine.program("tool"), Some(dir.path().join("tool")));
    }

    #[test]
    fn scratch_folders_lie_where_they_shall() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = machine(&[]);
        machine.scratch = Some(dir.path().to_owned());
        let scratch = machine.scratch_folder().unwrap();
        assert_eq!(scratch.path().parent(), Some(dir.path()));
    }
}
