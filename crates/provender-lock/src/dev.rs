//! Which requirements are for development and stay out of what is deployed.

use std::collections::BTreeSet;

use provender_core::{GroupName, ProjectName};

/// File names that hold development requirements, wherever they stand.
pub const DEV_FILES: &[&str] = &[
    "dev-requirements.in",
    "dev-requirements.txt",
    "requirements-dev.in",
    "requirements-dev.txt",
    "requirements-lint.txt",
    "requirements-test.in",
    "requirements-test.txt",
    "requirements_dev.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "requirements/dev.in",
    "requirements/dev.txt",
    "requirements/test.in",
    "requirements/test.txt",
];

/// Names of dependency groups that hold development requirements.
pub const DEV_GROUPS: &[&str] =
    &["dev", "develop", "development", "docs", "lint", "test", "tests", "testing", "typing"];

/// Projects that nobody deploys: test runners, formatters, linters, type checkers and what is
/// plugged into them. Any project named `pytest-...`, `flake8-...`, `types-...`, `pylint-...` or
/// `sphinx-...` counts too.
pub const DEV_TOOLS: &[&str] = &[
    "autoflake",
    "autopep8",
    "bandit",
    "basedpyright",
    "black",
    "bump2version",
    "commitizen",
    "coverage",
    "factory-boy",
    "faker",
    "flake8",
    "freezegun",
    "hypothesis",
    "invoke",
    "ipdb",
    "ipython",
    "isort",
    "locust",
    "mkdocs",
    "mkdocs-material",
    "mock",
    "mypy",
    "nox",
    "pdbpp",
    "pip-audit",
    "pip-tools",
    "pre-commit",
    "pudb",
    "pycodestyle",
    "pydocstyle",
    "pyflakes",
    "pylint",
    "pyre-check",
    "pyright",
    "pytest",
    "pyupgrade",
    "responses",
    "respx",
    "ruff",
    "safety",
    "sphinx",
    "tox",
    "twine",
    "ty",
    "vcrpy",
    "vulture",
    "watchdog",
    "yapf",
];

const DEV_PREFIXES: &[&str] = &["flake8-", "pylint-", "pytest-", "sphinx-", "types-"];

/// What `--exclude-dev` leaves out, on top of the lists above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevRequirements {
    /// Further projects.
    pub projects: BTreeSet<ProjectName>,
    /// Projects that are kept although a list names them.
    pub keep: BTreeSet<ProjectName>,
    /// Further files, as the inputs name them.
    pub files: BTreeSet<String>,
    /// Further groups.
    pub groups: BTreeSet<GroupName>,
}

impl DevRequirements {
    /// Whether a requirement on this project is for development only.
    pub fn is_dev_project(&self, name: &ProjectName) -> bool {
        if self.keep.contains(name) {
            return false;
        }
        let text = name.as_str();
        self.projects.contains(name)
            || DEV_TOOLS.binary_search(&text).is_ok()
            || DEV_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
    }

    /// Whether a file holds development requirements; `path` as the input was named, with `/`.
    pub fn is_dev_file(&self, path: &str) -> bool {
        self.files.contains(path)
            || DEV_FILES.iter().any(|file| {
                path == *file || path.strip_suffix(file).is_some_and(|rest| rest.ends_with('/'))
            })
    }

    /// Whether a dependency group holds development requirements.
    pub fn is_dev_group(&self, group: &GroupName) -> bool {
        self.groups.contains(group) || DEV_GROUPS.contains(&group.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_tools_is_sorted_so_that_it_can_be_searched() {
        assert!(DEV_TOOLS.is_sorted());
    }

    #[test]
    fn well_known_tools_and_their_plugins_are_for_development() {
        let dev = DevRequirements::default();
        for name in ["pytest", "pytest-cov", "black", "isort", "flake8", "mypy", "types-requests"] {
            assert!(dev.is_dev_project(&name.parse().unwrap()), "{name}");
        }
        for name in ["fastapi", "requests", "sphinxcontrib", "blackboard"] {
            assert!(!dev.is_dev_project(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_tool_can_be_kept_and_another_named() {
        let dev = DevRequirements {
            keep: BTreeSet::from(["faker".parse().unwrap()]),
            projects: BTreeSet::from(["seed-data".parse().unwrap()]),
            ..DevRequirements::default()
        };
        assert!(!dev.is_dev_project(&"faker".parse().unwrap()));
        assert!(dev.is_dev_project(&"seed-data".parse().unwrap()));
    }

    #[test]
    fn development_files_are_known_by_their_name() {
        let dev = DevRequirements::default();
        assert!(dev.is_dev_file("requirements-dev.txt"));
        assert!(dev.is_dev_file("service/requirements/dev.txt"));
        assert!(!dev.is_dev_file("requirements.txt"));
        assert!(!dev.is_dev_file("not-requirements-dev.txt"));
    }
}
