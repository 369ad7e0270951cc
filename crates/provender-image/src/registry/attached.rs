//! Fetching what refers to an image.

use std::path::Path;
use std::sync::Arc;

use super::Registry;
use super::error::RegistryError;
use super::fetch::fetch;
use super::folder::BlobFolder;
use super::partial::Partial;
use super::repository::Repository;
use super::scope::Access;
use crate::attach::Attached;
use crate::blobs::MAX_DOCUMENT;
use crate::{Descriptor, ImageError, Reference};

/// How many documents an attachment may have.
const MOST_DOCUMENTS: usize = 16;

impl Registry {
    /// Fetches an attachment that [`referrers`](Self::referrers) named, with its documents, into a
    /// folder of blobs. What is there is not fetched again.
    ///
    /// # Errors
    ///
    /// No access; a manifest or a document that is missing, damaged, or larger than any honest one.
    pub async fn attached(
        &self,
        repository: &Reference,
        referrer: &Descriptor,
        into: &Path,
    ) -> Result<Attached, RegistryError> {
        let reference = repository.at(referrer.digest);
        let repository = Repository::of(self, &reference, Access::Pull).await?;
        let folder = BlobFolder::new(into);
        let document = repository.manifest(&reference).await?;
        if let Some(mut partial) = Partial::of(&folder, &document.descriptor)? {
            partial.forget()?;
            partial.write(&document.bytes)?;
            partial.place(&folder, &document.descriptor.digest)?;
        }
        let attached = Attached::read(document.descriptor, Arc::new(folder.clone()))?;
        let layers = &attached.manifest.layers;
        let too_large = layers.iter().any(|layer| layer.size > MAX_DOCUMENT);
        if too_large || layers.len() > MOST_DOCUMENTS {
            let (what, limit) = ("attachment", MAX_DOCUMENT);
            let place = reference.to_string();
            return Err(ImageError::TooLarge { what, limit, place }.into());
        }
        for layer in layers {
            fetch(&repository, &folder, layer, None).await?;
        }
        Ok(attached)
    }
}
