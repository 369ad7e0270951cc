//! The Pythons of this machine: what they are, and which of them can prove a lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use provender_core::{Platform, Platforms, PythonVersion, Target};
use serde::Deserialize;

use super::child;
use super::platform::{runs_here, two_numbers};
use super::workshop::Workshop;

/// How long an interpreter may take to say what it is.
const WITHIN: Duration = Duration::from_secs(20);

/// How many are asked at once.
const AT_ONCE: usize = 4;

const WHAT_IS_IT: &str = "
import importlib.util, json, os, sys, sysconfig
try:
    libc = os.confstr('CS_GNU_LIBC_VERSION') or ''
except (AttributeError, OSError, ValueError):
    libc = ''
print(json.dumps({
    'executable': sys.executable,
    'version': list(sys.version_info[:3]),
    'implementation': sys.implementation.name,
    'free_threaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED')),
    'platform': sysconfig.get_platform(),
    'libc': libc,
    'venv': all(importlib.util.find_spec(name) for name in ('venv', 'ensurepip')),
}))
";

/// A Python that starts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Interpreter {
    pub(super) executable: PathBuf,
    version: (u8, u8, u8),
    implementation: String,
    free_threaded: bool,
    /// As `sysconfig.get_platform` has it.
    pub(super) platform: String,
    /// `glibc 2.36`; empty where it is another.
    libc: String,
    /// Whether it can make a virtual environment with pip in it.
    venv: bool,
}

impl Interpreter {
    /// The version of its glibc; none on anything else.
    pub(super) fn glibc(&self) -> Option<(u16, u16)> {
        two_numbers(self.libc.strip_prefix("glibc ")?)
    }

    /// `3.11.7`.
    pub(super) fn version(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    /// Whether it is of the minor version of that Python.
    pub(super) fn is_minor(&self, python: PythonVersion) -> bool {
        (self.version.0, self.version.1) == (python.major, python.minor)
    }

    /// Whether a lock for this target installs here as it does there.
    fn is_for(&self, target: Option<&Target>) -> bool {
        let Some(Target { python, platforms }) = target else { return true };
        let version = (self.version.0, self.version.1);
        match platforms {
            Platforms::Universal => version >= (python.major, python.minor),
            Platforms::Only(platforms) => {
                version == (python.major, python.minor)
                    && platforms.iter().any(|platform| runs_here(*platform, self))
            }
        }
    }

    #[cfg(test)]
    pub(super) fn for_tests(version: (u8, u8, u8), platform: &str, glibc: &str) -> Self {
        Self {
            executable: PathBuf::from("python"),
            version,
            implementation: "cpython".to_owned(),
            free_threaded: false,
            platform: platform.to_owned(),
            libc: if glibc.is_empty() { String::new() } else { format!("glibc {glibc}") },
            venv: true,
        }
    }
}

/// The Pythons that were found, in the order of the candidates, each once.
#[derive(Debug, Default)]
pub(super) struct Interpreters {
    usable: Vec<Interpreter>,
    /// Those that could be used if they could make environments.
    pub(super) without_venv: Vec<Interpreter>,
}

/// How a lock can be installed on this machine.
#[derive(Debug, Clone)]
pub(super) enum Way<'a> {
    /// In an environment like the one that it is for.
    Native(&'a Interpreter),
    /// With the pip of another Python, which is told what the lock is for: into a folder, from
    /// wheels only. The platforms are empty where the lock is for all of them.
    Told { interpreter: &'a Interpreter, python: PythonVersion, platforms: Vec<Platform> },
}

impl Way<'_> {
    pub(super) fn interpreter(&self) -> &Interpreter {
        match self {
            Self::Native(interpreter) | Self::Told { interpreter, .. } => interpreter,
        }
    }
}

impl Interpreters {
    /// The best way to install what is for a target; none without any Python.
    pub(super) fn way_for(&self, target: Option<&Target>) -> Option<Way<'_>> {
        let exact = |interpreter: &&Interpreter| {
            target.is_none_or(|target| {
                (interpreter.version.0, interpreter.version.1)
                    == (target.python.major, target.python.minor)
            })
        };
        let fitting = || self.usable.iter().filter(|interpreter| interpreter.is_for(target));
        if let Some(interpreter) = fitting().find(exact).or_else(|| fitting().next()) {
            return Some(Way::Native(interpreter));
        }
        let target = target?;
        // The newest pip knows most of the platforms of others.
        let interpreter = self.usable.iter().max_by_key(|interpreter| interpreter.version)?;
        let platforms = match &target.platforms {
            Platforms::Universal => Vec::new(),
            Platforms::Only(platforms) => platforms.clone(),
        };
        Some(Way::Told { interpreter, python: target.python, platforms })
    }
}

/// Asks every candidate what it is. What does not start, takes too long or is no CPython of the
/// usual kind is passed over.
pub(super) async fn find(candidates: &[PathBuf], workshop: &Workshop) -> Interpreters {
    let asked = stream::iter(candidates).map(|candidate| ask(candidate, workshop));
    let mut answers = asked.buffered(AT_ONCE);
    let mut found = Interpreters::default();
    while let Some(answer) = answers.next().await {
        let Some(interpreter) = answer else { continue };
        let list = if interpreter.venv { &mut found.usable } else { &mut found.without_venv };
        let is_new = list.iter().all(|known| known.executable != interpreter.executable);
        if is_new && interpreter.implementation == "cpython" && !interpreter.free_threaded {
            list.push(interpreter);
        }
    }
    found
}

async fn ask(candidate: &Path, workshop: &Workshop) -> Option<Interpreter> {
    // A bare name is looked for on PATH; anything else is meant from this process's folder.
    let is_bare = candidate.components().nth(1).is_none();
    let candidate = match is_bare {
        true => candidate.to_owned(),
        false => std::path::absolute(candidate).ok()?,
    };
    let mut command = workshop.command(&candidate);
    command.args(["-I", "-c", WHAT_IS_IT]);
    let ended = child::run(command, b"", WITHIN).await.ok()?;
    let answer = ended.status.success().then_some(ended.stdout)?;
    serde_json::from_slice(&answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pythons(versions: &[(u8, u8, u8)]) -> Interpreters {
        let usable =
            versions.iter().map(|version| Interpreter::for_tests(*version, "linux-x86_64", "2.36"));
        Interpreters { usable: usable.collect(), ..Interpreters::default() }
    }

    fn way(pythons: &Interpreters, python: &str, platforms: &str) -> String {
        let target =
            Target { python: python.parse().unwrap(), platforms: platforms.parse().unwrap() };
        match pythons.way_for(Some(&target)) {
            Some(Way::Native(interpreter)) => format!("native {}", interpreter.version()),
            Some(Way::Told { interpreter, .. }) => format!("told {}", interpreter.version()),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn a_python_of_the_same_minor_version_proves_a_lock() {
        let here = pythons(&[(3, 12, 1), (3, 11, 7), (3, 13, 0)]);
        assert_eq!(way(&here, "3.11.2", "linux"), "native 3.11.7");
        assert_eq!(way(&here, "3.10", "linux"), "told 3.13.0");
        assert_eq!(way(&here, "3.11", "windows"), "told 3.13.0");
        assert_eq!(way(&here, "3.11", "windows, linux"), "native 3.11.7");
        assert_eq!(way(&pythons(&[]), "3.11", "linux"), "none");
    }

    #[test]
    fn a_universal_lock_is_proved_by_any_later_python() {
        let here = pythons(&[(3, 9, 1), (3, 12, 1), (3, 11, 7)]);
        assert_eq!(way(&here, "3.11", "universal"), "native 3.11.7");
        assert_eq!(way(&here, "3.10", "universal"), "native 3.12.1");
        assert_eq!(way(&here, "3.13", "universal"), "told 3.12.1");
    }
}
