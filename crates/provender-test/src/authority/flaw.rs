//! Authorities that RFC 5280 would not have, as proxies in the field have them.

use rcgen::{CertificateParams, CustomExtension, IsCa, KeyPair};

/// `SEQUENCE { BOOLEAN TRUE }`: the basic constraints of an authority (RFC 5280, section 4.2.1.9).
const CA_TRUE: [u8; 5] = [0x30, 0x03, 0x01, 0x01, 0xff];
const BASIC_CONSTRAINTS: [u64; 4] = [2, 5, 29, 19];
const SUBJECT_KEY_IDENTIFIER: [u64; 4] = [2, 5, 29, 14];

/// What is wrong with an authority's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaFlaw {
    /// No key usage (RFC 5280, section 4.2.1.3).
    NoKeyUsage,
    /// A key usage without `keyCertSign`.
    NoCertSign,
    /// Basic constraints that are not critical (section 4.2.1.9).
    BasicConstraintsNotCritical,
    /// No subject key identifier (section 4.2.1.2).
    NoSubjectKeyIdentifier,
    /// No authority key identifier (section 4.2.1.1), which a root need not have.
    NoAuthorityKeyIdentifier,
}

impl CaFlaw {
    pub(super) fn apply(self, params: &mut CertificateParams, key: &KeyPair) {
        match self {
            Self::NoKeyUsage => params.key_usages.clear(),
            Self::NoCertSign => {
                params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            }
            Self::BasicConstraintsNotCritical => {
                let identifier = params.key_identifier(key);
                let length = u8::try_from(identifier.len()).expect("a short identifier");
                let identifier = [vec![0x04, length], identifier].concat();
                params.is_ca = IsCa::NoCa;
                params.custom_extensions = vec![
                    CustomExtension::from_oid_content(&BASIC_CONSTRAINTS, CA_TRUE.to_vec()),
                    CustomExtension::from_oid_content(&SUBJECT_KEY_IDENTIFIER, identifier),
                ];
            }
            Self::NoAuthorityKeyIdentifier => {
                params.use_authority_key_identifier_extension = false;
            }
            Self::NoSubjectKeyIdentifier => {
                let mut constraints =
                    CustomExtension::from_oid_content(&BASIC_CONSTRAINTS, CA_TRUE.to_vec());
                constraints.set_criticality(true);
                params.is_ca = IsCa::NoCa;
                params.custom_extensions = vec![constraints];
            }
        }
    }
}
