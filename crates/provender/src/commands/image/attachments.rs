//! What is attached to an image that was built: its bill of materials and where it comes from.

use std::collections::BTreeMap;
use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_image::app::Application;
use provender_image::attach::{
    self, BaseMaterial, FileMaterial, Installed, Kind, Provenance, ReleaseFile, SbomFacts,
    SigningKey,
};
use provender_image::build::{BaseImage, Built, Origin};
use provender_image::write::{Attachment, Document};
use provender_image::{Location, MediaType};
use provender_report::sbom;
use serde_json::json;

use super::project::LockFile;
use crate::exit::Failure;
use crate::output::shown;

/// Who says where an image comes from.
const BUILDER: &str = "urn:provender:builder";

/// What the attachments are about.
pub(super) struct About<'a> {
    pub(super) name: String,
    pub(super) lock: &'a LockFile,
    pub(super) base: &'a Location,
    pub(super) application: &'a Application,
    pub(super) timestamp: i64,
    pub(super) key: Option<&'a SigningKey>,
}

/// Reads the key that provenance is signed with.
pub(super) fn key(path: &Path) -> Result<SigningKey, Diagnostic> {
    let unusable = |message: String| {
        Diagnostic::error("image/key", message)
            .at(Place::file(shown(path)))
            .hint("make one with `openssl genpkey -algorithm ed25519 -out KEY`")
            .decided_by("--sign-key")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    SigningKey::from_pem(&text).map_err(|error| unusable(error.to_string()))
}

impl About<'_> {
    /// The attachments of one platform's image.
    pub(super) fn of(&self, built: &Built, base: &BaseImage) -> Result<Vec<Attachment>, Failure> {
        let installed: Vec<Installed> = built
            .chosen
            .iter()
            .map(|chosen| Installed {
                project: chosen.project.clone(),
                version: chosen.version.clone(),
                wheel: ReleaseFile {
                    filename: chosen.wheel.filename.clone(),
                    sha256: chosen.wheel.sha256,
                },
                sdist: match &chosen.origin {
                    Origin::Locked => None,
                    Origin::Built { sdist, sha256 } => {
                        Some(ReleaseFile { filename: sdist.clone(), sha256: *sha256 })
                    }
                },
            })
            .collect();
        let subject = &built.platform.manifest().descriptor;
        let bill = self.sbom(built, base, &installed);
        let failed = |error: serde_json::Error| {
            Failure::from(
                Diagnostic::error("image/attach", error.to_string())
                    .hint("leave it out with --no-attach"),
            )
        };
        let statement = self.provenance(built, base, &installed).statement().map_err(failed)?;
        let (provenance, signed) = match self.key {
            Some(key) => {
                let signed = attach::sign(&statement, key).map_err(|error| {
                    Diagnostic::error("image/key", error.to_string())
                        .hint("use another key, or leave --sign-key out")
                })?;
                (signed, true)
            }
            None => (serde_json::to_vec(&statement).map_err(failed)?, false),
        };
        let mut attachments = Vec::new();
        for (kind, document, signed) in
            [(Kind::Sbom, bill.into_bytes(), false), (Kind::Provenance, provenance, signed)]
        {
            let made = kind.attach(subject, document, signed, "image").map_err(failed)?;
            attachments.push(written(made)?);
        }
        Ok(attachments)
    }

    fn sbom(&self, built: &Built, base: &BaseImage, installed: &[Installed]) -> String {
        let platform = built.platform.config().platform.to_string();
        let (repository, tag) = match self.base {
            Location::Registry(reference) => {
                (format!("{}/{}", reference.registry, reference.repository), reference.tag.clone())
            }
            other => (other.to_string(), None),
        };
        attach::sbom(&SbomFacts {
            lock: &self.lock.lock,
            lock_sha256: Some(self.lock.digest),
            installed,
            name: &self.name,
            version: None,
            image: sbom::ImageSubject {
                repository: &self.name,
                digest: built.platform.manifest().descriptor.digest.sha256(),
                platform: &platform,
                base: Some(sbom::BaseImage {
                    repository: &repository,
                    tag: tag.as_deref(),
                    digest: base.image.digest().sha256(),
                }),
                python: Some(&built.base.python),
            },
            default_index: None,
            audit: None,
            tool_version: env!("CARGO_PKG_VERSION"),
        })
    }

    fn provenance<'i>(
        &self,
        built: &Built,
        base: &BaseImage,
        installed: &'i [Installed],
    ) -> Provenance<'i> {
        let repository = match self.base {
            Location::Registry(reference) => {
                Some(format!("{}/{}", reference.registry, reference.repository))
            }
            _ => None,
        };
        let file = self.lock.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Provenance {
            subjects: vec![(self.name.clone(), built.platform.manifest().descriptor.digest)],
            base: Some(BaseMaterial {
                reference: base.name.clone(),
                repository,
                digest: base.image.digest(),
            }),
            lock: Some(FileMaterial { file, sha256: self.lock.digest }),
            platforms: vec![built.platform.config().platform.to_string()],
            settings: BTreeMap::new(),
            internal: BTreeMap::from([("timestamp".to_owned(), json!(self.timestamp))]),
            installed,
            application: Some(attach::application_digest(&self.application.entries)),
            builder: BUILDER.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// An attachment in the form in which images are written.
fn written(made: attach::Attachment) -> Result<Attachment, Failure> {
    let manifest = Document::new(made.descriptor.media_type.clone(), made.manifest);
    let blobs = made.blobs.into_iter().map(|(descriptor, bytes)| {
        Document::new(MediaType::new(descriptor.media_type.as_str()), bytes)
    });
    Attachment::new(manifest, blobs.collect()).map_err(|error| {
        Diagnostic::error("image/attach", error.to_string())
            .hint("leave it out with --no-attach")
            .into()
    })
}
