//! Keys that sign and verify: Ed25519 (RFC 8032) and ECDSA on P-256 with SHA-256 (FIPS 186-5).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, UnparsedPublicKey,
};
use rustls_pki_types::pem::{PemObject as _, SectionKind};

use crate::Digest;

/// What stands before the key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4).
const ED25519_INFO: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What stands before the uncompressed point in a SubjectPublicKeyInfo of P-256 (RFC 5480 section 2).
const P256_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The lengths of what stands behind, in bytes.
const ED25519_KEY: usize = 32;
const P256_POINT: usize = 65;

/// Why a key cannot be used. No error holds anything of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key behind a passphrase.
    #[error(
        "the key is encrypted: decrypt it where it is used, with `openssl pkey -in KEY -out PLAIN`"
    )]
    Encrypted,
    /// A private key in an older form than PKCS#8.
    #[error(
        "the key is not in PKCS#8: convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW`"
    )]
    NotPkcs8,
    /// A public key where a private one is needed.
    #[error("the file holds a public key, and signing needs the private one")]
    Public,
    /// A private key where a public one is needed.
    #[error(
        "the file holds a private key, and verifying needs the public one: `openssl pkey -in KEY -pubout`"
    )]
    Private,
    /// Something else.
    #[error("the file holds no key in PEM")]
    NoKey,
    /// Another algorithm, or a damaged key.
    #[error("the key is neither Ed25519 nor ECDSA on P-256, or it is damaged")]
    Algorithm,
}

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl SigningKey {
    /// Reads a key in PEM: PKCS#8 (RFC 5958), not encrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = section(text, SectionKind::PrivateKey).ok_or_else(|| match kind(text) {
            Some(SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey) => KeyError::NotPkcs8,
            Some(SectionKind::PublicKey) => KeyError::Public,
            _ if is_encrypted(text) => KeyError::Encrypted,
            _ => KeyError::NoKey,
        })?;
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            let public = PublicKey::ed25519(pair.public_key().as_ref());
            return Ok(Self { pair: Pair::Ed25519(pair), public });
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map_err(|_| KeyError::Algorithm)?;
        let public = PublicKey::p256(pair.public_key().as_ref());
        Ok(Self { pair: Pair::P256(pair), public })
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Whether it signs the same bytes the same way each time.
    pub fn is_deterministic(&self) -> bool {
        matches!(self.pair, Pair::Ed25519(_))
    }

    /// Signs a message; none where the system has no randomness.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.try_sign(message),
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message),
        };
        signature.ok().map(|signature| signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.public.id()).finish_non_exhaustive()
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Ed25519,
    P256,
}

impl PublicKey {
    fn ed25519(key: &[u8]) -> Self {
        Self { algorithm: Algorithm::Ed25519, key: key.to_vec() }
    }

    fn p256(key: &[u8]) -> Self {
        Self { algorithm: Algorithm::P256, key: key.to_vec() }
    }

    /// Reads a key in PEM: SubjectPublicKeyInfo (RFC 5280 section 4.1), as `openssl pkey -pubout`
    /// writes it.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = section(text, SectionKind::PublicKey).ok_or_else(|| match kind(text) {
            Some(
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey,
            ) => KeyError::Private,
            _ if is_encrypted(text) => KeyError::Private,
            _ => KeyError::NoKey,
        })?;
        let behind =
            |info: &[u8], length: usize| der.strip_prefix(info).filter(|key| key.len() == length);
        if let Some(key) = behind(&ED25519_INFO, ED25519_KEY) {
            Ok(Self::ed25519(key))
        } else if let Some(key) = behind(&P256_INFO, P256_POINT) {
            Ok(Self::p256(key))
        } else {
            Err(KeyError::Algorithm)
        }
    }

    /// The key's id: the SHA-256 of its SubjectPublicKeyInfo in DER, in hexadecimal digits.
    pub fn id(&self) -> String {
        let info = match self.algorithm {
            Algorithm::Ed25519 => &ED25519_INFO[..],
            Algorithm::P256 => &P256_INFO,
        };
        Digest::of(&[info, &self.key].concat()).hex()
    }

    /// Whether a signature over a message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, &self.key).verify(message, signature).is_ok()
            }
            Algorithm::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.key)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

/// The first section of a kind.
fn section(text: &str, wanted: SectionKind) -> Option<Vec<u8>> {
    sections(text).find_map(|(kind, der)| (kind == wanted).then_some(der))
}

/// What the first section is.
fn kind(text: &str) -> Option<SectionKind> {
    sections(text).next().map(|(kind, _)| kind)
}

fn sections(text: &str) -> impl Iterator<Item = (SectionKind, Vec<u8>)> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()).map_while(Result::ok)
}

/// Whether a text holds an encrypted private key of any tool's.
fn is_encrypted(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("-----BEGIN ENCRYPTED ") && line.contains("PRIVATE KEY"))
        || text.contains("Proc-Type: 4,ENCRYPTED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> KeyError {
        SigningKey::from_pem(text).unwrap_err()
    }

    #[test]
    fn what_is_no_key_to_sign_with_is_refused_for_what_it_is() {
        let pem =
            |label: &str| format!("-----BEGIN {label}-----\nMAMCAQA=\n-----END {label}-----\n");
        let private = |kind: &str| pem(&format!("{kind}PRIVATE KEY"));
        assert_eq!(refused(&private("ENCRYPTED ")), KeyError::Encrypted);
        assert_eq!(refused(&private("ENCRYPTED COSIGN ")), KeyError::Encrypted);
        assert_eq!(refused(&private("EC ")), KeyError::NotPkcs8);
        assert_eq!(refused(&private("RSA ")), KeyError::NotPkcs8);
        assert_eq!(refused(&private("")), KeyError::Algorithm);
        assert_eq!(refused(&pem("PUBLIC KEY")), KeyError::Public);
        assert_eq!(refused("no key"), KeyError::NoKey);
        assert_eq!(refused(""), KeyError::NoKey);
        assert_eq!(PublicKey::from_pem(&private("")), Err(KeyError::Private));
        assert_eq!(PublicKey::from_pem(&private("ENCRYPTED ")), Err(KeyError::Private));
        assert_eq!(PublicKey::from_pem(&pem("PUBLIC KEY")), Err(KeyError::Algorithm));
        assert_eq!(PublicKey::from_pem(&pem("CERTIFICATE")), Err(KeyError::NoKey));
    }
}
