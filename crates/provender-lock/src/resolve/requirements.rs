//! From what the inputs say to requirements that the resolver takes: names for what has none, and
//! the dependencies of `pyproject.toml` files.

use std::path::Path;

use provender_core::{Diagnostic, ExtraName, Place};
use uv_configuration::ExtrasSpecification;
use uv_distribution::SourcedDependencyGroups;
use uv_distribution_types::{Requirement, UnresolvedRequirement};
use uv_pep508::RequirementOrigin;
use uv_requirements::{NamedRequirementsResolver, SourceTree, SourceTreeResolver};
use uv_types::BuildContext as _;

use super::error;
use super::session::Session;
use crate::failure::LockFailure;
use crate::inputs::{Inputs, shown_path};
use crate::pyproject::{Pyproject, line_of};

/// All requirements of the inputs, and those that were left out as development requirements.
pub(crate) async fn collect(
    session: &Session<'_, '_>,
    inputs: &Inputs,
) -> Result<(Vec<Requirement>, Vec<String>), LockFailure> {
    let mut requirements = Vec::new();
    let mut unnamed = Vec::new();
    for specification in inputs.requirements.clone() {
        match specification.requirement {
            UnresolvedRequirement::Named(requirement) => requirements.push(requirement),
            UnresolvedRequirement::Unnamed(requirement) => unnamed.push(requirement),
        }
    }
    if !unnamed.is_empty() {
        let resolver =
            NamedRequirementsResolver::new(&session.hasher, &session.index, session.database());
        let named = resolver.resolve(unnamed.into_iter()).await;
        requirements.extend(named.map_err(|error| error::failure(&error, session.request))?);
    }
    for path in &inputs.pyprojects {
        requirements.extend(project(session, inputs, path).await?);
    }
    let dev = session.request.exclude_dev.as_ref();
    let mut left_out = Vec::new();
    requirements.retain(|requirement| {
        let leave = dev.is_some_and(|dev| dev.is_dev_project(&requirement.name));
        if leave {
            left_out.push(requirement.to_string());
        }
        !leave
    });
    let requirements =
        requirements.into_iter().map(|requirement| session.on_its_index(requirement)).collect();
    Ok((requirements, left_out))
}

/// The dependencies of a `pyproject.toml`, with the extras and groups that are asked for.
async fn project(
    session: &Session<'_, '_>,
    inputs: &Inputs,
    path: &Path,
) -> Result<Vec<Requirement>, LockFailure> {
    let shown = shown_path(path, &session.request.base);
    let failed = |error: &(dyn std::error::Error + 'static)| {
        let mut failure = error::failure(error, session.request);
        if failure.diagnostic.place.is_none() {
            failure.diagnostic.place = Some(Place::file(&shown));
        }
        failure
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        LockFailure::no_answer(
            Diagnostic::error("lock/input-unreadable", format!("cannot read {shown}: {error}"))
                .hint("check the path and its permissions, and that it is UTF-8"),
        )
    })?;
    check_syntax(&text, &shown)?;
    check_dependencies(&text, &shown)?;
    if !has_project(&text) && inputs.groups.is_empty() {
        return Err(LockFailure::no_answer(
            Diagnostic::error("lock/no-project", format!("{shown} has no `[project]` table"))
                .at(Place::file(&shown))
                .hint("name the requirements file, or take a dependency group with --group"),
        ));
    }
    let mut requirements = Vec::new();
    if has_project(&text) {
        let parsed = project_metadata(&text, &shown)?;
        let selection = &session.request.selection;
        let extras = if selection.all_extras {
            ExtrasSpecification::from_all_extras()
        } else {
            ExtrasSpecification::from_extra(selection.extras.iter().cloned().collect())
        };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let tree = SourceTree::PyProjectToml(absolute, parsed);
        let resolved =
            SourceTreeResolver::new(&extras, &session.hasher, &session.index, session.database())
                .resolve(std::iter::once(&tree))
                .await
                .map_err(|error| failed(error.as_ref()))?;
        let known: Vec<&ExtraName> = resolved.iter().flat_map(|tree| tree.extras()).collect();
        if let Some(extra) = selection.extras.iter().find(|extra| !known.contains(extra)) {
            return Err(unknown(&format!("extra `{extra}`"), &shown));
        }
        for tree in resolved {
            let origin = |requirement: Requirement| Requirement {
                origin: Some(RequirementOrigin::File(shown.clone().into())),
                ..requirement
            };
            requirements.extend(tree.into_requirements().into_iter().map(origin));
        }
    }
    if !inputs.groups.is_empty() {
        requirements.extend(groups(session, inputs, path, &shown).await?);
    }
    Ok(requirements)
}

async fn groups(
    session: &Session<'_, '_>,
    inputs: &Inputs,
    path: &Path,
    shown: &str,
) -> Result<Vec<Requirement>, LockFailure> {
    let read = SourcedDependencyGroups::from_virtual_project(
        path,
        None,
        session.context.locations(),
        session.context.sources().clone(),
        session.context.cache(),
        session.context.workspace_cache(),
        session.client.credentials_cache(),
    )
    .await
    .map_err(|error| error::failure(&error, session.request))?;
    let mut requirements = Vec::new();
    for group in &inputs.groups {
        let Some(members) = read.dependency_groups.get(group) else {
            return Err(unknown(&format!("dependency group `{group}`"), shown));
        };
        requirements.extend(members.iter().cloned().map(|requirement| Requirement {
            origin: Some(RequirementOrigin::File(shown.into())),
            ..requirement
        }));
    }
    Ok(requirements)
}

fn unknown(what: &str, shown: &str) -> LockFailure {
    LockFailure::no_answer(
        Diagnostic::error("lock/unknown-selection", format!("{shown} has no {what}"))
            .at(Place::file(shown))
            .hint("check the spelling against the file"),
    )
}

/// Syntax errors are told here, with their line, before the resolver's reader sees the file.
fn check_syntax(text: &str, shown: &str) -> Result<(), LockFailure> {
    let Err(error) = text.parse::<toml::Table>() else { return Ok(()) };
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    Err(LockFailure::no_answer(
        Diagnostic::error("lock/input-malformed", error.message().to_owned())
            .at(Place::line(shown, line))
            .hint("pyproject.toml must be TOML"),
    ))
}

/// A malformed dependency is told with its line; the resolver would run a build to learn better.
fn check_dependencies(text: &str, shown: &str) -> Result<(), LockFailure> {
    // What is no such table at all is told by the reader that comes next.
    let Pyproject { project, .. } = toml::from_str(text).unwrap_or_default();
    let all = project.dependencies.iter().chain(project.optional_dependencies.values().flatten());
    for dependency in all {
        let Err(error) = super::session::requirement(dependency.get_ref()) else { continue };
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':');
        let message = format!("`{}` is not a requirement: {reason}", dependency.get_ref());
        return Err(LockFailure::no_answer(
            Diagnostic::error("lock/input-malformed", message)
                .at(Place::line(shown, line_of(text, dependency.span().start)))
                .hint("a dependency is a requirement such as `fastapi>=0.109`"),
        ));
    }
    Ok(())
}

fn has_project(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("project"))
}

fn project_metadata(text: &str, shown: &str) -> Result<uv_pypi_types::PyProjectToml, LockFailure> {
    uv_pypi_types::PyProjectToml::from_toml(text, shown).map_err(|error| {
        LockFailure::no_answer(
            Diagnostic::error("lock/input-malformed", error.to_string())
                .at(Place::file(shown))
                .hint("the `[project]` table is described in the packaging specifications"),
        )
    })
}
