//! Small images with one distribution above their base, and what is attached to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use provender_core::Sha256;
use provender_image::attach::{
    self, Attached, FileMaterial, Installed, Kind, Provenance, ReleaseFile, SigningKey,
};
use provender_image::config::{ContainerConfig, History, RootFs};
use provender_image::layer::{Cache, Content, Entry, EntryKind, LayerOptions};
use provender_image::source::{self, WantedImage};
use provender_image::write::{
    self, Attachment, BlobSource, BuiltImage, BuiltLayer, BuiltPlatform, Document,
};
use provender_image::{
    Blobs, Compression, Digest, Image, ImageConfig, ImageError, ImageFormat, Layer, Location,
    MediaType, Platform,
};
use serde_json::json;
use tempfile::TempDir;

/// Where distributions are installed.
pub(super) const SITE: &str = "usr/local/lib/python3.11/site-packages";

/// The one time of the images, in seconds since 1970.
pub(super) const TIME: i64 = 1_700_000_000;

/// An image that is written when it is first opened.
pub(super) struct Sample {
    folder: TempDir,
    pub(super) base: Vec<Entry>,
    pub(super) entries: Vec<Entry>,
    pub(super) history: Vec<History>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) options: LayerOptions,
    signer: Option<u8>,
    subject: Option<Digest>,
}

/// What the lock hashes to.
pub(super) fn lock() -> Sha256 {
    Sha256::from_bytes([2; 32])
}

/// What the only wheel hashes to.
pub(super) fn wheel() -> Sha256 {
    Sha256::from_bytes([3; 32])
}

/// A public key in PEM.
pub(super) fn public(seed: u8) -> String {
    const INFO: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    pem("PUBLIC", &[&INFO[..], pair.public_key().as_ref()].concat())
}

fn private(seed: u8) -> SigningKey {
    const INFO: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    SigningKey::from_pem(&pem("PRIVATE", &[&INFO[..], &[seed; 32]].concat())).unwrap()
}

fn pem(kind: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    format!("-----BEGIN {kind} KEY-----\n{encoded}\n-----END {kind} KEY-----\n")
}

/// A file that root owns.
pub(super) fn file(path: &str, text: &str) -> Entry {
    let kind = EntryKind::File(Content::Bytes(text.as_bytes().to_vec()));
    Entry { path: path.to_owned(), kind, mode: 0o644, uid: 0, gid: 0 }
}

/// An installed distribution: paths in the folder of distributions, and texts.
pub(super) fn distribution(name: &str, version: &str) -> Vec<(String, String)> {
    let info = format!("{name}-{version}.dist-info");
    let mut files = vec![
        (format!("{name}/__init__.py"), format!("name = '{name}'\n")),
        (format!("{name}/data.txt"), "data\n".to_owned()),
        (
            format!("{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"),
        ),
    ];
    let mut record = String::new();
    for (path, text) in &files {
        let digest = Digest::of(text.as_bytes()).sha256();
        let hash = URL_SAFE_NO_PAD.encode(digest.as_bytes());
        record.push_str(&format!("{path},sha256={hash},{}\n", text.len()));
    }
    record.push_str(&format!("{name}/__pycache__/__init__.cpython-311.pyc,,\n{info}/RECORD,,\n"));
    files.push((format!("{info}/RECORD"), record));
    files
}

impl Sample {
    pub(super) fn new() -> Self {
        let step = |by: &str| History { created_by: Some(by.to_owned()), ..History::default() };
        let files = distribution("a", "1.0");
        Self {
            folder: tempfile::tempdir().unwrap(),
            base: vec![file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")],
            entries: files
                .iter()
                .map(|(path, text)| file(&format!("{SITE}/{path}"), text))
                .collect(),
            history: vec![step("base"), step("provender image build: dependencies")],
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            options: LayerOptions::new(TIME, Compression::Gzip),
            signer: None,
            subject: None,
        }
    }

    /// One whose provenance the key of `public(1)` signed.
    pub(super) fn signed() -> Self {
        Self { signer: Some(1), ..Self::new() }
    }

    /// One whose provenance is about another image.
    pub(super) fn about_another() -> Self {
        Self { subject: Some(Digest::of(b"another")), ..Self::new() }
    }

    /// Adds or replaces a file in the folder of distributions.
    pub(super) fn file(&mut self, path: &str, text: &str) {
        let entry = file(&format!("{SITE}/{path}"), text);
        self.entries.retain(|other| other.path != entry.path);
        self.entries.push(entry);
    }

    pub(super) fn layout(&self) -> PathBuf {
        self.folder.path().join("layout")
    }

    /// The image as a build leaves it.
    pub(super) fn platform(&self) -> BuiltPlatform {
        let cache = Cache::open(&self.folder.path().join("layers")).unwrap();
        let blobs: Arc<dyn Blobs> = Arc::new(cache.clone());
        let layers: Vec<BuiltLayer> = [&self.base, &self.entries]
            .into_iter()
            .map(|entries| {
                let (layer, _) = cache.layer(entries, &self.options).unwrap();
                BuiltLayer {
                    layer: Layer {
                        descriptor: layer.descriptor(ImageFormat::Oci),
                        diff_id: layer.diff_id,
                        compression: layer.compression,
                    },
                    source: BlobSource::Blobs(Arc::clone(&blobs)),
                }
            })
            .collect();
        let config = ImageConfig {
            created: None,
            author: None,
            platform: Platform::linux("amd64"),
            config: ContainerConfig {
                user: "10001:10001".to_owned(),
                entrypoint: vec!["python3".to_owned()],
                labels: self.labels.clone(),
                ..ContainerConfig::default()
            },
            rootfs: RootFs {
                r#type: "layers".to_owned(),
                diff_ids: layers.iter().map(|built| built.layer.diff_id).collect(),
            },
            history: self.history.clone(),
            other: BTreeMap::new(),
        };
        BuiltPlatform::new(ImageFormat::Oci, config, layers, self.annotations.clone()).unwrap()
    }

    fn built(&self) -> BuiltImage {
        let platform = self.platform();
        let subject = platform.manifest().descriptor.clone();
        let mut built = BuiltImage::new(ImageFormat::Oci, vec![platform], BTreeMap::new()).unwrap();
        let bill = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
            { "type": "library", "name": "a", "version": "1.0", "purl": "pkg:pypi/a@1.0" },
        ]});
        let bill = serde_json::to_vec(&bill).unwrap();
        let provenance = self.provenance(self.subject.unwrap_or(subject.digest));
        for (kind, document, signed) in
            [(Kind::Sbom, bill, false), (Kind::Provenance, provenance, self.signer.is_some())]
        {
            let made = kind.attach(&subject, document, signed, "image").unwrap();
            let manifest = Document::new(made.descriptor.media_type, made.manifest);
            let blobs = made.blobs.into_iter().map(|(descriptor, bytes)| {
                Document::new(MediaType::new(descriptor.media_type.as_str()), bytes)
            });
            built.attach(Attachment::new(manifest, blobs.collect()).unwrap()).unwrap();
        }
        built
    }

    fn provenance(&self, subject: Digest) -> Vec<u8> {
        let installed = [Installed {
            project: "a".parse().unwrap(),
            version: "1.0".parse().unwrap(),
            wheel: ReleaseFile { filename: "a-1.0-py3-none-any.whl".to_owned(), sha256: wheel() },
            sdist: None,
        }];
        let provenance = Provenance {
            subjects: vec![("image".to_owned(), subject)],
            base: None,
            lock: Some(FileMaterial { file: "constraints.txt".to_owned(), sha256: lock() }),
            platforms: vec!["linux/amd64".to_owned()],
            settings: BTreeMap::new(),
            internal: BTreeMap::from([("timestamp".to_owned(), json!(TIME))]),
            certificates: Vec::new(),
            installed: &installed,
            application: None,
            builder: "urn:test".to_owned(),
            tool_version: "1",
        };
        let statement = provenance.statement().unwrap();
        match self.signer {
            Some(seed) => attach::sign(&statement, &private(seed)).unwrap(),
            None => serde_json::to_vec(&statement).unwrap(),
        }
    }

    pub(super) fn write_archive(&self, path: &Path) {
        write::oci_archive(&self.built(), path, None).unwrap();
    }

    pub(super) fn try_open(&self) -> Result<Image, ImageError> {
        let path = self.layout();
        if !path.exists() {
            write::layout(&self.built(), &path, None).unwrap();
        }
        source::open(&Location::Layout { path, name: None }, &WantedImage::default())
    }

    pub(super) fn image(&self) -> Image {
        self.try_open().unwrap()
    }

    /// The image, and what is attached to it.
    pub(super) fn opened(&self) -> (Image, Vec<Attached>) {
        self.image();
        let location = Location::Layout { path: self.layout(), name: None };
        let wanted = WantedImage::default();
        let (image, attached) = source::open_attached(&location, &wanted, &Kind::ALL).unwrap();
        (image, attached.into_iter().map(Result::unwrap).collect())
    }
}
