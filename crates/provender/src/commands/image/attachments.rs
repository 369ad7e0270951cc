//! What is attached to an image that was built: its bill of materials, where it comes from, and the
//! audit of its lock.

mod audit;

use std::collections::BTreeMap;
use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_image::app::Application;
use provender_image::attach::{
    self, BaseMaterial, FileMaterial, Installed, Kind, Provenance, ReleaseFile, SbomFacts,
    SigningKey,
};
use provender_image::build::{BaseImage, Built, Origin};
use provender_image::certificates::Certificates;
use provender_image::service::Runtime;
use provender_image::settings::ImageSettings;
use provender_image::write::{Attachment, Document};
use provender_image::{Descriptor, ImageFormat, Location, MediaType, Platform};
use provender_report::sbom;
use serde_json::{Value, json};

use super::project::LockFile;
use super::time::Times;
use crate::exit::Failure;
use crate::file;
use crate::output::shown;

pub(super) use audit::LockAudit;

/// Who says where an image comes from.
const BUILDER: &str = "urn:provender:builder";

/// What the attachments are about.
pub(super) struct About<'a> {
    pub(super) name: String,
    pub(super) lock: &'a LockFile,
    pub(super) base: &'a Location,
    pub(super) application: &'a Application,
    pub(super) certificates: &'a [Certificates],
    pub(super) image: &'a ImageSettings,
    pub(super) runtime: &'a Runtime,
    pub(super) format: ImageFormat,
    pub(super) times: Times,
    pub(super) key: Option<&'a SigningKey>,
    /// The audit of the lock, where there is one.
    pub(super) audit: Option<&'a str>,
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

/// A document about one platform's image.
pub(super) struct Said {
    kind: Kind,
    document: Vec<u8>,
    signed: bool,
    /// The image.
    subject: Descriptor,
    /// What it runs on.
    platform: Platform,
}

impl About<'_> {
    /// What is said of one platform's image.
    pub(super) fn of(&self, built: &Built, base: &BaseImage) -> Result<Vec<Said>, Failure> {
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
        let failed = |error: serde_json::Error| not_attached(&error);
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
        let platform = &built.platform.config().platform;
        let said = [(Kind::Sbom, bill.into_bytes(), false), (Kind::Provenance, provenance, signed)];
        let audit = self.audit.map(|audit| (Kind::Audit, audit.as_bytes().to_vec(), false));
        let said = said.into_iter().chain(audit).map(|(kind, document, signed)| Said {
            kind,
            document,
            signed,
            subject: subject.clone(),
            platform: platform.clone(),
        });
        Ok(said.collect())
    }

    fn sbom(&self, built: &Built, base: &BaseImage, installed: &[Installed]) -> String {
        let platform = built.platform.config().platform.to_string();
        let (repository, tag) = match self.base {
            Location::Registry(reference) => {
                (format!("{}/{}", reference.registry, reference.repository), reference.tag.clone())
            }
            _ => (self.base_name(base), None),
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
                config: built.platform.config_document().descriptor.digest.sha256(),
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

    /// The base as it was asked for; of a file of this machine its name alone, for another machine has
    /// it elsewhere.
    fn base_name(&self, base: &BaseImage) -> String {
        let name = self.base.path().and_then(Path::file_name);
        name.map_or_else(|| base.name.clone(), |name| name.to_string_lossy().into_owned())
    }

    /// What decided the image besides its materials.
    fn settings(&self) -> BTreeMap<String, Value> {
        let runtime = self.runtime;
        BTreeMap::from([
            ("entrypoint".to_owned(), json!(runtime.entrypoint)),
            ("env".to_owned(), json!(runtime.env)),
            ("format".to_owned(), json!(self.format)),
            ("health_interval_seconds".to_owned(), json!(runtime.health_interval.as_secs())),
            ("health_path".to_owned(), json!(runtime.health_path)),
            ("labels".to_owned(), json!(self.image.labels)),
            ("port".to_owned(), json!(runtime.port)),
            ("tags".to_owned(), json!(self.image.tags)),
            ("user".to_owned(), json!(runtime.user.to_string())),
            ("workdir".to_owned(), json!(runtime.workdir)),
        ])
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
        let mut internal = BTreeMap::from([
            ("timestamp".to_owned(), json!(self.times.image)),
            ("locked_timestamp".to_owned(), json!(self.times.locked)),
        ]);
        // What another Python compiles may be other bytes.
        internal.extend(
            built.bytecode.as_ref().map(|version| ("bytecode_python".to_owned(), json!(version))),
        );
        let certificates = self
            .certificates
            .iter()
            .map(|one| FileMaterial { file: one.name().to_owned(), sha256: one.sha256() });
        let file = self.lock.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let config = built.platform.config_document().descriptor.digest;
        Provenance {
            subjects: vec![
                (self.name.clone(), built.platform.manifest().descriptor.digest),
                // What docker saves and loads has no manifest: its configuration names it.
                (format!("{} (configuration)", self.name), config),
            ],
            base: Some(BaseMaterial {
                reference: self.base_name(base),
                repository,
                digest: base.image.digest(),
            }),
            lock: Some(FileMaterial { file, sha256: self.lock.digest }),
            platforms: vec![built.platform.config().platform.to_string()],
            settings: self.settings(),
            internal,
            certificates: certificates.collect(),
            installed,
            application: Some(attach::application_digest(&self.application.entries)),
            builder: BUILDER.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl Said {
    /// The document as an attachment of its image.
    pub(super) fn attachment(&self) -> Result<Attachment, Failure> {
        let made = self.kind.attach(&self.subject, self.document.clone(), self.signed, "image");
        written(made.map_err(|error| not_attached(&error))?)
    }
}

/// Writes documents beside an archive, which has no place for them. Of several platforms each has
/// files of its own.
pub(super) fn write_beside(said: &[Said], archive: &Path, several: bool) -> Result<(), Diagnostic> {
    let path = |one: &Said, kind| attach::beside(archive, kind, several.then_some(&one.platform));
    for one in said {
        file::replace(&path(one, one.kind), &String::from_utf8_lossy(&one.document))?;
    }
    // That of an earlier build would be taken for one of this image.
    if !said.iter().any(|one| one.kind == Kind::Audit) {
        for one in said {
            remove(&path(one, Kind::Audit))?;
        }
    }
    Ok(())
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), Diagnostic> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("cannot remove what an earlier build attached: {error}");
            Err(Diagnostic::error("file/cannot-write", message)
                .at(Place::file(shown(path)))
                .hint("remove it, or check the permissions of its folder"))
        }
        _ => Ok(()),
    }
}

fn not_attached(error: &dyn std::error::Error) -> Failure {
    Diagnostic::error("image/attach", error.to_string())
        .hint("leave it out with --no-attach")
        .into()
}

/// An attachment in the form in which images are written.
fn written(made: attach::Attachment) -> Result<Attachment, Failure> {
    let manifest = Document::new(made.descriptor.media_type.clone(), made.manifest);
    let blobs = made.blobs.into_iter().map(|(descriptor, bytes)| {
        Document::new(MediaType::new(descriptor.media_type.as_str()), bytes)
    });
    Attachment::new(manifest, blobs.collect()).map_err(|error| not_attached(&error))
}
