//! Finding an image, and what is attached to it where it is.

use provender_core::Diagnostic;
use provender_core::check::Step;
use provender_image::attach::{Attached, Kind};
use provender_image::registry::Registry;
use provender_image::verify;
use provender_image::{Image, Location};

use crate::cli::ImageVerifyArgs;
use crate::commands::image::{attached, base, told};
use crate::settings::Settings;

/// An image, and what is attached to it.
pub(super) type Found = (Image, Vec<Attached>);

/// The image and what is attached to it; the failed step where its documents are damaged.
pub(super) async fn found(
    args: &ImageVerifyArgs,
    registry: &Registry,
    settings: &Settings,
) -> Result<Result<Found, Step>, Diagnostic> {
    let platform = args.platform.as_ref();
    if let Location::Registry(reference) = &args.image {
        let image = base::open(&args.image, platform, registry, settings).await?;
        let all = (Kind::ALL.as_slice(), usize::MAX);
        let found =
            attached::in_registry(reference, image.digest(), all, registry, settings).await?;
        return Ok(Ok((image, found.into_iter().collect::<Result<_, _>>()?)));
    }
    let opened = attached::on_this_machine(&args.image, platform, &Kind::ALL, settings)?;
    let whole = opened
        .and_then(|(image, found)| Ok((image, found.into_iter().collect::<Result<Vec<_>, _>>()?)));
    match whole {
        Ok(found) => Ok(Ok(found)),
        Err(error) => verify::unreadable(&error).map(Err).ok_or_else(|| told::image(&error)),
    }
}
