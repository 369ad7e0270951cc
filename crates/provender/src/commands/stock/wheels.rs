//! `--build-wheels`: a wheel is built once of what has none, and becomes a file of its lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use provender_core::lock::{BuiltHere, constraints};
use provender_core::ports::BuildWheel as _;
use provender_core::{Diagnostic, LockedFile, LockedProject, Place, Target};
use provender_index::stock::{self, NeedsBuild, StockRequest, StockedLock};
use provender_lock::{IndexSettings, Observer, WheelBuilder};
use provender_net::Client;
use provender_store::{LockFormat, LockKind};

use super::locks;
use crate::cli::StockArgs;
use crate::commands::store::{self, Opened};
use crate::file;
use crate::output::shown;
use crate::settings::{Settings, network};

/// Builds wheels.
pub(super) struct Build<'a> {
    pub(super) opened: &'a Opened,
    pub(super) settings: &'a Settings,
    pub(super) args: &'a StockArgs,
    pub(super) observer: &'a Arc<dyn Observer>,
}

impl Build<'_> {
    /// Builds a wheel for each release that has none, and adds it to the locks of `request` and
    /// to their files. Returns the wheels' names.
    pub(super) async fn all(
        &self,
        builds: &[NeedsBuild],
        request: &mut StockRequest,
        indexes: &IndexSettings,
    ) -> Result<Vec<String>, Diagnostic> {
        let client = network::client(self.settings)?;
        let mut names = Vec::new();
        for build in builds.iter().filter(|build| !build.to_build_with) {
            let target = request.target.clone();
            let found = request.locks.iter_mut().find(|lock| lock.name == build.lock);
            let Some(lock) = found.filter(|lock| lock.kind == LockKind::File) else { continue };
            let Some(target) = target.or_else(|| lock.lock.header.target.clone()) else { continue };
            let Some(at) = lock.lock.projects.iter().position(|project| {
                project.name == build.project && project.version.as_ref() == Some(&build.version)
            }) else {
                continue;
            };
            let project = lock.lock.projects[at].clone();
            can_hold(lock, &project)?;
            let wheel = match self.built_before(&project, build, &target).await? {
                Some(wheel) => wheel,
                None => self.built(&project, build, lock, &target, indexes, &client).await?,
            };
            names.extend(wheel.filename.clone());
            add(lock, at, wheel)?;
        }
        Ok(names)
    }

    async fn built_before(
        &self,
        project: &LockedProject,
        build: &NeedsBuild,
        target: &Target,
    ) -> Result<Option<LockedFile>, Diagnostic> {
        let store = &self.opened.store;
        stock::built_wheel(store, &project.name, &build.version, Some(target))
            .await
            .map_err(|error| failed(&error))
    }

    async fn built(
        &self,
        project: &LockedProject,
        build: &NeedsBuild,
        lock: &StockedLock,
        target: &Target,
        indexes: &IndexSettings,
        client: &Client,
    ) -> Result<LockedFile, Diagnostic> {
        let store = &self.opened.store;
        let folder = tempfile::tempdir_in(store.tmp()).map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the data directory, or name another one with --data-dir")
        })?;
        let sdist = stock::take_out(store, &build.filename, &build.sha256, folder.path())
            .await
            .map_err(|error| failed(&error))?;
        let template = locks::template(self.settings, client, indexes, self.args.refresh);
        let builder = WheelBuilder::new(template, target.clone(), Arc::clone(self.observer));
        // The build requirements of other projects of the lock are none of this one's.
        let ours: Vec<LockedProject> = lock.lock.build.clone();
        let wheel: PathBuf =
            builder.build(project, &sdist, &ours, folder.path()).await.map_err(|error| *error)?;
        stock::add_wheel(store, project, &wheel).await.map_err(|error| failed(&error))
    }
}

/// Refuses a lock that could not say that a wheel was built for it.
fn can_hold(lock: &StockedLock, project: &LockedProject) -> Result<(), Diagnostic> {
    if lock.lock.header.target.is_some() && lock.format == LockFormat::Constraints {
        return Ok(());
    }
    let message = format!("this lock cannot hold the hash of a built wheel of {}", project.name);
    Err(Diagnostic::error("stock/foreign-lock", message)
        .at(Place::file(shown(Path::new(&lock.name))))
        .hint("only a constraints.txt that `provender lock` wrote can hold a built wheel"))
}

/// Adds a wheel to a lock, and writes the lock.
fn add(lock: &mut StockedLock, at: usize, wheel: LockedFile) -> Result<(), Diagnostic> {
    let project = &mut lock.lock.projects[at];
    let version = project.version.clone();
    if project.files.iter().any(|file| file.hash == wheel.hash) {
        return Ok(());
    }
    if let Some(version) = version {
        let built = BuiltHere { project: project.name.clone(), version, hash: wheel.hash.clone() };
        lock.lock.header.built.push(built);
    }
    project.files.push(wheel);
    let sorted = std::mem::take(&mut lock.lock).sorted();
    lock.text = constraints::render(&sorted);
    lock.lock = sorted;
    // A requirement file that was locked on the way has no lock to write to.
    let path = Path::new(&lock.name);
    let on_disk = std::fs::read_to_string(path).unwrap_or_default();
    match locks::parse(&on_disk, lock.format) {
        Ok(present) if present.header.target.is_some() => file::replace(path, &lock.text),
        _ => Ok(()),
    }
}

fn failed(error: &stock::BuiltError) -> Diagnostic {
    store::because(Diagnostic::error("stock/built", error.to_string()), error)
        .hint("run `provender check` to see whether the stock is sound")
}
