//! Documents as OCI artifacts (image-spec 1.1, "Guidelines for Artifact Usage").

use std::collections::BTreeMap;

use crate::manifest::to_bytes;
use crate::{Descriptor, Manifest, MediaType};

/// An artifact: what a registry or a layout has to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The manifest, with its artifact type and annotations, as a list of referrers has it.
    pub descriptor: Descriptor,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// What the manifest names: its empty configuration and the document.
    pub blobs: Vec<(Descriptor, Vec<u8>)>,
}

/// The empty JSON object that stands in for a configuration.
const EMPTY: &[u8] = b"{}";

/// The name of a document's file, for tools that write it to a disk.
const TITLE: &str = "org.opencontainers.image.title";

/// An artifact of one document about an image.
///
/// `media_type` is the document's, `title` the name that a file of it gets. The same input gives the
/// same bytes.
///
/// # Errors
///
/// Never for the documents of this crate; see [`to_bytes`].
pub fn artifact(
    subject: &Descriptor,
    artifact_type: &MediaType,
    document: Vec<u8>,
    media_type: MediaType,
    title: &str,
    annotations: BTreeMap<String, String>,
) -> Result<Attachment, serde_json::Error> {
    let config = Descriptor::of(MediaType::new(MediaType::OCI_EMPTY), EMPTY);
    let mut layer = Descriptor::of(media_type, &document);
    layer.annotations.insert(TITLE.to_owned(), title.to_owned());
    // What an index says of the image besides, such as its tag, is no part of what it is.
    let subject = Descriptor::new(subject.media_type.clone(), subject.digest, subject.size);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MediaType::new(MediaType::OCI_MANIFEST)),
        artifact_type: Some(artifact_type.clone()),
        config: config.clone(),
        layers: vec![layer.clone()],
        subject: Some(subject),
        annotations: annotations.clone(),
    };
    let manifest = to_bytes(&manifest)?;
    let mut descriptor = Descriptor::of(MediaType::new(MediaType::OCI_MANIFEST), &manifest);
    descriptor.artifact_type = Some(artifact_type.clone());
    descriptor.annotations = annotations;
    Ok(Attachment {
        descriptor,
        manifest,
        blobs: vec![(config, EMPTY.to_vec()), (layer, document)],
    })
}
