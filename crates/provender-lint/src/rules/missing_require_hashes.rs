//! Installing without the hashes that a lock beside has.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use provender_core::Level;

use super::Rule;
use super::bypass::{Found, assignments};
use super::value::{no, yes};
use crate::facts::{OptionUse, Tool};
use crate::finding::Finding;
use crate::image::folder;
use crate::pip::{Install, Program};
use crate::project::Project;
use crate::source::{File, FileKind};

/// `lint/missing-require-hashes`.
pub(crate) struct MissingRequireHashes;

impl Rule for MissingRequireHashes {
    fn id(&self) -> &'static str {
        "lint/missing-require-hashes"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "requirements are installed without the hashes that a lock beside has"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/missing-require-hashes.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        // uv verifies the hashes that it is given unless it is told not to.
        for command in &file.facts.commands {
            let Some(install) = Install::of(command) else { continue };
            let uses = command.invocation().map(|uv| uv.option("--no-verify-hashes", false));
            if install.program == Program::Uv {
                findings
                    .extend(uses.into_iter().flatten().map(|used| self.unverified(used.span())));
            }
        }
        for assignment in assignments(file) {
            if assignment.name == "UV_NO_VERIFY_HASHES" && assignment.known && yes(assignment.value)
            {
                findings.push(self.unverified(assignment.found().span));
            }
        }
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Uv) {
            if setting.name() == "verify-hashes" && no(&setting.value)
                || setting.name() == "no-verify-hashes" && yes(&setting.value)
            {
                findings.push(self.unverified(Found::setting(setting).span));
            }
        }
    }

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let configured = || {
            let settings = ["pip.conf", "pip.ini"].map(|name| project.named(OsStr::new(name)));
            settings.into_iter().flatten().any(|settings| wants_hashes(settings))
        };
        if file.facts.commands.is_empty() || wants_hashes(file) || configured() {
            return;
        }
        for command in &file.facts.commands {
            let Some(install) = Install::of(command) else { continue };
            let asked = install.has(&["--require-hashes", "--no-index"]);
            if install.program != Program::Pip || asked {
                continue;
            }
            let named =
                |used: &OptionUse<'_>| used.value.and_then(|name| locate(file, name, project));
            let files = || install.requirement_files.iter().chain(&install.constraint_files);
            // pip wants hashes for everything as soon as one requirement has any.
            if files().filter_map(named).any(|named| brings_hashes(named, project, 0)) {
                continue;
            }
            for used in &install.requirement_files {
                let Some(requirements) = named(used) else { continue };
                let Some(lock) = lock_beside(requirements, project) else { continue };
                let name = shown(&lock.path);
                findings.push(
                    Finding::new(
                        self.id(),
                        self.level(),
                        used.span(),
                        format!(
                            "`{}` is installed without the hashes of `{name}`",
                            shown(&requirements.path)
                        ),
                        "any file of these names is taken",
                    )
                    .because(
                        "without hashes pip takes whatever the index serves: another file \
                         under the same name and version installs as well",
                    )
                    .hint(format!("install the lock: `--require-hashes -r {name}`")),
                );
            }
        }
    }
}

impl MissingRequireHashes {
    fn unverified(&self, span: crate::facts::Span) -> Finding {
        Finding::new(
            self.id(),
            self.level(),
            span,
            "uv is told not to verify hashes",
            "the lock's hashes are not compared",
        )
        .because(
            "whatever the index serves under the name and version is installed, whatever \
             the lock says",
        )
        .hint("delete it; where a hash does not fit, find out why the file changed")
    }
}

/// Whether a file switches pip's hash checking on.
fn wants_hashes(file: &File) -> bool {
    let by_variable = assignments(file)
        .iter()
        .any(|assignment| assignment.name == "PIP_REQUIRE_HASHES" && !no(assignment.value));
    let by_setting = file.kind == FileKind::PipConf
        && file.facts.settings.iter().any(|setting| {
            setting.name().replace('_', "-") == "require-hashes" && yes(&setting.value)
        });
    by_variable || by_setting
}

/// The file that a command names: of those with its name, the one nearest to the command's own
/// file. What stands before the name is another place in an image than beside it.
fn locate<'a>(from: &File, name: &str, project: &Project<'a>) -> Option<&'a File> {
    let is_fitting = |file: &&'a File| file.kind == FileKind::Requirements;
    let beside = project.file(&folder(&from.path).join(name)).filter(is_fitting);
    beside.or_else(|| {
        // Which of several is meant cannot be told.
        match project.named(Path::new(name).file_name()?) {
            [only] => Some(*only).filter(is_fitting),
            _ => None,
        }
    })
}

/// Whether installing a file makes pip want hashes: it or what it includes has some, or says so.
fn brings_hashes(file: &File, project: &Project<'_>, depth: usize) -> bool {
    file.facts.settings.iter().any(|setting| match setting.name() {
        "hash" | "require-hashes" => true,
        "r" | "constraint" if depth < 8 => project
            .file(&folder(&file.path).join(&setting.value))
            .filter(|included| included.kind == FileKind::Requirements)
            .is_some_and(|included| brings_hashes(included, project, depth + 1)),
        _ => false,
    })
}

/// A lock of the same requirements in the same folder: a file with hashes that has every project of
/// this one.
fn lock_beside<'a>(requirements: &File, project: &Project<'a>) -> Option<&'a File> {
    let wanted = projects(requirements);
    let place = folder(&requirements.path);
    project.below(&place).find(|other| {
        other.kind == FileKind::Requirements
            && other.path != requirements.path
            && folder(&other.path) == place
            && other.facts.settings.iter().any(|setting| setting.name() == "hash")
            && !wanted.is_empty()
            && wanted.is_subset(&projects(other))
    })
}

/// The names of the projects that a file requires, normalised (PEP 503).
fn projects(file: &File) -> BTreeSet<String> {
    let requirements = file.facts.settings.iter().filter(|setting| setting.name() == "requirement");
    requirements
        .filter_map(|setting| {
            let value = setting.value.trim();
            let end = value
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
                .unwrap_or(value.len());
            let name = value[..end].to_ascii_lowercase().replace(['_', '.'], "-");
            (!name.is_empty()).then_some(name)
        })
        .collect()
}

fn shown(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::MissingRequireHashes;
    use crate::rules::proof::{found, messages};

    const IMAGE: &str =
        "FROM python:3.12\nCOPY requirements.txt /app/\nRUN pip install -r /app/requirements.txt\n";
    const PLAIN: (&str, &str) = ("requirements.txt", "Flask>=3\n");
    const LOCK: (&str, &str) =
        ("constraints.txt", "flask==3.0.0 \\\n    --hash=sha256:aa\nclick==8 --hash=sha256:bb\n");

    #[test]
    fn a_lock_that_is_passed_over_is_found() {
        let findings = found(&MissingRequireHashes, &[("Dockerfile", IMAGE), PLAIN, LOCK]);
        assert_eq!(
            findings[0].message,
            "`requirements.txt` is installed without the hashes of `constraints.txt`"
        );
        assert_eq!(&IMAGE[findings[0].span.clone()], "-r /app/requirements.txt");
    }

    #[test]
    fn hashes_that_pip_sees_are_enough() {
        let install = |arguments: &str| format!("FROM python:3.12\nRUN pip install {arguments}\n");
        for arguments in [
            "-r requirements.txt -c constraints.txt",
            "--require-hashes -r requirements.txt",
            "-r constraints.txt",
            "--no-index -r requirements.txt",
            "-r other.txt",
            "flask",
        ] {
            let text = install(arguments);
            assert_eq!(
                messages(&MissingRequireHashes, &[("Dockerfile", &text), PLAIN, LOCK]),
                [""; 0],
                "{arguments}"
            );
        }
        let includes = ("requirements.txt", "-c constraints.txt\nflask\n");
        assert_eq!(
            messages(&MissingRequireHashes, &[("Dockerfile", IMAGE), includes, LOCK]),
            [""; 0]
        );
        let variable = format!("FROM python:3.12\nENV PIP_REQUIRE_HASHES=1\n{}", &IMAGE[17..]);
        assert_eq!(
            messages(&MissingRequireHashes, &[("Dockerfile", &variable), PLAIN, LOCK]),
            [""; 0]
        );
        let setting = ("pip.conf", "[install]\nrequire-hashes = true\n");
        assert_eq!(
            messages(&MissingRequireHashes, &[("Dockerfile", IMAGE), PLAIN, LOCK, setting]),
            [""; 0]
        );
    }

    #[test]
    fn where_no_lock_has_these_projects_nothing_is_missing() {
        assert_eq!(messages(&MissingRequireHashes, &[("Dockerfile", IMAGE), PLAIN]), [""; 0]);
        let other = ("dev.txt", "pytest==8 --hash=sha256:aa\n");
        let other = ("requirements-dev.txt", other.1);
        assert_eq!(
            messages(&MissingRequireHashes, &[("Dockerfile", IMAGE), PLAIN, other]),
            [""; 0]
        );
    }

    #[test]
    fn uv_is_found_only_where_it_is_told_not_to_verify() {
        let text = "uv pip install -r requirements.txt\n";
        assert_eq!(messages(&MissingRequireHashes, &[("a.sh", text), PLAIN, LOCK]), [""; 0]);
        for text in [
            "uv pip install --no-verify-hashes -r requirements.txt\n",
            "export UV_NO_VERIFY_HASHES=1\n",
        ] {
            assert_eq!(
                messages(&MissingRequireHashes, &[("a.sh", text)]),
                ["uv is told not to verify hashes"]
            );
        }
    }
}
