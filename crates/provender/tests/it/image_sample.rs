//! An image made by hand, with what is attached to it, in a registry or a layout.

use provender_test::OciRegistry;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::project::Project;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The type by which a registry lists an SBOM.
const SBOM: &str = "application/vnd.cyclonedx+json";

/// An image made by hand.
pub(crate) struct Sample {
    blobs: Vec<Vec<u8>>,
    manifest: Vec<u8>,
    /// The manifests of what is attached to it.
    attached: Vec<Vec<u8>>,
}

/// The digest of these bytes, as manifests write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// A descriptor of these bytes.
fn named(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

impl Sample {
    /// For this processor, with these layers, annotations of its manifest and labels.
    pub(crate) fn of(
        processor: &str,
        layers: &[Vec<u8>],
        annotations: Value,
        labels: Value,
    ) -> Self {
        let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({
            "architecture": processor,
            "os": "linux",
            "config": {"User": "10001:10001", "Entrypoint": ["/app"], "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = config.to_string().into_bytes();
        let layer = |layer: &Vec<u8>| named("application/vnd.oci.image.layer.v1.tar", layer);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": named("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers.iter().map(layer).collect::<Vec<_>>(),
            "annotations": annotations,
        });
        let manifest = manifest.to_string().into_bytes();
        let blobs = layers.iter().cloned().chain([config]).collect();
        Self { blobs, manifest, attached: Vec::new() }
    }

    /// The digest of its manifest.
    pub(crate) fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// Attaches an SBOM.
    pub(crate) fn attach(mut self, sbom: &str) -> Self {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SBOM,
            "config": named("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [named(SBOM, sbom.as_bytes())],
            "subject": named(MANIFEST, &self.manifest),
        });
        self.attached.push(manifest.to_string().into_bytes());
        self.blobs.extend([b"{}".to_vec(), sbom.as_bytes().to_vec()]);
        self
    }

    /// The list of what is attached, as indexes have it.
    fn list(&self) -> Vec<Value> {
        let entry = |manifest: &Vec<u8>| {
            let mut entry = named(MANIFEST, manifest);
            entry["artifactType"] = SBOM.into();
            entry
        };
        self.attached.iter().map(entry).collect()
    }

    /// Puts it into a registry, with the list under the tag of registries that list nothing.
    pub(crate) fn push(&self, registry: &OciRegistry, repository: &str, tag: &str) -> String {
        for blob in &self.blobs {
            registry.add_blob(repository, blob);
        }
        for manifest in &self.attached {
            registry.add_manifest(repository, None, MANIFEST, manifest);
        }
        if !self.attached.is_empty() {
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.list()});
            let tag = self.digest().replace(':', "-");
            registry.add_manifest(repository, Some(&tag), INDEX, index.to_string().as_bytes());
        }
        registry.add_manifest(repository, Some(tag), MANIFEST, &self.manifest)
    }

    /// As a layout in the project's folder.
    pub(crate) fn write(&self, project: &Project, name: &str) {
        for blob in self.blobs.iter().chain(&self.attached).chain([&self.manifest]) {
            let file = digest(blob).replace("sha256:", "");
            project.sandbox.write(&format!("{name}/blobs/sha256/{file}"), blob);
        }
        let mut manifests = vec![named(MANIFEST, &self.manifest)];
        manifests.extend(self.list());
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        project.sandbox.write(&format!("{name}/index.json"), index.to_string());
        project.sandbox.write(&format!("{name}/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }
}
