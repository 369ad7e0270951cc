//! What stands in a requirement or lock file, as an audit sees it.

use std::path::Path;

use serde::Deserialize;

use crate::audit::{Component, NotAudited, NotAuditedReason};
use crate::lock::{LockError, LockedSource, constraints, pylock};
use crate::requirements_txt::{self, EntryKind, Requirement, RequirementSource};
use crate::{Place, ProjectName, Version};

/// What was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// What can be compared with advisories.
    pub components: Vec<Component>,
    /// What cannot.
    pub not_audited: Vec<NotAudited>,
    /// Other files that this one includes.
    pub includes: Vec<Include>,
}

/// A `-r` or `-c` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The file, as written.
    pub target: String,
    /// Whether it is `-c`: its lines limit versions and install nothing.
    pub constraint: bool,
    /// Where the line stands.
    pub place: Place,
}

impl Inventory {
    /// Adds what another file of the same target holds.
    pub fn extend(&mut self, other: Self) {
        self.components.extend(other.components);
        self.not_audited.extend(other.not_audited);
        self.includes.extend(other.includes);
    }

    /// What a constraints file adds: its pins; what it does not pin, it does not install either.
    #[must_use]
    pub fn as_constraints(mut self) -> Self {
        self.not_audited.retain(|entry| entry.reason != NotAuditedReason::Unpinned);
        self
    }

    /// Takes out each unpinned requirement whose project is pinned elsewhere in the same target,
    /// as a `-c` file does: that pin is what gets installed, and it is audited.
    pub fn settle(&mut self) {
        let components = &self.components;
        self.not_audited.retain(|entry| {
            entry.reason != NotAuditedReason::Unpinned
                || !components.iter().any(|c| Some(&c.project) == entry.project.as_ref())
        });
    }
}

/// Reads a requirements file or a lock in that format. The build requirements that a lock keeps
/// in comments are components too.
///
/// # Errors
///
/// The first line that cannot be read.
pub fn from_requirements_txt(text: &str, file: &Path) -> Result<Inventory, LockError> {
    let mut inventory = Inventory::default();
    let entries = requirements_txt::parse(text)
        .map_err(|error| LockError { line: Some(error.line), message: error.message })?;
    for entry in entries {
        let place = Place::line(file, entry.line);
        match entry.kind {
            EntryKind::Requirement(requirement) => inventory.add(requirement, place),
            EntryKind::Include { target, constraint } => {
                inventory.includes.push(Include { target, constraint, place });
            }
            EntryKind::Option { .. } => {}
        }
    }
    for (build, line) in constraints::build_lines(text)? {
        if let Some(version) = build.version {
            let place = Place::line(file, line);
            inventory.components.push(Component { project: build.name, version, place });
        }
    }
    Ok(inventory)
}

impl Inventory {
    fn add(&mut self, requirement: Requirement, place: Place) {
        if let (Some(version), Some(project)) = (requirement.pin(), &requirement.name) {
            let (project, version) = (project.clone(), version.clone());
            self.components.push(Component { project, version, place });
            return;
        }
        let reason = match &requirement.source {
            RequirementSource::Index(_) => NotAuditedReason::Unpinned,
            RequirementSource::Url(_) => NotAuditedReason::Url,
            RequirementSource::Vcs(_) => NotAuditedReason::Vcs,
            RequirementSource::Editable(_) => NotAuditedReason::Editable,
        };
        self.not_audited.push(NotAudited {
            requirement: requirement.text,
            project: requirement.name,
            reason,
            place,
            waiver: None,
        });
    }

    fn add_located(&mut self, located: Located<'_>, place: Place) {
        let Located { name, version, from } = located;
        match (from, version) {
            (From::Index, Some(version)) => {
                self.components.push(Component { project: name, version, place });
            }
            (From::Index, None) => {
                self.not(name.to_string(), name, NotAuditedReason::Unpinned, place)
            }
            (From::Elsewhere(reason, location), _) => {
                self.not(format!("{name} @ {location}"), name, reason, place);
            }
        }
    }

    fn not(
        &mut self,
        requirement: String,
        project: ProjectName,
        reason: NotAuditedReason,
        place: Place,
    ) {
        let project = Some(project);
        self.not_audited.push(NotAudited { requirement, project, reason, place, waiver: None });
    }
}

struct Located<'a> {
    name: ProjectName,
    version: Option<Version>,
    from: From<'a>,
}

enum From<'a> {
    Index,
    Elsewhere(NotAuditedReason, &'a str),
}

/// Reads `pylock.toml` (PEP 751).
///
/// # Errors
///
/// As [`pylock::parse`].
pub fn from_pylock(text: &str, file: &Path) -> Result<Inventory, LockError> {
    let (lock, lines) = pylock::parse_with_lines(text)?;
    let mut inventory = Inventory::default();
    for (project, line) in lock.projects.into_iter().zip(lines) {
        let from = match &project.source {
            LockedSource::Index(_) => From::Index,
            LockedSource::Editable(path) => From::Elsewhere(NotAuditedReason::Editable, path),
            LockedSource::Direct(location) => From::Elsewhere(location_reason(location), location),
        };
        let located = Located { name: project.name, version: project.version, from };
        inventory.add_located(located, Place::line(file, line));
    }
    for build in lock.build {
        if let Some(version) = build.version {
            let place = Place::file(file);
            inventory.components.push(Component { project: build.name, version, place });
        }
    }
    Ok(inventory)
}

fn location_reason(location: &str) -> NotAuditedReason {
    let vcs = ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| location.starts_with(scheme));
    if vcs { NotAuditedReason::Vcs } else { NotAuditedReason::Url }
}

#[derive(Deserialize)]
struct RawUvLock {
    version: u32,
    #[serde(default)]
    package: Vec<RawUvPackage>,
}

#[derive(Deserialize)]
struct RawUvPackage {
    name: toml::Spanned<ProjectName>,
    version: Option<Version>,
    source: RawUvSource,
}

#[derive(Deserialize)]
struct RawUvSource {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    r#virtual: Option<String>,
}

/// Reads `uv.lock`. The workspace's own members (virtual, and editable at `.`) are what is
/// locked, not what it needs, and are passed over.
///
/// # Errors
///
/// Text that is not a `uv.lock` of version 1, with the line where one is to blame.
pub fn from_uv_lock(text: &str, file: &Path) -> Result<Inventory, LockError> {
    let raw: RawUvLock = toml::from_str(text).map_err(|error| LockError {
        line: error.span().map(|span| pylock::line_of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    if raw.version != 1 {
        let message = format!("uv.lock version {} is newer than this provender reads", raw.version);
        return Err(LockError { line: None, message });
    }
    let mut inventory = Inventory::default();
    for package in raw.package {
        let line = pylock::line_of(text, package.name.span().start);
        let source = &package.source;
        let from = if source.registry.is_some() {
            From::Index
        } else if source.r#virtual.is_some() || source.editable.as_deref() == Some(".") {
            continue;
        } else if let Some(path) = &source.editable {
            From::Elsewhere(NotAuditedReason::Editable, path)
        } else if let Some(url) = &source.git {
            From::Elsewhere(NotAuditedReason::Vcs, url)
        } else {
            let location =
                source.url.as_ref().or(source.path.as_ref()).or(source.directory.as_ref());
            From::Elsewhere(NotAuditedReason::Url, location.map_or("", String::as_str))
        };
        let located = Located { name: package.name.into_inner(), version: package.version, from };
        inventory.add_located(located, Place::line(file, line));
    }
    Ok(inventory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_components_and_the_rest_is_told() {
        let text =
            "a==1.0\nb>=2\nc @ https://files.example/c.whl\nd @ git+https://git.example/d\n-e .\n";
        let inventory = from_requirements_txt(text, Path::new("r.txt")).unwrap();
        assert_eq!(inventory.components.len(), 1);
        assert_eq!(inventory.components[0].place.to_string(), "r.txt:1");
        use NotAuditedReason::*;
        let reasons: Vec<_> = inventory.not_audited.iter().map(|n| n.reason).collect();
        assert_eq!(reasons, [Unpinned, Url, Vcs, Editable]);
    }

    #[test]
    fn a_pin_in_an_included_file_settles_an_unpinned_requirement() {
        let mut inventory =
            from_requirements_txt("a>=1\nb\n-c c.txt\n", Path::new("r.txt")).unwrap();
        assert_eq!(inventory.includes[0].target, "c.txt");
        assert!(inventory.includes[0].constraint);
        inventory.extend(from_requirements_txt("a==1.5\n", Path::new("c.txt")).unwrap());
        inventory.settle();
        let left: Vec<_> = inventory.not_audited.iter().map(|n| n.requirement.as_str()).collect();
        assert_eq!(left, ["b"]);
    }

    #[test]
    fn what_a_constraints_file_does_not_pin_is_not_missed() {
        let limits = from_requirements_txt("a==1\nother<9\n", Path::new("c.txt")).unwrap();
        let limits = limits.as_constraints();
        assert_eq!((limits.components.len(), limits.not_audited.len()), (1, 0));
    }

    #[test]
    fn build_requirements_of_a_lock_are_audited() {
        let text = "a==1\n# build: setuptools==60.0  # via a\n";
        let inventory = from_requirements_txt(text, Path::new("c.txt")).unwrap();
        assert_eq!(inventory.components[1].project.as_str(), "setuptools");
        assert_eq!(inventory.components[1].place.line, Some(2));
    }

    #[test]
    fn a_uv_lock_is_read_without_the_workspace_itself() {
        let text = "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n\n[[package]]\nname = \"idna\"\nversion = \"3.6\"\nsource = { registry = \"https://index.example/simple\" }\n\n[[package]]\nname = \"lib\"\nversion = \"1\"\nsource = { git = \"https://git.example/lib\" }\n";
        let inventory = from_uv_lock(text, Path::new("uv.lock")).unwrap();
        assert_eq!(inventory.components.len(), 1);
        assert_eq!(inventory.components[0].place.line, Some(9));
        assert_eq!(inventory.not_audited[0].reason, NotAuditedReason::Vcs);
    }

    #[test]
    fn a_pylock_is_read_with_lines() {
        let text = "lock-version = \"1.0\"\ncreated-by = \"other\"\n[[packages]]\nname = \"idna\"\nversion = \"3.6\"\n[[packages]]\nname = \"lib\"\nvcs = { type = \"git\", url = \"https://git.example/lib\", commit-id = \"abc\" }\n";
        let inventory = from_pylock(text, Path::new("pylock.toml")).unwrap();
        assert_eq!(inventory.components[0].place.line, Some(4));
        assert_eq!(inventory.not_audited[0].requirement, "lib @ git+https://git.example/lib@abc");
    }

    #[test]
    fn text_that_is_no_lock_is_refused_with_its_line() {
        assert_eq!(
            from_pylock("lock-version = \"1.0\"\nx =\n", Path::new("p")).unwrap_err().line,
            Some(2)
        );
        assert!(from_uv_lock("version = 9\n", Path::new("u")).is_err());
    }
}
