//! The files of a project that are the service's own.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Larger files are generated ones.
const MAX_BYTES: u64 = 1 << 20;
/// All Python files of a project together.
const MAX_TOTAL: u64 = 32 << 20;
/// Folders and files of any kind that are looked at.
const MAX_ENTRIES: usize = 200_000;
/// Folders in one another.
const MAX_DEPTH: usize = 32;

/// Folders that are not the service's own, beside hidden ones and virtual environments.
const LEFT_OUT: &[&str] = &[
    "__pycache__",
    "benchmarks",
    "build",
    "dist",
    "doc",
    "docs",
    "examples",
    "node_modules",
    "provender-ca",
    "provender-reports",
    "site-packages",
    "target",
    "test",
    "testing",
    "tests",
];

/// Modules that only development starts.
const OF_DEVELOPMENT: &[&str] = &["conftest.py", "fabfile.py", "noxfile.py", "setup.py"];

/// What services read beside their sources, at the top of a project.
const DATA: &[&str] =
    &["alembic", "alembic.ini", "assets", "locale", "locales", "migrations", "static", "templates"];

/// Why a project cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The folder cannot be listed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More files than any project has.
    #[error("{}: holds more than {MAX_ENTRIES} files and folders", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// The grammar and the parser that reads it do not fit.
    #[error("the Python grammar cannot be used: {0}")]
    Grammar(String),
}

/// A file or folder that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// It, relative to the project, with `/`.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// A Python file.
pub(super) struct PythonFile {
    /// Relative to the project, with `/`.
    pub(super) path: String,
    /// The name under which it is imported, where it has one.
    pub(super) module: Option<String>,
    pub(super) text: String,
}

/// What a project holds.
#[derive(Default)]
pub(super) struct Files {
    /// By path.
    pub(super) python: Vec<PythonFile>,
    pub(super) sources: Vec<String>,
    pub(super) import_root: Option<String>,
    pub(super) env_example: Option<String>,
    pub(super) unread: Vec<Unread>,
    entries: usize,
    bytes: u64,
}

/// Finds the service's files.
pub(super) fn find(project: &Path) -> Result<Files, InspectError> {
    let mut files = Files::default();
    files.look_into(project, "", 0).map_err(|source| match source {
        Stop::Io(source) => InspectError::Io { path: project.to_owned(), source },
        Stop::TooMany => InspectError::TooMany { path: project.to_owned() },
    })?;
    files.python.sort_by(|a, b| a.path.cmp(&b.path));
    let in_src = files.python.iter().any(|file| file.path.starts_with("src/"));
    if in_src && files.python.iter().all(|file| file.path != "src/__init__.py") {
        files.import_root = Some("src".to_owned());
        for file in &mut files.python {
            if let Some(inner) = file.path.strip_prefix("src/") {
                file.module = module(inner);
            }
        }
    }
    files.sources.sort();
    let example = project.join(".env.example");
    let is_file = fs::symlink_metadata(&example).is_ok_and(|metadata| metadata.is_file());
    files.env_example = if is_file { text(&example).ok() } else { None };
    Ok(files)
}

/// Why looking ends.
enum Stop {
    Io(io::Error),
    TooMany,
}

impl Files {
    /// Looks at what a folder holds; whether there is Python in it.
    fn look_into(&mut self, folder: &Path, relative: &str, depth: usize) -> Result<bool, Stop> {
        let listed = match fs::read_dir(folder) {
            Ok(listed) => listed,
            Err(error) if depth == 0 => return Err(Stop::Io(error)),
            Err(_) => {
                self.pass_over(relative, "cannot be listed");
                return Ok(false);
            }
        };
        let mut has_python = false;
        for entry in listed.flatten() {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(Stop::TooMany);
            }
            let name = entry.file_name();
            // A link may lead out of the project, or in circles.
            let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
            // What a Dockerfile and an import can name.
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-.+".contains(c);
            if name.starts_with('.') || !name.chars().all(plain) {
                continue;
            }
            let path = entry.path();
            let inner = if depth == 0 { name.to_owned() } else { format!("{relative}/{name}") };
            if kind.is_dir() {
                let foreign = LEFT_OUT.contains(&name)
                    || name.ends_with(".egg-info")
                    || path.join("pyvenv.cfg").exists()
                    || path.join("conda-meta").exists();
                if foreign {
                    continue;
                }
                if depth + 1 >= MAX_DEPTH {
                    self.pass_over(&inner, "lies too deep");
                    continue;
                }
                let holds = self.look_into(&path, &inner, depth + 1)?;
                has_python |= holds;
                if depth == 0 && (holds || DATA.contains(&name)) {
                    self.sources.push(format!("{name}/"));
                }
            } else if kind.is_file() {
                let found = is_source(name) && self.take(&path, &inner);
                has_python |= found;
                if depth == 0 && (found || DATA.contains(&name)) {
                    self.sources.push(name.to_owned());
                }
            }
        }
        Ok(has_python)
    }

    /// Reads a Python file; whether it is one of the service's.
    fn take(&mut self, path: &Path, relative: &str) -> bool {
        match text(path) {
            Ok(text) if self.bytes + text.len() as u64 <= MAX_TOTAL => {
                self.bytes += text.len() as u64;
                let module = module(relative);
                self.python.push(PythonFile { path: relative.to_owned(), module, text });
            }
            Ok(_) => self.pass_over(relative, "comes after more Python than is read"),
            Err(reason) => self.pass_over(relative, reason),
        }
        true
    }

    fn pass_over(&mut self, path: &str, reason: &'static str) {
        self.unread.push(Unread { path: path.to_owned(), reason });
    }
}

fn is_source(name: &str) -> bool {
    name.strip_suffix(".py").is_some_and(|stem| {
        !stem.starts_with("test_") && !stem.ends_with("_test") && !OF_DEVELOPMENT.contains(&name)
    })
}

/// A file's text, however long it says that it is.
fn text(path: &Path) -> Result<String, &'static str> {
    let unreadable = |_| "cannot be read";
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is larger than 1 MiB");
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8")
}

/// The name under which a file is imported; none where a part of its path is no name.
fn module(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".py")?;
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    let is_name = |part: &str| {
        part.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
            && part.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    };
    stem.split('/').all(is_name).then(|| stem.replace('/', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x = 1\n").unwrap();
        }
    }

    #[test]
    fn the_application_is_what_holds_sources_and_what_they_read() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                "app/__init__.py",
                "app/deep/er/x.py",
                "main.py",
                "templates/index.html",
                "alembic.ini",
                "notes/todo.md",
                "tests/test_x.py",
                "docs/conf.py",
                "env/pyvenv.cfg",
                "env/lib/x.py",
                ".git/hooks/x.py",
                "setup.py",
                "test_main.py",
                "odd name/x.py",
                "constraints.txt",
            ],
        );
        let files = find(root.path()).unwrap();
        assert_eq!(files.sources, ["alembic.ini", "app/", "main.py", "templates/"]);
        let paths: Vec<&str> = files.python.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["app/__init__.py", "app/deep/er/x.py", "main.py"]);
        let modules: Vec<_> = files.python.iter().map(|file| file.module.as_deref()).collect();
        assert_eq!(modules, [Some("app"), Some("app.deep.er.x"), Some("main")]);
        assert_eq!(files.import_root, None);
    }

    #[test]
    fn modules_below_src_are_imported_without_it() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &["src/shop/api.py", "manage.py"]);
        let files = find(root.path()).unwrap();
        assert_eq!(files.import_root.as_deref(), Some("src"));
        assert_eq!(files.sources, ["manage.py", "src/"]);
        assert_eq!(files.python[1].module.as_deref(), Some("shop.api"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.py"), b"\xff").unwrap();
        fs::write(root.path().join("b.py"), "#".repeat(1 + (1 << 20))).unwrap();
        let files = find(root.path()).unwrap();
        let told: Vec<_> = files.unread.iter().map(|unread| unread.reason).collect();
        assert!(told.contains(&"is not UTF-8") && told.contains(&"is larger than 1 MiB"));
        assert!(matches!(find(&root.path().join("none")), Err(InspectError::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let away = tempfile::tempdir().unwrap();
        write(away.path(), &["x.py", ".env.example"]);
        std::os::unix::fs::symlink(away.path(), root.path().join("app")).unwrap();
        let example = away.path().join(".env.example");
        std::os::unix::fs::symlink(example, root.path().join(".env.example")).unwrap();
        let files = find(root.path()).unwrap();
        assert!(files.python.is_empty() && files.sources.is_empty());
        assert_eq!(files.env_example, None);
    }
}
