//! What goes along with the locks: tools, and what builds projects without a wheel.

use provender_core::lock::constraints;
use provender_core::ports::LockRequirements as _;
use provender_core::{Diagnostic, Lock, ProjectName, Target};
use provender_index::stock::{self, NeedsBuild, StockRequest, StockedLock};
use provender_lock::RequirementsLocker;
use provender_store::{LockFormat, LockKind};

use super::locks;
use crate::cli::StockArgs;
use crate::commands::store::{self, Opened};
use crate::settings::Settings;

/// Carries things along.
pub(super) struct Carry<'a> {
    pub(super) opened: &'a Opened,
    pub(super) locker: &'a RequirementsLocker,
    pub(super) args: &'a StockArgs,
    pub(super) settings: &'a Settings,
}

impl Carry<'_> {
    /// The lock of a tool, for what the other locks are for.
    pub(super) async fn tool(
        &self,
        requirement: &str,
        target: Option<&Target>,
        others: &[StockedLock],
    ) -> Result<StockedLock, Diagnostic> {
        let own = others.iter().find_map(|lock| lock.lock.header.target.as_ref());
        let target = target.or(own).ok_or_else(|| {
            Diagnostic::error("stock/target", format!("for which Python is {requirement}?"))
                .hint("name it with --python-version, such as 3.11, or name a lock beside it")
        })?;
        let name = format!("with:{}", requirement.trim());
        self.locked(name, &[requirement.trim().to_owned()], target).await
    }

    /// The locks of what the sdists of `builds` are built with, as far as their own locks do not
    /// say it already.
    pub(super) async fn builders(
        &self,
        builds: &[NeedsBuild],
        request: &StockRequest,
    ) -> Result<Vec<StockedLock>, Diagnostic> {
        let mut found: Vec<StockedLock> = Vec::new();
        for build in builds {
            let name = format!("build:{}=={}", build.project, build.version);
            let Some(lock) = request.locks.iter().find(|lock| lock.name == build.lock) else {
                continue;
            };
            if found.iter().any(|known| known.name == name) {
                continue;
            }
            let Some(target) = request.target.as_ref().or(lock.lock.header.target.as_ref()) else {
                continue;
            };
            if let Some(known) = self.remembered(&name, target).await? {
                found.push(known);
                continue;
            }
            let requirements = self.requirements(build, &lock.lock).await?;
            if !requirements.is_empty() {
                found.push(self.locked(name, &requirements, target).await?);
            }
        }
        Ok(found)
    }

    /// What an sdist says it is built with, without what the lock pins for builds.
    async fn requirements(
        &self,
        build: &NeedsBuild,
        lock: &Lock,
    ) -> Result<Vec<String>, Diagnostic> {
        let folder = tempfile::tempdir_in(self.opened.store.tmp()).map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the data directory, or name another one with --data-dir")
        })?;
        let sdist =
            stock::take_out(&self.opened.store, &build.filename, &build.sha256, folder.path())
                .await
                .map_err(|error| {
                    store::because(Diagnostic::error("store/unusable", error.to_string()), &error)
                        .hint("run `provender check`, and `provender stock` again")
                })?;
        let mut all = stock::build_requires(&sdist).map_err(|error| {
            let message = format!("{} does not say how it is built: {error}", build.filename);
            Diagnostic::error("stock/sdist", message)
                .hint("ask its authors for a wheel, or for an sdist that can be read")
        })?;
        let name_of = |requirement: &String| {
            let end = requirement.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c));
            requirement[..end.unwrap_or(requirement.len())].parse::<ProjectName>().ok()
        };
        // pip before 24.1 asks for it beside setuptools, and so does setuptools before 70.1.
        if all.iter().any(|text| name_of(text).is_some_and(|n| n.as_str() == "setuptools")) {
            all.push("wheel".to_owned());
        }
        let pinned = |name: &ProjectName| lock.build.iter().any(|project| project.name == *name);
        all.retain(|text| name_of(text).is_none_or(|name| !pinned(&name)));
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// A lock of `requirements`: the one that was stocked under this name, else a new one.
    async fn locked(
        &self,
        name: String,
        requirements: &[String],
        target: &Target,
    ) -> Result<StockedLock, Diagnostic> {
        if let Some(known) = self.remembered(&name, target).await? {
            return Ok(known);
        }
        let lock = self.locker.lock(requirements, target).await.map_err(|error| *error)?;
        let text = constraints::render(&lock);
        let (kind, format) = (LockKind::Carried, LockFormat::Constraints);
        Ok(StockedLock { name, kind, format, text, lock })
    }

    async fn remembered(
        &self,
        name: &str,
        target: &Target,
    ) -> Result<Option<StockedLock>, Diagnostic> {
        if self.args.refresh {
            return Ok(None);
        }
        let known = self.opened.store.database().locks().await.map_err(|error| {
            store::because(Diagnostic::error("store/unusable", error.to_string()), &error)
                .hint(format!("check {}", self.settings.data_dir.display()))
        })?;
        let known = known.into_iter().find(|record| record.name == name);
        let Some(record) = known else { return Ok(None) };
        let Ok(lock) = locks::parse(&record.text, record.format) else { return Ok(None) };
        if lock.header.target.as_ref() != Some(target) {
            return Ok(None);
        }
        let (kind, format, text) = (record.kind, record.format, record.text);
        Ok(Some(StockedLock { name: record.name, kind, format, text, lock }))
    }
}
