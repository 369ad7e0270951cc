//! Where an image comes from (SLSA 1.0, "Provenance").

use std::collections::BTreeMap;

use provender_core::Sha256;
use provender_report::sbom::{oci_purl, pypi_purl};
use serde::Serialize;
use serde_json::Value;
use sha2::Digest as _;

use super::statement::{ResourceDescriptor, STATEMENT_TYPE, Statement};
use super::{Installed, ReleaseFile};
use crate::Digest;
use crate::layer::{Content, Entry, EntryKind};

/// The kind of claim.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// The kind of build, which says what the parameters mean: `base`, `lock`, `platform` and `settings`
/// of `provender image build`. All of them are in `externalParameters`; given the same ones and the
/// same dependencies, the same version of provender makes the same image.
pub const BUILD_TYPE: &str = "urn:provender:image-build:v1";

/// How the names of files begin whose certificates an image is to trust.
pub(crate) const CERTIFICATES: &str = "ca-certificates/";

/// What a build was given and what it made.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance<'a> {
    /// The name of the image, such as `HOST/REPOSITORY`, and what its manifest, or its index, hashes
    /// to; one for each platform.
    pub subjects: Vec<(String, Digest)>,
    /// What it stands on.
    pub base: Option<BaseMaterial>,
    /// The lock.
    pub lock: Option<FileMaterial>,
    /// The platforms it was built for, such as `linux/amd64`.
    pub platforms: Vec<String>,
    /// The settings that made a difference, without secrets.
    pub settings: BTreeMap<String, Value>,
    /// What the build decided by itself, such as its one time.
    pub internal: BTreeMap<String, Value>,
    /// What was installed.
    pub installed: &'a [Installed],
    /// Certificates that the image was asked to trust.
    pub certificates: Vec<FileMaterial>,
    /// What the application's files [hash to](application_digest).
    pub application: Option<Sha256>,
    /// Who built it, as a URI: who is trusted to say all this.
    pub builder: String,
    /// The version of provender.
    pub tool_version: &'a str,
}

/// The image that was built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseMaterial {
    /// As it was asked for: a reference, or the name of a layout or an archive.
    pub reference: String,
    /// `HOST/REPOSITORY`, where it came from a registry.
    pub repository: Option<String>,
    /// What its manifest hashes to.
    pub digest: Digest,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMaterial {
    /// Its path relative to the project.
    pub file: String,
    /// What it hashes to.
    pub sha256: Sha256,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: BuildDefinition<'a>,
    run_details: RunDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: &'static str,
    external_parameters: ExternalParameters<'a>,
    internal_parameters: &'a BTreeMap<String, Value>,
    resolved_dependencies: Vec<ResourceDescriptor>,
}

#[derive(Serialize)]
struct ExternalParameters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Base<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<File<'a>>,
    platforms: &'a [String],
    settings: &'a BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Base<'a> {
    reference: &'a str,
    digest: Digest,
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    sha256: String,
}

#[derive(Serialize)]
struct RunDetails<'a> {
    builder: Builder<'a>,
}

#[derive(Serialize)]
struct Builder<'a> {
    id: &'a str,
    version: BTreeMap<&'static str, &'a str>,
}

impl Provenance<'_> {
    /// The statement. It names no time and no machine, so that the same build says the same.
    ///
    /// # Errors
    ///
    /// Never, for every value in it has a form in JSON.
    pub fn statement(&self) -> Result<Statement, serde_json::Error> {
        let base = self.base.as_ref().map(|base| {
            let BaseMaterial { reference, digest, .. } = base;
            Base { reference, digest: *digest }
        });
        let lock = self.lock.as_ref().map(|lock| {
            let sha256 = lock.sha256.to_string();
            File { file: &lock.file, sha256 }
        });
        let predicate = Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE,
                external_parameters: ExternalParameters {
                    base,
                    lock,
                    platforms: &self.platforms,
                    settings: &self.settings,
                },
                internal_parameters: &self.internal,
                resolved_dependencies: self.dependencies(),
            },
            run_details: RunDetails {
                builder: Builder {
                    id: &self.builder,
                    version: BTreeMap::from([("provender", self.tool_version)]),
                },
            },
        };
        let subject = self
            .subjects
            .iter()
            .map(|(name, digest)| ResourceDescriptor::new(name, None, digest.hex()));
        Ok(Statement {
            r#type: STATEMENT_TYPE.to_owned(),
            subject: subject.collect(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: serde_json::to_value(predicate)?,
        })
    }

    /// Everything that went into the image, each with its digest: the base, the lock, the
    /// application, and every file of a release.
    fn dependencies(&self) -> Vec<ResourceDescriptor> {
        let mut all = Vec::new();
        if let Some(base) = &self.base {
            let sha256 = base.digest.sha256();
            let uri =
                base.repository.as_deref().map(|repository| oci_purl(repository, sha256, None));
            all.push(ResourceDescriptor::new(&base.reference, uri, sha256));
        }
        if let Some(lock) = &self.lock {
            all.push(ResourceDescriptor::new(&lock.file, None, lock.sha256));
        }
        for FileMaterial { file, sha256 } in &self.certificates {
            let name = format!("{CERTIFICATES}{file}");
            all.push(ResourceDescriptor::new(&name, None, *sha256));
        }
        if let Some(sha256) = self.application {
            all.push(ResourceDescriptor::new("application", None, sha256));
        }
        let mut files: Vec<(&Installed, &ReleaseFile)> = self
            .installed
            .iter()
            .flat_map(|release| {
                std::iter::once(&release.wheel)
                    .chain(&release.sdist)
                    .map(move |file| (release, file))
            })
            .collect();
        files.sort_by_key(|(release, file)| (&release.project, &release.version, *file));
        // Several platforms may have the same wheel.
        files.dedup_by_key(|(_, file)| file.clone());
        all.extend(files.into_iter().map(|(release, file)| {
            let qualifier = Some(("file_name", file.filename.as_str()));
            let uri = pypi_purl(&release.project, Some(&release.version), qualifier);
            ResourceDescriptor::new(&file.filename, Some(uri), file.sha256)
        }));
        all
    }
}

/// What the files of an application hash to, whatever machine they lie on: the SHA-256 of one line
/// for each entry, in the order given, `MODE KIND PATH NUL DIGEST-OR-TARGET NUL`.
pub fn application_digest(entries: &[Entry]) -> Sha256 {
    let mut hasher = sha2::Sha256::new();
    for entry in entries {
        let (kind, what) = match &entry.kind {
            EntryKind::Folder => ("folder", String::new()),
            EntryKind::Link(target) => ("link", target.clone()),
            EntryKind::File(Content::Bytes(bytes)) => ("file", Digest::of(bytes).hex()),
            EntryKind::File(Content::Path { sha256, .. } | Content::Member { sha256, .. }) => {
                ("file", sha256.to_string())
            }
        };
        hasher.update(format!("{:o} {kind} {}\0{what}\0", entry.mode, entry.path));
    }
    Digest::from_hasher(hasher).sha256()
}
