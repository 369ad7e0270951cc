//! Configuration files reduced to settings, variables and commands.
//!
//! One file a format. Each reads what its tool reads, goes on behind what it does not understand, and says
//! of everything where it stands and what goes if it goes.

pub(crate) mod apt_conf;
pub(crate) mod ci;
pub mod compose;
pub(crate) mod condarc;
pub(crate) mod container_tools;
pub(crate) mod dotenv;
pub(crate) mod download_tools;
mod embedded;
pub(crate) mod gitconfig;
mod lines;
pub(crate) mod makefile;
pub(crate) mod npmrc;
pub(crate) mod pip_conf;
pub(crate) mod python_projects;
pub(crate) mod repositories;
pub(crate) mod requirements;
mod scalar;
mod separated;
mod toml;
mod yaml;
pub(crate) mod yarnrc;

#[cfg(test)]
mod proof;

use crate::facts::{Facts, Setting, Span, SyntaxError, Tool, Value};

/// A setting of one value.
fn single(
    tool: Tool,
    path: Vec<String>,
    value: String,
    span: Span,
    key: Span,
    whole: Span,
) -> Setting {
    let values = vec![Value { text: value.clone(), span, whole: whole.clone() }];
    Setting { tool, path, value, values, key, whole }
}

/// Notes what could not be understood.
fn one_error(facts: &mut Facts, span: Span, message: &str) {
    facts.errors.push(SyntaxError { message: message.to_owned(), span, of_shell: false });
}
