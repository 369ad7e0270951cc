//! Building an image again from what is recorded of its inputs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use provender_core::check::Step;
use provender_core::ports::BuildWheel;
use provender_core::{Diagnostic, Place};
use provender_image::app::Application;
use provender_image::attach::application_digest;
use provender_image::build::{self, BaseImage, Request};
use provender_image::harden::Facts;
use provender_image::layer::Cache;
use provender_image::registry::Registry;
use provender_image::verify::{self, Recorded};
use provender_image::{Digest, Image, ImageFormat, Location, MediaType};
use provender_net::Client;

use super::inputs;
use crate::cli::ImageVerifyArgs;
use crate::commands::image::project::{self, LockFile};
use crate::commands::image::{base, time, told, work};
use crate::commands::store;
use crate::exit::Failure;
use crate::output::shown;
use crate::progress::Spinner;
use crate::settings::Settings;

/// How the specification's own keys begin.
const OCI: &str = "org.opencontainers.image.";

/// What an image is built again from.
pub(super) struct Again<'a> {
    pub(super) args: &'a ImageVerifyArgs,
    pub(super) context: &'a Path,
    pub(super) lock: &'a LockFile,
    pub(super) image: &'a Image,
    pub(super) recorded: Option<&'a Recorded>,
    pub(super) settings: &'a Settings,
    pub(super) client: &'a Client,
    pub(super) registry: &'a Registry,
    pub(super) spinner: &'a Arc<Spinner>,
}

/// The registries that are asked: the image's, and that of a base that is named here. One that only
/// the provenance names is asked as anybody may ask it.
pub(super) fn hosts(args: &ImageVerifyArgs, settings: &Settings) -> Vec<String> {
    let named = [Some(&args.image), args.base.as_ref(), settings.file.values.image.base.as_ref()];
    let registries = named.into_iter().flatten().filter_map(|location| match location {
        Location::Registry(reference) => Some(reference.registry.clone()),
        _ => None,
    });
    registries.collect()
}

impl Again<'_> {
    /// The step: what differs, or why the image could not be built again.
    pub(super) async fn step(&self) -> Step {
        match self.built().await {
            Ok(step) => step,
            Err(failure) => verify::not_rebuilt("it could not be built again", failure.diagnostics),
        }
    }

    async fn built(&self) -> Result<Step, Failure> {
        let mut settings = self.settings.file.values.image.clone();
        if let Some(bytecode) = self.args.bytecode {
            settings.bytecode = bytecode.into();
        }
        let labels = self.said();
        let timestamp = self.timestamp()?;
        let runtime = project::runtime(self.context, &settings, self.lock)?;
        let application = project::application(self.context, &settings, &runtime)?;
        let base = self.base().await?;
        let facts = facts(&labels, base.image.digest());
        let folder = &self.settings.file.folder;
        let certificates = project::certificates(&self.args.ca_certificates, &settings, folder)?;
        let bytecode = project::bytecode(&settings);
        let mut notes = self.notes(&application, &labels);
        let store = store::existing(self.settings).await?;
        let stocked = build::stocked(&store, &self.lock.lock).await;
        let stocked = stocked.map_err(|error| store::told(&error))?;
        // Layers that were kept of earlier builds prove nothing: everything is made anew.
        let workshop = tempfile::tempdir_in(store.tmp()).map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the data directory, or name another one with --data-dir")
        })?;
        let failed = |error| told::build(error, &self.lock.path);
        let cache =
            Cache::open(&workshop.path().join("layers")).map_err(|error| failed(error.into()))?;
        let no_build = self.args.no_build;
        let builder =
            work::builder(no_build, &self.lock.lock, self.settings, self.client, self.spinner)?;
        let request = Request {
            base: &base,
            lock: &self.lock.lock,
            stocked: &stocked,
            application: &application,
            runtime: &runtime,
            facts,
            labels: settings.labels.clone(),
            timestamp,
            locked_timestamp: time::of_lock(&self.lock.lock),
            certificates: &certificates,
            bytecode: bytecode.as_deref(),
            format: self.format(),
            builder: builder.as_ref().map(|builder| builder as &dyn BuildWheel),
            cache: &cache,
            workshop: workshop.path(),
            observer: &|step| self.spinner.say(&work::step_told(step)),
        };
        let built = build::platform(&request).await.map_err(failed)?;
        if let Some(recorded) = self.recorded {
            notes.extend(inputs::certificates(&recorded.certificates, &certificates));
            notes.extend(inputs::bytecode(recorded.bytecode.as_deref(), built.bytecode.as_deref()));
        }
        self.spinner.say("comparing the image with the one that was built again");
        Ok(verify::rebuilt(self.image, &built.platform, notes))
    }

    /// What the image says of itself; docker's archives keep no annotations, but labels.
    fn said(&self) -> BTreeMap<String, String> {
        let annotations = &self.image.manifest.annotations;
        if annotations.is_empty() {
            self.image.config.config.labels.clone()
        } else {
            annotations.clone()
        }
    }

    /// The image's one time: what the provenance records, else when the configuration says that it
    /// was made.
    fn timestamp(&self) -> Result<i64, Diagnostic> {
        let recorded = self.recorded.and_then(|recorded| recorded.timestamp);
        let created = self.image.config.created.as_deref();
        let created = created.and_then(|text| text.parse::<Timestamp>().ok());
        recorded.or(created.map(Timestamp::as_second)).ok_or_else(|| {
            Diagnostic::error("image/time", "nothing says what time the image was built with")
                .hint("only images that provender built can be built again")
        })
    }

    /// The base that was built on; another one would give another image.
    async fn base(&self) -> Result<BaseImage, Diagnostic> {
        let recorded = |signed: bool| -> Option<Location> {
            let recorded = self.recorded.filter(|recorded| recorded.is_signed || !signed)?;
            recorded.base.as_deref()?.parse().ok()
        };
        // What nobody signed comes last: anybody may have written it.
        let named = self.args.base.clone().or_else(|| recorded(true));
        let named = named.or_else(|| self.settings.file.values.image.base.clone());
        let named = named.or_else(|| recorded(false));
        let location = named.ok_or_else(|| {
            Diagnostic::error("image/no-base", "nothing says what the image was built on")
                .hint("name the base with --base")
        })?;
        let digest = self.recorded.and_then(|recorded| recorded.base_digest);
        let label = || self.said().get(&format!("{OCI}base.digest"))?.parse::<Digest>().ok();
        let digest = digest.or_else(label);
        // A tag may name another image by now.
        let location = match (location, digest) {
            (Location::Registry(reference), Some(digest)) if reference.digest.is_none() => {
                Location::Registry(reference.at(digest))
            }
            (location, _) => location,
        };
        self.spinner.say("reading the base");
        let platform = Some(self.image.platform());
        let image = base::open(&location, platform, self.registry, self.settings).await?;
        if let Some(digest) = digest.filter(|digest| *digest != image.digest()) {
            let message = format!("{location} is another base than the image was built on");
            return Err(Diagnostic::error("image/other-base", message)
                .because(format!("the image was built on {digest}"))
                .because(format!("{location} is {}", image.digest()))
                .hint("name the base of that build with --base"));
        }
        Ok(BaseImage { image, name: location.to_string() })
    }

    fn format(&self) -> ImageFormat {
        match self.image.descriptor.media_type.as_str() {
            MediaType::DOCKER_MANIFEST => ImageFormat::Docker,
            _ => ImageFormat::Oci,
        }
    }

    /// Inputs that are no longer those that were recorded, which explains what differs.
    fn notes(
        &self,
        application: &Application,
        labels: &BTreeMap<String, String>,
    ) -> Vec<Diagnostic> {
        let mut notes = Vec::new();
        let place = || Place::file(shown(self.context));
        let digest = application_digest(&application.entries);
        if let Some(recorded) = self.recorded.and_then(|recorded| recorded.application)
            && recorded != digest
        {
            let message = "the application's files are not those that the image was built from";
            notes.push(
                Diagnostic::warning("image/other-application", message)
                    .at(place())
                    .because(format!("the provenance names {recorded}"))
                    .because(format!("they hash to {digest}"))
                    .hint("check out the commit that the image was built from"),
            );
        }
        let commit = time::commit(self.context);
        if let Some(said) = labels.get(&format!("{OCI}revision"))
            && commit.revision.as_ref() != Some(said)
        {
            let is = match &commit.revision {
                Some(is) => format!("the project is at {is}"),
                None => "the project is at no commit, or was changed since".to_owned(),
            };
            let message = format!("the image says that it was built from the commit {said:?}");
            notes.push(
                Diagnostic::warning("image/other-commit", message)
                    .at(place())
                    .because(is)
                    .hint("check that commit out"),
            );
        }
        notes
    }
}

/// What the image says of where it comes from, with the digest of the base that is really there.
fn facts(said: &BTreeMap<String, String>, base: Digest) -> Facts {
    let of = |key: &str| said.get(&format!("{OCI}{key}")).cloned();
    Facts {
        created: of("created"),
        title: of("title"),
        description: of("description"),
        version: of("version"),
        source: of("source"),
        revision: of("revision"),
        url: of("url"),
        vendor: of("vendor"),
        licenses: of("licenses"),
        base_name: of("base.name"),
        base_digest: Some(base),
    }
}
