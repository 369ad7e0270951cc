//! `provender image build`.

use std::path::PathBuf;
use std::sync::Arc;

use provender_core::Diagnostic;
use provender_image::attach::SigningKey;
use provender_image::build::BaseImage;
use provender_image::certificates::Certificates;
use provender_image::harden::Facts;
use provender_image::service::Runtime;
use provender_image::settings::ImageSettings;
use provender_image::{ImageFormat, Location, Reference};

use super::attachments::LockAudit;
use super::project::{self, LockFile};
use super::time::{self, Commit, Times};
use super::work::Work;
use super::{attachments, outputs, shown};
use crate::cli::{GlobalArgs, ImageBuildArgs};
use crate::commands::store;
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::progress::Spinner;
use crate::settings::{Settings, network};

/// What was decided before anything is fetched or made.
pub(super) struct Plan {
    pub(super) image: ImageSettings,
    pub(super) base: Location,
    pub(super) outputs: Vec<outputs::Output>,
    pub(super) lock: LockFile,
    pub(super) runtime: Runtime,
    pub(super) application: provender_image::app::Application,
    pub(super) certificates: Vec<Certificates>,
    pub(super) bytecode: Option<Vec<PathBuf>>,
    pub(super) commit: Commit,
    pub(super) times: Times,
    pub(super) format: ImageFormat,
    pub(super) key: Option<SigningKey>,
}

pub(crate) fn run(
    args: &ImageBuildArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    project::is_folder(&args.context)?;
    let settings = Settings::gather(global, &args.context)?;
    let plan = plan(args, &settings)?;
    let client = network::client(&settings)?;
    let spinner = Arc::new(Spinner::new(output, "reading the base"));
    let audit = match args.no_attach {
        true => LockAudit::default(),
        false => LockAudit::of(&plan.lock, &settings),
    };
    let work =
        Work { args, settings: &settings, plan: &plan, audit: &audit, client, spinner: &spinner };
    let (built, image) = store::runtime()?.block_on(async {
        match work.once().await {
            // What is remembered may be damaged; then it is made or fetched again.
            Err(failure) if work.heals(&failure) => work.once().await,
            done => done,
        }
    })?;
    spinner.finish();
    shown::show(&plan, &built, &image, &audit, output)?;
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
    if let Some(bytecode) = args.bytecode {
        image.bytecode = bytecode.into();
    }
    let folder = &settings.file.folder;
    let configured = image.base.clone().map(|base| base.below(folder));
    let base = args.base.clone().or(configured).ok_or_else(|| {
        Diagnostic::error("image/no-base", "no base is named").hint(
            "name an image with Python: --base HOST/REPOSITORY:TAG, or `base` in [image] of provender.toml",
        )
    })?;
    let chosen = if args.outputs.is_empty() {
        Vec::from_iter(image.output.clone().map(|output| output.below(folder)))
    } else {
        args.outputs.clone()
    };
    let outputs = outputs::decide(&chosen, &image.tags)?;
    outputs::check_platforms(&outputs, &image.platforms)?;
    let pushed = outputs.iter().find(|output| !output.references().is_empty());
    if let Some(pushed) = pushed.filter(|_| settings.offline) {
        let message = format!("{pushed} is in a registry, and no network may be asked");
        return Err(Diagnostic::error("image/offline", message)
            .hint("leave out --offline, or write an archive with -o oci-archive:FILE")
            .decided_by("--offline")
            .into());
    }
    let format = args.image_format.map(ImageFormat::from).or(image.format).unwrap_or_default();
    let lock = project::lock(args.lock.as_deref(), settings)?;
    let runtime = project::runtime(&args.context, &image, &lock)?;
    let application = project::application(&args.context, &image, &runtime)?;
    let certificates = project::certificates(&args.ca_certificates, &image, folder)?;
    let bytecode = project::bytecode(&image);
    let commit = time::commit(&args.context);
    let times = time::times(&commit, &lock.lock)?;
    let key = args.sign_key.as_deref().map(attachments::key).transpose()?;
    Ok(Plan {
        image,
        base,
        outputs,
        lock,
        runtime,
        application,
        certificates,
        bytecode,
        commit,
        times,
        format,
        key,
    })
}

impl Plan {
    /// The registries that will be asked.
    pub(super) fn hosts(&self) -> Vec<String> {
        let base = match &self.base {
            Location::Registry(reference) => Some(reference),
            _ => None,
        };
        let pushed = self.outputs.iter().flat_map(outputs::Output::references);
        base.into_iter().chain(pushed).map(|reference| reference.registry.clone()).collect()
    }

    pub(super) fn facts(&self, base: &BaseImage) -> Facts {
        let created = jiff::Timestamp::from_second(self.times.image).ok();
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

    /// What the image is called where no tag is wanted.
    pub(super) fn name(&self) -> String {
        let tag = self.image.tags.first().map(String::as_str).unwrap_or("image");
        match tag.parse::<Reference>() {
            Ok(reference) => format!("{}/{}", reference.registry, reference.repository),
            Err(_) => tag.split(':').next().unwrap_or(tag).to_owned(),
        }
    }
}
