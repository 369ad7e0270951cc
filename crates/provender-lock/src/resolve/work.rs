//! From a request to an outcome: set up, resolve, repair, and put the lock together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use provender_core::lock::{BuiltHere, LockHeader, LockedSource, Via};
use provender_core::target::{Arch, System};
use provender_core::{
    Diagnostic, Lock, LockedFile, LockedProject, Platform, Platforms, ProjectName, PythonVersion,
    Target, Version,
};
use tokio::sync::OnceCell;
use uv_cache::CacheBucket;
use uv_configuration::{BuildOptions, IndexStrategy, NoSources};
use uv_python::Interpreter;
use uv_resolver::{InMemoryIndex, OptionsBuilder, Prerelease, PrereleaseMode, PrereleasePackage};
use uv_types::BuildContext as _;

use super::build_log::{BuildLog, Built};
use super::context::Variables;
use super::needs::Needs;
use super::pages::PageReaders;
use super::session::{Rules, Session, SolveError};
use super::workshop::{BuildRules, Workshop};
use super::{build_pins, build_record, client, error, indexes, output, published, python, target};
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
    let cache = client::open_cache(request).await?;
    let cold = !cache.bucket(CacheBucket::Simple).exists();
    let python: OnceCell<Option<Interpreter>> = OnceCell::new();
    let asked = match python::wanted(request) {
        Some(_) => None,
        None => python.get_or_init(|| python::find(None, cache.clone())).await.as_ref(),
    };
    let target = choose_target(request, asked)?;
    let environment =
        target::environment(&target).map_err(|error| error::failure(error.as_ref(), request))?;
    let build_rules = BuildRules {
        constraints: build_pins::constraints(request),
        hashes: build_pins::hashes(request),
        variables: Variables::default(),
        sources: NoSources::None,
    };
    let workshop = Workshop::open(
        request,
        &inputs,
        &environment,
        cache,
        python,
        build_rules,
        observer.clone(),
    )
    .await?;
    let context = workshop.context();

    let prerelease =
        if inputs.prereleases { PrereleaseMode::Allow } else { PrereleaseMode::default() };
    let options = OptionsBuilder::new()
        .prerelease(Prerelease { global: prerelease, package: PrereleasePackage::default() })
        .exclude_newer(workshop.exclude_newer.clone())
        .index_strategy(IndexStrategy::FirstIndex)
        .build_options(workshop.build_options.clone())
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
        client: &workshop.client,
        context: &context,
        flat_index: &workshop.flat_index,
        index: InMemoryIndex::default(),
        hasher: workshop.hasher.clone(),
        options,
        requirements: Vec::new(),
        constraints: Vec::new(),
        limits: Vec::new(),
        offered: BuildOptions::new(inputs.no_binary.clone(), inputs.no_build.clone()),
        only_for,
        present: present_pins(request),
        releases: Mutex::default(),
        needs: Needs::default(),
        remembers: !cold,
        pages: if cold { workshop.page_readers(&context) } else { PageReaders::none() },
        concurrency: workshop.concurrency.clone(),
        observer: observer.clone(),
    };
    tokio::select! {
        outcome = solve(&mut session, &inputs, target, &workshop.log, advisories) => outcome,
        never = context.find_python_ahead(cold) => match never {},
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

    let no_rules = Rules::default();
    let (plain, ()) = tokio::join!(
        session.solve(&no_rules),
        // Boxed: uv's futures are deep, and their types with them.
        Box::pin(read_ahead(session, advisories)),
    );
    let plain = plain.map_err(|error| match error {
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
    let built_here = keep_built(&mut projects, request);
    let record = build_record::remember(session.context.cache().root(), &built)
        .map_err(|error| error::failure(&error, request))?;
    let build = build_requirements(session, &projects, &record).await?;

    let lock = Lock {
        header: LockHeader {
            inputs: inputs.shown.clone(),
            target: Some(target.clone()),
            exclude_newer: request.exclude_newer,
            exclude_dev: request.exclude_dev.is_some(),
            built: built_here,
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

/// Reads what is published of the present pins that are vulnerable, while the first solve goes on and
/// on a thread beside it: the repair will look there. Only where pages are remembered, for else two
/// would ask for them at once.
async fn read_ahead(session: &Session<'_, '_>, advisories: &dyn Advisories) {
    if session.request.fix.is_none() || !session.remembers {
        return;
    }
    let vulnerable =
        session.present.iter().filter(|(name, version, _)| advisories.is_vulnerable(name, version));
    session.read_releases(vulnerable.map(|(name, ..)| name).collect()).await;
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

/// Keeps the wheels that were built for the present lock, as long as their releases stay.
fn keep_built(projects: &mut [LockedProject], request: &LockRequest) -> Vec<BuiltHere> {
    let present = request.present.iter().flat_map(|lock| &lock.header.built);
    let mut kept = Vec::new();
    for built in present {
        for project in projects.iter_mut() {
            if project.name == built.project && project.version.as_ref() == Some(&built.version) {
                project.files.push(LockedFile::of_hash(built.hash.clone()));
                kept.push(built.clone());
            }
        }
    }
    kept
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
        let releases = session.releases(&name).await?;
        let release = releases.get(&version);
        // The Python that built here may be another than the lock's; what does not run on that one
        // builds nothing there.
        let python = session.target.python.full();
        if release.is_some_and(|release| !release.fits(&python, None)) {
            continue;
        }
        let files = release.map(published::Release::locked_files).unwrap_or_default();
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
