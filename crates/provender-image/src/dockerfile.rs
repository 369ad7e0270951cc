//! The Dockerfile that is equivalent to what `provender image build` makes, and the files that go
//! with it: for those who build with BuildKit or buildah, or read one to trust the other.
//!
//! Everything is a function of the facts: the same facts give the same texts. Nothing is written.

mod certificates;
mod compose;
mod containerfile;
mod env_example;
mod health;
mod ignore;
mod makefile;
mod quote;

use provender_core::lock::constraints;

pub use health::{
    HEALTH_INTERVAL, HEALTH_RETRIES, HEALTH_START_PERIOD, HEALTH_TIMEOUT, health_command,
};

use crate::certificates::{Certificates, CertificatesError};
use crate::service::{LockFacts, Runtime, Service, Undecided};
use crate::settings::ImageSettings;
use crate::{Location, Reference};

/// A file for a project's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmittedFile {
    /// Its name in the folder.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
}

/// A file with certificates that the image is to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatesFile {
    /// Its path in the project's folder, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub certificates: Certificates,
}

/// Why there are no such files for a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// Something of how it runs is not known.
    #[error(transparent)]
    Undecided(#[from] Undecided),
    /// No base image is named.
    #[error("no base image is named")]
    NoBase,
    /// An image that is not in a registry, where builders take theirs from.
    #[error("`{setting} = \"{location}\"` in [image] is in no registry")]
    NotInRegistry {
        /// `base` or `builder`.
        setting: &'static str,
        /// Where it is.
        location: String,
    },
    /// An image without a digest: its tag may be moved.
    #[error("`{setting} = \"{reference}\"` in [image] has no digest")]
    NoDigest {
        /// `base` or `builder`.
        setting: &'static str,
        /// The image.
        reference: String,
    },
    /// Certificates that an image cannot have beside each other.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    /// A lock that pip does not read.
    #[error("pip reads no lock such as {file}")]
    LockFormat {
        /// The lock's file.
        file: String,
    },
}

impl EmitError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Undecided(error) => error.hint(),
            Self::NoBase => {
                "say it in [image]: base = \"HOST/REPOSITORY:TAG@sha256:DIGEST\", an image with Python"
            }
            Self::NotInRegistry { .. } => {
                "push the image to a registry and name it there; `provender image build` takes it as it is"
            }
            Self::NoDigest { .. } => "add the digest: HOST/REPOSITORY:TAG@sha256:DIGEST",
            Self::Certificates(_) => "give each file of certificates a name of its own",
            Self::LockFormat { .. } => {
                "write a lock that pip reads: `provender lock -o constraints.txt`"
            }
        }
    }
}

/// What the emitters share.
struct Facts<'a> {
    service: &'a Service,
    settings: &'a ImageSettings,
    lock: &'a LockFacts,
    certificates: &'a [CertificatesFile],
    runtime: Runtime,
    base: &'a Reference,
    /// Where it is another one than the base.
    builder: Option<&'a Reference>,
}

/// The files: `Dockerfile`, `.dockerignore`, `compose.yaml`, `.env.example`, `Makefile`, and
/// `build-constraints.txt` where wheels are made of sdists. `certificates` are those that the settings
/// name, in their order.
///
/// # Errors
///
/// When something has to be known that neither the settings nor the sources say;
/// [`EmitError::hint`] names the setting to write.
pub fn emit(
    service: &Service,
    settings: &ImageSettings,
    lock: &LockFacts,
    certificates: &[CertificatesFile],
) -> Result<Vec<EmittedFile>, EmitError> {
    if !lock.file.ends_with(".txt") || !quote::is_plain(&lock.file) {
        return Err(EmitError::LockFormat { file: lock.file.clone() });
    }
    let base = settings.base.as_ref().ok_or(EmitError::NoBase)?;
    let base = pinned("base", base)?;
    let builder =
        settings.builder.as_ref().map(|builder| pinned("builder", builder)).transpose()?;
    let mut runtime = Runtime::decide(service, settings, lock)?;
    for (name, value) in &settings.labels {
        let reason = "is no label that a Dockerfile can have";
        let fits = quote::is_label(name) && crate::service::is_line(value);
        crate::service::refuse("labels", name, fits, reason)?;
    }
    for tag in &settings.tags {
        let fits = quote::is_plain(&tag.replace(':', ""));
        crate::service::refuse("tags", tag, fits, "is no name of an image")?;
    }
    for CertificatesFile { path, .. } in certificates {
        let reason = "is no path that a Dockerfile can name";
        crate::service::refuse("ca-certificates", path, quote::is_plain(path), reason)?;
    }
    crate::certificates::files(certificates.iter().map(|file| &file.certificates))?;
    for path in &mut runtime.sources {
        // Found folders end in `/`; for those of `include` nothing is known but their names.
        *path = path.trim_end_matches('/').to_owned();
    }
    let facts = Facts {
        service,
        settings,
        lock,
        certificates,
        runtime,
        base,
        builder: builder.filter(|builder| *builder != base),
    };
    let mut files = vec![
        EmittedFile { path: "Dockerfile", text: containerfile::render(&facts) },
        EmittedFile { path: ".dockerignore", text: ignore::render(&facts) },
        EmittedFile { path: "compose.yaml", text: compose::render(&facts) },
        EmittedFile { path: ".env.example", text: env_example::render(&facts) },
        EmittedFile { path: "Makefile", text: makefile::render(&facts) },
    ];
    if facts.pins_build() {
        files.push(EmittedFile { path: BUILD_CONSTRAINTS, text: facts.build_constraints() });
    }
    Ok(files)
}

/// The pins of what is installed only to build sdists.
const BUILD_CONSTRAINTS: &str = "build-constraints.txt";

/// An image in a registry, by its digest.
fn pinned<'a>(setting: &'static str, location: &'a Location) -> Result<&'a Reference, EmitError> {
    let Location::Registry(reference) = location else {
        return Err(EmitError::NotInRegistry { setting, location: location.to_string() });
    };
    match reference.digest {
        Some(_) => Ok(reference),
        None => Err(EmitError::NoDigest { setting, reference: reference.to_string() }),
    }
}

impl Facts<'_> {
    /// Whether sdists are built with pinned requirements.
    fn pins_build(&self) -> bool {
        !self.lock.from_source.is_empty() && !self.lock.build.is_empty()
    }

    fn build_constraints(&self) -> String {
        let mut text = format!(
            "# What is installed only while wheels are made of sdists; taken from {}.\n",
            self.lock.file
        );
        for project in &self.lock.build {
            text.push_str(&constraints::requirement(project));
            for file in &project.files {
                text.push_str(&format!(" \\\n    --hash={}", file.hash));
            }
            text.push('\n');
        }
        text
    }

    /// The name of the image.
    fn tag(&self) -> &str {
        self.settings.tags.first().map_or("app:dev", String::as_str)
    }
}
