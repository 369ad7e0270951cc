//! One project's resolver over several solves.
//!
//! What was learnt of the index in one solve is kept for the next, so that a repair, which asks
//! many times with slightly other rules, pays for the network once.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use provender_core::{LockedProject, ProjectName, Target, Version};
use uv_client::RegistryClient;
use uv_configuration::{BuildOptions, Concurrency, Constraints, Excludes, Overrides};
use uv_distribution::DistributionDatabase;
use uv_distribution_types::{
    BuildableSource, IndexMetadata, IndexMetadataRef, Requirement, RequirementSource,
    VersionOrUrlRef,
};
use uv_pypi_types::{Conflicts, VerbatimParsedUrl};
use uv_redacted::DisplaySafeUrl;
use uv_requirements::LookaheadResolver;
use uv_requirements_txt::{RequirementEntry, RequirementsTxtRequirement};
use uv_resolver::{
    AllowedYanks, DefaultResolverProvider, Exclusions, FlatIndex, InMemoryIndex, Manifest, Options,
    Preference, Preferences, Prerelease, PrereleaseMode, PrereleasePackageEntry, ResolveError,
    Resolver, ResolverOutput, ResolverReporter,
};
use uv_types::{BuildContext as _, EmptyInstalledPackages, HashStrategy};

use super::context::Context;
use super::error;
use super::needs::{Learning, Need, Needs};
use super::output;
use super::pages::PageReaders;
use super::published::{self, Release};
use super::target::Environment;
use crate::failure::LockFailure;
use crate::inputs::UserLimit;
use crate::request::{LockRequest, Observer, Progress};

/// A resolver with everything it needs for further solves.
pub(crate) struct Session<'a, 'c> {
    pub(crate) request: &'a LockRequest,
    pub(crate) environment: Environment,
    pub(crate) target: Target,
    pub(crate) client: &'a RegistryClient,
    pub(crate) context: &'a Context<'c>,
    pub(crate) flat_index: &'a FlatIndex,
    pub(crate) index: InMemoryIndex,
    pub(crate) hasher: HashStrategy,
    pub(crate) options: Options,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) constraints: Vec<Requirement>,
    /// Which kinds of files the inputs allow.
    pub(crate) offered: BuildOptions,
    /// What the user demands of versions, with its place.
    pub(crate) limits: Vec<UserLimit>,
    pub(crate) only_for: BTreeMap<ProjectName, IndexMetadata>,
    /// The present pins that are not given up, each with its marker.
    pub(crate) present: Vec<(ProjectName, Version, Option<String>)>,
    pub(crate) concurrency: Concurrency,
    pub(crate) observer: Arc<dyn Observer>,
    /// The pages that were read for the repair.
    pub(crate) releases: Mutex<BTreeMap<ProjectName, Arc<Releases>>>,
    /// What releases need, as far as it is known.
    pub(crate) needs: Needs,
    /// Whether pages are remembered from an earlier run.
    pub(crate) remembers: bool,
    /// What reads pages ahead.
    pub(crate) pages: PageReaders,
}

/// The releases of a project, by version.
pub(crate) type Releases = BTreeMap<Version, Release>;

/// What a solve must obey beyond the requirements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Version clauses by project; they bind only projects that are needed anyway.
    pub(crate) limits: BTreeMap<ProjectName, String>,
    /// What is tried first, in place of the present pin: a version, or none at all.
    pub(crate) prefer: BTreeMap<ProjectName, Option<Version>>,
    /// Pre-releases of these projects only; none means as the requirements ask. While versions
    /// are ruled out one by one, the resolver's usual rule (a pre-release where nothing else is
    /// left) would take what nobody wanted.
    pub(crate) only_prereleases_of: Option<BTreeSet<ProjectName>>,
}

/// A resolution.
pub(crate) struct Solved {
    /// The pins, without files.
    pub(crate) pins: Vec<LockedProject>,
    /// From which the files can be told.
    pub(crate) output: ResolverOutput,
}

/// Why a solve gave no resolution.
pub(crate) enum SolveError {
    /// The rules and requirements contradict each other.
    NoSolution {
        /// The projects that take part in the contradiction.
        projects: BTreeSet<ProjectName>,
        /// What to tell, if this is the end.
        failure: Box<LockFailure>,
    },
    /// There is no answer.
    Failed(Box<LockFailure>),
}

impl<'c> Session<'_, 'c> {
    /// Access to distributions, for the resolver and what prepares its input.
    pub(crate) fn database(&self) -> DistributionDatabase<'_, Context<'c>> {
        let slots = self.concurrency.downloads_semaphore.clone();
        DistributionDatabase::new(self.client, self.context, slots)
    }

    /// Resolves the requirements under `rules`.
    pub(crate) async fn solve(&self, rules: &Rules) -> Result<Solved, SolveError> {
        let output = self.resolve(rules).await.map_err(|error| self.told(error))?;
        let Environment { resolver, universal, .. } = &self.environment;
        let pins = output::pins(&output, resolver, *universal, &self.names())
            .map_err(|error| SolveError::Failed(Box::new(error::unexpected(&error))))?;
        Ok(Solved { pins, output })
    }

    /// The names of what comes from a location on this machine.
    pub(crate) fn names(&self) -> output::Names {
        output::names(&self.requirements)
    }

    /// The releases that the project's index publishes.
    pub(crate) async fn releases(
        &self,
        project: &ProjectName,
    ) -> Result<Arc<Releases>, LockFailure> {
        let remembered = || self.releases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(releases) = remembered().get(project) {
            return Ok(Arc::clone(releases));
        }
        let index = self.only_for.get(project).map(IndexMetadataRef::from);
        let capabilities = self.context.capabilities();
        let found = Box::pin(published::releases(self.client, capabilities, project, index))
            .await
            .map_err(|error| error::failure(&error, self.request))?;
        let found = Arc::new(found);
        remembered().insert(project.clone(), Arc::clone(&found));
        Ok(found)
    }

    /// Reads the releases of several projects on a thread of their own, for [`releases`](Self::releases)
    /// to find. What fails is told where it is needed.
    pub(crate) async fn read_releases(&self, projects: BTreeSet<&ProjectName>) {
        let wanted: Vec<(ProjectName, Option<IndexMetadata>)> = projects
            .into_iter()
            .map(|project| (project.clone(), self.only_for.get(project).cloned()))
            .collect();
        if wanted.is_empty() {
            return;
        }
        let (client, capabilities) = (self.client.clone(), self.context.capabilities().clone());
        let read = tokio::task::spawn_blocking(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let releases = wanted.iter().map(async |(project, index)| {
                let index = index.as_ref().map(IndexMetadataRef::from);
                let found = published::releases(&client, &capabilities, project, index).await;
                found.ok().map(|found| (project.clone(), Arc::new(found)))
            });
            Some(runtime.block_on(join_all(releases)))
        });
        let read = read.await.ok().flatten().into_iter().flatten().flatten();
        self.releases.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
    }

    /// What a release needs on the target, whatever extras are asked of it; none where that is not
    /// known and only a build could tell.
    pub(crate) async fn needs(
        &self,
        project: &ProjectName,
        version: &Version,
    ) -> Option<Arc<[Need]>> {
        if let Some(known) = self.needs.of(project, version) {
            return Some(known);
        }
        let releases = self.releases(project).await.ok()?;
        let wheel = releases.get(version)?.wheel()?;
        let hashes = self.hasher.get(&wheel);
        let database = self.database();
        // Boxed: uv's futures are deep, and their types with them.
        let found = Box::pin(database.get_or_build_wheel_metadata(&wheel, hashes)).await.ok()?;
        Some(self.needs.learn(&found.metadata, self.environment.fixed_markers()))
    }

    async fn resolve(&self, rules: &Rules) -> anyhow::Result<ResolverOutput> {
        let constraints = Constraints::from_requirements(
            self.constraints.iter().cloned().chain(self.limits(rules)?),
        );
        let overrides = Overrides::default();
        let excludes = Excludes::default();
        let (lookaheads, hasher) = LookaheadResolver::new(
            &self.requirements,
            &constraints,
            &overrides,
            &excludes,
            &self.hasher,
            &self.index,
            self.database(),
        )
        .resolve(&self.environment.resolver)
        .await?;
        let preferences =
            Preferences::from_iter(self.preferences(rules)?, &self.environment.resolver);
        let manifest = Manifest::new(
            self.requirements.clone(),
            constraints,
            overrides,
            excludes,
            preferences,
            None,
            BTreeSet::new(),
            Exclusions::default(),
            lookaheads,
        );
        let environment = &self.environment;
        let provider = DefaultResolverProvider::new(
            self.database(),
            self.flat_index,
            environment.tags.as_ref(),
            &environment.requires_python,
            AllowedYanks::from_manifest(
                &manifest,
                &environment.resolver,
                self.options.dependency_mode,
            ),
            &hasher,
            self.options.exclude_newer.clone(),
            self.context.locations(),
            // Unlike the context it knows only what the inputs forbid: an sdist that states its
            // metadata needs no build, even where builds are refused.
            &self.offered,
            self.context.capabilities(),
        );
        let resolver = Resolver::new_custom_io(
            manifest,
            self.options(rules),
            &hasher,
            environment.resolver.clone(),
            &environment.markers,
            environment.tags.clone(),
            &environment.python,
            Conflicts::empty(),
            &self.index,
            self.context.git(),
            self.context.capabilities(),
            self.context.locations(),
            Learning {
                inner: provider,
                needs: &self.needs,
                markers: environment.fixed_markers(),
                pages: &self.pages,
            },
            EmptyInstalledPackages,
        );
        let reporter = Reporter { count: AtomicUsize::new(0), observer: self.observer.clone() };
        Ok(resolver.with_reporter(Arc::new(reporter)).resolve().await?)
    }

    fn options(&self, rules: &Rules) -> Options {
        let mut options = self.options.clone();
        if let Some(allowed) = &rules.only_prereleases_of {
            let entries = allowed
                .iter()
                .filter_map(|name| format!("{name}=allow").parse::<PrereleasePackageEntry>().ok());
            options.prerelease =
                Prerelease { global: PrereleaseMode::Disallow, package: entries.collect() };
        }
        options
    }

    /// Whether an index asked for credentials, or did not take those it got.
    fn refused(&self) -> Option<LockFailure> {
        let (status, url) = self.context.refusal()?;
        Some(error::refused(status, Some(url)))
    }

    fn limits(&self, rules: &Rules) -> anyhow::Result<Vec<Requirement>> {
        let mut limits = Vec::new();
        for (project, clauses) in &rules.limits {
            limits.push(self.on_its_index(requirement(&format!("{project}{clauses}"))?));
        }
        for project in self.only_for.keys() {
            if !rules.limits.contains_key(project) {
                // A constraint without a clause would be dropped, and its index with it.
                limits.push(self.on_its_index(requirement(&format!("{project}>=0"))?));
            }
        }
        Ok(limits)
    }

    /// Says of a requirement from which index it comes, where that is settled.
    pub(crate) fn on_its_index(&self, requirement: Requirement) -> Requirement {
        on_its_index(requirement, &self.only_for)
    }

    fn preferences(&self, rules: &Rules) -> anyhow::Result<Vec<Preference>> {
        let mut preferences = Vec::new();
        let kept = self.present.iter().filter(|(name, ..)| !rules.prefer.contains_key(name));
        for (name, version, marker) in kept {
            preferences.extend(preference(name, version, marker.as_deref())?);
        }
        for (name, version) in &rules.prefer {
            if let Some(version) = version {
                preferences.extend(preference(name, version, None)?);
            }
        }
        Ok(preferences)
    }

    fn told(&self, error: anyhow::Error) -> SolveError {
        if let Some(ResolveError::NoSolution(conflict)) = error.downcast_ref() {
            // uv takes a refusal for "has no such project"; that would make a no of a missing
            // answer.
            if let Some(failure) = self.refused() {
                return SolveError::Failed(Box::new(failure));
            }
            return SolveError::NoSolution {
                projects: conflict.packages().cloned().collect(),
                failure: Box::new(error::no_solution(conflict, self.request, &self.limits)),
            };
        }
        SolveError::Failed(Box::new(error::failure(error.as_ref(), self.request)))
    }
}

/// Says of a requirement from which index it comes, where that is settled.
pub(crate) fn on_its_index(
    mut requirement: Requirement,
    only_for: &BTreeMap<ProjectName, IndexMetadata>,
) -> Requirement {
    if let Some(metadata) = only_for.get(&requirement.name)
        && let RequirementSource::Registry { index, .. } = &mut requirement.source
    {
        *index = Some(metadata.clone());
    }
    requirement
}

/// A requirement from its text.
pub(crate) fn requirement(text: &str) -> anyhow::Result<Requirement> {
    Ok(Requirement::from(uv_pep508::Requirement::<VerbatimParsedUrl>::from_str(text)?))
}

fn preference(
    name: &ProjectName,
    version: &Version,
    marker: Option<&str>,
) -> anyhow::Result<Option<Preference>> {
    let marker = marker.map(|marker| format!(" ; {marker}")).unwrap_or_default();
    let parsed = uv_pep508::Requirement::from_str(&format!("{name}=={version}{marker}"))?;
    let requirement = RequirementsTxtRequirement::Named(parsed);
    Ok(Preference::from_entry(RequirementEntry { requirement, hashes: Vec::new() })?)
}

/// Passes the resolver's progress on.
struct Reporter {
    count: AtomicUsize,
    observer: Arc<dyn Observer>,
}

impl ResolverReporter for Reporter {
    fn on_progress(&self, name: &ProjectName, _version: &VersionOrUrlRef) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        self.observer.on(Progress::Resolved { count, project: name.clone() });
    }

    fn on_complete(&self) {}

    fn on_build_start(&self, _source: &BuildableSource) -> usize {
        0
    }

    fn on_build_complete(&self, _source: &BuildableSource, _id: usize) {}

    fn on_download_start(&self, _name: &ProjectName, _size: Option<u64>) -> usize {
        0
    }

    fn on_download_progress(&self, _id: usize, _bytes: u64) {}

    fn on_download_complete(&self, _name: &ProjectName, _id: usize) {}

    fn on_checkout_start(&self, _url: &DisplaySafeUrl, _rev: &str) -> usize {
        0
    }

    fn on_checkout_complete(&self, _url: &DisplaySafeUrl, _rev: &str, _id: usize) {}
}
