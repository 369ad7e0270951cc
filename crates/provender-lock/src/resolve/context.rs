//! What the resolver may do beyond reading metadata: run a build, or refuse to.
//!
//! One type serves both, for the resolver is generic over it and is slow to compile. It passes
//! everything to uv's own dispatch, but runs the builds itself, so that each is named while it
//! happens and its build requirements are remembered.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use provender_core::{ProjectName, Version};
use rustc_hash::FxHashMap;
use tokio::sync::{Notify, OnceCell};
use uv_build_frontend::{SourceBuild, SourceBuildContext};
use uv_cache::Cache;
use uv_client::RegistryClient;
use uv_configuration::{BuildKind, BuildOptions, BuildOutput, Concurrency, NoSources};
use uv_dispatch::{BuildDispatch, BuildDispatchError};
use uv_distribution_filename::DistFilename;
use uv_distribution_types::{
    CachedDist, ConfigSettings, DependencyMetadata, Dist, DistributionMetadata as _,
    ExtraBuildRequires, ExtraBuildVariables, Identifier as _, IndexCapabilities, IndexLocations,
    Name as _, PackageConfigSettings, Requirement, ResolvedDist, SourceDist, VersionOrUrlRef,
};
use uv_git::GitResolver;
use uv_python::{Interpreter, PythonEnvironment};
use uv_types::{BuildArena, BuildContext, BuildIsolation, BuildStack, ResolvedRequirements};
use uv_workspace::WorkspaceCache;

use crate::request::{Observer, Progress};

/// What was built, and with which build requirements.
#[derive(Default)]
pub(crate) struct BuildLog {
    entries: Mutex<BTreeMap<String, Built>>,
}

/// One thing that was built.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Built {
    /// The project whose code ran.
    pub(crate) project: ProjectName,
    /// Its version, where it was known before.
    pub(crate) version: Option<Version>,
    /// What was installed to run it.
    pub(crate) requirements: BTreeMap<ProjectName, Version>,
}

impl BuildLog {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Built>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn entries(&self) -> Vec<Built> {
        self.lock().values().cloned().collect()
    }
}

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
    pub(crate) concurrency: Concurrency,
    pub(crate) log: &'a BuildLog,
    pub(crate) observer: Arc<dyn Observer>,
}

/// A Python, and uv's dispatch over it.
pub(crate) struct Builder<'a> {
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) dispatch: BuildDispatch<'a>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(parts: Parts<'a>) -> Self {
        Self { parts: Rc::new(parts), building: None }
    }

    /// Comes back when a Python was needed and none could be found; until then it waits.
    pub(crate) async fn python_is_missing(&self) {
        self.parts.no_python.notified().await;
    }

    async fn builder(&self) -> Option<&Builder<'a>> {
        let python: &'a OnceCell<Option<Interpreter>> = self.parts.python;
        let found = python.get_or_init(|| (self.parts.find_python)()).await.as_ref();
        let make = |interpreter| Builder {
            interpreter,
            dispatch: (self.parts.make_dispatch)(interpreter),
        };
        self.parts.builder.get_or_init(|| found.map(make)).as_ref()
    }

    async fn dispatch(&self) -> Result<&BuildDispatch<'a>, BuildDispatchError> {
        self.builder().await.map(|builder| &builder.dispatch).ok_or_else(|| {
            BuildDispatchError::Anyhow(anyhow::anyhow!("nothing is built while builds are refused"))
        })
    }
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
        let name = dist.map(uv_distribution_types::Name::name);
        let refused = || match name {
            Some(name) => uv_build_frontend::Error::NoSourceDistBuild(name.clone()),
            None => uv_build_frontend::Error::NoSourceDistBuilds,
        };
        if self.build_options().no_build_requirement(name) {
            return Err(refused());
        }
        let builder = self.builder().await.ok_or_else(refused)?;
        let version = dist.map(|dist| dist.version_or_url()).and_then(|either| match either {
            VersionOrUrlRef::Version(version) => Some(version),
            VersionOrUrlRef::Url(_) => None,
        });
        if let Some(dist) = dist {
            build_stack.insert(dist.distribution_id());
        }
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
            source,
            subdirectory,
            install_path,
            stop_discovery_at,
            name,
            version,
            builder.interpreter,
            &inner,
            SourceBuildContext::new(slots),
            version_id,
            self.locations(),
            sources.clone(),
            self.workspace_cache(),
            self.config_settings().clone(),
            self.build_isolation(),
            self.extra_build_requires(),
            &build_stack,
            build_kind,
            FxHashMap::default(),
            build_output,
            self.parts.client.credentials_cache(),
        ))
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
