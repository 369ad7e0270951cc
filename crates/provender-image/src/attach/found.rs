//! Attachments as they are found beside an image.

use std::sync::Arc;

use super::Kind;
use crate::{Blobs, Descriptor, Digest, ImageError, Manifest, MediaType};

/// Something that somebody attached to an image: a manifest with a subject, and where its document is.
#[derive(Debug, Clone)]
pub struct Attached {
    /// How it is named to people: its digest, or the file that it is.
    pub name: String,
    /// Whether it is a file, which lies beside the image and does not say so itself.
    pub is_file: bool,
    /// The manifest's digest, and how it is typed.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
    /// Where the document is.
    pub blobs: Arc<dyn Blobs>,
}

impl Attached {
    /// Reads the manifest that `descriptor` names.
    ///
    /// # Errors
    ///
    /// A manifest that is missing, damaged or malformed.
    pub fn read(descriptor: Descriptor, blobs: Arc<dyn Blobs>) -> Result<Self, ImageError> {
        let bytes = blobs.document("manifest", &descriptor)?;
        let manifest = serde_json::from_slice(&bytes).map_err(|error| ImageError::Malformed {
            what: "manifest",
            reason: error.to_string(),
            place: blobs.place(),
        })?;
        let name = descriptor.digest.to_string();
        Ok(Self { name, is_file: false, descriptor, manifest, blobs })
    }

    /// Whether it is attached to what has this digest.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.manifest.subject.as_ref().is_some_and(|subject| subject.digest == *digest)
    }

    /// What its document is said to be (image-spec 1.1, "Guidelines for Artifact Usage"): its artifact
    /// type, else the type of its configuration.
    pub fn artifact_type(&self) -> &MediaType {
        self.manifest.artifact_type.as_ref().unwrap_or(&self.manifest.config.media_type)
    }

    /// What it is; none where it is nothing that provender attaches.
    pub fn kind(&self) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.artifact_type() == *self.artifact_type())
    }

    /// The bytes of its document, which is its only layer.
    ///
    /// # Errors
    ///
    /// Another number of layers; a document that is missing, damaged or larger than any honest one.
    pub fn document(&self) -> Result<Vec<u8>, ImageError> {
        match &self.manifest.layers[..] {
            [only] => self.blobs.document("attachment", only),
            layers => Err(ImageError::Malformed {
                what: "attachment",
                reason: format!("has {} documents instead of one", layers.len()),
                place: self.blobs.place(),
            }),
        }
    }
}
