//! What was built, as it is told.

use provender_core::Diagnostic;
use provender_image::ImageFormat;
use provender_image::build::{BaseImage, Built};
use provender_image::verify::AuditSummary;
use provender_image::write::BuiltImage;
use provender_report::{diagnostics, size};
use serde::Serialize;

use super::attachments::LockAudit;
use super::build::Plan;
use crate::cli::Format;
use crate::commands::json;
use crate::exit::Failure;
use crate::output::{Output, counted};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    digest: String,
    format: ImageFormat,
    tags: &'a [String],
    outputs: Vec<String>,
    platforms: Vec<PlatformJson<'a>>,
    attachments: Vec<String>,
    audit: Option<&'a AuditSummary>,
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

/// Tells what was built, and what is worth knowing besides.
pub(super) fn show(
    plan: &Plan,
    built: &[(Built, BaseImage)],
    image: &BuiltImage,
    audit: &LockAudit,
    output: &Output,
) -> Result<(), Failure> {
    let notes = built.iter().flat_map(|(built, _)| built.notes.clone());
    let notes: Vec<Diagnostic> = notes.chain(audit.note.clone()).collect();
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
            audit: audit.summary.as_ref(),
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
    lines.extend(audit.summary.as_ref().map(|summary| format!("audit: {summary}")));
    lines.push(image.digest().to_string());
    output.result(&lines.join("\n"))?;
    Ok(())
}
