//! What is attached to an image in a layout: manifests beside it whose subject it is (image-spec 1.1,
//! "OCI Image Layout Specification" and "Manifest with `subject`").

use std::path::Path;
use std::sync::Arc;

use super::{Found, find};
use crate::attach::Attached;
use crate::{Digest, ImageError, Location};

/// How many manifests of a layout are looked at.
const MOST: usize = 10_000;

/// What is attached to the image of this digest where it lies, in the order of the layout. What docker
/// saves and root file systems have nothing. `spool` is the folder in which a compressed archive
/// is decompressed.
///
/// # Errors
///
/// As [`open`](super::open), but for the choice; an attachment whose manifest is missing or damaged.
pub fn attachments(
    location: &Location,
    subject: &Digest,
    spool: Option<&Path>,
) -> Result<Vec<Attached>, ImageError> {
    let Found::Layout((index, blobs)) = find(location, spool)? else { return Ok(Vec::new()) };
    let mut attached = Vec::new();
    for descriptor in index.manifests.into_iter().take(MOST) {
        // An image says what it runs on, and whoever lists an attachment says its type.
        let is_image = descriptor.platform.is_some() && descriptor.artifact_type.is_none();
        if is_image || !descriptor.media_type.is_manifest() || descriptor.digest == *subject {
            continue;
        }
        let found = Attached::read(descriptor, Arc::clone(&blobs))?;
        if found.is_about(subject) {
            attached.push(found);
        }
    }
    Ok(attached)
}
