//! What the present lock says of builds binds a build that has to be done again.

use std::str::FromStr as _;
use std::sync::Arc;

use provender_core::{LockedProject, ProjectName, Version};
use rustc_hash::FxHashMap;
use uv_configuration::Constraints;
use uv_distribution_types::{Requirement, VersionId};
use uv_pypi_types::HashDigest;
use uv_types::HashStrategy;

use crate::request::{LockRequest, Upgrade};

/// The present build pins, as limits on what a build installs.
pub(crate) fn constraints(request: &LockRequest) -> Constraints {
    let requirements: Vec<Requirement> = kept(request)
        .filter_map(|(project, version)| {
            super::session::requirement(&format!("{}=={version}", project.name)).ok()
        })
        .collect();
    Constraints::from_requirements(requirements.into_iter())
}

/// The present hashes of build requirements: what a build installs must have one of them. A
/// requirement that is new is taken as the index offers it, and locked from then on.
pub(crate) fn hashes(request: &LockRequest) -> HashStrategy {
    let mut hashes: FxHashMap<VersionId, Vec<HashDigest>> = FxHashMap::default();
    for (project, version) in kept(request) {
        let digests: Vec<HashDigest> = project
            .files
            .iter()
            .filter_map(|file| HashDigest::from_str(&file.hash.to_string()).ok())
            .collect();
        if !digests.is_empty() {
            hashes.insert(VersionId::from_registry(project.name.clone(), version.clone()), digests);
        }
    }
    HashStrategy::Verify(Arc::new(hashes))
}

/// The present build pins that are not given up.
fn kept(request: &LockRequest) -> impl Iterator<Item = (&LockedProject, &Version)> {
    let given_up = |name: &ProjectName| match &request.upgrade {
        Upgrade::Nothing => false,
        Upgrade::Only(names) => names.contains(name),
        Upgrade::All => true,
    };
    let present = request.present.iter().flat_map(|lock| &lock.build);
    present
        .filter(move |project| !given_up(&project.name))
        .filter_map(|project| Some((project, project.version.as_ref()?)))
}
