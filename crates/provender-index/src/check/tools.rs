//! The step `tools`: what is carried along installs from the index, and runs.

use std::path::PathBuf;
use std::time::Duration;

use provender_core::check::{Outcome, Step};
use provender_core::{Diagnostic, ProjectName};
use serde::Deserialize;

use super::answers::Reached;
use super::child::{self, ChildError};
use super::complaint::names;
use super::environment::{Environment, child_failed, missing_python, no_python};
use super::install::{install, plans};
use super::interpreter::{Interpreters, Way};
use super::needs::{LockNeeds, Needs, at};
use super::request::CheckedLock;
use super::workshop::Workshop;

pub(super) const ID: &str = "tools";
pub(super) const TITLE: &str = "the tools carried along run";

/// How long a tool may take to say its version.
const WITHIN: Duration = Duration::from_secs(120);

/// The commands of a project: its console scripts (packaging specifications, "Entry points"), and
/// whether its package can be run with `python -m`.
const COMMANDS: &str = "
import importlib.metadata, importlib.util, json, sys
name = json.load(sys.stdin)
found = importlib.metadata.distribution(name)
scripts = [each.name for each in found.entry_points if each.group == 'console_scripts']
module = name.replace('-', '_')
try:
    runs = importlib.util.find_spec(module + '.__main__') is not None
except Exception:
    runs = False
print(json.dumps({'version': found.version, 'scripts': scripts, 'module': module if runs else None}))
";

#[derive(Deserialize)]
struct Commands {
    version: String,
    scripts: Vec<String>,
    module: Option<String>,
}

/// What became of a tool.
enum Tool {
    /// It ran.
    Runs(String),
    /// It is installed, and has no command that could be run.
    Library(String),
    NotTried(Box<Diagnostic>),
    Failed(Box<Diagnostic>),
}

pub(super) async fn step(
    locks: &[&CheckedLock],
    needs: &Needs,
    interpreters: &Interpreters,
    workshop: &Workshop,
    reached: &Reached,
) -> Step {
    let (mut run, mut failed) = (Vec::new(), Vec::new());
    let mut diagnostics = Vec::new();
    let mut outcome = Outcome::Passed;
    for (number, lock) in locks.iter().enumerate() {
        let name = format!("tool-{number}");
        match tool(lock, name, needs, interpreters, workshop, reached).await {
            Tool::Runs(said) => run.push(said),
            Tool::Library(version) => run.push(format!("{version} (no command of its own)")),
            Tool::NotTried(diagnostic) => {
                diagnostics.push(*diagnostic);
                if outcome == Outcome::Passed {
                    outcome = Outcome::NotRun;
                }
            }
            Tool::Failed(diagnostic) => {
                failed.push(lock.short_name());
                diagnostics.push(*diagnostic);
                outcome = Outcome::Failed;
            }
        }
    }
    let mut parts = Vec::new();
    if !run.is_empty() {
        parts.push(names(&run));
    }
    if !failed.is_empty() {
        parts.push(format!("not: {}", names(&failed)));
    }
    if parts.is_empty() {
        parts.push("none could be tried".to_owned());
    }
    Step { outcome, diagnostics, ..Step::passed(ID, TITLE, parts.join("; ")) }
}

async fn tool(
    lock: &CheckedLock,
    folder: String,
    needs: &Needs,
    interpreters: &Interpreters,
    workshop: &Workshop,
    reached: &Reached,
) -> Tool {
    let Some(way) = interpreters.way_for(lock.target()) else {
        return Tool::NotTried(Box::new(no_python(lock, interpreters)));
    };
    if let Way::Told { .. } = way {
        let missing = missing_python(lock, &way).unwrap_or_default();
        let message = format!("{} is for {missing}, which is not here", lock.short_name());
        let diagnostic = Diagnostic::warning("check/other-python", message);
        return Tool::NotTried(Box::new(at(lock, diagnostic).hint("check where there is one")));
    }
    let environment = match Environment::make(lock, way, workshop, folder).await {
        Ok(environment) => environment,
        Err(diagnostic) => return Tool::Failed(diagnostic),
    };
    let none = LockNeeds::default();
    let of_lock = needs.of(lock).unwrap_or(&none);
    for plan in plans(&environment, of_lock) {
        if let Err(diagnostic) = install(&environment, plan, of_lock, workshop, reached).await {
            return Tool::Failed(diagnostic);
        }
    }
    match start(&environment, workshop).await {
        Ok(tool) => tool,
        Err(diagnostic) => Tool::Failed(Box::new(at(lock, *diagnostic))),
    }
}

/// Has an installed tool say its version, or how it is used.
async fn start(
    environment: &Environment<'_>,
    workshop: &Workshop,
) -> Result<Tool, Box<Diagnostic>> {
    let name = environment.lock.short_name();
    let failed = |diagnostic: Diagnostic| {
        Box::new(diagnostic.hint(
            "look at what it says: it may need a library of the operating system, or its lock was \
             made for another machine",
        ))
    };
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let project: ProjectName =
        name.split(is_separator).next().unwrap_or_default().parse().map_err(|_| {
            failed(Diagnostic::error("check/tool", format!("`{name}` names no tool")))
        })?;
    let commands: Commands =
        environment.ask(COMMANDS, &project, workshop).await.map_err(|why| {
            let message = format!("{project} is not installed by its own lock");
            failed(Diagnostic::error("check/tool", message).because(why))
        })?;
    let said = format!("{project} {}", commands.version);
    let Some(command) = command(&commands, &project, environment) else {
        return Ok(Tool::Library(said));
    };
    let mut diagnostic = Diagnostic::error("check/tool", format!("{project} does not run"));
    for argument in ["--version", "--help"] {
        let mut process = workshop.command(&command[0]);
        process.args(&command[1..]).arg(argument);
        match child::run(process, b"", WITHIN).await {
            Ok(ended) if ended.status.success() => return Ok(Tool::Runs(said)),
            Ok(ended) => {
                let said = ended.said();
                diagnostic = diagnostic.because(format!("with {argument}: {said}"));
            }
            Err(error @ ChildError::Timeout { .. }) => {
                let message = format!("{project} does not run");
                return Err(failed(child_failed("check/tool", message, &error)));
            }
            Err(error) => diagnostic = diagnostic.because(error.to_string()),
        }
    }
    Err(failed(diagnostic))
}

/// Its console script, that of its own name before others, else its module.
fn command(
    commands: &Commands,
    project: &ProjectName,
    environment: &Environment<'_>,
) -> Option<Vec<PathBuf>> {
    let own = commands
        .scripts
        .iter()
        .find(|script| script.parse().is_ok_and(|script: ProjectName| script == *project));
    if let Some(script) = own.or_else(|| commands.scripts.iter().min()) {
        let script = if cfg!(windows) { format!("{script}.exe") } else { script.clone() };
        return Some(vec![environment.scripts.join(script)]);
    }
    let module = commands.module.as_ref()?;
    Some(vec![environment.python.clone(), "-I".into(), "-m".into(), module.into()])
}
