//! `provender image verify`.

mod found;
mod inputs;
mod rebuild;

use std::path::Path;
use std::sync::Arc;

use provender_core::check::{self as steps, Outcome};
use provender_core::{Diagnostic, Place};
use provender_image::Image;
use provender_image::attach::PublicKey;
use provender_image::registry::Registry;
use provender_image::verify::{self, GivenLock, Request, Verified};
use provender_report::{check, diagnostics};
use serde::Serialize;

use super::project::{self, LockFile};
use crate::cli::{Format, GlobalArgs, ImageVerifyArgs};
use crate::commands::{json, store};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::progress::Spinner;
use crate::settings::{Settings, network, registries};

pub(crate) fn run(
    args: &ImageVerifyArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let context = args.context.as_deref();
    let settings = Settings::gather(global, context.unwrap_or(Path::new(".")))?;
    let key = args.key.as_deref().map(key).transpose()?;
    let lock = match (&args.lock, context) {
        (None, None) => None,
        (named, _) => Some(project::lock(named.as_deref(), &settings)?),
    };
    let client = network::client(&settings)?;
    let spinner = Arc::new(Spinner::new(output, "reading the image"));
    let runtime = store::runtime()?;
    let (image, verified) = runtime.block_on(async {
        let hosts = rebuild::hosts(args, &settings);
        let registry = Registry::new(client.clone(), registries::gather(&settings, &hosts).await?);
        let (image, attached) = match found::found(args, &registry, &settings).await? {
            Ok(found) => found,
            Err(step) => {
                let verified = Verified { steps: vec![step], notes: Vec::new(), recorded: None };
                return Ok((None, verified));
            }
        };
        let given = lock.as_ref().map(|lock| (shown(&lock.path), lock));
        let mut verified = verify::verify(&Request {
            image: &image,
            attached: &attached,
            key: key.as_deref(),
            lock: given.as_ref().map(|(name, lock)| given_lock(name, lock)),
        });
        match (context, &lock) {
            (Some(context), Some(lock)) => {
                let again = rebuild::Again {
                    args,
                    context,
                    lock,
                    image: &image,
                    recorded: verified.recorded.as_ref(),
                    settings: &settings,
                    client: &client,
                    registry: &registry,
                    spinner: &spinner,
                };
                verified.steps.push(again.step().await);
            }
            _ => verified.notes.push(
                Diagnostic::note("image/not-rebuilt", "the image was not built again")
                    .hint("name the project that it was built from with --context"),
            ),
        }
        Ok::<_, Failure>((Some(image), verified))
    })?;
    spinner.finish();
    show(args, image.as_ref(), &verified, output)?;
    Ok(match steps::outcome(&verified.steps) {
        Outcome::Passed => Answer::Yes,
        Outcome::Failed => Answer::No,
        Outcome::NotRun => Answer::Missing,
    })
}

fn given_lock<'a>(name: &'a str, lock: &'a LockFile) -> GivenLock<'a> {
    GivenLock { name, lock: &lock.lock, sha256: lock.digest }
}

/// Reads the public key of the signer.
fn key(path: &Path) -> Result<String, Diagnostic> {
    let unusable = |message: String| {
        Diagnostic::error("image/key", message)
            .at(Place::file(shown(path)))
            .hint("make it of the private key with `openssl pkey -in KEY -pubout`")
            .decided_by("--key")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    PublicKey::from_pem(&text).map_err(|error| unusable(error.to_string()))?;
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    image: String,
    digest: Option<String>,
    platform: Option<String>,
    outcome: Outcome,
    steps: Vec<StepJson<'a>>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    id: &'a str,
    title: &'a str,
    outcome: Outcome,
    summary: &'a str,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

fn show(
    args: &ImageVerifyArgs,
    image: Option<&Image>,
    verified: &Verified,
    output: &Output,
) -> Result<(), Failure> {
    if output.format != Format::Json {
        output.diagnostics(&verified.notes);
        output.result(&check::terminal(&verified.steps, output.style()))?;
        return Ok(());
    }
    let steps = verified.steps.iter().map(|step| StepJson {
        id: step.id,
        title: &step.title,
        outcome: step.outcome,
        summary: &step.summary,
        diagnostics: diagnostics::json(&step.diagnostics),
    });
    output.result(&json(&Document {
        schema: "provender.image.verify/1",
        image: args.image.to_string(),
        digest: image.map(|image| image.digest().to_string()),
        platform: image.map(|image| image.platform().to_string()),
        outcome: steps::outcome(&verified.steps),
        steps: steps.collect(),
        diagnostics: diagnostics::json(&verified.notes),
    })?)?;
    Ok(())
}
