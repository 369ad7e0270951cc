//! The installed distributions against the lock, and against what the provenance records.

use std::collections::BTreeSet;

use provender_core::check::Step;
use provender_core::{Diagnostic, LockedProject, Platform, ProjectName, PythonVersion, Sha256};
use provender_target::Marker;

use super::installed::{Distribution, same};
use super::provenance::Recorded;
use super::{GivenLock, Read, about, counted, judged};
use crate::Image;
use crate::base::Base;
use crate::build::{BaseFacts, environment};
use crate::wheel::WheelFilename;

const ID: &str = "locked";

/// Compares what layers above the base installed; none where there is neither a lock nor a provenance,
/// which is noted.
pub(super) fn verify(
    image: &Image,
    read: &Read,
    installed: &[Distribution],
    given: Option<GivenLock<'_>>,
    recorded: Option<&Recorded>,
    notes: &mut Vec<Diagnostic>,
) -> Option<Step> {
    let ours: Vec<&Distribution> = installed.iter().filter(|one| one.is_ours).collect();
    let mut found = Vec::new();
    if let Some(recorded) = recorded {
        found.extend(wheels(&ours, recorded));
    }
    let title = match (given, recorded) {
        (Some(given), _) => {
            if let Some(lock) = recorded.and_then(|recorded| recorded.lock.as_ref())
                && lock.sha256 != given.sha256
            {
                let message =
                    format!("{} is not the lock that the image was built from", given.name);
                found.push(
                    Diagnostic::error("image/other-lock", message)
                        .because(format!("the provenance names {}, {}", lock.name, lock.sha256))
                        .because(format!("{} hashes to {}", given.name, given.sha256))
                        .hint("name the lock of that build with --lock, or build the image again from this one"),
                );
            }
            found.extend(releases(image, read, &ours, given));
            found.extend(recorded.into_iter().flat_map(|recorded| other_wheels(given, recorded)));
            "what is installed is what is locked"
        }
        (None, Some(recorded)) => {
            let lock = recorded.lock.as_ref();
            notes.push(
                Diagnostic::note(
                    "image/not-compared",
                    "no lock was compared with what is installed",
                )
                .hint(match lock {
                    Some(lock) => format!("name {} with --lock", shown(&lock.name)),
                    None => "name one with --lock".to_owned(),
                }),
            );
            "what is installed is what the provenance names"
        }
        (None, None) => {
            notes.push(
                Diagnostic::note(
                    "image/not-compared",
                    "no lock was compared with what is installed",
                )
                .hint("name one with --lock"),
            );
            return None;
        }
    };
    Some(judged(ID, title, counted(ours.len(), "release"), found))
}

/// A name that somebody else wrote, in quotes where a shell needs them.
fn shown(name: &str) -> String {
    format!("{name:?}").trim_matches('"').to_owned()
}

/// What is installed and not locked, and what is locked and not installed.
fn releases(
    image: &Image,
    read: &Read,
    ours: &[&Distribution],
    given: GivenLock<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let environment = environment_of(image, read, given);
    let applies = |project: &LockedProject| match (&project.marker, environment) {
        (None, _) => Some(true),
        (marker, Some((python, platform))) => {
            Some(Marker::parse(marker.as_deref()).applies(python, platform))
        }
        // Nobody can tell: it may be there or not.
        (Some(_), None) => None,
    };
    let wanted: Vec<(&LockedProject, Option<bool>)> =
        given.lock.projects.iter().map(|project| (project, applies(project))).collect();
    let mut extra = Vec::new();
    for one in ours {
        let mut of_name = wanted
            .iter()
            .filter(|(project, applies)| project.name == one.name && *applies != Some(false))
            .peekable();
        if of_name.peek().is_none() {
            extra.push(one.shown());
        } else if !of_name.clone().any(|(project, _)| is_release(one, project)) {
            let locked = of_name.filter_map(|(project, _)| project.version.as_ref());
            let locked: Vec<String> = locked.map(ToString::to_string).collect();
            let message =
                format!("{} is installed, and {} is locked", one.shown(), locked.join(", "));
            found.push(
                Diagnostic::error("image/other-version", message)
                    .because(format!("/{}", one.dist_info))
                    .hint("build the image again from the lock"),
            );
        }
    }
    if !extra.is_empty() {
        let message = format!("{} installed and not locked", counted(extra.len(), "release"));
        let diagnostic = Diagnostic::error("image/not-locked", message)
            .hint("build the image from the lock alone, or lock what it needs");
        found.push(about(diagnostic, &extra));
    }
    let names: BTreeSet<&ProjectName> = ours.iter().map(|one| &one.name).collect();
    let missing = wanted
        .iter()
        .filter(|(project, applies)| *applies == Some(true) && !names.contains(&project.name));
    let missing: BTreeSet<&str> = missing.map(|(project, _)| project.name.as_str()).collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        let message = format!("{} locked and not installed", counted(missing.len(), "project"));
        let diagnostic = Diagnostic::error("image/not-installed", message)
            .hint("build the image again from this lock");
        found.push(about(diagnostic, &missing));
    }
    found
}

fn is_release(one: &Distribution, project: &LockedProject) -> bool {
    project.version.as_ref().is_none_or(|version| same(&one.version, version))
}

/// The Python and the platform by which markers are judged; none where the image does not tell.
fn environment_of(
    image: &Image,
    read: &Read,
    given: GivenLock<'_>,
) -> Option<(PythonVersion, Platform)> {
    let base = Base::of_tree(read.tree.clone(), &image.config).ok()?;
    environment(given.lock, &BaseFacts::found(&base).ok()?).ok()
}

/// What the provenance says was installed against what is.
fn wheels(ours: &[&Distribution], recorded: &Recorded) -> Vec<Diagnostic> {
    let wheels: Vec<WheelFilename> =
        recorded.files.iter().filter_map(|file| file.name.parse().ok()).collect();
    let gone: Vec<String> = wheels
        .iter()
        .filter(|wheel| !ours.iter().any(|one| one.is(wheel.name(), wheel.version())))
        .map(|wheel| format!("{} {}", wheel.name(), wheel.version()))
        .collect();
    let new: Vec<String> = ours
        .iter()
        .filter(|one| !wheels.iter().any(|wheel| one.is(wheel.name(), wheel.version())))
        .map(|one| one.shown())
        .collect();
    let mut found = Vec::new();
    for (places, said) in [
        (gone, "in the provenance and not installed"),
        (new, "installed and not in the provenance"),
    ] {
        if !places.is_empty() {
            let message = format!("{} {said}", counted(places.len(), "release"));
            let diagnostic = Diagnostic::error("image/provenance-differs", message)
                .hint("build the image again, or find out who changed it");
            found.push(about(diagnostic, &places));
        }
    }
    found
}

/// The wheels of the provenance that the lock does not name, nor an sdist they were built from.
fn other_wheels(given: GivenLock<'_>, recorded: &Recorded) -> Option<Diagnostic> {
    let is_locked = |project: &LockedProject, sha256: &Sha256| {
        project.files.iter().any(|file| file.hash.sha256().as_ref() == Some(sha256))
    };
    let mut other = Vec::new();
    for file in &recorded.files {
        let Ok(wheel) = file.name.parse::<WheelFilename>() else { continue };
        let of_name = || given.lock.named(wheel.name());
        let sdists = recorded.files.iter().filter(|file| !file.name.ends_with(".whl"));
        let is_built =
            || sdists.clone().any(|sdist| of_name().any(|p| is_locked(p, &sdist.sha256)));
        if !of_name().any(|project| is_locked(project, &file.sha256)) && !is_built() {
            other.push(format!("{} with {}", file.name, file.sha256));
        }
    }
    if other.is_empty() {
        return None;
    }
    let message = format!(
        "{} of the provenance with hashes that are not locked",
        counted(other.len(), "wheel")
    );
    let diagnostic = Diagnostic::error("image/wheel-not-locked", message)
        .hint("name the lock that the image was built from, or build it again from this one");
    Some(about(diagnostic, &other))
}
