//! A resolution in provender's words.
//!
//! uv keeps its graph to itself. Two of its own renderings together tell everything: the
//! requirements text has each pin with its marker, every hash of the release and who asked for it;
//! the PEP 751 one has the files by name, address and size.

use std::collections::BTreeMap;
use std::path::Path;

use provender_core::lock::{LockedSource, Via, pylock};
use provender_core::redact::without_userinfo;
use provender_core::requirements_txt::{self, EntryKind, RequirementSource};
use provender_core::{FileHash, LockedFile, LockedProject, ProjectName, Version};
use uv_configuration::BuildOptions;
use uv_distribution_types::{Requirement, RequirementSource as RequirementSourceKind};
use uv_resolver::{
    AnnotationStyle, DisplayResolutionGraph, PylockToml, ResolverEnvironment, ResolverOutput,
};

/// The pins of a resolution, without their files.
pub(crate) fn pins(
    output: &ResolverOutput,
    env: &ResolverEnvironment,
    universal: bool,
    names: &Names,
) -> anyhow::Result<Vec<LockedProject>> {
    read(&text(output, env, universal, false), names)
}

/// The pins of a resolution with the hashes of all their files, and with the files' names and
/// addresses where a folder is given from which local ones are told.
pub(crate) fn projects(
    output: &ResolverOutput,
    env: &ResolverEnvironment,
    universal: bool,
    names: &Names,
    details_from: Option<&Path>,
) -> anyhow::Result<Vec<LockedProject>> {
    let mut projects = read(&text(output, env, universal, true), names)?;
    let Some(base) = details_from else { return Ok(projects) };
    let details = details(output, base);
    for project in &mut projects {
        let Some(version) = &project.version else { continue };
        let Some(known) = details.get(&(project.name.clone(), version.clone())) else { continue };
        project.source = match &project.source {
            LockedSource::Index(_) => known.source.clone(),
            other => other.clone(),
        };
        for file in &mut project.files {
            if let Some(detail) = known.files.iter().find(|detail| detail.hash == file.hash) {
                *file = detail.clone();
            }
        }
    }
    Ok(projects)
}

fn text(
    output: &ResolverOutput,
    env: &ResolverEnvironment,
    universal: bool,
    hashes: bool,
) -> String {
    let style = AnnotationStyle::Split;
    let shown =
        DisplayResolutionGraph::new(output, env, &[], hashes, false, universal, true, false, style);
    // uv colours its notes whatever the terminal is.
    anstream::adapter::strip_str(&shown.to_string()).to_string()
}

fn read(text: &str, names: &Names) -> anyhow::Result<Vec<LockedProject>> {
    let lines: Vec<&str> = text.lines().collect();
    let entries = requirements_txt::parse(text)?;
    let mut projects = Vec::with_capacity(entries.len());
    let starts = entries.iter().map(|entry| entry.line as usize - 1).collect::<Vec<_>>();
    for (index, entry) in entries.into_iter().enumerate() {
        let EntryKind::Requirement(requirement) = entry.kind else { continue };
        let end = starts.get(index + 1).copied().unwrap_or(lines.len());
        let via = lines[starts[index]..end].iter().filter_map(|line| read_via(line)).collect();
        let version = requirement.pin().cloned();
        let source = match requirement.source {
            RequirementSource::Index(_) => LockedSource::Index(None),
            RequirementSource::Url(location) | RequirementSource::Vcs(location) => {
                LockedSource::Direct(location)
            }
            RequirementSource::Editable(location) => LockedSource::Editable(location),
        };
        let Some(name) = requirement.name.or_else(|| names.get(location(&source)).cloned()) else {
            anyhow::bail!("`{}` has no name", requirement.text);
        };
        // A secret that a file takes from its surroundings must not end up in the lock.
        let source = match source {
            LockedSource::Direct(location) => LockedSource::Direct(without_userinfo(&location)),
            LockedSource::Editable(location) => LockedSource::Editable(without_userinfo(&location)),
            LockedSource::Index(_) => source,
        };
        projects.push(LockedProject {
            name,
            version,
            marker: requirement.marker,
            source,
            requires_python: None,
            files: requirement.hashes.into_iter().map(LockedFile::of_hash).collect(),
            via,
        });
    }
    Ok(projects)
}

/// Names of projects by the location that the text gives in place of a name.
pub(crate) type Names = BTreeMap<String, ProjectName>;

fn location(source: &LockedSource) -> &str {
    match source {
        LockedSource::Editable(location) | LockedSource::Direct(location) => location,
        LockedSource::Index(_) => "",
    }
}

/// The locations of requirements that are taken from one.
pub(crate) fn names<'a>(requirements: impl IntoIterator<Item = &'a Requirement>) -> Names {
    let located = requirements.into_iter().filter_map(|requirement| {
        let given = match &requirement.source {
            RequirementSourceKind::Directory { url, .. }
            | RequirementSourceKind::Path { url, .. } => {
                url.given().map_or_else(|| url.to_string(), str::to_owned)
            }
            _ => return None,
        };
        Some((given, requirement.name.clone()))
    });
    located.collect()
}

fn read_via(line: &str) -> Option<Via> {
    let note = line.trim_start().strip_prefix('#')?.trim_start();
    let note = note.strip_prefix("via").map_or(note, str::trim_start);
    if note.is_empty() {
        return None;
    }
    if let Some(file) = note.strip_prefix("-r ") {
        return Some(Via::Input(file.to_owned()));
    }
    if let Some(file) = note.strip_prefix("-c ") {
        return Some(Via::Constraint(file.to_owned()));
    }
    // A project's own requirements: `name (pyproject.toml)` or `(pyproject.toml:group)`.
    if let Some((_, file)) = note.split_once('(') {
        let file = file.trim_end_matches(')');
        return Some(Via::Input(file.split(':').next().unwrap_or(file).to_owned()));
    }
    note.parse().ok().map(Via::Project)
}

type Details = BTreeMap<(ProjectName, Version), LockedProject>;

fn details(output: &ResolverOutput, base: &Path) -> Details {
    let rendered = PylockToml::from_resolution(output, &[], base, None, &BuildOptions::default())
        .ok()
        .and_then(|rendered| rendered.to_toml().ok());
    // Not every resolution can be told in PEP 751 (an archive inside a repository cannot);
    // its hashes are enough to install it.
    let Some(lock) = rendered.and_then(|text| pylock::parse(&text).ok()) else {
        return Details::new();
    };
    let with_version =
        |project: LockedProject| Some(((project.name.clone(), project.version.clone()?), project));
    lock.projects.into_iter().filter_map(with_version).collect()
}

/// Keeps of a release's files those whose hashes the user gave, if any of them is among them.
pub(crate) fn restrict(files: &mut Vec<LockedFile>, allowed: &[FileHash]) -> bool {
    let kept: Vec<LockedFile> =
        files.iter().filter(|file| allowed.contains(&file.hash)).cloned().collect();
    let found = !kept.is_empty();
    if found {
        *files = kept;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_back() {
        let hash = "ab".repeat(32);
        let text = format!(
            "a==1 \\\n    --hash=sha256:{hash}\n    # via -r requirements.txt\nb==2 ; sys_platform == 'win32'\n    # via\n    #   -c limits.txt\n    #   a\n    #   app (pyproject.toml)\n"
        );
        let projects = read(&text, &Names::new()).unwrap();
        assert_eq!(projects[0].via, [Via::Input("requirements.txt".into())]);
        assert_eq!(projects[0].files.len(), 1);
        assert_eq!(
            projects[1].via,
            [
                Via::Constraint("limits.txt".into()),
                Via::Project("a".parse().unwrap()),
                Via::Input("pyproject.toml".into()),
            ]
        );
        assert_eq!(projects[1].marker.as_deref(), Some("sys_platform == 'win32'"));
    }
}
