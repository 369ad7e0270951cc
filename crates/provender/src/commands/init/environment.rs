//! The environment variables that a project's Python files read, as far as that stands in them.
//!
//! Found are `os.environ["NAME"]`, `os.environ.get("NAME")` and `os.getenv("NAME")` with a name in
//! quotes, and the fields of classes that derive from pydantic's `BaseSettings` directly.

mod settings_class;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::python::{self, Line, Token};

/// Larger files are generated ones.
const MAX_BYTES: u64 = 1 << 20;

/// Folders whose files are not the service's own, beside hidden ones and virtual environments.
const NOT_THE_SERVICE: [&str; 8] = [
    "__pycache__",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "test",
    "tests",
    "provender-reports",
];

/// What the system sets for every process; nobody writes it into a `.env`.
const OF_THE_SYSTEM: [&str; 12] = [
    "HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TEMP", "TERM", "TMP", "TMPDIR",
    "USER",
];

/// An environment variable that the service reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) default: DefaultValue,
    /// Whether its type says that it is a secret.
    pub(super) secret: bool,
}

/// What holds where a variable is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DefaultValue {
    /// Nothing is known that would.
    None,
    /// This value.
    Literal(String),
    /// Something that is known only when the service runs.
    Computed,
}

impl DefaultValue {
    /// The default that an expression gives: the value of a literal, else a computed one.
    fn of(expression: &[Token]) -> Self {
        match expression {
            [Token::Text(text)] => Self::Literal(text.clone()),
            [Token::Number(number)] => Self::Literal(number.clone()),
            [sign, Token::Number(number)] if sign.is('-') => Self::Literal(format!("-{number}")),
            [name] if name.is_name("True") => Self::Literal("true".to_owned()),
            [name] if name.is_name("False") => Self::Literal("false".to_owned()),
            _ => Self::Computed,
        }
    }
}

/// The variables of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// From the project's folder, with `/`.
    pub(super) file: String,
    /// In the order in which they are read; none that an earlier file reads too.
    pub(super) variables: Vec<Variable>,
}

/// The variables that the Python files below a folder read, file by file in the order of paths.
/// Tests are left out, and what cannot be read is passed over.
pub(super) fn scan(project: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    collect(project, &mut files);
    files.sort_unstable();
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for path in files {
        let Ok(bytes) = fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let mut variables = variables(&python::lines(&text));
        variables.retain(|variable| seen.insert(variable.name.clone()));
        if !variables.is_empty() {
            let relative = path.strip_prefix(project).unwrap_or(&path);
            let file = relative.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            sources.push(Source { file, variables });
        }
    }
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        // Links are not followed: they may lead out of the project, or in circles.
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            let foreign = NOT_THE_SERVICE.contains(&name)
                || path.join("pyvenv.cfg").exists()
                || path.join("conda-meta").exists();
            if !foreign {
                collect(&path, files);
            }
        } else if kind.is_file()
            && name.ends_with(".py")
            && !name.starts_with("test_")
            && !matches!(name, "conftest.py" | "setup.py")
            && entry.metadata().is_ok_and(|metadata| metadata.len() <= MAX_BYTES)
        {
            files.push(path);
        }
    }
}

fn variables(lines: &[Line]) -> Vec<Variable> {
    let imported = |name: &str| {
        lines.iter().any(|line| {
            matches!(&line.tokens[..], [from, os, import, names @ ..]
                if from.is_name("from") && os.is_name("os") && import.is_name("import")
                    && names.iter().any(|imported| imported.is_name(name)))
        })
    };
    let (environ, getenv) = (imported("environ"), imported("getenv"));
    let mut variables: Vec<Variable> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let found = settings_class::fields(&lines[at..])
            .unwrap_or_else(|| reads(&lines[at].tokens, environ, getenv));
        for variable in found {
            let known = OF_THE_SYSTEM.contains(&variable.name.as_str())
                || variables.iter().any(|earlier| earlier.name == variable.name);
            if is_variable_name(&variable.name) && !known {
                variables.push(variable);
            }
        }
        at += 1;
    }
    variables
}

/// The reads of the environment in one line; `environ` and `getenv` stand for themselves only
/// where they were imported, since others use these names too (WSGI's `environ`, PEP 3333).
fn reads(tokens: &[Token], environ: bool, getenv: bool) -> Vec<Variable> {
    if tokens[0].is_name("del") {
        return Vec::new();
    }
    (0..tokens.len())
        .filter_map(|at| {
            let of_os = match &tokens[..at] {
                [.., os, dot] if dot.is('.') => {
                    os.is_name("os") && !is_attribute(&tokens[..at - 2])
                }
                _ => false,
            };
            let alone = !tokens[..at].last().is_some_and(|before| before.is('.'));
            let (first, rest) = tokens[at..].split_first()?;
            if first.is_name("environ") && (of_os || (alone && environ)) {
                item(rest).or_else(|| {
                    let [dot, get, rest @ ..] = rest else { return None };
                    (dot.is('.') && get.is_name("get")).then(|| call(rest)).flatten()
                })
            } else if first.is_name("getenv") && (of_os || (alone && getenv)) {
                call(rest)
            } else {
                None
            }
        })
        .collect()
}

/// Whether what follows these tokens is an attribute of something.
fn is_attribute(before: &[Token]) -> bool {
    before.last().is_some_and(|token| token.is('.'))
}

/// `["NAME"]`, read and not written.
fn item(tokens: &[Token]) -> Option<Variable> {
    let [open, Token::Text(name), close, rest @ ..] = tokens else { return None };
    let written = match rest {
        [equals, then, ..] => equals.is('=') && !then.is('='),
        _ => false,
    };
    (open.is('[') && close.is(']') && !written).then(|| Variable {
        name: name.clone(),
        default: DefaultValue::None,
        secret: false,
    })
}

/// `("NAME")` and `("NAME", DEFAULT)`.
fn call(tokens: &[Token]) -> Option<Variable> {
    let [open, Token::Text(name), rest @ ..] = tokens else { return None };
    if !open.is('(') {
        return None;
    }
    let default = match rest {
        [close, ..] if close.is(')') => DefaultValue::None,
        [comma, rest @ ..] if comma.is(',') => {
            let expression = match argument(rest) {
                [name, equals, value @ ..] if name.is_name("default") && equals.is('=') => value,
                value => value,
            };
            match expression {
                [] => DefaultValue::None,
                [none] if none.is_name("None") => DefaultValue::None,
                value => DefaultValue::of(value),
            }
        }
        // An expression that only begins with a string.
        _ => return None,
    };
    Some(Variable { name: name.clone(), default, secret: false })
}

/// The tokens up to the comma or bracket that ends an argument.
fn argument(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => return &tokens[..at],
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(',') if depth == 0 => return &tokens[..at],
            _ => {}
        }
    }
    tokens
}

/// A name that a shell and a `.env` can set (POSIX, "Environment Variable Definition").
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
