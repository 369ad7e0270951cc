//! `provender image build`.

use std::collections::BTreeMap;
use std::sync::Arc;

use provender_core::ports::BuildWheel;
use provender_core::{Diagnostic, Lock, Target};
use provender_image::attach::SigningKey;
use provender_image::build::{self, BaseImage, Built, Request, Step};
use provender_image::harden::Facts;
use provender_image::layer::Cache;
use provender_image::registry::Registry;
use provender_image::settings::ImageSettings;
use provender_image::write::BuiltImage;
use provender_image::{ImageFormat, Location, Platform, Reference};
use provender_lock::{Observer, WheelBuilder};
use provender_report::{diagnostics, size};
use serde::Serialize;

use super::project::{self, LockFile};
use super::time::{self, Commit};
use super::{attachments, base, outputs, told};
use crate::cli::{Format, GlobalArgs, ImageBuildArgs, IndexArgs};
use crate::commands::stock::template;
use crate::commands::{json, store};
use crate::exit::{Answer, Failure};
use crate::output::{Output, counted};
use crate::progress::Spinner;
use crate::settings::{Settings, indexes, network, registries};

/// What was decided before anything is fetched or made.
struct Plan {
    image: ImageSettings,
    base: Location,
    outputs: Vec<outputs::Output>,
    lock: LockFile,
    runtime: provender_image::service::Runtime,
    application: provender_image::app::Application,
    commit: Commit,
    timestamp: i64,
    format: ImageFormat,
    key: Option<SigningKey>,
}

pub(crate) fn run(
    args: &ImageBuildArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, &args.context)?;
    let plan = plan(args, &settings)?;
    let client = network::client(&settings)?;
    let spinner = Arc::new(Spinner::new(output, "reading the base"));
    let runtime = store::runtime()?;
    let (built, image) = runtime.block_on(async {
        let registries = registries::gather(&settings, &plan.hosts()).await?;
        let registry = Registry::new(client.clone(), registries);
        let store = store::existing(&settings).await?;
        let stocked = build::stocked(&store, &plan.lock.lock).await;
        let stocked = stocked.map_err(|error| store::told(&error))?;
        let cache = Cache::open(&base::folder(&settings).join("layers"))
            .map_err(|error| told::build(error.into(), &plan.lock.path))?;
        let workshop = tempfile::tempdir_in(store.tmp()).map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the data directory, or name another one with --data-dir")
        })?;
        let builder = builder(args, &plan.lock.lock, &settings, &client, &spinner)?;
        let builder: Option<&dyn BuildWheel> = builder.as_ref().map(|builder| builder as _);
        let observer = |step: Step<'_>| spinner.say(&step_told(step));
        let mut built = Vec::new();
        for platform in wanted(&plan.image.platforms) {
            let image = base::open(&plan.base, platform, &registry, &settings).await?;
            let base = BaseImage { image, name: plan.base.to_string() };
            let request = Request {
                base: &base,
                lock: &plan.lock.lock,
                lock_digest: plan.lock.digest,
                stocked: &stocked,
                application: &plan.application,
                runtime: &plan.runtime,
                facts: plan.facts(&base),
                labels: plan.image.labels.clone(),
                timestamp: plan.timestamp,
                format: plan.format,
                builder,
                cache: &cache,
                workshop: workshop.path(),
                observer: &observer,
            };
            let one = build::platform(&request).await;
            built.push((one.map_err(|error| told::build(error, &plan.lock.path))?, base));
        }
        let image = plan.together(&built, args)?;
        for output in &plan.outputs {
            spinner.say(&format!("writing {output}"));
            output.write(&image, &plan.base, &registry).await?;
        }
        Ok::<_, Failure>((built, image))
    })?;
    spinner.finish();
    show(&plan, &built, &image, output)?;
    Ok(Answer::Yes)
}

/// Decides everything that can be wrong before anything is fetched.
fn plan(args: &ImageBuildArgs, settings: &Settings) -> Result<Plan, Failure> {
    let mut image = settings.file.values.image.clone();
    if !args.tags.is_empty() {
        image.tags.clone_from(&args.tags);
    }
    if !args.platforms.is_empty() {
        image.platforms.clone_from(&args.platforms);
    }
    let base = args.base.clone().or_else(|| image.base.clone()).ok_or_else(|| {
        Diagnostic::error("image/no-base", "no base is named").hint(
            "name an image with Python: --base HOST/REPOSITORY:TAG, or `base` in [image] of provender.toml",
        )
    })?;
    let chosen = if args.outputs.is_empty() {
        Vec::from_iter(image.output.clone())
    } else {
        args.outputs.clone()
    };
    let outputs = outputs::decide(&chosen, &image.tags)?;
    let format = args.image_format.map(ImageFormat::from).or(image.format).unwrap_or_default();
    let lock = project::lock(args.lock.as_deref(), settings)?;
    let runtime = project::runtime(&args.context, &image, &lock)?;
    let application = project::application(&args.context, &image, &runtime)?;
    let commit = time::commit(&args.context);
    let timestamp = time::timestamp(&commit, &lock.lock)?;
    let key = args.sign_key.as_deref().map(attachments::key).transpose()?;
    Ok(Plan { image, base, outputs, lock, runtime, application, commit, timestamp, format, key })
}

impl Plan {
    /// The registries that will be asked.
    fn hosts(&self) -> Vec<String> {
        let base = match &self.base {
            Location::Registry(reference) => Some(reference),
            _ => None,
        };
        let pushed = self.outputs.iter().flat_map(outputs::Output::references);
        base.into_iter().chain(pushed).map(|reference| reference.registry.clone()).collect()
    }

    fn facts(&self, base: &BaseImage) -> Facts {
        let created = jiff::Timestamp::from_second(self.timestamp).ok();
        let name = self.image.tags.first().and_then(|tag| tag.rsplit('/').next());
        let version = name.and_then(|name| name.split_once(':')).map(|(_, tag)| tag.to_owned());
        Facts {
            created: created.map(|time| time.to_string()),
            version,
            revision: self.commit.revision.clone(),
            base_name: matches!(self.base, Location::Registry(_)).then(|| base.name.clone()),
            base_digest: Some(base.image.digest()),
            ..Facts::default()
        }
    }

    /// One image of what was built for each platform, with what is attached to it.
    fn together(
        &self,
        built: &[(Built, BaseImage)],
        args: &ImageBuildArgs,
    ) -> Result<BuiltImage, Failure> {
        let platforms = built.iter().map(|(built, _)| built.platform.clone()).collect();
        let failed =
            |error: provender_image::write::WriteError| told::build(error.into(), &self.lock.path);
        let mut image = BuiltImage::new(self.format, platforms, BTreeMap::new()).map_err(failed)?;
        if !args.no_attach {
            let about = attachments::About {
                name: self.name(),
                lock: &self.lock,
                base: &self.base,
                application: &self.application,
                timestamp: self.timestamp,
                key: self.key.as_ref(),
            };
            for (built, base) in built {
                for attachment in about.of(built, base)? {
                    image.attach(attachment).map_err(failed)?;
                }
            }
        }
        Ok(image)
    }

    /// What the image is called where no tag is wanted.
    fn name(&self) -> String {
        let tag = self.image.tags.first().map(String::as_str).unwrap_or("image");
        match tag.parse::<Reference>() {
            Ok(reference) => format!("{}/{}", reference.registry, reference.repository),
            Err(_) => tag.split(':').next().unwrap_or(tag).to_owned(),
        }
    }
}

/// Each platform that is wanted; the base's only one where none is named.
fn wanted(platforms: &[Platform]) -> Vec<Option<&Platform>> {
    if platforms.is_empty() { vec![None] } else { platforms.iter().map(Some).collect() }
}

/// What builds wheels of sdists: nothing where that is forbidden, or where the lock does not say for
/// which Python.
fn builder(
    args: &ImageBuildArgs,
    lock: &Lock,
    settings: &Settings,
    client: &provender_net::Client,
    spinner: &Arc<Spinner>,
) -> Result<Option<WheelBuilder>, Diagnostic> {
    if args.no_build || settings.file.values.lock.no_build {
        return Ok(None);
    }
    let Some(target): Option<Target> = lock.header.target.clone() else { return Ok(None) };
    let (indexes, _) = indexes::gather(&IndexArgs::default(), settings)?;
    let template = template(settings, client, &indexes, false);
    let observer: Arc<dyn Observer> = spinner.clone();
    Ok(Some(WheelBuilder::new(template, target, observer)))
}

fn step_told(step: Step<'_>) -> String {
    match step {
        Step::Base => "reading the base".to_owned(),
        Step::Wheel(project) => format!("building a wheel of {project}"),
        Step::Layer(what) => format!("making the layer of {what}"),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    digest: String,
    format: ImageFormat,
    tags: &'a [String],
    outputs: Vec<String>,
    platforms: Vec<PlatformJson<'a>>,
    attachments: Vec<String>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct PlatformJson<'a> {
    platform: String,
    digest: String,
    base: String,
    base_digest: String,
    python: &'a str,
    layers: Vec<LayerJson<'a>>,
    installed: Vec<InstalledJson>,
}

#[derive(Serialize)]
struct LayerJson<'a> {
    what: &'a str,
    digest: String,
    size: u64,
}

#[derive(Serialize)]
struct InstalledJson {
    project: String,
    version: String,
    file: String,
    sha256: String,
}

fn show(
    plan: &Plan,
    built: &[(Built, BaseImage)],
    image: &BuiltImage,
    output: &Output,
) -> Result<(), Failure> {
    let notes: Vec<Diagnostic> = built.iter().flat_map(|(built, _)| built.notes.clone()).collect();
    if output.format == Format::Json {
        let platforms = built.iter().map(|(built, base)| PlatformJson {
            platform: built.platform.config().platform.to_string(),
            digest: built.platform.manifest().descriptor.digest.to_string(),
            base: base.name.clone(),
            base_digest: base.image.digest().to_string(),
            python: &built.base.python,
            layers: built
                .layers
                .iter()
                .map(|layer| LayerJson {
                    what: &layer.what,
                    digest: layer.digest.to_string(),
                    size: layer.size,
                })
                .collect(),
            installed: built
                .chosen
                .iter()
                .map(|chosen| InstalledJson {
                    project: chosen.project.to_string(),
                    version: chosen.version.to_string(),
                    file: chosen.wheel.filename.clone(),
                    sha256: chosen.wheel.sha256.to_string(),
                })
                .collect(),
        });
        let attached = image
            .attachments()
            .iter()
            .map(|attachment| attachment.manifest().descriptor.digest.to_string());
        output.result(&json(&Document {
            schema: "provender.image.build/1",
            digest: image.digest().to_string(),
            format: plan.format,
            tags: &plan.image.tags,
            outputs: plan.outputs.iter().map(ToString::to_string).collect(),
            platforms: platforms.collect(),
            attachments: attached.collect(),
            diagnostics: diagnostics::json(&notes),
        })?)?;
        return Ok(());
    }
    output.diagnostics(&notes);
    let mut lines = Vec::new();
    for (built, base) in built {
        let platform = &built.platform.config().platform;
        lines.push(format!(
            "{platform}: Python {} on {} ({}), from {}",
            built.base.python, built.base.os, built.base.libc, base.name
        ));
        for layer in &built.layers {
            let made = if layer.reused { "reused" } else { "made" };
            lines.push(format!("  {:<24} {:>9}  {made}", layer.what, size(layer.size)));
        }
        lines.push(format!("  {} installed", counted(built.chosen.len(), "release")));
    }
    for written in &plan.outputs {
        lines.push(format!("written to {written}"));
    }
    lines.push(image.digest().to_string());
    output.result(&lines.join("\n"))?;
    Ok(())
}
