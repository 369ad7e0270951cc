//! An image, and what was seen in it.

use std::path::Path;
use std::slice;

use provender_core::Diagnostic;
use provender_image::attach::{Attached, Kind};
use provender_image::registry::{Registry, RegistrySettings};
use provender_image::scan::{self, Look, Package};
use provender_image::{Image, ImageError, Location, Platform};

use super::sboms;
use crate::commands::image::{attached, base, told};
use crate::commands::store;
use crate::exit::Failure;
use crate::settings::{Settings, network, registries};

/// How many attached SBOMs are read.
const MOST: usize = 16;

/// An image and what was seen in it.
pub(in crate::commands::image) struct Seen {
    pub(in crate::commands::image) location: Location,
    pub(in crate::commands::image) image: Image,
    pub(in crate::commands::image) look: Look,
    /// What is to be said of what is attached to it.
    pub(super) notes: Vec<Diagnostic>,
}

/// An image that is known, and not looked at yet. The layers of one in a registry are not fetched.
pub(super) struct Opened {
    pub(super) location: Location,
    pub(super) image: Image,
    registry: Registry,
    /// The SBOMs that are attached to it, where they were asked for.
    sboms: Vec<Result<Attached, Diagnostic>>,
}

impl Opened {
    /// Opens an image.
    pub(super) fn of(
        location: &Location,
        platform: Option<&Platform>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        Self::with(&[], location, platform, settings)
    }

    /// Opens an image, with what of these kinds is attached to it.
    fn with(
        kinds: &[Kind],
        location: &Location,
        platform: Option<&Platform>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let client = network::client(settings)?;
        let location = location.clone();
        store::runtime()?.block_on(async {
            let Location::Registry(reference) = &location else {
                let registry = Registry::new(client, RegistrySettings::default());
                let opened = attached::on_this_machine(&location, platform, kinds, settings)?;
                let (image, sboms) = opened.map_err(|error| told::image(&error))?;
                let told = |one: Result<_, ImageError>| one.map_err(|error| told::image(&error));
                let sboms = sboms.into_iter().take(MOST).map(told).collect();
                return Ok(Self { location, image, registry, sboms });
            };
            let gathered =
                registries::gather(settings, slice::from_ref(&reference.registry)).await?;
            let registry = Registry::new(client, gathered);
            let image = base::describe(reference, platform, &registry, settings).await?;
            let mut sboms = Vec::new();
            // Offline, an image that its digest names may be here, and what is attached to it is not.
            if !kinds.is_empty() && !settings.offline {
                let digest = image.digest();
                let asked = (kinds, MOST);
                let listed =
                    attached::in_registry(reference, digest, asked, &registry, settings).await;
                sboms = listed.unwrap_or_else(|error| vec![Err(error)]);
            }
            Ok(Self { location, image, registry, sboms })
        })
    }

    /// Looks at it, or remembers what was seen in it, for which none of its layers is needed.
    pub(super) fn look(self, settings: &Settings) -> Result<Seen, Failure> {
        let Self { location, image, registry, sboms } = self;
        let folder = base::folder(settings).join("looks");
        let (image, mut look) = match (scan::remembered(&image, &folder), &location) {
            (Some(look), _) => (image, look),
            (None, Location::Registry(reference)) => {
                // The one that was described, whatever the tag names by now.
                let reference = Location::Registry(reference.at(image.digest()));
                let image = store::runtime()?
                    .block_on(base::open(&reference, None, &registry, settings))?;
                let look = look(&image, &folder)?;
                (image, look)
            }
            (None, _) => {
                let look = look(&image, &folder)?;
                (image, look)
            }
        };
        let notes =
            sboms.into_iter().flat_map(|sbom| sboms::add(&mut look, &image, sbom)).collect();
        Ok(Seen { location, image, look, notes })
    }
}

fn look(image: &Image, folder: &Path) -> Result<Look, Diagnostic> {
    scan::look(image, folder).map_err(|error| {
        store::because(Diagnostic::error("image/unreadable", error.to_string()), &error)
            .hint("the image is damaged or larger than any honest one: copy or fetch it again")
    })
}

impl Seen {
    /// Opens an image and looks at it, or remembers what was seen in it.
    pub(in crate::commands::image) fn of(
        location: &Location,
        platform: Option<&Platform>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        Opened::of(location, platform, settings)?.look(settings)
    }

    /// The same, with what the SBOMs say that are attached to it.
    pub(super) fn with_sboms(
        location: &Location,
        platform: Option<&Platform>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        Opened::with(&[Kind::Sbom], location, platform, settings)?.look(settings)
    }

    /// A package of it.
    pub(in crate::commands::image) fn package(&self, at: usize) -> Option<&Package> {
        self.look.inventory.packages.get(at)
    }

    /// What people call its distribution.
    pub(in crate::commands::image) fn os(&self) -> Option<&str> {
        self.look.inventory.os.as_ref()?.pretty_name.as_deref()
    }
}
