//! Making an image, and writing it where it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use provender_core::ports::BuildWheel;
use provender_core::{Diagnostic, Lock, Target};
use provender_image::build::{self, BaseImage, Built, Request, Step};
use provender_image::layer::Cache;
use provender_image::registry::Registry;
use provender_image::write::{BuiltImage, WriteError};
use provender_image::{Platform, remove_damaged};
use provender_lock::{Observer, WheelBuilder};
use provender_net::Client;

use super::attachments::{self, LockAudit, Said};
use super::build::Plan;
use super::{base, told};
use crate::cli::{ImageBuildArgs, IndexArgs};
use crate::commands::stock::template;
use crate::commands::store;
use crate::exit::Failure;
use crate::progress::Spinner;
use crate::settings::{Settings, indexes, registries};

/// What was built for each platform, and all of it as one image.
pub(super) type Made = (Vec<(Built, BaseImage)>, BuiltImage);

/// The rules of failures that a damaged blob may be behind.
const MAYBE_DAMAGED: [&str; 4] =
    ["image/build", "image/output", "image/registry", "image/unreadable"];

/// A plan, with everything that it takes to carry it out.
pub(super) struct Work<'a> {
    pub(super) args: &'a ImageBuildArgs,
    pub(super) settings: &'a Settings,
    pub(super) plan: &'a Plan,
    pub(super) audit: &'a LockAudit,
    pub(super) client: Client,
    pub(super) spinner: &'a Arc<Spinner>,
}

impl Work<'_> {
    /// Makes the image, and writes it.
    pub(super) async fn once(&self) -> Result<Made, Failure> {
        let Self { settings, plan, spinner, .. } = self;
        let registries = registries::gather(settings, &plan.hosts()).await?;
        let registry = Registry::new(self.client.clone(), registries);
        let store = store::existing(settings).await?;
        let stocked = build::stocked(&store, &plan.lock.lock).await;
        let stocked = stocked.map_err(|error| store::told(&error))?;
        base::in_use(settings)?;
        let cache = Cache::open(&base::layers(settings))
            .map_err(|error| told::build(error.into(), &plan.lock.path))?;
        let workshop = tempfile::tempdir_in(store.tmp()).map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the data directory, or name another one with --data-dir")
        })?;
        let builder =
            builder(self.args.no_build, &plan.lock.lock, settings, &self.client, spinner)?;
        let builder: Option<&dyn BuildWheel> = builder.as_ref().map(|builder| builder as _);
        let observer = |step: Step<'_>| spinner.say(&step_told(step));
        let mut built = Vec::new();
        for platform in wanted(&plan.image.platforms) {
            let image = base::open(&plan.base, platform, &registry, settings).await?;
            let base = BaseImage { image, name: plan.base.to_string() };
            let request = Request {
                base: &base,
                lock: &plan.lock.lock,
                stocked: &stocked,
                application: &plan.application,
                runtime: &plan.runtime,
                facts: plan.facts(&base),
                labels: plan.image.labels.clone(),
                timestamp: plan.times.image,
                locked_timestamp: plan.times.locked,
                certificates: &plan.certificates,
                bytecode: plan.bytecode.as_deref(),
                format: plan.format,
                builder,
                cache: &cache,
                workshop: workshop.path(),
                observer: &observer,
            };
            let one = build::platform(&request).await;
            built.push((one.map_err(|error| told::build(error, &plan.lock.path))?, base));
        }
        let plain = self.together(&built)?;
        let said = self.said(&built)?;
        let mut image = plain.clone();
        for one in &said {
            let attached = image.attach(one.attachment()?);
            attached.map_err(|error| told::build(error.into(), &plan.lock.path))?;
        }
        for output in &plan.outputs {
            spinner.say(&format!("writing {output}"));
            match output.archive() {
                // Tools that load an archive take it for one image, and nothing besides.
                Some(path) => {
                    output.write(&plain, &plan.base, &registry).await?;
                    attachments::write_beside(&said, path, built.len() > 1)?;
                }
                None => output.write(&image, &plan.base, &registry).await?,
            }
        }
        Ok((built, image))
    }

    /// Whether something that is remembered was damaged, and is no longer there, so that another try
    /// may succeed.
    pub(super) fn heals(&self, failure: &Failure) -> bool {
        let may = failure.diagnostics.iter().any(|one| MAYBE_DAMAGED.contains(&one.rule));
        let folders = [base::layers(self.settings), base::pulled(self.settings)];
        // Where nothing can be removed, the failure is told as it is.
        may && folders.iter().any(|folder| remove_damaged(folder).is_ok_and(|it| !it.is_empty()))
    }

    /// What is said of each platform's image.
    fn said(&self, built: &[(Built, BaseImage)]) -> Result<Vec<Said>, Failure> {
        if self.args.no_attach {
            return Ok(Vec::new());
        }
        let plan = self.plan;
        let about = attachments::About {
            name: plan.name(),
            lock: &plan.lock,
            base: &plan.base,
            application: &plan.application,
            certificates: &plan.certificates,
            image: &plan.image,
            runtime: &plan.runtime,
            format: plan.format,
            times: plan.times,
            key: plan.key.as_ref(),
            audit: self.audit.document.as_deref(),
        };
        let said = built.iter().map(|(built, base)| about.of(built, base));
        Ok(said.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// One image of what was built for each platform.
    fn together(&self, built: &[(Built, BaseImage)]) -> Result<BuiltImage, Failure> {
        let platforms = built.iter().map(|(built, _)| built.platform.clone()).collect();
        let failed = |error: WriteError| told::build(error.into(), &self.plan.lock.path);
        let image =
            BuiltImage::new(self.plan.format, platforms, BTreeMap::new()).map_err(failed)?;
        Ok(image)
    }
}

/// Each platform that is wanted; the base's only one where none is named.
fn wanted(platforms: &[Platform]) -> Vec<Option<&Platform>> {
    if platforms.is_empty() { vec![None] } else { platforms.iter().map(Some).collect() }
}

pub(super) fn step_told(step: Step<'_>) -> String {
    match step {
        Step::Base => "reading the base".to_owned(),
        Step::Wheel(project) => format!("building a wheel of {project}"),
        Step::Layer(what) => format!("making the layer of {what}"),
    }
}

/// What builds wheels of sdists: nothing where that is forbidden, or where the lock does not say for
/// which Python.
pub(super) fn builder(
    no_build: bool,
    lock: &Lock,
    settings: &Settings,
    client: &Client,
    spinner: &Arc<Spinner>,
) -> Result<Option<WheelBuilder>, Diagnostic> {
    if no_build || settings.file.values.lock.no_build {
        return Ok(None);
    }
    let Some(target): Option<Target> = lock.header.target.clone() else { return Ok(None) };
    let (indexes, _) = indexes::gather(&IndexArgs::default(), settings)?;
    let template = template(settings, client, &indexes, false);
    let observer: Arc<dyn Observer> = Arc::clone(spinner) as _;
    Ok(Some(WheelBuilder::new(template, target, observer)))
}
