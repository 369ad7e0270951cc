//! What never gets into an image, whatever `.dockerignore` says.

use provender_lint::secret;

/// Folders and files of version control.
const VERSION_CONTROL: [&str; 9] =
    [".git", ".gitignore", ".gitattributes", ".gitmodules", ".hg", ".svn", ".bzr", "_darcs", ".jj"];

/// What tools leave beside sources, and folders that hold what is installed elsewhere.
const LEFT_BEHIND: [&str; 17] = [
    "__pycache__",
    "node_modules",
    ".venv",
    ".cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".tox",
    ".nox",
    ".coverage",
    ".eggs",
    ".idea",
    ".vscode",
    ".DS_Store",
    "Thumbs.db",
];

/// What provender itself reads and writes; a lock is none of it.
const PROVENDER: [&str; 3] = ["provender.toml", "provender-reports", ".provender"];

/// What builds an image and is not needed in it.
const BUILD: [&str; 2] = [".dockerignore", ".containerignore"];

/// The file that makes a folder a virtual environment (PEP 405).
pub(super) const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// Whether a file or folder of this name is never copied, wherever it lies.
pub(super) fn is_never_copied(name: &str) -> bool {
    [&VERSION_CONTROL[..], &LEFT_BEHIND, &PROVENDER, &BUILD]
        .iter()
        .any(|names| names.contains(&name))
        || [".pyc", ".pyo"].iter().any(|end| name.ends_with(end))
        || is_environment(name)
}

/// `.env`, `.env.local`, `.envrc`; not a template such as `.env.example`, which holds no secret.
fn is_environment(name: &str) -> bool {
    match name.strip_prefix(".env") {
        Some(rest) if rest.starts_with('.') => secret::held_by(name).is_some(),
        Some(_) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_s_template_is_copied_and_the_environment_never() {
        for name in [".env", ".env.local", ".env.production", ".envrc"] {
            assert!(is_never_copied(name), "{name}");
        }
        for name in [".env.example", ".env.sample", "env", "environment.py", "constraints.txt"] {
            assert!(!is_never_copied(name), "{name}");
        }
    }

    #[test]
    fn what_tools_leave_behind_is_never_copied() {
        for name in [".git", "__pycache__", "main.cpython-311.pyc", "provender-reports"] {
            assert!(is_never_copied(name), "{name}");
        }
        for name in ["git", "main.py", "caches", "pylock.toml"] {
            assert!(!is_never_copied(name), "{name}");
        }
    }
}
