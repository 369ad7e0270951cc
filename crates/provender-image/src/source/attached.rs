//! What is attached to an image in a layout or an archive.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Found, WantedImage, choice, docker, find, layout, local, rootfs};
use crate::attach::{Attached, Kind, files_beside};
use crate::{Digest, Image, ImageError, Location};

/// How many manifests of a layout are looked at.
const MOST: usize = 10_000;

/// Opens an image as [`open`](super::open) does, together with what of these kinds is attached to it:
/// in its layout, in the order there, and as files beside its archive. A root file system has nothing.
/// An attachment that is missing or damaged is an error in its place.
///
/// # Errors
///
/// As [`open`](super::open).
pub fn open_attached(
    location: &Location,
    wanted: &WantedImage,
    kinds: &[Kind],
) -> Result<(Image, Vec<Result<Attached, ImageError>>), ImageError> {
    let (path, name) = local(location)?;
    let is_file = path.is_file();
    let (image, mut attached, listed) = match find(location, wanted.spool.as_deref())? {
        Found::Layout(layout) => {
            let image = choice::open(layout.clone(), name, wanted)?;
            let attached = in_layout(&layout, &image.digest(), kinds);
            (image, attached, is_file.then(|| choice::list(layout)))
        }
        Found::Docker(archive) => {
            let listed = docker::list(&archive);
            (docker::open(archive, name, wanted)?, Vec::new(), Some(listed))
        }
        Found::RootFs => return Ok((rootfs::open(path, wanted)?, Vec::new())),
    };
    match listed.transpose() {
        Ok(None) => {}
        Ok(Some(listed)) => {
            let platforms = listed.into_iter().filter_map(|one| one.platform);
            let several = platforms.collect::<BTreeSet<_>>().len() > 1;
            let platform = several.then(|| image.platform());
            attached.extend(files_beside(path, &image.descriptor, platform, kinds));
        }
        Err(error) => attached.push(Err(error)),
    }
    Ok((image, attached))
}

fn in_layout(
    (index, blobs): &layout::Layout,
    subject: &Digest,
    kinds: &[Kind],
) -> Vec<Result<Attached, ImageError>> {
    let mut attached = Vec::new();
    for descriptor in index.manifests.iter().take(MOST) {
        // An image says what it runs on, and whoever lists an attachment says its type.
        let is_image = descriptor.platform.is_some() && descriptor.artifact_type.is_none();
        if is_image || !descriptor.media_type.is_manifest() || descriptor.digest == *subject {
            continue;
        }
        let found = Attached::read(descriptor.clone(), Arc::clone(blobs));
        let is_wanted = |found: &Attached| {
            found.is_about(subject) && found.kind().is_some_and(|kind| kinds.contains(&kind))
        };
        if found.as_ref().map_or(true, is_wanted) {
            attached.push(found);
        }
    }
    attached
}
