//! Pulling an image (distribution-spec, "Pull").

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use provender_net::RedactedUrl;
use serde::de::DeserializeOwned;

use super::error::RegistryError;
use super::fetch::fetch;
use super::folder::BlobFolder;
use super::manifests::{Document, kept_media_type};
use super::parallel::each;
use super::partial::Partial;
use super::repository::Repository;
use super::scope::Access;
use super::{Progress, Registry};
use crate::blobs::MAX_DOCUMENT;
use crate::{
    Blobs, Descriptor, Digest, Image, ImageConfig, ImageError, Index, Manifest, Platform, Reference,
};

/// How deep indexes may be in one another; more than two are not met.
const DEEPEST: usize = 4;

/// How many layers an image may have: several times what any storage driver takes.
const MOST_LAYERS: usize = 1000;

impl Registry {
    /// Pulls an image for one platform into a folder of blobs, in which earlier pulls may have left
    /// some; what is there is not fetched again. Without a platform there must be only one.
    ///
    /// # Errors
    ///
    /// No such image or none for that platform, no access, and everything that keeps its bytes from
    /// being there and being those of their digests.
    pub async fn pull(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        into: &Path,
        progress: Option<&Progress>,
    ) -> Result<Image, RegistryError> {
        let repository = Repository::of(self, reference, Access::Pull).await?;
        let folder = BlobFolder::new(into);
        let pull = Pull { repository: &repository, folder: &folder, reference, platform };
        let image = pull.described(progress).await?;
        let layers: BTreeMap<Digest, &Descriptor> =
            image.manifest.layers.iter().map(|layer| (layer.digest, layer)).collect();
        let wanted = layers.into_values().cloned();
        each(wanted, |layer| {
            let (repository, folder) = (repository.clone(), folder.clone());
            let progress = progress.cloned();
            async move { fetch(&repository, &folder, &layer, progress.as_ref()).await }
        })
        .await?;
        Ok(image)
    }

    /// What [`pull`](Self::pull) would give, with only its manifest and its configuration fetched: its
    /// layers cannot be read.
    ///
    /// # Errors
    ///
    /// As [`pull`](Self::pull), but for layers.
    pub async fn describe(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        into: &Path,
    ) -> Result<Image, RegistryError> {
        let repository = Repository::of(self, reference, Access::Pull).await?;
        let folder = BlobFolder::new(into);
        Pull { repository: &repository, folder: &folder, reference, platform }.described(None).await
    }
}

/// The image that a reference with a digest names, if an earlier pull into the folder left all of it
/// there: its digest says what it is, so that no registry has to be asked.
pub fn pulled(reference: &Reference, platform: Option<&Platform>, from: &Path) -> Option<Image> {
    let folder = BlobFolder::new(from);
    let mut document = kept(&folder, reference, reference.digest?)?;
    for _ in 0..DEEPEST {
        if document.descriptor.media_type.is_manifest() {
            break;
        }
        let index: Index = serde_json::from_slice(&document.bytes).ok()?;
        document = kept(&folder, reference, choose(&index, platform).ok()?)?;
    }
    let manifest: Manifest = serde_json::from_slice(&document.bytes).ok()?;
    let mut blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
    if !blobs.all(|blob| folder.holds_whole(blob)) {
        return None;
    }
    let image = Image::read(document.descriptor, Arc::new(folder)).ok()?;
    platform.is_none_or(|wanted| image.platform().serves(wanted)).then_some(image)
}

/// A manifest or an index that was kept.
fn kept(folder: &BlobFolder, reference: &Reference, digest: Digest) -> Option<Document> {
    let path = folder.path(&digest);
    if std::fs::metadata(&path).ok()?.len() > MAX_DOCUMENT {
        return None;
    }
    let bytes = std::fs::read(&path).ok()?;
    if Digest::of(&bytes) != digest {
        return None;
    }
    crate::kept::used(&path);
    let media_type = kept_media_type(&bytes, reference).ok()??;
    let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
    Some(Document { descriptor, bytes })
}

/// Which of an index's manifests is wanted; where none is, for which platforms there are some.
fn choose(index: &Index, wanted: Option<&Platform>) -> Result<Digest, Vec<String>> {
    let images: Vec<&Descriptor> = index
        .manifests
        .iter()
        .filter(|entry| entry.media_type.is_manifest() || entry.media_type.is_index())
        // What builders attach to their images stands there as for `unknown/unknown`.
        .filter(|entry| entry.platform.as_ref().is_none_or(|of| of.os != "unknown"))
        .collect();
    let fitting = images.iter().find(|entry| match (&entry.platform, wanted) {
        (Some(of), Some(wanted)) => of.serves(wanted),
        _ => false,
    });
    match (fitting, wanted, images.as_slice()) {
        (Some(entry), ..) => Ok(entry.digest),
        (None, None, [only]) => Ok(only.digest),
        // What its index does not say its configuration does.
        (None, Some(_), [only]) if only.platform.is_none() => Ok(only.digest),
        _ => {
            let known = images.iter().filter_map(|entry| entry.platform.as_ref());
            Err(known.map(Platform::to_string).collect())
        }
    }
}

struct Pull<'a> {
    repository: &'a Repository,
    folder: &'a BlobFolder,
    reference: &'a Reference,
    platform: Option<&'a Platform>,
}

impl Pull<'_> {
    /// The image, of which its manifest and its configuration are fetched.
    async fn described(&self, progress: Option<&Progress>) -> Result<Image, RegistryError> {
        let document = self.manifest().await?;
        let manifest: Manifest = self.parse("manifest", &document)?;
        self.check(&manifest)?;
        fetch(self.repository, self.folder, &manifest.config, progress).await?;
        self.check_platform(&manifest.config)?;
        Ok(Image::read(document.descriptor, Arc::new(self.folder.clone()))?)
    }

    /// The manifest of the image, through any index.
    async fn manifest(&self) -> Result<Document, RegistryError> {
        let mut document = self.document(self.reference).await?;
        for _ in 0..DEEPEST {
            if document.descriptor.media_type.is_manifest() {
                return Ok(document);
            }
            let index: Index = self.parse("index", &document)?;
            let chosen = self.choose(&index)?;
            document = self.document(&self.reference.at(chosen)).await?;
        }
        let reason = format!("holds indexes in one another, more than {DEEPEST} deep");
        Err(self.malformed("index", reason))
    }

    /// A manifest or an index: the one that is kept where a digest names it, else the registry's,
    /// which is then kept.
    async fn document(&self, reference: &Reference) -> Result<Document, RegistryError> {
        let digest = reference.digest;
        if let Some(document) = digest.and_then(|digest| kept(self.folder, reference, digest)) {
            return Ok(document);
        }
        let document = self.repository.manifest(reference).await?;
        if let Some(mut partial) = Partial::of(self.folder, &document.descriptor)? {
            partial.forget()?;
            partial.write(&document.bytes)?;
            partial.place(self.folder, &document.descriptor.digest)?;
        }
        Ok(document)
    }

    /// Which of an index's manifests is pulled.
    fn choose(&self, index: &Index) -> Result<Digest, RegistryError> {
        choose(index, self.platform).map_err(|known| self.no_image(self.platform, known))
    }

    fn no_image(&self, wanted: Option<&Platform>, mut known: Vec<String>) -> RegistryError {
        known.dedup();
        known.truncate(50);
        if known.is_empty() {
            known.push("none with a platform".to_owned());
        }
        let wanted = match wanted {
            Some(platform) => format!("for {platform}"),
            None => "that is the only one, and no platform was named".to_owned(),
        };
        ImageError::NoImage { wanted, known, place: self.reference.to_string() }.into()
    }

    /// Refuses what cannot be pulled before anything is.
    fn check(&self, manifest: &Manifest) -> Result<(), RegistryError> {
        if manifest.layers.len() > MOST_LAYERS {
            let reason = format!("has more than {MOST_LAYERS} layers");
            return Err(self.malformed("manifest", reason));
        }
        if manifest.config.size > MAX_DOCUMENT {
            let (what, limit) = ("configuration", MAX_DOCUMENT);
            let place = self.reference.to_string();
            return Err(ImageError::TooLarge { what, limit, place }.into());
        }
        for layer in &manifest.layers {
            let text = layer.media_type.as_str();
            let elsewhere = text.contains(".foreign.") || text.contains(".nondistributable.");
            if elsewhere || !layer.urls.is_empty() {
                let reference = self.reference.to_string();
                return Err(RegistryError::ForeignLayer { reference, digest: layer.digest });
            }
            if layer.media_type.layer_compression().is_none() {
                let media_type = layer.media_type.clone();
                let place = self.reference.to_string();
                return Err(ImageError::MediaType { media_type, place }.into());
            }
        }
        Ok(())
    }

    /// Refuses an image for another platform before its layers are fetched.
    fn check_platform(&self, config: &Descriptor) -> Result<(), RegistryError> {
        let Some(wanted) = self.platform else { return Ok(()) };
        let bytes = self.folder.document("configuration", config)?;
        let config: ImageConfig = serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed("configuration", error.to_string()))?;
        if config.platform.serves(wanted) {
            return Ok(());
        }
        Err(self.no_image(Some(wanted), vec![format!("one for {}", config.platform)]))
    }

    fn parse<T: DeserializeOwned>(
        &self,
        what: &'static str,
        document: &Document,
    ) -> Result<T, RegistryError> {
        serde_json::from_slice(&document.bytes)
            .map_err(|error| self.malformed(what, format!("cannot be read: {error}")))
    }

    fn malformed(&self, what: &'static str, reason: String) -> RegistryError {
        let url = self.repository.url(&format!("manifests/{}", self.reference.wanted()));
        RegistryError::Malformed { what, url: RedactedUrl::from(&url), reason }
    }
}
