//! What is attached to an image: its bill of materials, where it comes from, and its audit.
//!
//! Each is a document of its own, with the same bytes for the same image. In a registry or a layout it
//! is an OCI [`artifact`](artifact()) whose subject is the image; beside an archive it is a [file](beside).
//! The provenance can be [signed](sign).

mod artifact;
mod envelope;
mod found;
mod key;
mod provenance;
mod release;
mod sbom;
mod statement;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Descriptor, MediaType};

pub use artifact::{Attachment, artifact};
pub use envelope::{
    Envelope, EnvelopeError, MAX_ENVELOPE, PAYLOAD_TYPE, Signature, read_statement, sign,
    verify_envelope,
};
pub use found::Attached;
pub use key::{KeyError, PublicKey, SigningKey};
pub use provenance::{
    BUILD_TYPE, BaseMaterial, FileMaterial, PREDICATE_TYPE, Provenance, application_digest,
};
pub use release::{Installed, ReleaseFile};
pub use sbom::{SbomFacts, sbom};
pub use statement::{ResourceDescriptor, STATEMENT_TYPE, Statement};

/// What an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A software bill of materials in CycloneDX's JSON.
    Sbom,
    /// An in-toto statement with SLSA's provenance, plain or in a signed envelope.
    Provenance,
    /// The audit of the lock, as `provender audit --format json` writes it.
    Audit,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Sbom, Self::Provenance, Self::Audit];

    /// The artifact type by which a registry lists it.
    pub fn artifact_type(self) -> MediaType {
        MediaType::new(match self {
            Self::Sbom => "application/vnd.cyclonedx+json",
            Self::Provenance => PAYLOAD_TYPE,
            Self::Audit => "application/vnd.provender.audit.v1+json",
        })
    }

    /// The type of its bytes; `signed` says whether a provenance is in an envelope.
    pub fn media_type(self, signed: bool) -> MediaType {
        match self {
            Self::Provenance if signed => MediaType::new(ENVELOPE),
            _ => self.artifact_type(),
        }
    }

    /// The artifact of a document of this kind about an image, whose name is that of its file.
    ///
    /// # Errors
    ///
    /// As [`artifact`].
    pub fn attach(
        self,
        subject: &Descriptor,
        document: Vec<u8>,
        signed: bool,
        name: &str,
    ) -> Result<Attachment, serde_json::Error> {
        let mut annotations = BTreeMap::new();
        if self == Self::Provenance {
            // By which others find it among the statements about an image.
            annotations.insert("in-toto.io/predicate-type".to_owned(), PREDICATE_TYPE.to_owned());
        }
        let title = format!("{name}{}", self.suffix());
        let (r#type, media_type) = (self.artifact_type(), self.media_type(signed));
        artifact(subject, &r#type, document, media_type, &title, annotations)
    }

    /// The end of its file's name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Sbom => ".sbom.cdx.json",
            Self::Provenance => ".provenance.json",
            Self::Audit => ".audit.json",
        }
    }
}

/// The type of a signed provenance's bytes (DSSE 1.0, "Envelope").
pub const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The file beside an archive or a layout: `app.sbom.cdx.json` for `app.tar`, `app.tar.gz` and `app`.
pub fn beside(image: &Path, kind: Kind) -> PathBuf {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".tar.gz", ".tar.zst", ".tgz", ".tar"];
    let stem = ends.iter().find_map(|end| name.strip_suffix(end)).filter(|stem| !stem.is_empty());
    image.with_file_name(format!("{}{}", stem.unwrap_or(&name), kind.suffix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_lies_beside_its_image() {
        for (image, file) in [
            ("out/app.tar", "out/app.sbom.cdx.json"),
            ("app.tar.gz", "app.sbom.cdx.json"),
            ("out/app-1.2", "out/app-1.2.sbom.cdx.json"),
            ("out/.tar", "out/.tar.sbom.cdx.json"),
        ] {
            assert_eq!(beside(Path::new(image), Kind::Sbom), Path::new(file));
        }
    }
}
