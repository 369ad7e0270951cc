//! An image for one platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::laid::{Laid, laid};
use super::select::{Builds, select};
use super::{BaseFacts, BuildError, Built, Request, Step};
use super::{certificates, dependencies};
use crate::bytecode::{self, Compiler};
use crate::certificates::VARIABLES;
use crate::dockerfile::health_command;
use crate::harden::{self, Account, HardenOptions, Health, NewLayer};
use crate::layer::{Found, LayerOptions};
use crate::write::{BlobSource, BuiltLayer, BuiltPlatform};
use crate::{Blobs, Compression, Layer};

/// The name of the user that the service runs as.
const USER: &str = "app";

/// Where programs are looked for when the base does not say: what docker and podman take then.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Ends a service as runtimes expect it; servers finish what they are answering.
const STOP_SIGNAL: &str = "SIGTERM";

/// Builds an image for the base's platform.
///
/// # Errors
///
/// [`BuildError`]; what was made of layers until then stays in the cache, and no image is written.
pub async fn platform(request: &Request<'_>) -> Result<Built, BuildError> {
    let base = &request.base.image;
    let created = Timestamp::from_second(request.timestamp);
    let created = created.map_err(|_| BuildError::Time(request.timestamp))?;
    (request.observer)(Step::Base);
    let (facts, mut inspected) = BaseFacts::of(base, request.cache.folder())?;
    let builds =
        Builds { builder: request.builder, into: request.workshop, observer: request.observer };
    let compiler = request.bytecode.map(|folders| bytecode::find(folders, &facts)).transpose()?;
    let chosen = select(request.lock, request.stocked, &facts, &builds).await?;
    let locked = LayerOptions::new(request.locked_timestamp, Compression::Gzip);
    let mut layers = Vec::from_iter(certificates::layer(request, &facts, &mut inspected, &locked)?);
    let compiler = compiler.as_ref();
    layers.extend(dependencies::layers(request, &chosen, &facts, inspected, compiler, &locked)?);
    let options = LayerOptions::new(request.timestamp, Compression::Gzip);
    layers.push(application(request, &facts, compiler, &options)?);

    let hardened = harden::config(&base.config, &options_of(request, &facts, created, &layers));
    let blobs: Arc<dyn Blobs> = Arc::new(request.cache.clone());
    let over = layers.iter().map(|(layer, _)| BuiltLayer {
        layer: Layer {
            descriptor: layer.descriptor(request.format),
            diff_id: layer.diff_id,
            compression: layer.compression,
        },
        source: BlobSource::Blobs(Arc::clone(&blobs)),
    });
    let all = BuiltLayer::of(base).chain(over).collect();
    let annotations = request.facts.labels();
    let platform = BuiltPlatform::new(request.format, hardened.config, all, annotations)?;
    let layers = layers.into_iter().map(|(_, report)| report).collect();
    let notes = hardened.dropped.iter().map(harden::Dropped::note);
    let notes = notes.chain(certificates::note(request, &facts));
    let notes = notes.chain(request.application.notes.iter().cloned()).collect();
    let bytecode = compiler.map(|compiler| compiler.version().to_owned());
    Ok(Built { platform, chosen, layers, notes, base: facts, bytecode })
}

/// The layer of the application, with the files in which its user has a name.
fn application(
    request: &Request<'_>,
    facts: &BaseFacts,
    compiler: Option<&Compiler>,
    options: &LayerOptions,
) -> Result<Laid, BuildError> {
    (request.observer)(Step::Layer("application"));
    let user = request.runtime.user;
    let account =
        Account { name: USER.to_owned(), uid: user.uid, gid: user.gid, ..Account::default() };
    let mut entries = harden::passwd(facts.passwd.as_deref(), facts.group.as_deref(), &account)?;
    entries.extend(request.application.entries.iter().cloned());
    if let Some(compiler) = compiler {
        entries.extend(compiler.compile(request.application.entries.iter())?);
    }
    let (layer, found) = request.cache.layer(&entries, options)?;
    Ok(laid("application", layer, found == Found::Reused))
}

fn options_of(
    request: &Request<'_>,
    facts: &BaseFacts,
    created: Timestamp,
    layers: &[Laid],
) -> HardenOptions {
    let runtime = request.runtime;
    let health = match (&runtime.health_path, runtime.port) {
        (Some(path), Some(port)) => {
            let command = health_command(port, path, &facts.executable);
            Some(Health::of(command, runtime.health_interval))
        }
        _ => None,
    };
    let mut labels: BTreeMap<String, String> = request.facts.labels();
    labels.extend(request.labels.clone());
    let mut env = runtime.env.clone();
    if !request.base.image.config.config.env.iter().any(|set| set.starts_with("PATH=")) {
        // Some runtimes set none, and the program is looked for there.
        env.entry("PATH".to_owned()).or_insert_with(|| PATH.to_owned());
    }
    if !request.certificates.is_empty() {
        for name in VARIABLES {
            env.entry(name.to_owned()).or_insert_with(|| facts.certificates.bundle());
        }
    }
    let layers = layers.iter().map(|(layer, report)| NewLayer {
        diff_id: layer.diff_id,
        created_by: certificates::created_by(&report.what),
    });
    HardenOptions {
        user: (runtime.user.uid, runtime.user.gid),
        workdir: runtime.workdir.clone(),
        entrypoint: runtime.entrypoint.clone(),
        cmd: Vec::new(),
        env,
        port: runtime.port,
        health,
        stop_signal: STOP_SIGNAL.to_owned(),
        labels,
        created,
        layers: layers.collect(),
    }
}
