//! The step `venv`: a fresh environment for each lock file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provender_core::check::{Outcome, Step};
use provender_core::{Diagnostic, ProjectName};

use super::child::{self, ChildError, Ended};
use super::complaint::{count, names, with_causes};
use super::interpreter::{Interpreters, Way};
use super::needs::at;
use super::request::CheckedLock;
use super::workshop::Workshop;

pub(super) const ID: &str = "venv";
pub(super) const TITLE: &str = "a fresh environment can be made";

const WHAT_IS_THERE: &str = "
import importlib.metadata, json, sys
paths = {'path': sys.argv[1:]} if sys.argv[1:] else {}
found = importlib.metadata.distributions(**paths)
print(json.dumps([[each.metadata['Name'], each.version] for each in found]))
";

/// What is installed somewhere: projects and their versions as their metadata has them.
pub(super) type Listing = BTreeMap<ProjectName, String>;

/// A virtual environment with pip in it, for one lock.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    pub(super) lock: &'a CheckedLock,
    pub(super) way: Way<'a>,
    /// The name of its folder, which others may stand beside with a name that begins so.
    pub(super) name: String,
    pub(super) python: PathBuf,
    /// The folder with its scripts.
    pub(super) scripts: PathBuf,
    /// What was in it from the beginning: pip, and setuptools in an older Python.
    pub(super) before: Listing,
}

/// Environments for locks.
#[derive(Debug)]
pub(super) struct Environments<'a> {
    pub(super) made: Vec<Environment<'a>>,
}

impl<'a> Environments<'a> {
    /// Makes one for each lock.
    pub(super) async fn make(
        locks: &[&'a CheckedLock],
        interpreters: &'a Interpreters,
        workshop: &Workshop,
    ) -> (Step, Self) {
        let mut made: Vec<Environment<'a>> = Vec::new();
        let mut diagnostics = Vec::new();
        let mut outcome = Outcome::Passed;
        for (number, lock) in locks.iter().enumerate() {
            let Some(way) = interpreters.way_for(lock.target()) else {
                diagnostics.push(no_python(lock, interpreters));
                outcome = if outcome == Outcome::Failed { outcome } else { Outcome::NotRun };
                continue;
            };
            let name = format!("venv-{number}");
            diagnostics.extend(other_python(lock, &way));
            match Environment::make(lock, way, workshop, name).await {
                Ok(environment) => made.push(environment),
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    outcome = Outcome::Failed;
                }
            }
        }
        let summary = summary(&made, locks.len(), interpreters);
        let step = Step { outcome, diagnostics, ..Step::passed(ID, TITLE, summary) };
        (step, Self { made })
    }
}

impl<'a> Environment<'a> {
    pub(super) async fn make(
        lock: &'a CheckedLock,
        way: Way<'a>,
        workshop: &Workshop,
        name: String,
    ) -> Result<Self, Box<Diagnostic>> {
        let folder = workshop.path(&name);
        let executable = &way.interpreter().executable;
        let mut venv = workshop.command(executable);
        venv.args(["-I", "-m", "venv"]).arg(&folder);
        let failed = |diagnostic: Diagnostic| {
            Box::new(at(lock, diagnostic).hint(
                "see that this Python is whole, with venv and ensurepip (on Debian python3-venv), \
                 or put another one first on PATH",
            ))
        };
        let message = format!("{} makes no virtual environment", executable.display());
        match workshop.run(venv).await {
            Ok(ended) if ended.status.success() => {}
            Ok(ended) => {
                return Err(failed(Diagnostic::error("check/venv", message).because(ended.said())));
            }
            Err(error) => return Err(failed(child_failed("check/venv", message, &error))),
        }
        let (scripts, python) = match cfg!(windows) {
            true => (folder.join("Scripts"), "python.exe"),
            false => (folder.join("bin"), "python"),
        };
        let python = scripts.join(python);
        let mut made = Self { lock, way, name, python, scripts, before: Listing::new() };
        made.before = made
            .listing(None, workshop)
            .await
            .map_err(|why| failed(Diagnostic::error("check/venv", message).because(why)))?;
        Ok(made)
    }

    /// What is installed in it, or in another folder; an error says why that cannot be told.
    pub(super) async fn listing(
        &self,
        folder: Option<&PathBuf>,
        workshop: &Workshop,
    ) -> Result<Listing, String> {
        let mut command = workshop.command(&self.python);
        command.args(["-I", "-c", WHAT_IS_THERE]).args(folder);
        let found: Vec<(String, String)> = answer(workshop.run(command).await)?;
        let named = found.into_iter().map(|(name, version)| {
            let name = name.parse().map_err(|_| format!("`{name}` is no project name"))?;
            Ok((name, version))
        });
        named.collect()
    }

    /// Runs a small program in it that reads and writes JSON.
    pub(super) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        program: &str,
        input: &impl serde::Serialize,
        workshop: &Workshop,
    ) -> Result<T, String> {
        let mut command = workshop.command(&self.python);
        command.args(["-I", "-c", program]);
        let input = serde_json::to_vec(input).map_err(|error| error.to_string())?;
        answer(child::run(command, &input, workshop.limit()).await)
    }
}

fn answer<T: serde::de::DeserializeOwned>(ended: Result<Ended, ChildError>) -> Result<T, String> {
    let ended = ended.map_err(|error| error.to_string())?;
    if !ended.status.success() {
        return Err(ended.said());
    }
    serde_json::from_slice(&ended.stdout).map_err(|error| error.to_string())
}

/// A diagnostic of a process that gave no answer; one that took too long has a rule of its own.
pub(super) fn child_failed(rule: &'static str, message: String, error: &ChildError) -> Diagnostic {
    let rule = if matches!(error, ChildError::Timeout { .. }) { "check/timeout" } else { rule };
    with_causes(Diagnostic::error(rule, message), error)
}

fn summary(made: &[Environment<'_>], wanted: usize, interpreters: &Interpreters) -> String {
    if made.is_empty() {
        return match interpreters.way_for(None) {
            Some(_) => "no environment could be made".to_owned(),
            None => "there is no Python here that can make one".to_owned(),
        };
    }
    let mut versions: Vec<_> = made.iter().map(|one| one.way.interpreter().version()).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut summary = format!("Python {}", names(&versions));
    if wanted > 1 {
        summary = format!("{} of {}, {summary}", made.len(), count(wanted, "environment"));
    }
    let others: Vec<_> = made.iter().filter_map(|one| missing_python(one.lock, &one.way)).collect();
    if !others.is_empty() {
        summary = format!("{summary}; there is no {} here", names(&others));
    }
    summary
}

/// The Python that a lock is for, if it is not what there is.
pub(super) fn missing_python(lock: &CheckedLock, way: &Way<'_>) -> Option<String> {
    match way {
        Way::Native(_) => None,
        Way::Told { python, platforms, .. } => {
            let version = lock.target().map_or(*python, |target| target.python);
            let on: Vec<_> = platforms.iter().map(ToString::to_string).collect();
            Some(match on.is_empty() {
                true => format!("Python {version} or later"),
                false => format!("Python {version} for {}", on.join(" or ")),
            })
        }
    }
}

fn other_python(lock: &CheckedLock, way: &Way<'_>) -> Option<Diagnostic> {
    let missing = missing_python(lock, way)?;
    let version = way.interpreter().version();
    let message = format!("there is no {missing} here; pip of Python {version} stands in for it");
    Some(at(lock, Diagnostic::note("check/other-python", message)).hint(
        "wheels are chosen and verified as on the target, and not run; check on a machine like \
         the target to see that they work there",
    ))
}

pub(super) fn no_python(lock: &CheckedLock, interpreters: &Interpreters) -> Diagnostic {
    if let Some(interpreter) = interpreters.without_venv.first() {
        let executable = interpreter.executable.display();
        let message = format!(
            "Python {} cannot make a virtual environment: it has no venv or no ensurepip",
            interpreter.version()
        );
        return at(lock, Diagnostic::warning("check/no-ensurepip", message))
            .because(format!("it is {executable}"))
            .hint("install what is missing, on Debian and Ubuntu the package python3-venv");
    }
    let python = lock.target().map_or_else(String::new, |target| format!(" {}", target.python));
    let message = "there is no Python here, so nothing can be installed";
    at(lock, Diagnostic::warning("check/no-python", message))
        .hint(format!("install Python{python}, or check where there is one"))
}
