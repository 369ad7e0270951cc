//! Which files of a release a target needs.
//!
//! For every platform of a target it is the wheel that pip and uv would take there, by the order of
//! CPython's compatibility tags (packaging specifications, "Platform compatibility tags", from PEP
//! 425 and 600), and where there is none, the sdist. A target without platforms gets every wheel
//! that some CPython can use.

use std::collections::BTreeSet;

use provender_core::{Platform, Platforms, ProjectName, PythonVersion, Target, Version};
use provender_core::{VersionSpecifiers, target};
use uv_distribution_filename::{BuildTag, DistFilename, SourceDistExtension, WheelFilename};
use uv_platform_tags::{
    AbiTag, Arch, LanguageTag, Os, PlatformTag, TagCompatibility, TagPriority, Tags, TagsError,
    TagsOptions,
};

use provender_target::Marker;

/// Why a target has no tags.
#[derive(Debug, thiserror::Error)]
#[error("wheels for Python {python} on {platform} cannot be told apart: {reason}")]
pub struct ScopeError {
    /// The Python.
    pub python: PythonVersion,
    /// The platform.
    pub platform: Platform,
    /// What is in the way.
    pub reason: TagsError,
}

/// What files are chosen for.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Every file that the lock lists.
    AllFiles,
    /// Every platform, with every CPython from the lowest on, if one is named.
    Universal(Option<PythonVersion>),
    /// One CPython on these platforms.
    Platforms(PythonVersion, Vec<PlatformTags>),
}

/// A platform and what can be installed there.
#[derive(Debug, Clone)]
pub struct PlatformTags {
    /// The platform.
    pub platform: Platform,
    tags: Tags,
}

impl Scope {
    /// The scope of a target; without one, everything that any CPython can use.
    ///
    /// # Errors
    ///
    /// When a platform has no tags for that Python, such as a manylinux of an unknown glibc.
    pub fn of(target: Option<&Target>) -> Result<Self, ScopeError> {
        let Some(target) = target else { return Ok(Self::Universal(None)) };
        match &target.platforms {
            Platforms::Universal => Ok(Self::Universal(Some(target.python))),
            Platforms::Only(platforms) => {
                let tagged = platforms.iter().map(|platform| {
                    let tags = tags(target.python, *platform).map_err(|reason| ScopeError {
                        python: target.python,
                        platform: *platform,
                        reason,
                    })?;
                    Ok(PlatformTags { platform: *platform, tags })
                });
                Ok(Self::Platforms(target.python, tagged.collect::<Result<_, _>>()?))
            }
        }
    }
}

/// A file that may be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its name.
    pub filename: &'a str,
    /// The Pythons it says it runs on.
    pub requires_python: Option<&'a str>,
}

/// What was chosen of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The chosen candidates by their place, in order.
    pub chosen: BTreeSet<usize>,
    /// Where an sdist has to be built, for there is no wheel; empty with `needs_build` where that
    /// is so everywhere.
    pub builds_on: Vec<Platform>,
    /// Whether the sdist has to be built somewhere.
    pub needs_build: bool,
    /// The platforms for which there is neither a wheel nor an sdist.
    pub nothing_for: Vec<Platform>,
    /// Whether the release is needed at all: false where its marker excludes every platform.
    pub applies: bool,
}

impl Choice {
    /// Whether every platform that needs the release has a file of it.
    pub fn is_complete(&self) -> bool {
        !self.applies || (!self.chosen.is_empty() && self.nothing_for.is_empty())
    }
}

/// Chooses among the files of one release of `project`. Files whose names cannot be read are
/// never chosen, for no installer would take them.
pub fn choose(
    project: &ProjectName,
    candidates: &[Candidate<'_>],
    scope: &Scope,
    marker: &Marker,
) -> Choice {
    let parsed: Vec<_> = candidates
        .iter()
        .enumerate()
        .filter_map(|(place, candidate)| {
            let name = DistFilename::try_from_filename(candidate.filename, project)?;
            (name.name() == project).then_some((place, name, candidate.requires_python))
        })
        .collect();
    match scope {
        Scope::AllFiles => Choice {
            chosen: (0..candidates.len()).collect(),
            needs_build: !parsed.iter().any(|(_, name, _)| is_wheel(name)),
            applies: true,
            ..Choice::default()
        },
        Scope::Universal(lowest) => universal(&parsed, *lowest),
        Scope::Platforms(python, platforms) => {
            let usable: Vec<_> =
                parsed.into_iter().filter(|(.., requires)| runs_on(*requires, *python)).collect();
            let sdist = best_sdist(&usable);
            let mut choice = Choice::default();
            for platform in platforms {
                if !marker.applies(*python, platform.platform) {
                    continue;
                }
                choice.applies = true;
                match (best_wheel(&usable, &platform.tags), sdist) {
                    (Some(wheel), _) => {
                        choice.chosen.insert(wheel);
                    }
                    (None, Some(sdist)) => {
                        choice.chosen.insert(sdist);
                        choice.needs_build = true;
                        choice.builds_on.push(platform.platform);
                    }
                    (None, None) => choice.nothing_for.push(platform.platform),
                }
            }
            choice
        }
    }
}

type Parsed<'a> = (usize, DistFilename, Option<&'a str>);

fn is_wheel(name: &DistFilename) -> bool {
    matches!(name, DistFilename::WheelFilename(_))
}

fn universal(parsed: &[Parsed<'_>], lowest: Option<PythonVersion>) -> Choice {
    let mut choice = Choice { applies: true, ..Choice::default() };
    let mut everywhere = false;
    for (place, name, _) in parsed {
        if let DistFilename::WheelFilename(wheel) = name
            && usable_by_some(wheel, lowest)
        {
            choice.chosen.insert(*place);
            everywhere |= is_universal(wheel, lowest);
        }
    }
    if !everywhere && let Some(sdist) = best_sdist(parsed) {
        choice.needs_build = choice.chosen.is_empty();
        choice.chosen.insert(sdist);
    }
    choice
}

/// Whether a CPython of at least `lowest` can use the wheel on its platform, as uv narrows the
/// wheels of a universal lock.
fn usable_by_some(wheel: &WheelFilename, lowest: Option<PythonVersion>) -> bool {
    let lowest = lowest.map_or((3, 0), |python| (python.major, python.minor));
    let mut abis = wheel.abi_tags().iter();
    abis.any(|abi| match abi {
        AbiTag::None | AbiTag::Abi3 | AbiTag::Abi3T => {
            wheel.python_tags().iter().any(|python| match python {
                LanguageTag::Python { major, .. } | LanguageTag::CPythonMajor { major } => {
                    *major == 3
                }
                // The stable ABI holds for every later Python; `cp311-none` means 3.11 alone.
                LanguageTag::CPython { python_version } => match abi {
                    AbiTag::None => *python_version >= lowest,
                    _ => python_version.0 == 3,
                },
                _ => false,
            })
        }
        AbiTag::CPython { python_version, .. } => *python_version >= lowest,
        _ => false,
    })
}

/// Whether the wheel runs on every platform with every CPython of at least `lowest`.
fn is_universal(wheel: &WheelFilename, lowest: Option<PythonVersion>) -> bool {
    wheel.abi_tags().contains(&AbiTag::None)
        && wheel.platform_tags().contains(&PlatformTag::Any)
        && wheel.python_tags().iter().any(|python| match python {
            LanguageTag::Python { major: 3, minor: None } => true,
            LanguageTag::Python { major: 3, minor: Some(minor) } => {
                lowest.is_some_and(|lowest| lowest.major == 3 && *minor <= lowest.minor)
            }
            _ => false,
        })
}

/// The wheel with the best tag; among equals the one with the higher build number, then the one
/// whose name is first, so that the choice does not hang on the order of a page.
fn best_wheel(parsed: &[Parsed<'_>], tags: &Tags) -> Option<usize> {
    let mut best: Option<((TagPriority, Option<BuildTag>), String, usize)> = None;
    for (place, name, _) in parsed {
        if let DistFilename::WheelFilename(wheel) = name
            && let TagCompatibility::Compatible(priority) = wheel.compatibility(tags)
        {
            let rank = (priority, wheel.build_tag().cloned());
            let text = wheel.to_string();
            let better = best.as_ref().is_none_or(|(other, other_text, _)| {
                rank > *other || (rank == *other && text < *other_text)
            });
            if better {
                best = Some((rank, text, *place));
            }
        }
    }
    best.map(|(.., place)| place)
}

/// The sdist, `.tar.gz` (the only form that PEP 625 knows) before every other.
fn best_sdist(parsed: &[Parsed<'_>]) -> Option<usize> {
    let sdists = parsed.iter().filter_map(|(place, name, _)| match name {
        DistFilename::SourceDistFilename(sdist) => Some((sdist.extension, *place)),
        DistFilename::WheelFilename(_) => None,
    });
    let rank = |extension: &SourceDistExtension| match extension {
        SourceDistExtension::TarGz => 0,
        SourceDistExtension::Legacy(_) => 1,
    };
    sdists.min_by_key(|(extension, place)| (rank(extension), *place)).map(|(_, place)| place)
}

/// Whether a file may be used with a Python. As in pip, a text that cannot be read forbids
/// nothing. Where the patch is not known, its first and any later one will do.
fn runs_on(requires: Option<&str>, python: PythonVersion) -> bool {
    let Some(Ok(specifiers)) = requires.map(str::parse::<VersionSpecifiers>) else { return true };
    let any_later = [u64::from(python.major), u64::from(python.minor), u64::from(u16::MAX)];
    specifiers.contains(&python.full())
        || (python.patch.is_none() && specifiers.contains(&Version::new(any_later)))
}

/// The tags of CPython on a platform: those that the resolver chooses by.
fn tags(python: PythonVersion, platform: Platform) -> Result<Tags, TagsError> {
    let os = match platform.system {
        target::System::Manylinux(major, minor) => Os::Manylinux { major, minor },
        target::System::Musllinux(major, minor) => Os::Musllinux { major, minor },
        target::System::Macos(major, minor) => Os::Macos { major, minor },
        target::System::Windows => Os::Windows,
    };
    let arch = match platform.arch {
        target::Arch::X86_64 => Arch::X86_64,
        target::Arch::Aarch64 => Arch::Aarch64,
        target::Arch::I686 => Arch::X86,
        target::Arch::Armv7l => Arch::Armv7L,
        target::Arch::Ppc64le => Arch::Powerpc64Le,
        target::Arch::S390x => Arch::S390X,
        target::Arch::Riscv64 => Arch::Riscv64,
    };
    let version = (python.major, python.minor);
    let options = TagsOptions {
        manylinux_compatible: matches!(platform.system, target::System::Manylinux(..)),
        gil_disabled: false,
        debug_enabled: false,
        is_cross: true,
    };
    let platform = uv_platform_tags::Platform::new(os, arch);
    Tags::from_env(platform, version, "cpython", version, options)
}

#[cfg(test)]
mod tests;
