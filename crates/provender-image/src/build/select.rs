//! Which wheel of each locked release is installed on a base.

use std::collections::BTreeMap;
use std::path::Path;

use provender_core::lock::LockedSource;
use provender_core::ports::BuildWheel;
use provender_core::{Lock, LockedProject, Platform, ProjectName, PythonVersion, Sha256, Version};
use provender_target::Marker;

use super::error::Unusable;
use super::{BaseFacts, BuildError, Step, Stocked, StockedFile};
use crate::wheel::WheelFilename;

/// A wheel that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The project.
    pub project: ProjectName,
    /// The release.
    pub version: Version,
    /// The wheel.
    pub wheel: StockedFile,
    /// Where it is from.
    pub origin: Origin,
    /// Whether a requirement names it, rather than another project.
    pub requested: bool,
}

/// Where a wheel is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The lock names it.
    Locked,
    /// It was built from this sdist, which the lock names.
    Built {
        /// The sdist's name.
        sdist: String,
        /// What it hashes to.
        sha256: Sha256,
    },
}

/// What may be built, by whom, and where.
pub struct Builds<'a> {
    /// What builds; none where nothing may be built.
    pub builder: Option<&'a dyn BuildWheel>,
    /// The folder for wheels.
    pub into: &'a Path,
    /// Told what is being built.
    pub observer: &'a (dyn Fn(Step<'_>) + Sync),
}

/// Chooses a wheel for each release that the lock installs on this base, by the order of its tags,
/// and has one built where only an sdist is there.
///
/// # Errors
///
/// [`BuildError::Python`] where the lock is for another Python; [`BuildError::Unusable`] with every
/// release that has no wheel for the base.
pub async fn select(
    lock: &Lock,
    stocked: &Stocked,
    facts: &BaseFacts,
    builds: &Builds<'_>,
) -> Result<Vec<Chosen>, BuildError> {
    let (python, platform) = environment(lock, facts)?;
    let ranks: BTreeMap<&str, usize> =
        facts.tags.iter().enumerate().map(|(rank, tag)| (tag.as_str(), rank)).collect();
    let mut chosen = Vec::new();
    let mut unusable = Vec::new();
    for project in &lock.projects {
        if !Marker::parse(project.marker.as_deref()).applies(python, platform) {
            continue;
        }
        match choose(project, stocked, &ranks, facts) {
            Ok(Choice::Wheel(wheel)) => chosen.push(of(project, wheel.clone(), Origin::Locked)),
            Ok(Choice::Sdist(sdist)) => match builds.builder {
                None => unusable.push(refused(project, format!(
                    "there is no wheel for it, and nothing may be built; stock one with `provender stock --build-wheels` ({})",
                    sdist.filename
                ))),
                Some(builder) => chosen.push(build(project, sdist, lock, builder, builds).await?),
            },
            Err(reason) => unusable.push(refused(project, reason)),
        }
    }
    if unusable.is_empty() { Ok(chosen) } else { Err(BuildError::Unusable(unusable)) }
}

/// The Python and platform for which markers are asked.
pub(crate) fn environment(
    lock: &Lock,
    facts: &BaseFacts,
) -> Result<(PythonVersion, Platform), BuildError> {
    let other = |lock: String| BuildError::Python { lock, base: facts.python.clone() };
    let base: PythonVersion = facts.python.parse().map_err(|_| other("?".to_owned()))?;
    let platform = facts.platform.parse().map_err(|_| other("?".to_owned()))?;
    if let Some(target) = &lock.header.target {
        let universal = target.platforms == provender_core::Platforms::Universal;
        let (locked, found) =
            ((target.python.major, target.python.minor), (base.major, base.minor));
        // A universal lock holds from its Python on.
        if !(locked == found || universal && locked < found) {
            return Err(other(target.python.to_string()));
        }
    }
    Ok((base, platform))
}

enum Choice<'a> {
    Wheel(&'a StockedFile),
    Sdist(&'a StockedFile),
}

fn choose<'a>(
    project: &LockedProject,
    stocked: &'a Stocked,
    ranks: &BTreeMap<&str, usize>,
    facts: &BaseFacts,
) -> Result<Choice<'a>, String> {
    match &project.source {
        LockedSource::Index(_) => {}
        LockedSource::Direct(location) => {
            return Err(format!(
                "it comes from {location}, not from an index, and has no locked file"
            ));
        }
        LockedSource::Editable(folder) => {
            return Err(format!(
                "it is installed in editable mode from {folder}, which an image cannot hold"
            ));
        }
    }
    let there: Vec<&StockedFile> =
        project.files.iter().filter_map(|file| stocked.get(&file.hash.sha256()?)).collect();
    if there.is_empty() {
        return Err(
            "no file of it is stocked: run `provender stock` with this lock first".to_owned()
        );
    }
    let wheels = there.iter().filter(|file| file.filename.ends_with(".whl"));
    let rank = |file: &StockedFile| {
        let name: WheelFilename = file.filename.parse().ok()?;
        let tags = expanded(name.tags());
        tags.iter().filter_map(|tag| ranks.get(tag.as_str())).min().copied()
    };
    let best = wheels.clone().filter_map(|file| Some((rank(file)?, file.filename.as_str(), *file)));
    if let Some((.., wheel)) = best.min_by_key(|(rank, name, _)| (*rank, *name)) {
        return Ok(Choice::Wheel(wheel));
    }
    if let Some(sdist) = there.iter().find(|file| !file.filename.ends_with(".whl")) {
        return Ok(Choice::Sdist(sdist));
    }
    let names: Vec<&str> = wheels.map(|file| file.filename.as_str()).collect();
    Err(format!(
        "its wheels do not fit {}, Python {} with {}: {}; lock for that platform with `--platform {}`, and stock it",
        facts.os,
        facts.python,
        facts.libc,
        names.join(", "),
        facts.platform
    ))
}

/// `cp39.cp310-none-any` is two tags (packaging specifications, "Compressed Tag Sets").
fn expanded(tags: &str) -> Vec<String> {
    let parts: Vec<Vec<&str>> = tags.split('-').map(|part| part.split('.').collect()).collect();
    let [pythons, abis, platforms] = &parts[..] else { return Vec::new() };
    let mut expanded = Vec::new();
    for python in pythons {
        for abi in abis {
            expanded.extend(platforms.iter().map(|platform| format!("{python}-{abi}-{platform}")));
        }
    }
    expanded
}

async fn build(
    project: &LockedProject,
    sdist: &StockedFile,
    lock: &Lock,
    builder: &dyn BuildWheel,
    builds: &Builds<'_>,
) -> Result<Chosen, BuildError> {
    (builds.observer)(Step::Wheel(project.name.as_str()));
    // The builder, like pip, tells a file's kind by its name, which a blob's path does not have.
    let named = builds.into.join(&sdist.filename);
    let copied = std::fs::copy(&sdist.path, &named);
    copied.map_err(|error| crate::ImageError::io(&named, error))?;
    let wheel = builder.build(project, &named, &lock.build, builds.into).await;
    let path = wheel.map_err(BuildError::Builder)?;
    let bytes = std::fs::read(&path).map_err(|error| crate::ImageError::io(&path, error))?;
    let filename = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sha256 = crate::Digest::of(&bytes).sha256();
    let wheel = StockedFile { filename, path, sha256, size: bytes.len() as u64 };
    let origin = Origin::Built { sdist: sdist.filename.clone(), sha256: sdist.sha256 };
    Ok(of(project, wheel, origin))
}

fn of(project: &LockedProject, wheel: StockedFile, origin: Origin) -> Chosen {
    // A lock that was made here has the version of everything from an index.
    let version = project.version.clone().unwrap_or_else(|| Version::new([0]));
    let requested =
        project.via.iter().any(|via| matches!(via, provender_core::lock::Via::Input(_)));
    Chosen { project: project.name.clone(), version, wheel, origin, requested }
}

fn refused(project: &LockedProject, reason: String) -> Unusable {
    let version = project.version.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    Unusable { project: project.name.clone(), version, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_tag_set_is_every_combination() {
        assert_eq!(expanded("py2.py3-none-any"), ["py2-none-any", "py3-none-any"]);
        let tags = "cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64";
        assert_eq!(expanded(tags).len(), 2);
        assert!(expanded("py3-none").is_empty());
    }
}
