//! From a request to an outcome: set up, resolve, repair, and put the lock together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use provender_core::lock::{LockHeader, LockedSource, Via};
use provender_core::target::{Arch, System};
use provender_core::{
    Diagnostic, Lock, LockedProject, Platform, Platforms, ProjectName, PythonVersion, Target,
    Version,
};
use provender_net::Credential;
use tokio::sync::{Notify, OnceCell};
use uv_auth::Credentials;
use uv_cache::{Cache, Refresh};
use uv_client::{
    BaseClientBuilder, Connectivity, ExtraMiddleware, FlatIndexClient, RegistryClientBuilder,
};
use uv_configuration::{BuildOptions, Concurrency, IndexStrategy, NoBuild, NoSources};
use uv_dispatch::{BuildDispatch, SharedState};
use uv_distribution_types::{
    ConfigSettings, DependencyMetadata, ExcludeNewerValue, ExtraBuildRequires, ExtraBuildVariables,
    HashGeneration, IndexCapabilities, IndexUrl, PackageConfigSettings,
};
use uv_install_wheel::LinkMode;
use uv_preview::Preview;
use uv_python::Interpreter;
use uv_redacted::DisplaySafeUrl;
use uv_resolver::{
    ExcludeNewer, FlatIndex, InMemoryIndex, OptionsBuilder, Prerelease, PrereleaseMode,
    PrereleasePackage,
};
use uv_types::{
    BuildArena, BuildContext as _, BuildIsolation, HashStrategy, SourceTreeEditablePolicy,
};
use uv_workspace::WorkspaceCache;

use super::caching::RememberPages;
use super::context::{BuildLog, Built, Context, LocalBoxFuture, Parts};
use super::session::{Rules, Session, SolveError};
use super::{build_pins, build_record, error, indexes, output, python, target};
use crate::failure::LockFailure;
use crate::inputs::{self, Inputs, UserLimit};
use crate::outcome::LockOutcome;
use crate::repair;
use crate::request::{Advisories, LockRequest, Observer, Upgrade};

pub(crate) async fn work(
    request: &LockRequest,
    advisories: &dyn Advisories,
    observer: &Arc<dyn Observer>,
) -> Result<LockOutcome, LockFailure> {
    let inputs = inputs::read(request)?;
    let cache = open_cache(request).await?;
    let python: OnceCell<Option<Interpreter>> = OnceCell::new();
    let find_python = || -> LocalBoxFuture<'_, Option<Interpreter>> {
        Box::pin(python::find(python::wanted(request), cache.clone()))
    };
    let asked = match python::wanted(request) {
        Some(_) => None,
        None => python.get_or_init(find_python).await.as_ref(),
    };
    let target = choose_target(request, asked)?;
    let environment =
        target::environment(&target).map_err(|error| error::failure(error.as_ref(), request))?;

    let locations = indexes::locations(&request.indexes, &inputs);
    let connectivity = if request.client.settings().offline {
        Connectivity::Offline
    } else {
        Connectivity::Online
    };
    let base = BaseClientBuilder::new(
        connectivity,
        false,
        Vec::new(),
        Preview::default(),
        request.client.settings().read_timeout,
        request.client.settings().connect_timeout,
        request.client.settings().retry.retries,
    )
    .custom_client(request.client.resolver_client())
    .extra_middleware(ExtraMiddleware(vec![Arc::new(RememberPages)]));
    // Those of the settings first: they may be for a host that only files come from.
    for rule in &request.client.settings().credentials {
        let credentials = credentials(rule.credential().clone());
        base.store_credentials(&DisplaySafeUrl::from_url(rule.url().clone()), credentials);
    }
    for index in locations.known_indexes() {
        hand_over_credentials(request, &base, index.url())?;
    }
    let client = RegistryClientBuilder::new(base, cache.clone())
        .index_locations(locations.clone())
        .index_strategy(IndexStrategy::FirstIndex)
        .markers(&environment.markers)
        .build()
        .map_err(|error| error::failure(&error, request))?;

    let concurrency = Concurrency::default();
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

    let settings = BuildSettings::default();
    let build_constraints = build_pins::constraints(request);
    let build_hashes = build_pins::hashes(request);
    let log = BuildLog::default();
    let state = SharedState::default();
    let index = InMemoryIndex::default();
    let workspace_cache = WorkspaceCache::default();
    let make_dispatch = |interpreter| {
        BuildDispatch::new(
            &client,
            &cache,
            &build_constraints,
            interpreter,
            &locations,
            &flat_index,
            &settings.dependency_metadata,
            state.clone(),
            IndexStrategy::FirstIndex,
            &settings.config,
            &settings.config_package,
            BuildIsolation::Isolated,
            &settings.extra_requires,
            &settings.extra_variables,
            LinkMode::default(),
            &build_options,
            &build_hashes,
            exclude_newer.clone(),
            NoSources::None,
            SourceTreeEditablePolicy::Project,
            workspace_cache.clone(),
            concurrency.clone(),
            Preview::default(),
        )
    };
    let context = Context::new(Parts {
        builder: OnceLock::new(),
        python: &python,
        find_python: Box::new(find_python),
        make_dispatch: Box::new(make_dispatch),
        no_python: Notify::new(),
        cache: &cache,
        client: &client,
        git: state.git().clone(),
        arena: BuildArena::default(),
        capabilities: IndexCapabilities::default(),
        dependency_metadata: &settings.dependency_metadata,
        build_options: &build_options,
        config_settings: &settings.config,
        config_settings_package: &settings.config_package,
        sources: NoSources::None,
        locations: &locations,
        workspace_cache: workspace_cache.clone(),
        extra_build_requires: &settings.extra_requires,
        extra_build_variables: &settings.extra_variables,
        concurrency: concurrency.clone(),
        log: &log,
        observer: observer.clone(),
    });

    let prerelease =
        if inputs.prereleases { PrereleaseMode::Allow } else { PrereleaseMode::default() };
    let options = OptionsBuilder::new()
        .prerelease(Prerelease { global: prerelease, package: PrereleasePackage::default() })
        .exclude_newer(exclude_newer.clone())
        .index_strategy(IndexStrategy::FirstIndex)
        .build_options(build_options.clone())
        .build();
    let only_for = request
        .indexes
        .only_for
        .iter()
        .map(|(name, url)| (name.clone(), indexes::explicit(url)))
        .collect();
    let mut session = Session {
        request,
        environment,
        target: target.clone(),
        client: &client,
        context: &context,
        flat_index: &flat_index,
        index,
        hasher,
        options,
        requirements: Vec::new(),
        constraints: Vec::new(),
        limits: Vec::new(),
        offered: BuildOptions::new(inputs.no_binary.clone(), inputs.no_build.clone()),
        only_for,
        present: present_pins(request),
        concurrency: concurrency.clone(),
        observer: observer.clone(),
    };
    tokio::select! {
        outcome = solve(&mut session, &inputs, target, &log, advisories) => outcome,
        () = context.python_is_missing() => Err(LockFailure::no_answer(
            Diagnostic::error("lock/needs-build", "a project has to be built, and no Python here runs")
                .hint("install the Python that the lock is for, or forbid builds with --no-build"),
        )),
    }
}

/// Collects the requirements, resolves them, repairs the solution and puts the lock together.
async fn solve(
    session: &mut Session<'_, '_>,
    inputs: &Inputs,
    target: Target,
    log: &BuildLog,
    advisories: &dyn Advisories,
) -> Result<LockOutcome, LockFailure> {
    let request = session.request;
    let (environment, universal) = (&session.environment.markers, session.environment.universal);
    let holds = |limit: &UserLimit| match universal {
        // Where markers decide, the resolver's own account names what stands in the way.
        true => limit.marker.is_true(),
        false => limit.marker.evaluate(environment, &[]),
    };
    session.limits = inputs.limits.iter().filter(|limit| holds(limit)).cloned().collect();
    let (requirements, left_out) = super::requirements::collect(session, inputs).await?;
    session.constraints = inputs
        .constraints
        .iter()
        .map(|constraint| session.on_its_index(constraint.requirement.clone()))
        .collect();
    session.requirements = requirements;

    let plain = session.solve(&Rules::default()).await.map_err(|error| match error {
        SolveError::NoSolution { failure, .. } | SolveError::Failed(failure) => *failure,
    })?;
    let plan = match &request.fix {
        Some(policy) => repair::repair(session, plain, policy, advisories, &session.limits).await?,
        None => repair::Repaired::unchanged(plain),
    };

    let built = log.entries();
    let mut projects = output::projects(
        &plan.solved.output,
        &session.environment.resolver,
        session.environment.universal,
        &session.names(),
        request.file_details.then_some(request.base.as_path()),
    )
    .map_err(|error| error::unexpected(&error))?;
    apply_user_hashes(&mut projects, inputs)?;
    let record = build_record::remember(session.context.cache().root(), &built)
        .map_err(|error| error::failure(&error, request))?;
    let build = build_requirements(session, &projects, &record).await?;

    let lock = Lock {
        header: LockHeader {
            inputs: inputs.shown.clone(),
            target: Some(target.clone()),
            exclude_newer: request.exclude_newer,
            exclude_dev: request.exclude_dev.is_some(),
        },
        projects,
        build,
    }
    .sorted();
    let moves = repair::moves(request.present.as_ref(), &lock, &plan);
    Ok(LockOutcome {
        lock,
        target,
        moves,
        unfixed: plan.unfixed,
        built: built.iter().map(shown_build).collect(),
        left_out: inputs.left_out.iter().cloned().chain(left_out).collect(),
    })
}

#[derive(Default)]
struct BuildSettings {
    dependency_metadata: DependencyMetadata,
    config: ConfigSettings,
    config_package: PackageConfigSettings,
    extra_requires: ExtraBuildRequires,
    extra_variables: ExtraBuildVariables,
}

/// Tells uv what the settings or netrc hold for an index; what stands in its URL uv reads itself.
fn hand_over_credentials(
    request: &LockRequest,
    base: &BaseClientBuilder<'_>,
    index: &IndexUrl,
) -> Result<(), LockFailure> {
    let url = index.url();
    if !url.username().is_empty() || url.password().is_some() {
        return Ok(());
    }
    let held = request.client.credential_for(url);
    if let Some(held) = held.map_err(|error| error::told_by_net(&error))? {
        base.store_credentials(url, credentials(held));
    }
    Ok(())
}

fn credentials(credential: Credential) -> Credentials {
    match credential {
        Credential::Basic { user, password } => Credentials::basic(Some(user), Some(password)),
        Credential::Bearer(token) => Credentials::bearer(token.into_bytes()),
    }
}

async fn open_cache(request: &LockRequest) -> Result<Cache, LockFailure> {
    let refresh = match (&request.upgrade, request.refresh) {
        (_, true) | (Upgrade::All, _) => Refresh::from_args(Some(true), Vec::new()),
        (Upgrade::Only(names), false) => Refresh::from_args(None, names.iter().cloned().collect()),
        (Upgrade::Nothing, false) => Refresh::from_args(None, Vec::new()),
    };
    Cache::from_path(&request.cache_dir).with_refresh(refresh).init().await.map_err(|error| {
        let diagnostic = Diagnostic::error(
            "lock/cannot-write",
            format!("cannot write to {}", request.cache_dir.display()),
        );
        LockFailure::no_answer(
            diagnostic
                .because(error.to_string())
                .hint("make room or grant access, or move the data with --data-dir"),
        )
    })
}

fn choose_target(
    request: &LockRequest,
    python: Option<&Interpreter>,
) -> Result<Target, LockFailure> {
    let present = request.present.as_ref().and_then(|lock| lock.header.target.as_ref());
    let found = python.map(|interpreter| PythonVersion {
        major: interpreter.python_major(),
        minor: interpreter.python_minor(),
        patch: None,
    });
    let python = python::wanted(request).or(found).ok_or_else(|| {
        LockFailure::no_answer(
            Diagnostic::error("lock/no-python", "there is no Python to lock for")
                .hint("say which one with --python-version, such as 3.11, or install Python"),
        )
    })?;
    let platforms = request
        .target
        .platforms
        .clone()
        .or_else(|| present.map(|target| target.platforms.clone()))
        .unwrap_or_else(|| Platforms::Only(vec![this_platform()]));
    Ok(Target { python, platforms })
}

/// The platform of this machine, with the interface versions that most machines of today have.
fn this_platform() -> Platform {
    let arch = match std::env::consts::ARCH {
        "aarch64" => Arch::Aarch64,
        "x86" => Arch::I686,
        "arm" => Arch::Armv7l,
        "powerpc64" => Arch::Ppc64le,
        "s390x" => Arch::S390x,
        "riscv64" => Arch::Riscv64,
        _ => Arch::X86_64,
    };
    let system = if cfg!(target_os = "macos") {
        System::Macos(13, 0)
    } else if cfg!(windows) {
        System::Windows
    } else if cfg!(target_env = "musl") {
        System::Musllinux(1, 2)
    } else {
        System::Manylinux(2, 28)
    };
    Platform { arch, system }
}

fn present_pins(request: &LockRequest) -> Vec<(ProjectName, Version, Option<String>)> {
    let Some(lock) = &request.present else { return Vec::new() };
    let kept = lock.projects.iter().filter(|project| match &request.upgrade {
        Upgrade::Nothing => true,
        Upgrade::Only(names) => !names.contains(&project.name),
        Upgrade::All => false,
    });
    kept.filter_map(|project| {
        Some((project.name.clone(), project.version.clone()?, project.marker.clone()))
    })
    .collect()
}

/// Where the user gave hashes for a project, only files with one of them may be installed.
fn apply_user_hashes(projects: &mut [LockedProject], inputs: &Inputs) -> Result<(), LockFailure> {
    for project in projects {
        let Some((allowed, place)) = inputs.hashes.get(&project.name) else { continue };
        if !output::restrict(&mut project.files, allowed) {
            let version = project.version.as_ref().map(Version::to_string).unwrap_or_default();
            let diagnostic = Diagnostic::error(
                "lock/hash-mismatch",
                format!("no file of {}=={version} has a hash that is given for it", project.name),
            );
            return Err(LockFailure::no_answer(diagnostic.at(place.clone()).hint(
                "the index offers other files than those the hashes were made from: find out why \
                 before you change the hashes",
            )));
        }
    }
    Ok(())
}

/// The build requirements of everything locked whose metadata came from a build, with hashes.
async fn build_requirements(
    session: &Session<'_, '_>,
    projects: &[LockedProject],
    record: &build_record::Record,
) -> Result<Vec<LockedProject>, LockFailure> {
    let mut pins: BTreeMap<(ProjectName, Version), BTreeSet<ProjectName>> = BTreeMap::new();
    for project in projects {
        let Some(version) = &project.version else { continue };
        let Some(built) = record.get(&format!("{}=={version}", project.name)) else { continue };
        for (name, version) in &built.requirements {
            let pin = pins.entry((name.clone(), version.clone())).or_default();
            pin.insert(project.name.clone());
        }
    }
    let mut locked = Vec::new();
    for ((name, version), via) in pins {
        let mut releases = session.releases(&name).await?;
        let files = releases.remove(&version).map(|release| release.files).unwrap_or_default();
        locked.push(LockedProject {
            name,
            version: Some(version),
            marker: None,
            source: LockedSource::Index(None),
            requires_python: None,
            files,
            via: via.into_iter().map(Via::Project).collect(),
        });
    }
    Ok(locked)
}

fn shown_build(built: &Built) -> String {
    match &built.version {
        Some(version) => format!("{}=={version}", built.project),
        None => built.project.to_string(),
    }
}
