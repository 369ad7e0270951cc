//! The ports that need a resolver: requirements are locked and wheels are built for those who
//! know neither.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use provender_core::lock::{LockHeader, Via};
use provender_core::ports::{BuildWheel, LockRequirements, PortFuture};
use provender_core::requirements_txt::{self, EntryKind, RequirementSource};
use provender_core::{Diagnostic, Lock, LockedProject, ProjectName, Target, Version};
use tempfile::TempDir;

use crate::failure::LockFailure;
use crate::request::{Advisories, LockRequest, Observer, Selection, TargetRequest, Upgrade};
use crate::resolve;

/// The name of the file that holds the requirement lines.
const FILE: &str = "requirements.txt";

/// Locks requirement lines.
///
/// It may be used inside any runtime: the resolver runs on a thread of its own. Dropping the
/// future gives the work up.
pub struct RequirementsLocker {
    template: LockRequest,
    observer: Arc<dyn Observer>,
}

impl RequirementsLocker {
    /// A locker that asks the indexes, with the client and the cache, that `template` names, and
    /// obeys its `refresh`, `exclude_newer`, `builds`, `file_details` and `variables`.
    ///
    /// Nothing else of the template counts: not its inputs (nor the options in them), not what is
    /// present, and nothing is audited or repaired.
    pub fn new(template: LockRequest, observer: Arc<dyn Observer>) -> Self {
        Self { template, observer }
    }

    fn request(&self, folder: &Path, target: &Target) -> LockRequest {
        let template = &self.template;
        LockRequest {
            inputs: vec![folder.join(FILE)],
            base: folder.to_path_buf(),
            output: None,
            present: None,
            selection: Selection::default(),
            target: wanted(target),
            exclude_newer: template.exclude_newer,
            upgrade: Upgrade::Nothing,
            builds: template.builds,
            indexes: template.indexes.clone(),
            refresh: template.refresh,
            exclude_dev: None,
            fix: None,
            file_details: template.file_details,
            cache_dir: template.cache_dir.clone(),
            client: template.client.clone(),
            variables: template.variables.clone(),
        }
    }
}

impl LockRequirements for RequirementsLocker {
    /// The lock's header names the target and no inputs, for there is no file; what was asked for
    /// by a line has no `via` of its own.
    fn lock<'a>(&'a self, requirements: &'a [String], target: &'a Target) -> PortFuture<'a, Lock> {
        Box::pin(async move {
            let folder = written(requirements, &self.template.cache_dir)?;
            let request = self.request(folder.path(), target);
            let observer = self.observer.clone();
            let outcome = resolve::beside(move || {
                Box::pin(async move { resolve::work(&request, &Nothing, &observer).await })
            });
            match outcome.await {
                Ok(outcome) => Ok(without_inputs(outcome.lock)),
                Err(failure) => Err(of_a_line(failure, requirements)),
            }
        })
    }
}

/// Builds wheels.
///
/// It may be used inside any runtime: the build is driven from a thread of its own. Every build
/// that runs is told to the observer as [`Progress::Building`](crate::Progress::Building).
pub struct WheelBuilder {
    request: Arc<LockRequest>,
    target: Target,
    observer: Arc<dyn Observer>,
}

impl WheelBuilder {
    /// A builder of wheels that fit `target`, with the indexes, client, cache, `refresh`,
    /// `exclude_newer` and `variables` of `template`. It refuses to build where the template's
    /// `builds` is false. Of the template's inputs the index options count, so that a build gets
    /// its requirements from where they were locked.
    ///
    /// A Python is looked for as a lock does: the target's, else any, and the wheel must fit the
    /// target.
    pub fn new(template: LockRequest, target: Target, observer: Arc<dyn Observer>) -> Self {
        let request = LockRequest { target: wanted(&target), ..template };
        Self { request: Arc::new(request), target, observer }
    }
}

impl BuildWheel for WheelBuilder {
    /// The sdist must have a hash of `project`, and whatever is installed for its build one of
    /// `build`; of those, the build gets what it asks for. Where `build` is empty, it gets what
    /// the sdist's own `[build-system]` table (PEP 518) asks for, as pip would take it, held to
    /// the hashes that the index promises.
    fn build<'a>(
        &'a self,
        project: &'a LockedProject,
        sdist: &'a Path,
        build: &'a [LockedProject],
        into: &'a Path,
    ) -> PortFuture<'a, PathBuf> {
        Box::pin(async move {
            let order = resolve::Order {
                project: project.clone(),
                sdist: sdist.to_path_buf(),
                requirements: build.to_vec(),
                into: into.to_path_buf(),
            };
            let (request, target) = (self.request.clone(), self.target.clone());
            let observer = self.observer.clone();
            let built = resolve::beside(move || {
                Box::pin(async move { resolve::build(&request, &target, &order, &observer).await })
            });
            built.await.map_err(|failure| failure.diagnostic)
        })
    }
}

/// Advisory data that knows of nothing; nobody asks it.
struct Nothing;

impl Advisories for Nothing {
    fn is_vulnerable(&self, _: &ProjectName, _: &Version) -> bool {
        false
    }
}

fn wanted(target: &Target) -> TargetRequest {
    TargetRequest { python: Some(target.python), platforms: Some(target.platforms.clone()) }
}

/// The lines in a file of their own, for inputs are files. Options, and locations relative to a
/// file that the caller never sees, are refused.
fn written(requirements: &[String], cache_dir: &Path) -> Result<TempDir, Box<Diagnostic>> {
    for line in requirements {
        let entries = requirements_txt::parse(line).unwrap_or_default();
        let fine = matches!(&entries[..], [entry] if matches!(&entry.kind,
            EntryKind::Requirement(requirement)
                if !matches!(requirement.source, RequirementSource::Editable(_))));
        if !fine || line.contains(['\n', '\r']) {
            let message = format!("`{line}` is not a requirement");
            return Err(Box::new(
                Diagnostic::error("lock/input-malformed", message)
                    .hint("a requirement is a line such as `fastapi>=0.109`"),
            ));
        }
    }
    let write = || {
        std::fs::create_dir_all(cache_dir)?;
        let folder = tempfile::Builder::new().prefix("requirements-").tempdir_in(cache_dir)?;
        let text: String = requirements.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(folder.path().join(FILE), text)?;
        Ok(folder)
    };
    write().map_err(|error: std::io::Error| {
        let message = format!("cannot write to {}", cache_dir.display());
        Box::new(
            Diagnostic::error("lock/cannot-write", message)
                .because(error.to_string())
                .hint("make room or grant access, or move the data with --data-dir"),
        )
    })
}

/// A place in the file of lines is told as the line.
fn of_a_line(failure: LockFailure, requirements: &[String]) -> Box<Diagnostic> {
    let mut diagnostic = failure.diagnostic;
    let Some(place) = diagnostic.place.take_if(|place| place.file == Path::new(FILE)) else {
        return diagnostic;
    };
    let line = place.line.and_then(|line| requirements.get(line as usize - 1));
    if let Some(line) = line {
        diagnostic.causes.insert(0, format!("asked for as `{line}`"));
    }
    diagnostic
}

fn without_inputs(lock: Lock) -> Lock {
    let header = LockHeader { inputs: Vec::new(), ..lock.header };
    let mut projects = lock.projects;
    for project in &mut projects {
        project.via.retain(|via| matches!(via, Via::Project(_)));
    }
    Lock { header, projects, ..lock }
}
