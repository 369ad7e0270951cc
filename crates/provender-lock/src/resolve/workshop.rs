//! Everything that a resolution and its builds draw on, set up once and owned in one place.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, OnceCell};
use uv_cache::Cache;
use uv_client::{FlatIndexClient, RegistryClient};
use uv_configuration::{BuildOptions, Concurrency, Constraints, IndexStrategy, NoBuild, NoSources};
use uv_dispatch::{BuildDispatch, SharedState};
use uv_distribution_types::{
    ConfigSettings, DependencyMetadata, ExcludeNewerValue, ExtraBuildRequires, ExtraBuildVariables,
    HashGeneration, IndexCapabilities, IndexLocations, PackageConfigSettings,
};
use uv_install_wheel::LinkMode;
use uv_preview::Preview;
use uv_python::Interpreter;
use uv_resolver::{ExcludeNewer, FlatIndex};
use uv_types::{
    BuildArena, BuildContext as _, BuildIsolation, HashStrategy, SourceTreeEditablePolicy,
};
use uv_workspace::WorkspaceCache;

use super::build_log::BuildLog;
use super::context::{Context, Parts, Variables};
use super::pages::PageReaders;
use super::target::Environment;
use super::{client, error, indexes, python};
use crate::failure::LockFailure;
use crate::inputs::Inputs;
use crate::request::{LockRequest, Observer};

/// What a resolution and its builds draw on.
pub(crate) struct Workshop<'r> {
    request: &'r LockRequest,
    cache: Cache,
    pub(crate) client: RegistryClient,
    locations: IndexLocations,
    pub(crate) flat_index: FlatIndex,
    pub(crate) build_options: BuildOptions,
    build_rules: BuildRules,
    pub(crate) exclude_newer: ExcludeNewer,
    pub(crate) concurrency: Concurrency,
    pub(crate) hasher: HashStrategy,
    pub(crate) log: BuildLog,
    observer: Arc<dyn Observer>,
    python: OnceCell<Option<Interpreter>>,
    settings: BuildSettings,
    state: SharedState,
    workspace_cache: WorkspaceCache,
    /// Set once an index page says that it must not be taken from the cache.
    uncacheable: Arc<AtomicBool>,
}

/// What binds the environments that builds run in.
pub(crate) struct BuildRules {
    /// What the versions of build requirements must obey.
    pub(crate) constraints: Constraints,
    /// What the files of build requirements must hash to.
    pub(crate) hashes: HashStrategy,
    /// What builds find in their environment beside this process's own.
    pub(crate) variables: Variables,
    /// Whether a `[tool.uv.sources]` table is obeyed.
    pub(crate) sources: NoSources,
}

/// uv's settings of builds, none of which provender has.
#[derive(Default)]
struct BuildSettings {
    dependency_metadata: DependencyMetadata,
    config: ConfigSettings,
    config_package: PackageConfigSettings,
    extra_requires: ExtraBuildRequires,
    extra_variables: ExtraBuildVariables,
}

impl<'r> Workshop<'r> {
    /// Sets everything up; asks the network only for what `--find-links` names.
    pub(crate) async fn open(
        request: &'r LockRequest,
        inputs: &Inputs,
        environment: &Environment,
        cache: Cache,
        python: OnceCell<Option<Interpreter>>,
        build_rules: BuildRules,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, LockFailure> {
        let locations = indexes::locations(&request.indexes, inputs);
        let uncacheable = Arc::<AtomicBool>::default();
        let client = {
            let (cache, uncacheable) = (cache.clone(), Arc::clone(&uncacheable));
            client::registry_client(request, &locations, cache, &environment.markers, uncacheable)?
        };
        let may_build = request.builds && python::is_here(request);
        let no_build = if may_build { inputs.no_build.clone() } else { NoBuild::All };
        let build_options = BuildOptions::new(inputs.no_binary.clone(), no_build);
        let exclude_newer = request.exclude_newer.map_or_else(ExcludeNewer::default, |instant| {
            ExcludeNewer::global(ExcludeNewerValue::absolute(instant))
        });
        let hasher = HashStrategy::Generate(HashGeneration::All);
        let flat_index = {
            let flat = FlatIndexClient::new(client.cached_client(), client.connectivity(), &cache);
            let entries = flat
                .fetch_all(locations.flat_indexes().map(uv_distribution_types::Index::url))
                .await
                .map_err(|error| error::failure(&error, request))?;
            FlatIndex::from_entries(entries, environment.tags.as_ref(), &hasher, &build_options)
        };
        Ok(Self {
            request,
            cache,
            client,
            locations,
            flat_index,
            build_options,
            build_rules,
            exclude_newer,
            concurrency: Concurrency::default(),
            hasher,
            log: BuildLog::default(),
            observer,
            python,
            settings: BuildSettings::default(),
            state: SharedState::default(),
            workspace_cache: WorkspaceCache::default(),
            uncacheable,
        })
    }

    /// How the resolver and builds get at all of it.
    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(Parts {
            builder: OnceLock::new(),
            python: &self.python,
            find_python: Box::new(|| {
                Box::pin(python::find(python::wanted(self.request), self.cache.clone()))
            }),
            make_dispatch: Box::new(|interpreter| self.dispatch(interpreter)),
            no_python: Notify::new(),
            cache: &self.cache,
            client: &self.client,
            git: self.state.git().clone(),
            arena: BuildArena::default(),
            capabilities: IndexCapabilities::default(),
            dependency_metadata: &self.settings.dependency_metadata,
            build_options: &self.build_options,
            config_settings: &self.settings.config,
            config_settings_package: &self.settings.config_package,
            sources: self.build_rules.sources.clone(),
            locations: &self.locations,
            workspace_cache: self.workspace_cache.clone(),
            extra_build_requires: &self.settings.extra_requires,
            extra_build_variables: &self.settings.extra_variables,
            variables: &self.build_rules.variables,
            concurrency: self.concurrency.clone(),
            log: &self.log,
            observer: self.observer.clone(),
        })
    }

    /// Threads that read pages ahead of the resolver.
    pub(crate) fn page_readers(&self, context: &Context<'_>) -> PageReaders {
        let slots = &self.concurrency.downloads_semaphore;
        let uncacheable = Arc::clone(&self.uncacheable);
        PageReaders::start(&self.client, context.capabilities(), slots, uncacheable)
    }

    fn dispatch<'a>(&'a self, interpreter: &'a Interpreter) -> BuildDispatch<'a> {
        BuildDispatch::new(
            &self.client,
            &self.cache,
            &self.build_rules.constraints,
            interpreter,
            &self.locations,
            &self.flat_index,
            &self.settings.dependency_metadata,
            self.state.clone(),
            IndexStrategy::FirstIndex,
            &self.settings.config,
            &self.settings.config_package,
            BuildIsolation::Isolated,
            &self.settings.extra_requires,
            &self.settings.extra_variables,
            LinkMode::default(),
            &self.build_options,
            &self.build_rules.hashes,
            self.exclude_newer.clone(),
            self.build_rules.sources.clone(),
            SourceTreeEditablePolicy::Project,
            self.workspace_cache.clone(),
            self.concurrency.clone(),
            Preview::default(),
        )
        .with_build_extra_env_vars(&self.build_rules.variables)
    }
}
