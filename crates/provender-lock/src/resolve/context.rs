//! What the resolver may do beyond reading metadata: run a build, or refuse to.
//!
//! One type serves both, for the resolver is generic over it and is slow to compile. It passes
//! everything to uv's own dispatch, but runs the builds itself, so that each is named while it
//! happens and its build requirements are remembered.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsString;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use provender_core::{ProjectName, Version};
use rustc_hash::FxHashMap;
use tokio::sync::{Notify, OnceCell};
use uv_build_frontend::{SourceBuild, SourceBuildContext};
use uv_cache::Cache;
use uv_client::RegistryClient;
use uv_configuration::{BuildKind, BuildOptions, BuildOutput, Concurrency, NoBuild, NoSources};
use uv_dispatch::{BuildDispatch, BuildDispatchError};
use uv_distribution_filename::DistFilename;
use uv_distribution_types::{
    CachedDist, ConfigSettings, DependencyMetadata, Dist, DistributionMetadata as _,
    ExtraBuildRequires, ExtraBuildVariables, Identifier as _, IndexCapabilities, IndexLocations,
    IndexUrl, Name as _, PackageConfigSettings, Requirement, ResolvedDist, SourceDist,
    VersionOrUrlRef,
};
use uv_git::GitResolver;
use uv_python::{Interpreter, PythonEnvironment};
use uv_types::{
    BuildArena, BuildContext, BuildIsolation, BuildStack, HashStrategy, ResolvedRequirements,
};
use uv_workspace::WorkspaceCache;

use super::build_log::{BuildLog, Built};
use crate::request::{Observer, Progress};

/// Environment variables, as uv takes them.
pub(crate) type Variables = FxHashMap<OsString, OsString>;

/// A future that stays on its thread.
pub(crate) type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How the resolver gets at builds.
pub(crate) struct Context<'a> {
    parts: Rc<Parts<'a>>,
    /// The build for which this context resolves and installs; none at the top.
    building: Option<String>,
}

/// Everything a context passes on.
pub(crate) struct Parts<'a> {
    /// What runs builds, once one was needed; none where no Python could be found for it.
    pub(crate) builder: OnceLock<Option<Builder<'a>>>,
    /// The Python for builds, once somebody looked for it.
    pub(crate) python: &'a OnceCell<Option<Interpreter>>,
    /// Looks for a Python.
    pub(crate) find_python: Box<dyn Fn() -> LocalBoxFuture<'a, Option<Interpreter>> + 'a>,
    /// Makes what builds of a Python.
    pub(crate) make_dispatch: Box<dyn Fn(&'a Interpreter) -> BuildDispatch<'a> + 'a>,
    /// Told when a Python is needed and none could be found.
    pub(crate) no_python: Notify,
    pub(crate) cache: &'a Cache,
    pub(crate) client: &'a RegistryClient,
    pub(crate) git: GitResolver,
    pub(crate) arena: BuildArena<SourceBuild>,
    pub(crate) capabilities: IndexCapabilities,
    pub(crate) dependency_metadata: &'a DependencyMetadata,
    pub(crate) build_options: &'a BuildOptions,
    pub(crate) config_settings: &'a ConfigSettings,
    pub(crate) config_settings_package: &'a PackageConfigSettings,
    pub(crate) sources: NoSources,
    pub(crate) locations: &'a IndexLocations,
    pub(crate) workspace_cache: WorkspaceCache,
    pub(crate) extra_build_requires: &'a ExtraBuildRequires,
    pub(crate) extra_build_variables: &'a ExtraBuildVariables,
    /// What builds find in their environment beside this process's own.
    pub(crate) variables: &'a Variables,
    pub(crate) concurrency: Concurrency,
    pub(crate) log: &'a BuildLog,
    pub(crate) observer: Arc<dyn Observer>,
}

/// A Python, and uv's dispatch over it.
pub(crate) struct Builder<'a> {
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) dispatch: BuildDispatch<'a>,
}

/// What is built, and how.
pub(crate) struct Setup<'d> {
    pub(crate) source: &'d Path,
    pub(crate) subdirectory: Option<&'d Path>,
    pub(crate) install_path: &'d Path,
    pub(crate) stop_discovery_at: Option<&'d Path>,
    /// How messages call it.
    pub(crate) version_id: Option<&'d str>,
    pub(crate) name: Option<&'d ProjectName>,
    pub(crate) version: Option<&'d Version>,
    pub(crate) sources: &'d NoSources,
    pub(crate) build_kind: BuildKind,
    pub(crate) build_output: BuildOutput,
    /// What is being built further out, so that no build waits for itself.
    pub(crate) build_stack: BuildStack,
}

impl<'a> Context<'a> {
    pub(crate) fn new(parts: Parts<'a>) -> Self {
        Self { parts: Rc::new(parts), building: None }
    }

    /// Comes back when a Python was needed and none could be found; until then it waits.
    pub(crate) async fn python_is_missing(&self) {
        self.parts.no_python.notified().await;
    }

    /// An index that asked for credentials or did not take those it got, with its status; uv takes
    /// that for "has no such project".
    pub(crate) fn refusal(&self) -> Option<(u16, &url::Url)> {
        let builder = self.parts.builder.get().and_then(Option::as_ref);
        let of_builds = builder.map(|builder| builder.dispatch.capabilities());
        let all = [Some(&self.parts.capabilities), of_builds];
        self.parts.locations.known_indexes().find_map(|index| {
            let url = index.url();
            let any = |is: fn(&IndexCapabilities, &IndexUrl) -> bool| {
                all.into_iter().flatten().any(|capabilities| is(capabilities, url))
            };
            let status = if any(IndexCapabilities::unauthorized) {
                401
            } else if any(IndexCapabilities::forbidden) {
                403
            } else {
                return None;
            };
            Some((status, &**url.url()))
        })
    }

    /// Looks for a Python while the resolution goes on, where nothing is remembered: a build that
    /// turns out to be needed then need not wait for it. With a memory most builds are remembered
    /// as well, and the Python is not asked in vain.
    pub(crate) async fn find_python_ahead(&self, cold: bool) -> Infallible {
        if cold && !matches!(self.parts.build_options.no_build(), NoBuild::All) {
            self.python().await;
        }
        std::future::pending().await
    }

    async fn python(&self) -> Option<&'a Interpreter> {
        let python: &'a OnceCell<Option<Interpreter>> = self.parts.python;
        python.get_or_init(|| (self.parts.find_python)()).await.as_ref()
    }

    async fn builder(&self) -> Option<&Builder<'a>> {
        let found = self.python().await;
        let make = |interpreter| Builder {
            interpreter,
            dispatch: (self.parts.make_dispatch)(interpreter),
        };
        self.parts.builder.get_or_init(|| found.map(make)).as_ref()
    }

    /// Makes the environment that a build runs in, and says that it runs.
    pub(crate) async fn set_up(
        &self,
        setup: Setup<'_>,
    ) -> Result<SourceBuild, uv_build_frontend::Error> {
        let Setup { name, version, version_id, .. } = setup;
        let refused = || match name {
            Some(name) => uv_build_frontend::Error::NoSourceDistBuild(name.clone()),
            None => uv_build_frontend::Error::NoSourceDistBuilds,
        };
        if self.build_options().no_build_requirement(name) {
            return Err(refused());
        }
        let builder = self.builder().await.ok_or_else(refused)?;
        let what = match (name, version) {
            (Some(name), Some(version)) => format!("{name}=={version}"),
            (Some(name), None) => name.to_string(),
            (None, _) => version_id.unwrap_or("a source tree").to_owned(),
        };
        self.parts.observer.on(Progress::Building { what: what.clone() });
        if let Some(name) = name {
            self.parts.log.lock().entry(what.clone()).or_insert_with(|| Built {
                project: name.clone(),
                version: version.cloned(),
                requirements: BTreeMap::new(),
            });
        }
        // A context of its own tells which build the requirements are for; a fresh source build
        // context keeps uv from answering out of an earlier build, unseen.
        let inner = Context { parts: self.parts.clone(), building: Some(what) };
        let slots = self.parts.concurrency.builds_semaphore.clone();
        Box::pin(SourceBuild::setup(
            setup.source,
            setup.subdirectory,
            setup.install_path,
            setup.stop_discovery_at,
            name,
            version,
            builder.interpreter,
            &inner,
            SourceBuildContext::new(slots),
            version_id,
            self.locations(),
            setup.sources.clone(),
            self.workspace_cache(),
            self.config_settings().clone(),
            self.build_isolation(),
            self.extra_build_requires(),
            &setup.build_stack,
            setup.build_kind,
            self.parts.variables.clone(),
            setup.build_output,
            self.parts.client.credentials_cache(),
        ))
        .await
    }

    async fn dispatch(&self) -> Result<&BuildDispatch<'a>, BuildDispatchError> {
        self.builder().await.map(|builder| &builder.dispatch).ok_or_else(|| {
            BuildDispatchError::Anyhow(anyhow::anyhow!("nothing is built while builds are refused"))
        })
    }
}

/// Holds the files of a build's requirements to the hashes that their index pages promise, where
/// no lock knows better; uv by itself takes what comes.
fn held_to_hashes(resolved: ResolvedRequirements) -> ResolvedRequirements {
    let HashStrategy::Verify(locked) = resolved.hasher() else { return resolved };
    let mut hashes = locked.as_ref().clone();
    for (dist, promised) in resolved.resolution().hashes() {
        if !promised.is_empty() {
            hashes.entry(dist.version_id()).or_insert_with(|| promised.to_vec());
        }
    }
    ResolvedRequirements::new(resolved.resolution().clone(), HashStrategy::Verify(hashes.into()))
}

#[expect(
    refining_impl_trait,
    reason = "uv's errors are told apart by their types, so they are named here"
)]
impl BuildContext for Context<'_> {
    type SourceDistBuilder = SourceBuild;

    async fn interpreter(&self) -> &Interpreter {
        match self.builder().await {
            Some(builder) => builder.interpreter,
            // The trait leaves no way to say no. Whoever waits for the whole resolution waits for
            // this notice as well, and ends it.
            None => {
                self.parts.no_python.notify_one();
                std::future::pending().await
            }
        }
    }

    fn cache(&self) -> &Cache {
        self.parts.cache
    }

    fn git(&self) -> &GitResolver {
        &self.parts.git
    }

    fn build_arena(&self) -> &BuildArena<SourceBuild> {
        &self.parts.arena
    }

    fn capabilities(&self) -> &IndexCapabilities {
        &self.parts.capabilities
    }

    fn dependency_metadata(&self) -> &DependencyMetadata {
        self.parts.dependency_metadata
    }

    fn build_options(&self) -> &BuildOptions {
        self.parts.build_options
    }

    fn build_isolation(&self) -> BuildIsolation<'_> {
        BuildIsolation::Isolated
    }

    fn config_settings(&self) -> &ConfigSettings {
        self.parts.config_settings
    }

    fn config_settings_package(&self) -> &PackageConfigSettings {
        self.parts.config_settings_package
    }

    fn sources(&self) -> &NoSources {
        &self.parts.sources
    }

    fn locations(&self) -> &IndexLocations {
        self.parts.locations
    }

    fn workspace_cache(&self) -> &WorkspaceCache {
        &self.parts.workspace_cache
    }

    fn extra_build_requires(&self) -> &ExtraBuildRequires {
        self.parts.extra_build_requires
    }

    fn extra_build_variables(&self) -> &ExtraBuildVariables {
        self.parts.extra_build_variables
    }

    async fn resolve<'data>(
        &'data self,
        requirements: &'data [Requirement],
        build_stack: &'data BuildStack,
    ) -> Result<ResolvedRequirements, BuildDispatchError> {
        let resolved = self.dispatch().await?.resolve(requirements, build_stack).await?;
        let resolved = held_to_hashes(resolved);
        if let Some(key) = &self.building
            && let Some(entry) = self.parts.log.lock().get_mut(key)
        {
            for dist in resolved.resolution().distributions() {
                let Some(version) = dist.version() else { continue };
                entry.requirements.insert(dist.name().clone(), version.clone());
                // A build requirement without a wheel is built as well, by uv's own hand.
                if let ResolvedDist::Installable { dist: source, .. } = dist
                    && matches!(**source, Dist::Source(_))
                {
                    let what = format!("{}=={version}", dist.name());
                    self.parts.observer.on(Progress::Building { what });
                }
            }
        }
        Ok(resolved)
    }

    async fn install<'data>(
        &'data self,
        requirements: &'data ResolvedRequirements,
        venv: &'data PythonEnvironment,
        build_stack: &'data BuildStack,
    ) -> Result<Vec<CachedDist>, BuildDispatchError> {
        self.dispatch().await?.install(requirements, venv, build_stack).await
    }

    async fn setup_build<'data>(
        &'data self,
        source: &'data Path,
        subdirectory: Option<&'data Path>,
        install_path: &'data Path,
        stop_discovery_at: Option<&'data Path>,
        version_id: Option<&'data str>,
        dist: Option<&'data SourceDist>,
        sources: &'data NoSources,
        build_kind: BuildKind,
        build_output: BuildOutput,
        mut build_stack: BuildStack,
    ) -> Result<SourceBuild, uv_build_frontend::Error> {
        if let Some(dist) = dist {
            build_stack.insert(dist.distribution_id());
        }
        let version = dist.map(|dist| dist.version_or_url()).and_then(|either| match either {
            VersionOrUrlRef::Version(version) => Some(version),
            VersionOrUrlRef::Url(_) => None,
        });
        self.set_up(Setup {
            source,
            subdirectory,
            install_path,
            stop_discovery_at,
            version_id,
            name: dist.map(uv_distribution_types::Name::name),
            version,
            sources,
            build_kind,
            build_output,
            build_stack,
        })
        .await
    }

    async fn direct_build<'data>(
        &'data self,
        source: &'data Path,
        subdirectory: Option<&'data Path>,
        output_dir: &'data Path,
        sources: NoSources,
        build_kind: BuildKind,
        version_id: Option<&'data str>,
    ) -> Result<Option<DistFilename>, BuildDispatchError> {
        self.dispatch()
            .await?
            .direct_build(source, subdirectory, output_dir, sources, build_kind, version_id)
            .await
    }
}
