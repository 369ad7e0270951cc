//! What a lock says of builds binds what they install.

use std::str::FromStr as _;
use std::sync::Arc;

use provender_core::lock::Via;
use provender_core::{LockedProject, ProjectName};
use rustc_hash::FxHashMap;
use uv_configuration::Constraints;
use uv_distribution_types::{Requirement, VersionId};
use uv_pypi_types::HashDigest;
use uv_types::HashStrategy;

use crate::request::{LockRequest, Upgrade};

/// The present build pins, as limits on what a build installs.
pub(crate) fn constraints(request: &LockRequest) -> Constraints {
    limits(kept(request))
}

/// The present hashes of build requirements: what a build installs must have one of them. A
/// requirement that is new is taken as the index offers it, and locked from then on.
pub(crate) fn hashes(request: &LockRequest) -> HashStrategy {
    HashStrategy::Verify(digests(kept(request)))
}

/// The hashes of `pins`, and no file without one of them; where there are no pins, anything goes
/// that has the hash its index promises.
pub(crate) fn required<'a>(pins: impl Iterator<Item = &'a LockedProject>) -> HashStrategy {
    let digests = digests(pins);
    if digests.is_empty() {
        return HashStrategy::Verify(digests);
    }
    HashStrategy::Require(digests)
}

/// Every pin as a limit.
pub(crate) fn limits<'a>(pins: impl Iterator<Item = &'a LockedProject>) -> Constraints {
    let requirements: Vec<Requirement> = pins
        .filter_map(|project| {
            let marker =
                project.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
            let pin = format!("{}=={}{marker}", project.name, project.version.as_ref()?);
            super::session::requirement(&pin).ok()
        })
        .collect();
    Constraints::from_requirements(requirements.into_iter())
}

fn digests<'a>(
    pins: impl Iterator<Item = &'a LockedProject>,
) -> Arc<FxHashMap<VersionId, Vec<HashDigest>>> {
    let mut hashes: FxHashMap<VersionId, Vec<HashDigest>> = FxHashMap::default();
    for project in pins {
        let Some(version) = &project.version else { continue };
        let digests: Vec<HashDigest> = project
            .files
            .iter()
            .filter_map(|file| HashDigest::from_str(&file.hash.to_string()).ok())
            .collect();
        if !digests.is_empty() {
            let id = VersionId::from_registry(project.name.clone(), version.clone());
            hashes.entry(id).or_default().extend(digests);
        }
    }
    Arc::new(hashes)
}

/// The present build pins that are not given up.
fn kept(request: &LockRequest) -> impl Iterator<Item = &LockedProject> {
    let given_up = |name: &ProjectName| match &request.upgrade {
        Upgrade::Nothing => false,
        Upgrade::Only(names) => names.contains(name),
        Upgrade::All => true,
    };
    let present = request.present.iter().flat_map(|lock| &lock.build);
    present.filter(move |project| !given_up(&project.name))
}

/// Which of a lock's build requirements are for `project`: a lock has those of all its builds, and
/// two builds may want the same tool at different versions.
pub(crate) fn of<'a>(build: &'a [LockedProject], project: &ProjectName) -> Vec<&'a LockedProject> {
    let via = Via::Project(project.clone());
    let mine = |pin: &LockedProject| pin.via.contains(&via);
    let alone = |pin: &LockedProject| {
        build.iter().all(|other| other.name != pin.name || other.version == pin.version)
    };
    let claimed = |pin: &LockedProject| build.iter().any(|o| o.name == pin.name && mine(o));
    build.iter().filter(|pin| mine(pin) || alone(pin) || !claimed(pin)).collect()
}

#[cfg(test)]
mod tests {
    use provender_core::lock::LockedSource;

    use super::*;

    fn pin(name: &str, version: &str, via: &str) -> LockedProject {
        LockedProject {
            name: name.parse().unwrap(),
            version: Some(version.parse().unwrap()),
            marker: None,
            source: LockedSource::Index(None),
            requires_python: None,
            files: Vec::new(),
            via: vec![Via::Project(via.parse().unwrap())],
        }
    }

    #[test]
    fn a_build_gets_the_version_that_was_locked_for_it() {
        let build = [pin("tool", "1", "a"), pin("tool", "2", "b"), pin("wheel", "3", "b")];
        let versions = |project: &str| -> Vec<String> {
            let pins = of(&build, &project.parse().unwrap());
            pins.iter().filter_map(|pin| Some(pin.version.as_ref()?.to_string())).collect()
        };
        assert_eq!(versions("a"), ["1", "3"]);
        assert_eq!(versions("b"), ["2", "3"]);
    }
}
