//! An image that was built: its documents, and where the bytes of its blobs are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::WriteError;
use crate::manifest::to_bytes;
use crate::{
    BlobRead, Blobs, Descriptor, Digest, Image, ImageConfig, ImageError, ImageFormat, Index, Layer,
    Manifest, MediaType, VerifyingReader,
};

/// A document whose bytes are what its digest is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub descriptor: Descriptor,
    /// The bytes that are written and sent.
    pub bytes: Arc<[u8]>,
}

impl Document {
    /// A document of these bytes.
    pub fn new(media_type: MediaType, bytes: Vec<u8>) -> Self {
        Self { descriptor: Descriptor::of(media_type, &bytes), bytes: bytes.into() }
    }
}

/// Where the bytes of a blob are.
#[derive(Debug, Clone)]
pub enum BlobSource {
    /// Here.
    Bytes(Arc<[u8]>),
    /// In a file, from its first byte to its last.
    File(PathBuf),
    /// Among the blobs of another image.
    Blobs(Arc<dyn Blobs>),
}

/// A blob that belongs to an image. Its bytes can be read any number of times.
#[derive(Debug, Clone)]
pub struct BuiltBlob {
    /// What it is.
    pub descriptor: Descriptor,
    /// Where its bytes are.
    pub source: BlobSource,
}

impl BuiltBlob {
    /// Opens the blob. The reader fails at its end where the bytes are not those of the descriptor.
    ///
    /// # Errors
    ///
    /// A blob that is missing or cannot be opened.
    pub fn reader(&self) -> Result<VerifyingReader<BlobRead<'_>>, ImageError> {
        let Descriptor { digest, size, .. } = &self.descriptor;
        let inner: BlobRead<'_> = match &self.source {
            BlobSource::Bytes(bytes) => Box::new(&bytes[..]),
            BlobSource::File(path) => {
                Box::new(File::open(path).map_err(|error| ImageError::io(path, error))?)
            }
            BlobSource::Blobs(blobs) => blobs.open(digest)?,
        };
        Ok(VerifyingReader::new(inner, *digest, Some(*size)))
    }

    /// How the place of the bytes is named to people.
    pub(super) fn place(&self) -> String {
        match &self.source {
            BlobSource::Bytes(_) => "the image".to_owned(),
            BlobSource::File(path) => path.display().to_string(),
            BlobSource::Blobs(blobs) => blobs.place(),
        }
    }
}

impl From<Document> for BuiltBlob {
    fn from(document: Document) -> Self {
        Self { descriptor: document.descriptor, source: BlobSource::Bytes(document.bytes) }
    }
}

/// A layer, and where its bytes are.
#[derive(Debug, Clone)]
pub struct BuiltLayer {
    /// What it is.
    pub layer: Layer,
    /// Where the bytes of its blob are.
    pub source: BlobSource,
}

impl BuiltLayer {
    /// The layers of an image, such as a base, whose bytes stay where they are.
    pub fn of(image: &Image) -> impl Iterator<Item = Self> {
        image.layers.iter().map(|layer| Self {
            layer: layer.clone(),
            source: BlobSource::Blobs(Arc::clone(&image.blobs)),
        })
    }

    /// The blob as it is sent.
    pub(super) fn blob(&self) -> BuiltBlob {
        BuiltBlob { descriptor: self.layer.descriptor.clone(), source: self.source.clone() }
    }
}

/// An image for one platform.
#[derive(Debug, Clone)]
pub struct BuiltPlatform {
    manifest: Document,
    config_document: Document,
    config: ImageConfig,
    layers: Vec<BuiltLayer>,
}

impl BuiltPlatform {
    /// Writes the configuration and the manifest of an image. Its layers, the lowest first, are
    /// typed in the words of the format, whatever they were called where they come from.
    ///
    /// # Errors
    ///
    /// [`WriteError::OtherLayers`] where the configuration's `diff_ids` are not those of the layers.
    pub fn new(
        format: ImageFormat,
        config: ImageConfig,
        mut layers: Vec<BuiltLayer>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Self, WriteError> {
        if !config.rootfs.diff_ids.iter().eq(layers.iter().map(|built| &built.layer.diff_id)) {
            return Err(WriteError::OtherLayers);
        }
        for BuiltLayer { layer, .. } in &mut layers {
            layer.descriptor.media_type = format.layer(layer.compression);
            // Layers that only their makers may distribute are written like all others.
            layer.descriptor.urls.clear();
        }
        let config_document = Document::new(format.config(), to_bytes(&config)?);
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(format.manifest()),
            artifact_type: None,
            config: config_document.descriptor.clone(),
            layers: layers.iter().map(|built| built.layer.descriptor.clone()).collect(),
            subject: None,
            annotations,
        };
        let manifest = Document::new(format.manifest(), to_bytes(&manifest)?);
        Ok(Self { manifest, config_document, config, layers })
    }

    /// An image as it stands, byte for byte.
    ///
    /// # Errors
    ///
    /// Documents that cannot be read.
    pub fn of(image: &Image) -> Result<Self, ImageError> {
        let read = |what, descriptor: &Descriptor| {
            let bytes = image.blobs.document(what, descriptor)?;
            Ok::<_, ImageError>(Document::new(descriptor.media_type.clone(), bytes))
        };
        Ok(Self {
            manifest: read("manifest", &image.descriptor)?,
            config_document: read("configuration", &image.manifest.config)?,
            config: image.config.clone(),
            layers: BuiltLayer::of(image).collect(),
        })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Document {
        &self.manifest
    }

    /// The configuration.
    pub fn config(&self) -> &ImageConfig {
        &self.config
    }

    /// The configuration's bytes, whose digest docker names the image by.
    pub fn config_document(&self) -> &Document {
        &self.config_document
    }

    /// The layers, the lowest first.
    pub fn layers(&self) -> &[BuiltLayer] {
        &self.layers
    }

    /// What the manifest is called in an index.
    fn listed(&self) -> Descriptor {
        let platform = Some(self.config.platform.clone());
        Descriptor { platform, ..self.manifest.descriptor.clone() }
    }
}

/// Something said of an image: an SBOM, a provenance statement, an audit (image-spec 1.1, a manifest
/// with a `subject`).
#[derive(Debug, Clone)]
pub struct Attachment {
    manifest: Document,
    subject: Digest,
    blobs: Vec<Document>,
}

impl Attachment {
    /// An attachment with this manifest and all blobs that it names, its configuration among them.
    ///
    /// # Errors
    ///
    /// [`WriteError::Json`] for bytes that are no manifest, [`WriteError::Subject`] where it has no
    /// subject, [`ImageError::Missing`] for a blob that is not given.
    pub fn new(mut manifest: Document, blobs: Vec<Document>) -> Result<Self, WriteError> {
        let read: Manifest = serde_json::from_slice(&manifest.bytes)?;
        let digest = manifest.descriptor.digest;
        let subject = read.subject.as_ref().ok_or(WriteError::Subject(digest))?.digest;
        for named in read.layers.iter().chain([&read.config]) {
            if !blobs.iter().any(|blob| blob.descriptor.digest == named.digest) {
                let place = format!("the attachment {digest}");
                let missing = ImageError::Missing { what: "blob", digest: named.digest, place };
                return Err(missing.into());
            }
        }
        // Image-spec 1.1: whoever lists a manifest says its type, which is its configuration's where
        // it has none of its own.
        manifest.descriptor.artifact_type =
            Some(read.artifact_type.unwrap_or(read.config.media_type));
        manifest.descriptor.annotations = read.annotations;
        Ok(Self { manifest, subject, blobs })
    }

    /// The manifest, whose descriptor says the type of the attachment.
    pub fn manifest(&self) -> &Document {
        &self.manifest
    }

    /// What it is attached to.
    pub fn subject(&self) -> Digest {
        self.subject
    }
}

/// An image as it leaves a build: for one platform, or for several under an index.
#[derive(Debug, Clone)]
pub struct BuiltImage {
    platforms: Vec<BuiltPlatform>,
    index: Option<Document>,
    root: Document,
    attachments: Vec<Attachment>,
}

impl BuiltImage {
    /// An image for these platforms. More than one are put under an index, in this order.
    ///
    /// # Errors
    ///
    /// [`WriteError::Nothing`] without a platform, [`WriteError::SamePlatform`] for two of one.
    pub fn new(
        format: ImageFormat,
        platforms: Vec<BuiltPlatform>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Self, WriteError> {
        let mut seen = BTreeSet::new();
        for BuiltPlatform { config, .. } in &platforms {
            if !seen.insert(&config.platform) {
                return Err(WriteError::SamePlatform(config.platform.clone()));
            }
        }
        let index = match &platforms[..] {
            [] => return Err(WriteError::Nothing),
            [_] => None,
            several => {
                let index = Index {
                    schema_version: 2,
                    media_type: Some(format.index()),
                    manifests: several.iter().map(BuiltPlatform::listed).collect(),
                    annotations,
                    other: BTreeMap::new(),
                };
                Some(Document::new(format.index(), to_bytes(&index)?))
            }
        };
        let only = || platforms.first().map(|platform| platform.manifest.clone());
        let root = index.clone().or_else(only).ok_or(WriteError::Nothing)?;
        Ok(Self { platforms, index, root, attachments: Vec::new() })
    }

    /// Adds an attachment to the image, or to one of its platforms.
    ///
    /// # Errors
    ///
    /// [`WriteError::Subject`] where it is attached to something else.
    pub fn attach(&mut self, attachment: Attachment) -> Result<(), WriteError> {
        if !self.images().any(|document| document.descriptor.digest == attachment.subject) {
            return Err(WriteError::Subject(attachment.manifest.descriptor.digest));
        }
        self.attachments.push(attachment);
        Ok(())
    }

    /// The document that names the whole: the index, or the only manifest.
    pub fn root(&self) -> &Document {
        &self.root
    }

    /// The digest that names the image.
    pub fn digest(&self) -> Digest {
        self.root.descriptor.digest
    }

    /// The images, each for a platform of its own.
    pub fn platforms(&self) -> &[BuiltPlatform] {
        &self.platforms
    }

    /// What is attached.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Every manifest, in an order in which each comes after those that it names: the images, their
    /// index, the attachments.
    pub fn manifests(&self) -> impl Iterator<Item = &Document> {
        self.images().chain(self.attachments.iter().map(|attachment| &attachment.manifest))
    }

    /// Every blob that the manifests name, once: layers and configurations of the images, then what
    /// is attached.
    pub fn blobs(&self) -> Vec<BuiltBlob> {
        let images = self.platforms.iter().flat_map(|platform| {
            let layers = platform.layers.iter().map(BuiltLayer::blob);
            layers.chain([platform.config_document.clone().into()])
        });
        let attached = self.attachments.iter().flat_map(|a| a.blobs.iter().cloned());
        let mut seen = BTreeSet::new();
        images
            .chain(attached.map(BuiltBlob::from))
            .filter(|blob| seen.insert(blob.descriptor.digest))
            .collect()
    }

    /// Everything that has a digest, once, in the order of the digests.
    pub(super) fn contents(&self) -> BTreeMap<Digest, BuiltBlob> {
        let manifests = self.manifests().cloned().map(BuiltBlob::from);
        manifests.chain(self.blobs()).map(|blob| (blob.descriptor.digest, blob)).collect()
    }

    /// What the whole is called in a layout.
    pub(super) fn listed(&self) -> Descriptor {
        match (&self.index, self.platforms.first()) {
            (None, Some(only)) => only.listed(),
            _ => self.root.descriptor.clone(),
        }
    }

    fn images(&self) -> impl Iterator<Item = &Document> {
        self.platforms.iter().map(|platform| &platform.manifest).chain(&self.index)
    }
}
