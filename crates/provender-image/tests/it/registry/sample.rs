//! Images that tests push and pull.

use provender_image::manifest::to_bytes;
use provender_image::registry::{PushBlob, PushManifest, PushSource};
use provender_image::{Descriptor, Digest, Index, Manifest, MediaType, Platform, Reference};
use provender_test::OciRegistry;
use serde_json::json;

/// An image whose layers are tar archives as they are.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) blobs: Vec<(Descriptor, Vec<u8>)>,
    pub(super) manifests: Vec<PushManifest>,
    pub(super) root: Digest,
    /// Where its layers are said to be too.
    pub(super) origin: Option<Reference>,
}

impl Sample {
    /// An image for linux/amd64 with a layer of each of these lengths, different for each seed.
    pub(super) fn new(seed: u8, layers: &[usize]) -> Self {
        Self::for_platform(&Platform::linux("amd64"), seed, layers)
    }

    pub(super) fn for_platform(platform: &Platform, seed: u8, layers: &[usize]) -> Self {
        let layers = layers.iter().enumerate().map(|(nth, length)| layer(seed, nth, *length));
        let layer_type = MediaType::new(MediaType::OCI_LAYER);
        let mut blobs: Vec<(Descriptor, Vec<u8>)> =
            layers.map(|bytes| (Descriptor::of(layer_type.clone(), &bytes), bytes)).collect();
        let layers: Vec<Descriptor> = blobs.iter().map(|(layer, _)| layer.clone()).collect();
        let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.digest).collect();
        let config = json!({
            "architecture": platform.architecture, "os": platform.os, "config": {},
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": diff_ids.iter().map(|_| json!({ "created_by": "test" })).collect::<Vec<_>>(),
        });
        let config = config.to_string().into_bytes();
        let config_type = MediaType::new(MediaType::OCI_CONFIG);
        blobs.push((Descriptor::of(config_type, &config), config));
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MediaType::new(MediaType::OCI_MANIFEST)),
            artifact_type: None,
            config: blobs.last().unwrap().0.clone(),
            layers,
            subject: None,
            annotations: [("test.seed".to_owned(), seed.to_string())].into(),
        };
        let manifest = document(MediaType::OCI_MANIFEST, to_bytes(&manifest).unwrap());
        let root = manifest.descriptor.digest;
        Self { blobs, manifests: vec![manifest], root, origin: None }
    }

    /// An index of images for these architectures.
    pub(super) fn index(architectures: &[&str]) -> Self {
        let mut all =
            Self { blobs: vec![], manifests: vec![], root: Digest::of(b""), origin: None };
        let mut entries = Vec::new();
        for (seed, architecture) in (0..).zip(architectures) {
            let platform = Platform::linux(architecture);
            let image = Self::for_platform(&platform, seed, &[1000]);
            let descriptor = image.manifests[0].descriptor.clone();
            entries.push(Descriptor { platform: Some(platform), ..descriptor });
            all.blobs.extend(image.blobs);
            all.manifests.extend(image.manifests);
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(MediaType::new(MediaType::OCI_INDEX)),
            manifests: entries,
            annotations: Default::default(),
            other: Default::default(),
        };
        let index = document(MediaType::OCI_INDEX, to_bytes(&index).unwrap());
        all.root = index.descriptor.digest;
        all.manifests.push(index);
        all
    }

    /// An attachment of an artifact type to a manifest.
    pub(super) fn attachment(subject: &Descriptor, artifact_type: &str, content: &[u8]) -> Self {
        let empty = Descriptor::of(MediaType::new(MediaType::OCI_EMPTY), b"{}");
        let layer = Descriptor::of(MediaType::new("application/json"), content);
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MediaType::new(MediaType::OCI_MANIFEST)),
            artifact_type: Some(MediaType::new(artifact_type)),
            config: empty.clone(),
            layers: vec![layer.clone()],
            subject: Some(subject.clone()),
            annotations: Default::default(),
        };
        let manifest = document(MediaType::OCI_MANIFEST, to_bytes(&manifest).unwrap());
        let root = manifest.descriptor.digest;
        let blobs = vec![(empty, b"{}".to_vec()), (layer, content.to_vec())];
        Self { blobs, manifests: vec![manifest], root, origin: None }
    }

    /// The manifest that the root is.
    pub(super) fn manifest(&self) -> &PushManifest {
        self.manifests.iter().find(|manifest| manifest.descriptor.digest == self.root).unwrap()
    }

    /// The first layer.
    pub(super) fn layer(&self) -> &Descriptor {
        &self.blobs[0].0
    }

    /// Puts it into a registry, without any request.
    pub(super) fn put(&self, registry: &OciRegistry, repository: &str, tag: &str) {
        for (_, bytes) in &self.blobs {
            registry.add_blob(repository, bytes);
        }
        for PushManifest { descriptor, bytes, .. } in &self.manifests {
            let tag = (descriptor.digest == self.root).then_some(tag);
            registry.add_manifest(repository, tag, descriptor.media_type.as_str(), bytes);
        }
    }
}

impl PushSource for Sample {
    fn blobs(&self) -> Vec<PushBlob> {
        let blob = |(descriptor, bytes): &(Descriptor, Vec<u8>)| {
            let blob = PushBlob::bytes(descriptor.clone(), bytes.clone());
            PushBlob { origin: self.origin.clone(), ..blob }
        };
        self.blobs.iter().map(blob).collect()
    }

    fn manifests(&self) -> Vec<PushManifest> {
        self.manifests.clone()
    }

    fn root(&self) -> Digest {
        self.root
    }
}

/// A document as it is pushed.
pub(super) fn document(media_type: &str, bytes: Vec<u8>) -> PushManifest {
    let descriptor = Descriptor::of(MediaType::new(media_type), &bytes);
    PushManifest { descriptor, bytes, tag: None }
}

/// A tar archive with one file of this length.
fn layer(seed: u8, nth: usize, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) << 32 | nth as u64 | 1;
    let bytes = std::iter::repeat_with(|| {
        // Xorshift: bytes that do not repeat, the same each time.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    });
    let content: Vec<u8> = bytes.take(length).collect();
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, format!("file-{seed}-{nth}"), &*content).unwrap();
    archive.into_inner().unwrap()
}
