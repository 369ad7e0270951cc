//! `provender init`: the files that a project needs to begin.
//!
//! What is there already stays as it is, unless `--force` asks for its replacement. Everything is
//! decided before anything is written, and each file is written all at once.

mod env_example;
mod environment;
mod found;
mod gitignore;
mod makefile;
mod python;
mod settings_file;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Place};
use serde::Serialize;

use super::json;
use crate::cli::{Format, InitArgs};
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::{Output, shown};
use crate::settings::file::FILE_NAME;
use environment::Source;
use found::Found;

pub(crate) fn run(args: &InitArgs, output: &Output) -> Result<Answer, Failure> {
    let project = &args.project;
    if !project.is_dir() {
        return Err(Diagnostic::error("init/no-folder", "there is no such folder")
            .at(Place::file(shown(project)))
            .hint("name the folder of a project; without one it is the current folder")
            .into());
    }
    let found = found::look(project);
    let sources = environment::scan(project);
    let plans = plans(project, &found, &sources, args.force)?;
    let writes_settings = plans[0].text.is_some();
    if let Some(above) = settings_above(project).filter(|_| writes_settings) {
        output.diagnostics(&[above]);
    }
    if !args.dry_run {
        for plan in &plans {
            if let Some(text) = &plan.text {
                file::replace(&plan.path, text)?;
            }
        }
    }
    let next = next(project, &found);
    let text = match output.format {
        Format::Json => json(&Document {
            schema: "provender.init/1",
            project: shown(project),
            dry_run: args.dry_run,
            files: plans.iter().map(FileJson::from).collect(),
            inputs: found.input.into_iter().collect(),
            python_version: found.python.as_ref().map(|python| python.version.to_string()),
            variables: sources
                .iter()
                .flat_map(|source| &source.variables)
                .map(|variable| variable.name.as_str())
                .collect(),
            next: &next,
        })?,
        _ => told(&plans, args.dry_run, &next),
    };
    output.result(&text)?;
    Ok(Answer::Yes)
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It was not there.
    Written,
    /// Another one was there.
    Replaced,
    /// Lines were added to it.
    Extended,
    /// It stays as it is.
    Kept,
    /// There is nothing that would stand in it.
    NotNeeded,
}

impl State {
    fn told(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Written, false) => "written",
            (Self::Written, true) => "would write",
            (Self::Replaced, false) => "replaced",
            (Self::Replaced, true) => "would replace",
            (Self::Extended, false) => "extended",
            (Self::Extended, true) => "would extend",
            (Self::Kept, _) => "kept",
            (Self::NotNeeded, _) => "not needed",
        }
    }
}

/// A file, and what becomes of it.
struct Plan {
    path: PathBuf,
    state: State,
    /// Why, or what is in it.
    detail: String,
    /// What is written, where something is.
    text: Option<String>,
}

/// The files, the settings first.
fn plans(
    project: &Path,
    found: &Found,
    sources: &[Source],
    force: bool,
) -> Result<[Plan; 4], Diagnostic> {
    let settings = settings_file::render(found);
    let settings = whole(project.join(FILE_NAME), settings, what_was_found(found), force)?;
    let example = project.join(".env.example");
    let example = match sources.iter().map(|source| source.variables.len()).sum() {
        0_usize => Plan {
            path: example,
            state: State::NotNeeded,
            detail: "no Python file reads a setting by its name".to_owned(),
            text: None,
        },
        count => {
            let detail = format!("{}, no secrets", counted(count, "variable"));
            whole(example, env_example::render(sources), detail, force)?
        }
    };
    let makefile = makefile::NAMES
        .map(|name| project.join(name))
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
        .unwrap_or_else(|| project.join("Makefile"));
    let makefile = whole(makefile, makefile::TEXT.to_owned(), "`make help`".to_owned(), force)?;
    Ok([settings, ignored(project.join(".gitignore"))?, example, makefile])
}

/// A file that is written as a whole, or left as it is.
fn whole(path: PathBuf, text: String, detail: String, force: bool) -> Result<Plan, Diagnostic> {
    let (state, detail, text) = match present(&path)? {
        None => (State::Written, detail, Some(text)),
        Some(there) if there == text.as_bytes() => (State::Kept, "up to date".to_owned(), None),
        Some(_) if force => (State::Replaced, detail, Some(text)),
        Some(_) => (State::Kept, "it is there already; --force replaces it".to_owned(), None),
    };
    Ok(Plan { path, state, detail, text })
}

/// `.gitignore`, which is only ever added to.
fn ignored(path: PathBuf) -> Result<Plan, Diagnostic> {
    let there = present(&path)?;
    let is_there = there.is_some();
    let there = String::from_utf8(there.unwrap_or_default()).map_err(|_| {
        Diagnostic::error("init/unreadable", "it is not UTF-8")
            .at(Place::file(shown(&path)))
            .hint("save it as UTF-8")
    })?;
    Ok(match gitignore::extended(&there) {
        Some((text, added)) => Plan {
            path,
            state: if is_there { State::Extended } else { State::Written },
            detail: counted(added, "line"),
            text: Some(text),
        },
        None => Plan { path, state: State::Kept, detail: "up to date".to_owned(), text: None },
    })
}

/// What stands there now. A link that leads nowhere stands there too, and is not written through.
fn present(path: &Path) -> Result<Option<Vec<u8>>, Diagnostic> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let refused = |message: String| {
        Diagnostic::error("init/unreadable", message)
            .at(Place::file(shown(path)))
            .hint("move it away, or grant access")
    };
    if path.is_dir() {
        return Err(refused("a folder stands where a file belongs".to_owned()));
    }
    std::fs::read(path).map(Some).map_err(|error| refused(format!("cannot read it: {error}")))
}

fn what_was_found(found: &Found) -> String {
    let input = found
        .input
        .map_or_else(|| "no requirements found".to_owned(), |input| format!("locks {input}"));
    match &found.python {
        Some(python) => format!("{input}, for Python {} ({})", python.version, python.said_by),
        None => input,
    }
}

/// The settings that hold for the folder until it has its own.
fn settings_above(project: &Path) -> Option<Diagnostic> {
    let absolute = std::path::absolute(project).ok()?;
    let above = absolute
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())?;
    let message = format!("{} holds here no longer", shown(&above));
    Some(
        Diagnostic::note("init/settings-above", message)
            .hint("only the nearest provender.toml is read: copy into the new one what it needs"),
    )
}

/// What to do next, the first thing first.
fn next(project: &Path, found: &Found) -> Vec<String> {
    let folder = shown(project);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let secure = match folder.as_str() {
        "" | "." => "provender secure".to_owned(),
        folder if folder.chars().all(plain) => format!("provender secure {folder}"),
        folder => format!("provender secure '{}'", folder.replace('\'', r"'\''")),
    };
    let requirements = found
        .input
        .is_none()
        .then(|| "write what the project needs into requirements.in".to_owned());
    requirements.into_iter().chain([format!("`{secure}`")]).collect()
}

fn told(plans: &[Plan], dry_run: bool, next: &[String]) -> String {
    let states: Vec<_> = plans.iter().map(|plan| plan.state.told(dry_run)).collect();
    let paths: Vec<_> = plans.iter().map(|plan| shown(&plan.path)).collect();
    let state_width = states.iter().map(|state| state.len()).max().unwrap_or_default();
    let path_width = paths.iter().map(|path| path.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for ((plan, state), path) in plans.iter().zip(states).zip(paths) {
        let detail = &plan.detail;
        text.push_str(&format!("{state:state_width$}  {path:path_width$}  {detail}\n"));
    }
    text.push_str(&format!("\nnext: {}\n", next.join("; then ")));
    text
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    project: String,
    dry_run: bool,
    files: Vec<FileJson<'a>>,
    inputs: Vec<&'a str>,
    python_version: Option<String>,
    variables: Vec<&'a str>,
    next: &'a [String],
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: String,
    state: State,
    detail: &'a str,
}

impl<'a> From<&'a Plan> for FileJson<'a> {
    fn from(plan: &'a Plan) -> Self {
        Self { path: shown(&plan.path), state: plan.state, detail: &plan.detail }
    }
}
