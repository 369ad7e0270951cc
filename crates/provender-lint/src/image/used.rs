//! The images that a file takes from a registry.

use crate::dockerfile::Dockerfile;
use crate::facts::{Origin, Span};
use crate::source::File;

use super::compose;
use super::copying::stage_of;
use super::reference::Reference;

/// An image that is taken from a registry.
#[derive(Debug, Clone)]
pub(crate) struct Used<'f> {
    /// Its name.
    pub(crate) reference: Reference<'f>,
    /// The name as it comes out.
    pub(crate) text: &'f str,
    /// The image in words, with what it is there for: ``base image `python` ``.
    pub(crate) named: String,
    /// Where it stands.
    pub(crate) span: Span,
    /// Where else it is written: the default of an `ARG` that stands in its place.
    pub(crate) default: Option<Span>,
}

/// Every image that a Dockerfile or compose file takes from a registry: bases, what is copied or
/// mounted from, and what services run. Stages, `scratch`, named contexts, names that a build gives
/// and unknown variables are none.
pub(crate) fn used(file: &File) -> Vec<Used<'_>> {
    let mut found = Vec::new();
    if let Some(dockerfile) = &file.dockerfile {
        bases(file, dockerfile, &mut found);
        others(dockerfile, &mut found);
    }
    services(file, &mut found);
    found
}

fn bases<'f>(file: &'f File, dockerfile: &'f Dockerfile, found: &mut Vec<Used<'f>>) {
    for stage in &dockerfile.stages {
        let base = &stage.base;
        if stage.base_stage.is_some() || !base.known {
            continue;
        }
        let Some(reference) = Reference::parse(&base.text) else { continue };
        let default = file.facts.variables.iter().find_map(|variable| {
            let value = variable.value.as_ref()?;
            let is_default = matches!(variable.origin, Origin::DockerArg { stage: None })
                && value.text == base.text
                && !file.text.get(base.span.clone())?.contains(&base.text);
            is_default.then(|| value.span.clone())
        });
        found.push(Used {
            reference,
            text: &base.text,
            named: format!("base image `{}`", base.text),
            span: base.span.clone(),
            default,
        });
    }
}

/// `COPY --from=IMAGE` and `RUN --mount=from=IMAGE`. A bare name may be a context that the builder
/// is given (`--build-context`), so only what has a tag, a digest or a registry counts.
fn others<'f>(dockerfile: &'f Dockerfile, found: &mut Vec<Used<'f>>) {
    for instruction in &dockerfile.instructions {
        let Some(here) = instruction.stage else { continue };
        for flag in &instruction.flags {
            let Some(value) = flag.value.as_deref() else { continue };
            let (from, role) = match (instruction.keyword.as_str(), flag.name.as_str()) {
                ("COPY", "from") => (value, "that is copied from"),
                ("RUN", "mount") => {
                    let from = value.split(',').find_map(|part| part.strip_prefix("from="));
                    let Some(from) = from else { continue };
                    (from, "that is mounted")
                }
                _ => continue,
            };
            let bare = !from.contains([':', '/', '@']);
            if bare || !flag.word.known || stage_of(dockerfile, from, here).is_some() {
                continue;
            }
            if let Some(reference) = Reference::parse(from) {
                found.push(Used {
                    reference,
                    text: from,
                    named: format!("image `{from}` {role}"),
                    span: flag.word.span.clone(),
                    default: None,
                });
            }
        }
    }
}

fn services<'f>(file: &'f File, found: &mut Vec<Used<'f>>) {
    // The image of a service that is built is the name that its build gives.
    let built: Vec<&str> = compose::services(file)
        .filter(|service| service.model.build.is_some())
        .filter_map(|service| Some(service.model.image.as_ref()?.text.as_str()))
        .collect();
    for service in compose::services(file) {
        let Some(image) = &service.model.image else { continue };
        let stays = service
            .values("pull_policy")
            .any(|policy| matches!(policy.text.as_str(), "never" | "build"));
        if stays || built.contains(&image.text.as_str()) {
            continue;
        }
        let Some(reference) = Reference::parse(&image.text) else { continue };
        found.push(Used {
            reference,
            text: &image.text,
            named: format!("image `{}` of service `{}`", image.text, service.name()),
            span: image.span.clone(),
            default: None,
        });
    }
}
