//! Finding an image, and what is attached to it where it is.

use std::collections::BTreeSet;
use std::path::Path;

use provender_core::Diagnostic;
use provender_core::check::Step;
use provender_image::attach::{self, Attached, Kind};
use provender_image::registry::Registry;
use provender_image::source::{self, WantedImage};
use provender_image::verify;
use provender_image::{Image, ImageError, Location, Reference};

use crate::cli::ImageVerifyArgs;
use crate::commands::image::{base, told};
use crate::settings::Settings;

/// An image, and what is attached to it.
pub(super) type Found = (Image, Vec<Attached>);

/// The image and what is attached to it; the failed step where its documents are damaged.
pub(super) async fn found(
    args: &ImageVerifyArgs,
    registry: &Registry,
    settings: &Settings,
) -> Result<Result<Found, Step>, Diagnostic> {
    if let Location::Registry(reference) = &args.image {
        let image = base::open(&args.image, args.platform.as_ref(), registry, settings).await?;
        let attached = in_registry(reference, &image, registry, settings).await?;
        return Ok(Ok((image, attached)));
    }
    base::in_use(settings)?;
    let spool = base::folder(settings).join("tmp");
    base::make(&spool)?;
    let wanted = WantedImage { platform: args.platform.clone(), spool: Some(spool.clone()) };
    match on_this_machine(&args.image, &wanted, &spool) {
        Ok(found) => Ok(Ok(found)),
        Err(error) => verify::unreadable(&error).map(Err).ok_or_else(|| told::image(&error)),
    }
}

/// What a registry lists as attached to an image, as far as provender attaches such things.
async fn in_registry(
    reference: &Reference,
    image: &Image,
    registry: &Registry,
    settings: &Settings,
) -> Result<Vec<Attached>, Diagnostic> {
    let into = base::pulled(settings);
    let digest = image.digest();
    let listed = registry.referrers(reference, &digest, None).await;
    let mut attached = Vec::new();
    for descriptor in listed.map_err(|error| told::registry(&error))? {
        let is_known = |kind: &Kind| descriptor.artifact_type == Some(kind.artifact_type());
        if Kind::ALL.iter().any(is_known) {
            let one = registry.attached(reference, &descriptor, &into).await;
            attached.push(one.map_err(|error| told::registry(&error))?);
        }
    }
    // A registry may list what it likes.
    attached.retain(|one| one.is_about(&digest));
    Ok(attached)
}

/// What is attached in a layout or an archive, and what lies beside the archive.
fn on_this_machine(
    location: &Location,
    wanted: &WantedImage,
    spool: &Path,
) -> Result<Found, ImageError> {
    let image = source::open(location, wanted)?;
    let mut attached = source::attachments(location, &image.digest(), Some(spool))?;
    let archive = location.path().filter(|path| path.is_file());
    if let Some(archive) = archive {
        let listed = source::images(location, Some(spool))?;
        let platforms: BTreeSet<_> = listed.into_iter().filter_map(|one| one.platform).collect();
        // A root file system is no image that something could have been said of.
        if !platforms.is_empty() {
            let platform = (platforms.len() > 1).then(|| image.platform());
            attached.extend(attach::files_beside(archive, &image.descriptor, platform)?);
        }
    }
    Ok((image, attached))
}
