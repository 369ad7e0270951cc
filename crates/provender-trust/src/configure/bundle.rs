//! Certificates in PEM (RFC 7468): reading a private authority, and joining it with the public roots.

use std::collections::BTreeSet;

use pem::{EncodeConfig, LineEnding, Pem};
use provender_core::Sha256;
use sha2::Digest as _;

/// Why a text cannot be used as certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is not PEM.
    #[error("not PEM: {0}")]
    NotPem(String),
    /// It holds no certificate.
    #[error("no certificate in it")]
    Empty,
    /// It holds something that no bundle should have, above all a private key.
    #[error("a {0} in it, which is no certificate")]
    Other(String),
}

/// One of the public roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicRoot<'a> {
    /// Its name, for the comment above it.
    pub name: &'a str,
    /// The certificate in DER.
    pub der: &'a [u8],
}

/// The certificates of a PEM text, each once, as DER and in their order.
///
/// # Errors
///
/// A text that is no PEM, holds no certificate, or holds anything else.
pub(crate) fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, BundleError> {
    let blocks = pem::parse_many(pem).map_err(|error| BundleError::NotPem(error.to_string()))?;
    if let Some(other) = blocks.iter().find(|block| block.tag() != "CERTIFICATE") {
        return Err(BundleError::Other(other.tag().to_owned()));
    }
    let mut seen = BTreeSet::new();
    let ders: Vec<_> =
        blocks.into_iter().map(Pem::into_contents).filter(|der| seen.insert(der.clone())).collect();
    // A begin line without an end is passed over by the parser, and so would be half a file.
    let begun = pem.matches("-----BEGIN ").count();
    let parsed = pem::parse_many(pem).map(|blocks| blocks.len()).unwrap_or_default();
    if begun != parsed {
        return Err(BundleError::NotPem("a block is cut off".to_owned()));
    }
    if ders.is_empty() { Err(BundleError::Empty) } else { Ok(ders) }
}

/// One certificate as a PEM block, with its fingerprint in a comment above it.
pub(crate) fn block(name: &str, der: &[u8]) -> String {
    let sha256 = Sha256::from_bytes(sha2::Sha256::digest(der).into());
    // A name from a certificate may hold anything; a comment is one line.
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    let block = pem::encode_config(&Pem::new("CERTIFICATE", der), config);
    format!("# {name} (SHA-256 {sha256})\n{block}")
}

/// The public roots and a private authority as one PEM text, for tools whose setting replaces their own roots.
///
/// The private authority comes first. Above each certificate stands its name and fingerprint; one that is there twice
/// (by its DER) is written once.
///
/// # Errors
///
/// A private authority that is no PEM, holds no certificate, or holds anything else, such as a private key.
pub fn full_bundle(public: &[PublicRoot<'_>], private: &str) -> Result<String, BundleError> {
    let mut seen = BTreeSet::new();
    let mut blocks = Vec::new();
    for der in certificates(private)? {
        blocks.push(block("private authority", &der));
        seen.insert(der);
    }
    for root in public {
        if seen.insert(root.der.to_vec()) {
            blocks.push(block(root.name, root.der));
        }
    }
    Ok(blocks.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(der: &[u8]) -> String {
        pem::encode(&Pem::new("CERTIFICATE", der))
    }

    #[test]
    fn a_full_bundle_holds_each_certificate_once_and_names_it() {
        let root = |name, der| PublicRoot { name, der };
        let public = [
            root("Root\nOne", b"one".as_slice()),
            root("Ours, public", b"ours"),
            root("Again", b"one"),
        ];
        let bundle =
            full_bundle(&public, &format!("junk\n{}{}", pem(b"ours"), pem(b"ours"))).unwrap();
        assert_eq!(certificates(&bundle).unwrap(), [b"ours".to_vec(), b"one".to_vec()]);
        let comments: Vec<_> = bundle.lines().filter_map(|l| l.strip_prefix("# ")).collect();
        assert_eq!(comments.len(), 2);
        assert!(comments[0].starts_with("private authority (SHA-256 "), "{comments:?}");
        assert!(comments[1].starts_with("Root One (SHA-256 "), "{comments:?}");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let key = pem::encode(&Pem::new("PRIVATE KEY", b"key".as_slice()));
        assert_eq!(
            certificates(&format!("{}{key}", pem(b"a"))),
            Err(BundleError::Other("PRIVATE KEY".to_owned()))
        );
        assert_eq!(certificates("nothing"), Err(BundleError::Empty));
        let cut = pem(b"a").replace("-----END CERTIFICATE-----", "");
        assert!(matches!(certificates(&cut), Err(BundleError::NotPem(_))));
    }
}
