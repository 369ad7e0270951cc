//! What releases need, noted down as the resolver learns it.
//!
//! The repair reasons about single versions before it asks for a solve: most of what cannot be has
//! a requirement that says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use provender_core::{ProjectName, Version, VersionSpecifiers};
use uv_distribution::Metadata;
use uv_distribution_types::{Dist, IndexMetadata, InstalledDist, Requirement, RequirementSource};
use uv_pep508::MarkerEnvironment;
use uv_resolver::{MetadataResponse, PackageVersionsResult, ResolverProvider, WheelMetadataResult};

use super::pages::PageReaders;

/// A requirement of a release that holds on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// The project that is needed.
    pub(crate) project: ProjectName,
    /// The versions that do.
    pub(crate) specifiers: VersionSpecifiers,
}

/// The needs of releases from an index, by project and version.
#[derive(Debug, Default)]
pub(crate) struct Needs(Mutex<BTreeMap<(ProjectName, Version), NeedList>>);

type NeedList = Arc<[Need]>;

impl Needs {
    /// What is known of a release.
    pub(crate) fn of(&self, project: &ProjectName, version: &Version) -> Option<Arc<[Need]>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(project.clone(), version.clone())).cloned()
    }

    /// Notes down what metadata say. Without markers, as for several environments at once, only
    /// what is needed everywhere counts.
    pub(crate) fn learn(
        &self,
        metadata: &Metadata,
        markers: Option<&MarkerEnvironment>,
    ) -> Arc<[Need]> {
        let holds = |requirement: &&Requirement| match markers {
            Some(markers) => requirement.evaluate_markers(Some(markers), &[]),
            None => requirement.marker.is_true(),
        };
        let needs: Arc<[Need]> =
            metadata.requires_dist.iter().filter(holds).filter_map(need).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((metadata.name.clone(), metadata.version.clone()), Arc::clone(&needs));
        needs
    }
}

fn need(requirement: &Requirement) -> Option<Need> {
    match &requirement.source {
        RequirementSource::Registry { specifier, .. } => {
            Some(Need { project: requirement.name.clone(), specifiers: specifier.clone() })
        }
        _ => None,
    }
}

/// Passes everything on to the resolver's own provider, has pages read ahead, and notes down what
/// releases need.
pub(crate) struct Learning<'a, P> {
    pub(crate) inner: P,
    pub(crate) needs: &'a Needs,
    pub(crate) markers: Option<&'a MarkerEnvironment>,
    pub(crate) pages: &'a PageReaders,
}

impl<P: ResolverProvider> ResolverProvider for Learning<'_, P> {
    async fn get_package_versions<'io>(
        &'io self,
        package_name: &'io ProjectName,
        index: Option<&'io IndexMetadata>,
    ) -> PackageVersionsResult {
        self.pages.read(package_name, index).await?;
        self.inner.get_package_versions(package_name, index).await
    }

    async fn get_or_build_wheel_metadata<'io>(&'io self, dist: &'io Dist) -> WheelMetadataResult {
        let response = self.inner.get_or_build_wheel_metadata(dist).await?;
        if let MetadataResponse::Found(found) = &response {
            self.needs.learn(&found.metadata, self.markers);
        }
        Ok(response)
    }

    async fn get_installed_metadata<'io>(
        &'io self,
        dist: &'io InstalledDist,
    ) -> WheelMetadataResult {
        self.inner.get_installed_metadata(dist).await
    }

    fn with_reporter(self, reporter: Arc<dyn uv_distribution::Reporter>) -> Self {
        Self { inner: self.inner.with_reporter(reporter), ..self }
    }
}
