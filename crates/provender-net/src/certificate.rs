//! What a certificate says about itself.

use jiff::Timestamp;
use provender_core::Sha256;
use rustls::pki_types::CertificateDer;
use sha2::Digest;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::redact::printable;

/// The parts of a certificate (RFC 5280) that help a person find out what happened.
///
/// All text is fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whom the certificate is for, as `CN=..., O=...`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it ends to be valid.
    pub not_after: Timestamp,
    /// The DNS names and IP addresses it is for.
    pub names: Vec<String>,
    /// The SHA-256 fingerprint of its DER form.
    pub sha256: Sha256,
}

impl CertificateFacts {
    /// Reads a certificate; none if it is not one.
    pub fn from_der(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let time = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or_else(Vec::new, |extension| {
            extension.value.general_names.iter().filter_map(name).collect()
        });
        Some(Self {
            subject: printable(&certificate.subject().to_string()),
            issuer: printable(&certificate.issuer().to_string()),
            not_before: time(certificate.validity().not_before.timestamp()),
            not_after: time(certificate.validity().not_after.timestamp()),
            names,
            sha256: Sha256::from_bytes(sha2::Sha256::digest(der).into()),
        })
    }

    /// Whether the certificate names itself as its issuer.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(printable(name)),
        GeneralName::IPAddress(bytes) => {
            let v4 =
                <[u8; 4]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
            let v6 = || {
                <[u8; 16]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())
            };
            v4.or_else(|_| v6()).ok()
        }
        _ => None,
    }
}
