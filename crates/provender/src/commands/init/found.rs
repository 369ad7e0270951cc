//! What a project already says of itself.

use std::fs;
use std::path::Path;

use provender_core::PythonVersion;

use crate::commands::lock::{INPUTS, says_what_to_lock};

/// A Python version and the file that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundPython {
    pub(super) version: PythonVersion,
    /// In words, for a comment.
    pub(super) said_by: &'static str,
}

/// What was found in a project's folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What will be locked: the file that `provender lock` would take by itself.
    pub(super) input: Option<&'static str>,
    /// Further files of requirements, sorted.
    pub(super) others: Vec<String>,
    pub(super) python: Option<FoundPython>,
}

/// Looks at a project's folder; what cannot be read is not found.
pub(super) fn look(project: &Path) -> Found {
    let input = INPUTS.into_iter().find(|name| says_what_to_lock(&project.join(name)));
    let mut others: Vec<String> = fs::read_dir(project)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_requirements(name) && Some(name.as_str()) != input)
        .collect();
    others.sort_unstable();
    Found { input, others, python: python(project) }
}

/// Whether a name is one that files of requirements have, such as `requirements-dev.txt`.
fn is_requirements(name: &str) -> bool {
    let stem = name.strip_suffix(".txt").or_else(|| name.strip_suffix(".in"));
    stem.is_some_and(|stem| stem.contains("requirements")) && !name.contains(char::is_control)
}

/// What runs the service is said by `.python-version`; `requires-python` says what may.
fn python(project: &Path) -> Option<FoundPython> {
    let read = |name: &str| fs::read_to_string(project.join(name)).ok();
    let pinned = read(".python-version").and_then(|text| python_version_file(&text));
    if let Some(version) = pinned {
        return Some(FoundPython { version, said_by: ".python-version" });
    }
    let table: toml::Table = read("pyproject.toml")?.parse().ok()?;
    let version = oldest(table.get("project")?.get("requires-python")?.as_str()?)?;
    Some(FoundPython { version, said_by: "the oldest of requires-python" })
}

/// The first version of a `.python-version`, as pyenv and uv write it.
fn python_version_file(text: &str) -> Option<PythonVersion> {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let number = first.trim_start_matches("cpython").trim_start_matches(['-', '@']);
    number.parse().ok()
}

/// The oldest version that a specifier such as `>=3.11,<4` allows (PEP 440), where a clause says
/// it.
fn oldest(specifier: &str) -> Option<PythonVersion> {
    specifier.split(',').map(str::trim).find_map(|clause| {
        let number =
            [">=", "~=", "=="].iter().find_map(|operator| clause.strip_prefix(operator))?;
        let number = number.trim().trim_end_matches(".*");
        // `~=3` and `==3` leave the second number open.
        number.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(version: Option<PythonVersion>) -> Option<String> {
        version.map(|version| version.to_string())
    }

    #[test]
    fn the_oldest_allowed_python_is_found() {
        for (specifier, version) in [
            (">=3.11", Some("3.11")),
            ("<4, >= 3.9.2", Some("3.9.2")),
            ("==3.12.*", Some("3.12")),
            ("~=3.10", Some("3.10")),
            ("<4", None),
            (">=3", None),
            ("", None),
        ] {
            assert_eq!(shown(oldest(specifier)).as_deref(), version, "{specifier}");
        }
    }

    #[test]
    fn the_first_version_of_a_python_version_file_counts() {
        for (text, version) in [
            ("3.11\n", Some("3.11")),
            ("# ours\n\n3.11.4\n3.12\n", Some("3.11.4")),
            ("cpython-3.12\n", Some("3.12")),
            ("cpython@3.12.1\n", Some("3.12.1")),
            ("pypy3.10-7.3\n", None),
            ("system\n", None),
            ("", None),
        ] {
            assert_eq!(shown(python_version_file(text)).as_deref(), version, "{text:?}");
        }
    }

    #[test]
    fn files_of_requirements_are_known_by_their_names() {
        for name in ["requirements.txt", "requirements-dev.txt", "dev-requirements.in"] {
            assert!(is_requirements(name), "{name}");
        }
        for name in ["notes.txt", "requirements.md", "requirements\n.txt", "constraints.txt"] {
            assert!(!is_requirements(name), "{name}");
        }
    }
}
