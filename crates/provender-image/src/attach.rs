//! What is attached to an image: its bill of materials, where it comes from, and its audit.
//!
//! Each is a document of its own, with the same bytes for the same image, and the audit's for the same
//! advisory data, too. In a registry or a layout it is an OCI [`artifact`](artifact()) whose subject is
//! the image; beside an archive it is a [file](beside()).
//! The provenance can be [signed](sign).

mod artifact;
mod beside;
mod envelope;
mod found;
mod key;
mod provenance;
mod release;
mod sbom;
mod statement;

use std::collections::BTreeMap;

use crate::{Descriptor, MediaType};

pub use artifact::{Attachment, artifact};
pub use beside::{beside, files_beside};
pub use envelope::{
    Envelope, EnvelopeError, MAX_ENVELOPE, PAYLOAD_TYPE, Signature, read_statement, sign,
    verify_envelope,
};
pub use found::Attached;
pub use key::{KeyError, PublicKey, SigningKey};
pub(crate) use provenance::CERTIFICATES;
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
