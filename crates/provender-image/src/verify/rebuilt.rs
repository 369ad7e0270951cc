//! An image against one that was built again from the recorded inputs.

use std::collections::BTreeMap;
use std::io::{self, Read};

use provender_core::Diagnostic;
use provender_core::check::Step;
use serde_json::Value;

use super::difference::{self, Difference};
use super::{about, counted, is_saved};
use crate::write::{BuiltBlob, BuiltLayer, BuiltPlatform};
use crate::{Digest, Image, Layer};

const ID: &str = "rebuilt";
const TITLE: &str = "built again, it is the same image";

/// How many settings that differ are named.
const SETTINGS: usize = 10;

/// The step about an image that could not be built again, with the reasons.
pub fn not_rebuilt(why: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Step {
    Step::not_run(ID, TITLE, why, diagnostics)
}

/// Holds an image against what came of building it again: its digest, and where that differs, the
/// layers, the first of whose entries that differs is named with the byte and the reason, and the
/// settings. `notes` are what was known beforehand of inputs that are no longer the recorded ones.
///
/// An image that was saved by docker has no manifest of its own; its layers and configuration count.
pub fn rebuilt(image: &Image, again: &BuiltPlatform, notes: Vec<Diagnostic>) -> Step {
    let same =
        |summary: String| Step { diagnostics: notes.clone(), ..Step::passed(ID, TITLE, summary) };
    let manifest = &again.manifest().descriptor;
    if manifest.digest == image.digest() {
        return same(short_digest(manifest.digest));
    }
    if again.config_document().descriptor.digest == image.manifest.config.digest && is_saved(image)
    {
        return same(format!("{}, as docker saved it", short_digest(image.manifest.config.digest)));
    }
    let mut found = layers(image, again);
    let could_not = found.iter().any(|found| found.rule == "image/layer-not-compared");
    found.extend(settings(image, again));
    if found.is_empty() {
        found
            .push(error("only the manifests differ, in how they are written down".to_owned(), &[]));
    }
    let summary =
        format!("{} instead of {}", short_digest(manifest.digest), short_digest(image.digest()));
    let all = notes.into_iter().chain(found).collect();
    if could_not {
        Step::not_run(ID, TITLE, summary, all)
    } else {
        Step::failed(ID, TITLE, summary, all)
    }
}

/// The beginning of a digest, as people tell them apart.
fn short_digest(digest: Digest) -> String {
    digest.to_string().chars().take(19).collect()
}

fn error(message: String, causes: &[String]) -> Diagnostic {
    about(Diagnostic::error("image/rebuild-differs", message), causes).hint(
        "build it again from the commit, the lock and the base that it was built from, with the same provender; \
         what differs then was changed afterwards",
    )
}

/// What differs in the layers, from the lowest on.
fn layers(image: &Image, again: &BuiltPlatform) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (there, made) = (image.layers.len(), again.layers().len());
    if there != made {
        let message =
            format!("the image has {}, and {made} were made again", counted(there, "layer"));
        found.push(error(message, &[]));
    }
    for (number, (layer, made)) in (1..).zip(image.layers.iter().zip(again.layers())) {
        let name = format!("layer {number} of {there}");
        if layer.diff_id == made.layer.diff_id {
            // Base layers that somebody packed anew are the same files, and docker's are unpacked.
            if layer.descriptor.digest != made.layer.descriptor.digest && !is_saved(image) {
                let message = format!("{name} holds the same archive, compressed in another way");
                found.push(error(message, &[]));
            }
            continue;
        }
        match compare(image, layer, made) {
            Ok(Some(difference)) => found.push(told(&name, layer, &difference)),
            Ok(None) => {
                found.push(error(format!("{name} is not what the configuration says"), &[]))
            }
            Err(reason) => found.push(
                Diagnostic::error(
                    "image/layer-not-compared",
                    format!("{name} could not be compared"),
                )
                .because(reason)
                .hint("copy or fetch the image again, and make room for temporary files"),
            ),
        }
    }
    found
}

fn compare(image: &Image, layer: &Layer, made: &BuiltLayer) -> Result<Option<Difference>, String> {
    type Opened<'a> = io::Result<Box<dyn Read + Send + 'a>>;
    let blob = BuiltBlob { descriptor: made.layer.descriptor.clone(), source: made.source.clone() };
    let one = || -> Opened<'_> { image.layer(layer).map_err(io::Error::other) };
    let other = || -> Opened<'_> {
        let reader = blob.reader().map_err(io::Error::other)?;
        made.layer.unpack(reader)
    };
    difference::first(&one, &other).map_err(|error| error.to_string())
}

fn told(name: &str, layer: &Layer, difference: &Difference) -> Diagnostic {
    let Difference { offset, bytes, entry, reasons } = difference;
    let byte = |byte: Option<u8>| byte.map_or("the end".to_owned(), |byte| format!("0x{byte:02x}"));
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let place: String = match entry {
        Some(path) => format!("/{}", path.trim_start_matches("./").trim_start_matches('/')),
        None => "behind the last entry".to_owned(),
    };
    let place: String = place.chars().map(plain).collect();
    let mut causes: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    causes.push(format!(
        "the first byte that differs is byte {offset} of the archive: {} instead of {}",
        byte(bytes.0),
        byte(bytes.1)
    ));
    causes.push(format!("the layer is {}", layer.descriptor.digest));
    error(format!("{name} differs from {place} on"), &causes)
}

/// What differs in the configuration and in the manifest's annotations.
fn settings(image: &Image, again: &BuiltPlatform) -> Vec<Diagnostic> {
    let mut places = Vec::new();
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    let mut own = json(serde_json::to_value(&image.config));
    let mut other = json(serde_json::to_value(again.config()));
    // What follows from the layers was told with them.
    for config in [&mut own, &mut other] {
        if let Some(config) = config.as_object_mut() {
            config.remove("rootfs");
        }
    }
    walk("", &own, &other, &mut places);
    // Docker's archives keep no annotations.
    if !is_saved(image) {
        let annotations: Result<crate::Manifest, _> =
            serde_json::from_slice(&again.manifest().bytes);
        let other = annotations.map(|manifest| manifest.annotations).unwrap_or_default();
        let own = json(serde_json::to_value(&image.manifest.annotations));
        walk("annotations", &own, &json(serde_json::to_value(other)), &mut places);
    }
    if places.is_empty() {
        return Vec::new();
    }
    let message = format!("{} of the image differ", counted(places.len(), "setting"));
    vec![error(
        message.replace("1 setting of the image differ", "1 setting of the image differs"),
        &places,
    )]
}

/// Names every leaf that differs, and what it is in the one and in the other.
fn walk(path: &str, one: &Value, other: &Value, places: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeMap<&String, ()> =
                a.keys().chain(b.keys()).map(|key| (key, ())).collect();
            for key in keys.into_keys() {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                walk(&path, &of(a), &of(b), places);
            }
        }
        _ if one == other => {}
        _ if places.len() > SETTINGS * 10 => {}
        _ => places.push(format!("{path} is {} instead of {}", short(one), short(other))),
    }
}

fn short(value: &Value) -> String {
    if value.is_null() {
        return "not there".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
