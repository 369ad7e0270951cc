//! What a service is, as far as its project's sources say it without being run: the settings that
//! it reads, its web application, its port, the path that says whether it is well, its database.
//!
//! Python is parsed, not searched. What is only known when the service runs is left open; what
//! `[image]` says of it wins in [`Runtime::decide`].

mod application;
pub(crate) mod env_file;
mod environment;
mod files;
mod locked;
mod port;
mod postgresql;
mod python;
mod routes;
mod runtime;
mod settings_class;

use std::collections::BTreeSet;
use std::path::Path;

use provender_lint::secret::names_secret;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

pub use application::{Application, Interface};
pub use files::{InspectError, Unread};
pub use locked::LockFacts;
pub use postgresql::Postgresql;
pub use runtime::{PYTHON, Runtime, Undecided, WORKDIR};
pub(crate) use runtime::{is_line, refuse};

use files::Files;
use python::{Module, Parser};

/// The file that shows which settings there are.
pub(crate) const ENV_EXAMPLE: &str = ".env.example";

/// What a project's sources say of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// The environment variables that it reads, by file, then in the order in which they stand
    /// there; each once.
    pub settings: Vec<Setting>,
    /// The web application that a server is given.
    pub application: Option<Application>,
    /// The package whose `__main__` starts the service: `python -m PACKAGE`.
    pub main: Option<String>,
    /// The port that it listens on.
    pub port: Option<u16>,
    /// The path of a route that says whether it is well.
    pub health_path: Option<String>,
    /// The PostgreSQL database that it is set to use.
    pub postgresql: Option<Postgresql>,
    /// The files and folders that are the application, relative to the project, sorted; folders
    /// end in `/`.
    pub sources: Vec<String>,
    /// The folder that its modules are imported from, where that is not the project's own: `src`.
    pub import_root: Option<String>,
    /// The text of the project's `.env.example`.
    pub env_example: Option<String>,
    /// What could not be read, so that settings may be missing.
    pub unread: Vec<Unread>,
}

/// An environment variable that a service reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What holds where it is not set.
    pub default: DefaultValue,
    /// Whether its type or its name says that it is a secret.
    pub secret: bool,
    /// The file that reads it, relative to the project, with `/`.
    pub file: String,
}

/// What holds where a setting is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultValue {
    /// Nothing: the service does not start, or fails, without it.
    Required,
    /// Nothing, and the service can do without it.
    Unset,
    /// This value.
    Literal(String),
    /// Something that is known only when the service runs.
    Computed,
}

impl DefaultValue {
    /// The value, where it is known.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Required | Self::Unset | Self::Computed => None,
        }
    }
}

/// Reads a project's sources. The same sources give the same answer.
///
/// Links are not followed; tests, documentation, virtual environments and version control are
/// passed over.
///
/// # Errors
///
/// When the folder cannot be listed, or holds more than any project's.
pub fn inspect(project: &Path) -> Result<Service, InspectError> {
    let mut files = files::find(project)?;
    let python = std::mem::take(&mut files.python);
    // A parser belongs to its thread.
    let trees = python
        .par_iter()
        .map_init(Parser::new, |parser, file| match parser {
            Ok(parser) => Ok(parser.parse(&file.text)),
            Err(error) => Err(InspectError::Grammar(error.to_string())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut parsed = Vec::new();
    for (file, tree) in python.into_iter().zip(trees) {
        match tree {
            Some(tree) => parsed.push((file, tree)),
            None => files.unread.push(Unread { path: file.path, reason: "is too intricate" }),
        }
    }
    let modules: Vec<Module<'_>> =
        parsed.iter().map(|(file, tree)| Module::new(file, tree)).collect();
    let mut settings = settings(&modules);
    if let Some(example) = &files.env_example {
        overlay(&mut settings, example);
    }
    let applications = application::read(&modules);
    let application = applications.best();
    let postgresql = postgresql::find(&settings, files.env_example.as_deref(), &modules);
    let Files { sources, import_root, env_example, mut unread, .. } = files;
    unread.sort();
    Ok(Service {
        port: port::find(&modules, &settings),
        health_path: routes::health(&modules),
        main: main(&modules),
        application,
        postgresql,
        settings: settings.into_iter().map(|field| field.setting).collect(),
        sources,
        import_root,
        env_example,
        unread,
    })
}

/// A setting, and the name of the class's field that holds it.
struct Field {
    setting: Setting,
    field: Option<String>,
}

/// The settings of all files, each once.
fn settings(modules: &[Module<'_>]) -> Vec<Field> {
    let classes = settings_class::fields(modules);
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for module in modules {
        let of_class = classes.iter().filter(|found| found.file == module.path);
        let mut found: Vec<(usize, Field)> = environment::reads(module);
        found.extend(of_class.map(|found| (found.at, found.field(module.path))));
        found.sort_by_key(|(at, _)| *at);
        for (_, field) in found {
            if environment::is_setting(&field.setting.name)
                && seen.insert(field.setting.name.clone())
            {
                all.push(field);
            }
        }
    }
    all
}

/// What a project's own `.env.example` says wins over what its sources say.
fn overlay(settings: &mut Vec<Field>, example: &str) {
    for (name, value) in env_file::variables(example).filter(|(_, value)| !value.is_empty()) {
        let default = DefaultValue::Literal(value);
        match settings.iter_mut().find(|field| field.setting.name == name) {
            Some(field) => field.setting.default = default,
            None => {
                let secret = names_secret(&name);
                let file = ENV_EXAMPLE.to_owned();
                settings
                    .push(Field { setting: Setting { name, default, secret, file }, field: None });
            }
        }
    }
}

/// The nearest package with a `__main__`, else the nearest module that starts itself.
fn main(modules: &[Module<'_>]) -> Option<String> {
    let package = modules.iter().filter_map(|module| module.name?.strip_suffix(".__main__"));
    let script = || {
        let starting = modules.iter().filter(|module| module.starts_itself());
        starting.filter_map(|module| module.name).min_by_key(|name| nearest(name))
    };
    package.min_by_key(|name| nearest(name)).or_else(script).map(str::to_owned)
}

/// An order of modules: those with fewer parts first.
fn nearest(name: &str) -> (usize, String) {
    (name.matches('.').count(), name.to_owned())
}
