//! The configuration against the manifest.

use provender_core::Diagnostic;
use provender_core::check::Step;

use super::{counted, judged};
use crate::{Image, MediaType};

/// How the specification's own keys begin, which labels and annotations share.
const OCI: &str = "org.opencontainers.image.";

/// That the manifest names as many layers as the configuration was seen when the image was opened.
pub(super) fn verify(image: &Image) -> Step {
    let mut wrong = Vec::new();
    let (manifest, config) = (&image.manifest, &image.config);
    let known = [MediaType::OCI_CONFIG, MediaType::DOCKER_CONFIG];
    if !known.contains(&manifest.config.media_type.as_str()) {
        let found = &manifest.config.media_type;
        wrong.push(format!("the configuration is of the type {found}, which is no image's"));
    }
    if let Some(own) = &manifest.media_type
        && *own != image.descriptor.media_type
    {
        let listed = &image.descriptor.media_type;
        wrong.push(format!("the manifest calls itself {own}, and is listed as {listed}"));
    }
    if config.rootfs.r#type != "layers" {
        wrong
            .push(format!("the file system is of the type `{}`, not layers", config.rootfs.r#type));
    }
    let (told, there) =
        (config.history.iter().filter(|entry| !entry.empty_layer).count(), image.layers.len());
    // History may be left out, but not in part.
    if !config.history.is_empty() && told != there {
        wrong.push(format!("the history tells of {told} layers, and there are {there}"));
    }
    if let Some(listed) = &image.descriptor.platform
        && !config.platform.serves(listed)
    {
        let own = &config.platform;
        wrong.push(format!(
            "it is listed as an image for {listed}, and its configuration says {own}"
        ));
    }
    for (key, annotation) in manifest.annotations.iter().filter(|(key, _)| key.starts_with(OCI)) {
        if let Some(label) = config.config.labels.get(key)
            && label != annotation
        {
            let said = format!("`{annotation}`, and as a label `{label}`");
            wrong.push(format!("{key} is said in two ways: as an annotation {said}"));
        }
    }
    let layers = counted(there, "layer");
    let summary = format!("{}, {layers}", config.platform);
    let diagnostics = wrong.into_iter().map(|message| {
        Diagnostic::error("image/inconsistent", message)
            .hint("take the image from where it was built, or build it again")
    });
    let title = "the configuration is that of the manifest";
    judged("configuration", title, summary, diagnostics.collect())
}
