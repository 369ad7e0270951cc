//! The image that something is built on, or that is looked at.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use provender_core::Diagnostic;
use provender_image::registry::{self, Registry};
use provender_image::source::{self, WantedImage};
use provender_image::{Image, InUse, Location, Platform, Reference};

use super::told;
use crate::commands::store::because;
use crate::settings::Settings;

/// The folder of everything that is remembered of images.
pub(crate) fn folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("images")
}

/// Keeps `stock prune` from removing anything of that folder as long as this process runs.
pub(super) fn in_use(settings: &Settings) -> Result<(), Diagnostic> {
    static IN_USE: OnceLock<InUse> = OnceLock::new();
    if IN_USE.get().is_none() {
        let held = InUse::of(&folder(settings)).map_err(|error| {
            because(Diagnostic::error("file/cannot-write", error.to_string()), &error)
                .hint("check the data directory, or name another one with --data-dir")
        })?;
        // Who came first holds it as well.
        let _ = IN_USE.set(held);
    }
    Ok(())
}

/// The folder of the layers that were made.
pub(super) fn layers(settings: &Settings) -> PathBuf {
    folder(settings).join("layers")
}

/// The folder of what was fetched from registries.
pub(super) fn pulled(settings: &Settings) -> PathBuf {
    folder(settings).join("pulled")
}

/// Opens an image wherever it is; one in a registry is fetched, as far as it is not there yet.
pub(super) async fn open(
    location: &Location,
    platform: Option<&Platform>,
    registry: &Registry,
    settings: &Settings,
) -> Result<Image, Diagnostic> {
    in_use(settings)?;
    match location {
        Location::Registry(reference) => {
            if let Some(image) = registry::pulled(reference, platform, &pulled(settings)) {
                return Ok(image);
            }
            let into = askable(reference, settings)?;
            let pulled = registry.pull(reference, platform, &into, None).await;
            pulled.map_err(|error| told::registry(&error))
        }
        _ => {
            let spool = folder(settings).join("tmp");
            make(&spool)?;
            let wanted = WantedImage { platform: platform.cloned(), spool: Some(spool) };
            source::open(location, &wanted).map_err(|error| told::image(&error))
        }
    }
}

/// Opens an image in a registry as [`open`] does, but for its layers, which may not be there.
pub(super) async fn describe(
    reference: &Reference,
    platform: Option<&Platform>,
    registry: &Registry,
    settings: &Settings,
) -> Result<Image, Diagnostic> {
    in_use(settings)?;
    if let Some(image) = registry::pulled(reference, platform, &pulled(settings)) {
        return Ok(image);
    }
    let into = askable(reference, settings)?;
    let described = registry.describe(reference, platform, &into).await;
    described.map_err(|error| told::registry(&error))
}

/// The folder for what is fetched, where a registry may be asked at all.
pub(super) fn askable(reference: &Reference, settings: &Settings) -> Result<PathBuf, Diagnostic> {
    let into = pulled(settings);
    if settings.offline {
        let message = format!("{reference} is in a registry, and no network may be asked");
        return Err(Diagnostic::error("image/offline", message)
            .hint(
                "leave out --offline, or name a layout or an archive of the image; one that is named by its \
                 digest is kept when it was pulled once",
            )
            .decided_by("--offline"));
    }
    make(&into)?;
    Ok(into)
}

pub(super) fn make(folder: &Path) -> Result<(), Diagnostic> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let message = format!("cannot make {}: {error}", folder.display());
        Diagnostic::error("file/cannot-write", message)
            .hint("check the data directory, or name another one with --data-dir")
    })
}
