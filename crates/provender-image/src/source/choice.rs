//! Which image of an index is meant.

use std::fmt::Write as _;
use std::sync::Arc;

use super::layout::{Layout, parse};
use super::{Listed, WantedImage};
use crate::{
    Blobs, Descriptor, Image, ImageConfig, ImageError, Index, Manifest, MediaType, Platform,
};

/// The names of an image in a layout, the fuller one first: containerd and docker write the whole
/// reference beside the tag alone.
const NAMES: [&str; 2] = ["io.containerd.image.name", REF_NAME];
/// The name of an image in a layout (image-spec 1.1, "Pre-Defined Annotation Keys").
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What buildkit marks manifests with that attest an image and are none.
const BUILDKIT_ATTACHMENT: &str = "vnd.docker.reference.type";
/// How many descriptors are looked at: indexes may name one another so that they unfold to more.
const MAX_DESCRIPTORS: usize = 10_000;
/// How deep indexes may be inside indexes.
const MAX_DEPTH: usize = 8;

/// One image of a layout.
#[derive(Debug)]
struct Leaf {
    names: Vec<String>,
    descriptor: Descriptor,
    platform: Platform,
}

/// Opens the image that is meant.
///
/// # Errors
///
/// [`ImageError::NoImage`] where none is, [`ImageError::Several`] where several could be; documents
/// that cannot be read.
pub(super) fn open(
    (index, blobs): Layout,
    name: Option<&str>,
    wanted: &WantedImage,
) -> Result<Image, ImageError> {
    let leaves = leaves(&index, &blobs)?;
    let is_named = |leaf: &&Leaf| name.is_none_or(|name| leaf.is_named(name));
    let serves = |leaf: &&Leaf| wanted.platform.as_ref().is_none_or(|w| leaf.platform.serves(w));
    let mut fitting: Vec<&Leaf> = leaves.iter().filter(is_named).filter(serves).collect();
    // The platform as it was written before one that will do; then the order of the index.
    fitting.sort_by_key(|leaf| wanted.platform.as_ref() != Some(&leaf.platform));
    let Some(first) = fitting.first() else {
        let known = describe(leaves.iter());
        return Err(wanted.no_image(name, known, blobs.place()));
    };
    let is_other = |leaf: &&Leaf| {
        leaf.descriptor.digest != first.descriptor.digest
            && ((name.is_none() && leaf.names != first.names)
                || (wanted.platform.is_none() && leaf.platform != first.platform))
    };
    if fitting.iter().any(is_other) {
        let known = describe(fitting.iter().copied());
        return Err(ImageError::Several { known, place: blobs.place() });
    }
    Image::read(first.descriptor.clone(), blobs)
}

/// Lists the images of a layout, each once.
pub(super) fn list((index, blobs): Layout) -> Result<Vec<Listed>, ImageError> {
    let mut listed: Vec<Listed> = Vec::new();
    for leaf in leaves(&index, &blobs)? {
        let digest = leaf.descriptor.digest;
        let mut known = listed.iter_mut();
        match known.find(|l| l.descriptor.as_ref().is_some_and(|d| d.digest == digest)) {
            Some(same) => {
                let names: Vec<_> =
                    leaf.names.into_iter().filter(|name| !same.names.contains(name)).collect();
                same.names.extend(names);
            }
            None => listed.push(Listed {
                names: leaf.names,
                platform: Some(leaf.platform),
                descriptor: Some(leaf.descriptor),
            }),
        }
    }
    Ok(listed)
}

impl Leaf {
    fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name) || self.descriptor.digest.to_string() == name
    }
}

/// The names that a layout gives an image.
pub(crate) fn names(descriptor: &Descriptor) -> Vec<String> {
    NAMES.iter().filter_map(|key| descriptor.annotations.get(*key).cloned()).collect()
}

fn describe<'l>(leaves: impl Iterator<Item = &'l Leaf>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for leaf in leaves {
        let mut text = leaf.names.first().cloned().unwrap_or_default();
        if text.is_empty() {
            text = leaf.descriptor.digest.to_string();
        }
        // Writing into a text does not fail.
        let _ = write!(text, " ({})", leaf.platform);
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known
}

/// Every image that an index leads to.
fn leaves(index: &Index, blobs: &Arc<dyn Blobs>) -> Result<Vec<Leaf>, ImageError> {
    let mut walk = Walk { blobs, leaves: Vec::new(), left: MAX_DESCRIPTORS };
    for descriptor in &index.manifests {
        walk.descend(descriptor, &names(descriptor), 0)?;
    }
    Ok(walk.leaves)
}

struct Walk<'b> {
    blobs: &'b Arc<dyn Blobs>,
    leaves: Vec<Leaf>,
    left: usize,
}

impl Walk<'_> {
    fn descend(
        &mut self,
        descriptor: &Descriptor,
        names: &[String],
        depth: usize,
    ) -> Result<(), ImageError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            self.malformed(format!("leads to more than {MAX_DESCRIPTORS} manifests"))
        })?;
        if depth > MAX_DEPTH {
            return Err(self.malformed(format!("holds indexes {MAX_DEPTH} deep in one another")));
        }
        // A layout may hold one platform's part of an index.
        let is_absent = depth > 0 && !self.blobs.holds(&descriptor.digest);
        if is_absent || is_attachment(descriptor) {
            return Ok(());
        }
        let media_type = &descriptor.media_type;
        if media_type.is_index() {
            let bytes = self.blobs.document("index", descriptor)?;
            let index: Index = parse("index", &bytes, &self.blobs.place())?;
            for inner in &index.manifests {
                self.descend(inner, names, depth + 1)?;
            }
        } else if media_type.is_manifest()
            && let Some(platform) = self.platform(descriptor)?
        {
            let (names, descriptor) = (names.to_vec(), descriptor.clone());
            self.leaves.push(Leaf { names, descriptor, platform });
        }
        Ok(())
    }

    /// What an image runs on, as its descriptor says or else its configuration; none where the
    /// manifest is not that of an image.
    fn platform(&self, descriptor: &Descriptor) -> Result<Option<Platform>, ImageError> {
        if let Some(platform) = &descriptor.platform {
            return Ok(Some(platform.clone()));
        }
        let place = self.blobs.place();
        let bytes = self.blobs.document("manifest", descriptor)?;
        let manifest: Manifest = parse("manifest", &bytes, &place)?;
        let kinds = [MediaType::OCI_CONFIG, MediaType::DOCKER_CONFIG];
        if !kinds.contains(&manifest.config.media_type.as_str()) {
            return Ok(None);
        }
        let bytes = self.blobs.document("configuration", &manifest.config)?;
        let config: ImageConfig = parse("configuration", &bytes, &place)?;
        Ok(Some(config.platform))
    }

    fn malformed(&self, reason: String) -> ImageError {
        ImageError::Malformed { what: "index", reason, place: self.blobs.place() }
    }
}

/// Whether a descriptor tells by itself that it names no image but something attached to one.
fn is_attachment(descriptor: &Descriptor) -> bool {
    descriptor.artifact_type.is_some()
        || descriptor.annotations.contains_key(BUILDKIT_ATTACHMENT)
        || descriptor.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
}
