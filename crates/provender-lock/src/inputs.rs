//! Reading the inputs: requirements files with what they include, and `pyproject.toml` files.
//!
//! The files are split into lines by provender-core, so that every message can name a line; each
//! requirement is then read by the resolver's own parser, so that both mean the same by it.

mod refused;
mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provender_core::redact::without_credentials;
use provender_core::requirements_txt::{self, EntryKind, Requirement, RequirementSource};
use provender_core::{Diagnostic, FileHash, GroupName, Place, ProjectName, VersionSpecifiers};
use uv_configuration::{NoBinary, NoBuild, PackageNameSpecifier};
use uv_distribution_types::{
    IndexUrl, NameRequirementSpecification, UnresolvedRequirement,
    UnresolvedRequirementSpecification,
};
use uv_pep508::{MarkerTree, RequirementOrigin};
use uv_requirements_txt::{RequirementEntry, RequirementsTxtRequirement};

use crate::failure::LockFailure;
use crate::pyproject;
use crate::request::LockRequest;
use refused::{malformed, missing, output_is_input, placed};
use shown::normalized;
pub(crate) use shown::shown_path;

/// Everything the inputs say.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) requirements: Vec<UnresolvedRequirementSpecification>,
    pub(crate) constraints: Vec<NameRequirementSpecification>,
    pub(crate) pyprojects: Vec<PathBuf>,
    pub(crate) groups: Vec<GroupName>,
    pub(crate) index_url: Option<IndexUrl>,
    pub(crate) extra_index_urls: Vec<IndexUrl>,
    pub(crate) find_links: Vec<IndexUrl>,
    pub(crate) no_index: bool,
    pub(crate) no_binary: NoBinary,
    pub(crate) no_build: NoBuild,
    pub(crate) prereleases: bool,
    /// What the user demands of versions, with its place.
    pub(crate) limits: Vec<UserLimit>,
    /// Hashes that the user gives for a project's files.
    pub(crate) hashes: BTreeMap<ProjectName, (Vec<FileHash>, Place)>,
    /// Development requirements that were left out.
    pub(crate) left_out: Vec<String>,
    /// The inputs as the lock names them.
    pub(crate) shown: Vec<String>,
}

/// A version limit that the user wrote.
#[derive(Debug, Clone)]
pub(crate) struct UserLimit {
    pub(crate) name: ProjectName,
    pub(crate) text: String,
    pub(crate) specifiers: VersionSpecifiers,
    /// When it holds.
    pub(crate) marker: MarkerTree,
    pub(crate) place: Place,
}

/// Reads all inputs of a request.
pub(crate) fn read(request: &LockRequest) -> Result<Inputs, LockFailure> {
    let mut reader = Reader { request, inputs: Inputs::default(), open: Vec::new() };
    for input in &request.inputs {
        let shown = shown_path(input, &request.base);
        if reader.is_output(&normalized(input)) {
            return Err(output_is_input(&shown, None));
        }
        if reader.left_out_file(&shown) {
            continue;
        }
        reader.inputs.shown.push(shown);
        if input.file_name().is_some_and(|name| name == "pyproject.toml") {
            if !input.is_file() {
                return Err(missing(input, &request.base, None));
            }
            reader.inputs.pyprojects.push(input.clone());
        } else {
            reader.file(input, false, None)?;
        }
    }
    if reader.inputs.shown.is_empty() {
        let message =
            format!("nothing is left to lock without {}", reader.inputs.left_out.join(", "));
        return Err(LockFailure::no_answer(
            Diagnostic::error("lock/all-left-out", message)
                .hint("name what is deployed as well, or keep development requirements with --include-dev")
                .decided_by("--exclude-dev"),
        ));
    }
    let dev = request.exclude_dev.as_ref();
    for group in &request.selection.groups {
        if dev.is_some_and(|dev| dev.is_dev_group(group)) {
            reader.inputs.left_out.push(format!("group {group}"));
        } else {
            reader.inputs.groups.push(group.clone());
        }
    }
    reader.limits_of_pyprojects();
    Ok(reader.inputs)
}

struct Reader<'a> {
    request: &'a LockRequest,
    inputs: Inputs,
    /// The files being read, so that two that include each other end in an error.
    open: Vec<PathBuf>,
}

impl Reader<'_> {
    fn left_out_file(&mut self, shown: &str) -> bool {
        let left_out = self.request.exclude_dev.as_ref().is_some_and(|dev| dev.is_dev_file(shown));
        if left_out {
            self.inputs.left_out.push(shown.to_owned());
        }
        left_out
    }

    /// Notes what the `pyproject.toml` files demand of versions; what is wrong with them is told
    /// where they are read for their requirements.
    fn limits_of_pyprojects(&mut self) {
        let dev = self.request.exclude_dev.as_ref();
        for path in &self.inputs.pyprojects {
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let shown = shown_path(path, &self.request.base);
            let groups = &self.inputs.groups;
            let limits = pyproject::limits(&text, &shown, &self.request.selection, groups);
            let kept = |limit: &UserLimit| !dev.is_some_and(|dev| dev.is_dev_project(&limit.name));
            self.inputs.limits.extend(limits.into_iter().filter(kept));
        }
    }

    fn file(
        &mut self,
        path: &Path,
        constraint: bool,
        from: Option<&Place>,
    ) -> Result<(), LockFailure> {
        let path = normalized(path);
        let base = &self.request.base;
        let shown = shown_path(&path, base);
        if self.open.contains(&path) {
            let diagnostic =
                Diagnostic::error("lock/input-cycle", format!("{shown} includes itself"))
                    .hint("take out one of the `-r` lines that lead back to it");
            return Err(LockFailure::no_answer(placed(diagnostic, from)));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => missing(&path, base, from),
            std::io::ErrorKind::InvalidData => LockFailure::no_answer(
                Diagnostic::error("lock/input-unreadable", format!("{shown} is not UTF-8 text"))
                    .at(Place::file(shown.clone()))
                    .hint("save it as UTF-8"),
            ),
            _ => LockFailure::no_answer(placed(
                Diagnostic::error("lock/input-unreadable", format!("cannot read {shown}: {error}"))
                    .hint("check the path and its permissions"),
                from,
            )),
        })?;
        let text = self.expanded(&text, &shown)?;
        let entries = requirements_txt::parse(&text).map_err(|error| {
            LockFailure::no_answer(
                Diagnostic::error("lock/input-malformed", error.message)
                    .at(Place::line(&shown, error.line))
                    .hint(
                        "a line is a requirement such as `fastapi>=0.109`, an option, or a comment",
                    ),
            )
        })?;
        self.open.push(path.clone());
        for entry in entries {
            let place = Place::line(&shown, entry.line);
            self.entry(entry.kind, &path, &shown, place, constraint)?;
        }
        self.open.pop();
        Ok(())
    }

    fn entry(
        &mut self,
        kind: EntryKind,
        path: &Path,
        shown: &str,
        place: Place,
        constraint: bool,
    ) -> Result<(), LockFailure> {
        let folder = path.parent().unwrap_or(Path::new("."));
        match kind {
            EntryKind::Include { target, constraint: limits } => {
                if target.contains("://") {
                    let message = format!("`{target}` is not on this machine");
                    let diagnostic = Diagnostic::error("lock/input-remote", message)
                        .at(place)
                        .hint("fetch the file and name its path, so that the lock has one meaning");
                    return Err(LockFailure::no_answer(diagnostic));
                }
                let target = normalized(&folder.join(target));
                let shown = shown_path(&target, &self.request.base);
                if self.is_output(&target) {
                    // With `-c` it means the present pins; with `-r` it would install them.
                    return if limits {
                        Ok(())
                    } else {
                        Err(output_is_input(&shown, Some(&place)))
                    };
                }
                if !limits && !constraint && self.left_out_file(&shown) {
                    return Ok(());
                }
                self.file(&target, limits || constraint, Some(&place))
            }
            EntryKind::Option { name, value } => self.option(&name, value, folder, place),
            EntryKind::Requirement(requirement) => {
                self.requirement(requirement, folder, shown, place, constraint)
            }
        }
    }

    fn is_output(&self, path: &Path) -> bool {
        self.request.output.as_deref().is_some_and(|output| normalized(output) == *path)
    }

    fn requirement(
        &mut self,
        requirement: Requirement,
        folder: &Path,
        shown: &str,
        place: Place,
        constraint: bool,
    ) -> Result<(), LockFailure> {
        if let (Some(dev), Some(name)) = (&self.request.exclude_dev, &requirement.name)
            && !constraint
            && dev.is_dev_project(name)
        {
            self.inputs.left_out.push(without_credentials(&requirement.text).into_owned());
            return Ok(());
        }
        let editable = matches!(requirement.source, RequirementSource::Editable(_));
        let text = match &requirement.source {
            RequirementSource::Editable(location) => location.clone(),
            _ => requirement.text.clone(),
        };
        if let RequirementSource::Url(location) = &requirement.source
            && !location.contains("://")
        {
            let message = format!("`{location}` is a path, which means something here only");
            return Err(LockFailure::no_answer(
                Diagnostic::error("lock/input-path", message).at(place).hint(
                    "write `NAME @ file:///ABSOLUTE/PATH`, or `-e PATH` for a project in this tree",
                ),
            ));
        }
        let parsed = parse(&text, folder, editable, RequirementOrigin::File(shown.into()))
            .map_err(|message| malformed(message, &place))?;
        if let (Some(name), RequirementSource::Index(specifiers)) =
            (&requirement.name, &requirement.source)
            && !specifiers.is_empty()
        {
            self.inputs.limits.push(UserLimit {
                name: name.clone(),
                text: requirement.text.clone(),
                specifiers: specifiers.clone(),
                marker: match &parsed {
                    RequirementsTxtRequirement::Named(named) => named.marker,
                    RequirementsTxtRequirement::Unnamed(unnamed) => unnamed.marker,
                },
                place: place.clone(),
            });
        }
        if let Some(name) = &requirement.name
            && !requirement.hashes.is_empty()
        {
            let given = self.inputs.hashes.entry(name.clone());
            let (hashes, _) = given.or_insert_with(|| (Vec::new(), place.clone()));
            hashes.extend(requirement.hashes.iter().cloned());
        }
        let hashes: Vec<String> = requirement.hashes.iter().map(ToString::to_string).collect();
        let specification = UnresolvedRequirementSpecification::from(RequirementEntry {
            requirement: parsed,
            hashes: hashes.clone(),
        });
        if !constraint {
            self.inputs.requirements.push(specification);
            return Ok(());
        }
        match specification.requirement {
            UnresolvedRequirement::Named(requirement) => {
                self.inputs.constraints.push(NameRequirementSpecification { requirement, hashes });
                Ok(())
            }
            UnresolvedRequirement::Unnamed(_) => {
                Err(malformed("a constraint must name its project".to_owned(), &place))
            }
        }
    }

    fn option(
        &mut self,
        name: &str,
        value: Option<String>,
        folder: &Path,
        place: Place,
    ) -> Result<(), LockFailure> {
        let value = || -> Result<String, LockFailure> {
            let value = value.clone().filter(|value| !value.is_empty());
            value.ok_or_else(|| malformed(format!("`{name}` lacks its value"), &place))
        };
        let index = |value: String| {
            IndexUrl::parse(&value, Some(folder))
                .map_err(|_| malformed(format!("`{name}` is followed by no URL or path"), &place))
        };
        match name {
            "-i" | "--index-url" | "--pypi-url" => self.inputs.index_url = Some(index(value()?)?),
            "--extra-index-url" => {
                let url = index(value()?)?;
                self.inputs.extra_index_urls.push(url);
            }
            "-f" | "--find-links" => {
                let url = index(value()?)?;
                self.inputs.find_links.push(url);
            }
            "--no-index" => self.inputs.no_index = true,
            "--pre" => self.inputs.prereleases = true,
            "--no-binary" => {
                let names = specifiers(&value()?, &place)?;
                let read = names.into_iter().map(NoBinary::from_pip_arg);
                let now = std::mem::replace(&mut self.inputs.no_binary, NoBinary::None);
                self.inputs.no_binary = read.fold(now, NoBinary::combine);
            }
            "--only-binary" => {
                let names = specifiers(&value()?, &place)?;
                let read = names.into_iter().map(NoBuild::from_pip_arg);
                let now = std::mem::replace(&mut self.inputs.no_build, NoBuild::None);
                self.inputs.no_build = read.fold(now, NoBuild::combine);
            }
            // Hashes are always written, and none of these decides what is locked.
            "--require-hashes" | "--prefer-binary" | "--use-feature" | "--trusted-host" => {}
            _ => {
                return Err(malformed(
                    format!("`{name}` is not an option of a requirements file"),
                    &place,
                ));
            }
        }
        Ok(())
    }

    /// Puts in the values of `${NAME}`, as pip does; a name without a value is an error, for an
    /// empty password or host would only fail later and elsewhere.
    fn expanded(&self, text: &str, shown: &str) -> Result<String, LockFailure> {
        if !text.contains("${") {
            return Ok(text.to_owned());
        }
        let mut out = String::with_capacity(text.len());
        for (line, number) in text.lines().zip(1_u32..) {
            let comment =
                if line.starts_with('#') { 0 } else { line.find(" #").unwrap_or(line.len()) };
            let (code, comment) = line.split_at(comment);
            out.push_str(&self.expanded_line(code, &Place::line(shown, number))?);
            out.push_str(comment);
            out.push('\n');
        }
        Ok(out)
    }

    fn expanded_line(&self, line: &str, place: &Place) -> Result<String, LockFailure> {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { break };
            let is_name = !name.is_empty()
                && name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
            out.push_str(before);
            if is_name {
                let value = self.request.variables.get(name).ok_or_else(|| {
                    let message = format!("the environment variable {name} is not set");
                    let diagnostic = Diagnostic::error("lock/input-variable", message)
                        .at(place.clone())
                        .hint(format!("set {name}, or write its value"));
                    LockFailure::no_answer(diagnostic)
                })?;
                out.push_str(value);
            } else {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn parse(
    text: &str,
    folder: &Path,
    editable: bool,
    origin: RequirementOrigin,
) -> Result<RequirementsTxtRequirement, String> {
    let mut parsed = RequirementsTxtRequirement::parse(text, folder, editable)
        .map_err(|error| first_line(&error.message.to_string()))?;
    if editable {
        parsed.make_editable().map_err(|error| first_line(&error.to_string()))?;
    }
    Ok(match parsed {
        RequirementsTxtRequirement::Named(named) => {
            RequirementsTxtRequirement::Named(named.with_origin(origin))
        }
        RequirementsTxtRequirement::Unnamed(unnamed) => {
            RequirementsTxtRequirement::Unnamed(unnamed.with_origin(origin))
        }
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
}

fn specifiers(value: &str, place: &Place) -> Result<Vec<PackageNameSpecifier>, LockFailure> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            name.parse().map_err(|_| malformed(format!("`{name}` is not a project name"), place))
        })
        .collect()
}
