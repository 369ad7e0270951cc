//! What is attached to an image where it is.

use provender_core::Diagnostic;
use provender_image::attach::{Attached, Kind};
use provender_image::registry::Registry;
use provender_image::source::{self, WantedImage};
use provender_image::{Digest, Image, ImageError, Location, Platform, Reference};

use super::{base, told};
use crate::settings::Settings;

/// An image, and what is attached to it; an error in the place of what cannot be read.
pub(super) type WithAttached<E> = (Image, Vec<Result<Attached, E>>);

/// What a registry lists as attached to an image, as far as it is of these kinds: `most` of it.
pub(super) async fn in_registry(
    reference: &Reference,
    image: Digest,
    (kinds, most): (&[Kind], usize),
    registry: &Registry,
    settings: &Settings,
) -> Result<Vec<Result<Attached, Diagnostic>>, Diagnostic> {
    let into = base::askable(reference, settings)?;
    let types: Vec<_> = kinds.iter().map(|kind| kind.artifact_type()).collect();
    let only = match types.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let listed = registry.referrers(reference, &image, only).await;
    let mut attached = Vec::new();
    let listed = listed.map_err(|error| told::registry(&error))?.into_iter();
    let is_wanted = |one: &provender_image::Descriptor| {
        one.artifact_type.as_ref().is_some_and(|of| types.contains(of))
    };
    for descriptor in listed.filter(is_wanted).take(most) {
        let one = registry.attached(reference, &descriptor, &into).await;
        // A registry may list what it likes.
        if one.as_ref().map_or(true, |one| one.is_about(&image)) {
            attached.push(one.map_err(|error| told::registry(&error)));
        }
    }
    Ok(attached)
}

/// Opens an image of this machine, with what is attached in its layout or its archive and what lies
/// beside the archive.
pub(super) fn on_this_machine(
    location: &Location,
    platform: Option<&Platform>,
    kinds: &[Kind],
    settings: &Settings,
) -> Result<Result<WithAttached<ImageError>, ImageError>, Diagnostic> {
    base::in_use(settings)?;
    let spool = base::folder(settings).join("tmp");
    base::make(&spool)?;
    let wanted = WantedImage { platform: platform.cloned(), spool: Some(spool) };
    Ok(source::open_attached(location, &wanted, kinds))
}
