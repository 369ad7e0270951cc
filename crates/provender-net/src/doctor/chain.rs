//! Reading the certificates of a chain (RFC 5280) where rustls keeps them to itself.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_CT_LIST_SCT, OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS, OID_PKIX_AUTHORITY_INFO_ACCESS,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificate; none if it cannot be read.
pub(super) fn parsed<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

/// The certificates from the server's own upwards, each signed by the next as far as its names
/// tell. What belongs to no such path is left out, as is the order in which they came.
pub(super) fn in_order(presented: &[CertificateDer<'static>]) -> Vec<CertificateDer<'static>> {
    let mut ordered: Vec<CertificateDer<'static>> = Vec::new();
    ordered.extend(presented.first().cloned());
    while let Some(last) = ordered.last() {
        let next = presented.iter().find(|other| !ordered.contains(other) && issued(other, last));
        match next {
            Some(next) => ordered.push(next.clone()),
            None => break,
        }
    }
    ordered
}

/// Whether one certificate names the other as its issuer, and its key, where both tell the key's
/// identifier. Whether it really signed it is not looked at.
pub(super) fn issued(issuer: &CertificateDer<'_>, subject: &CertificateDer<'_>) -> bool {
    let (Some(issuer), Some(subject)) = (parsed(issuer), parsed(subject)) else { return false };
    if issuer.subject().as_raw() != subject.issuer().as_raw() {
        return false;
    }
    match (subject_key_identifier(&issuer), authority_key_identifier(&subject)) {
        (Some(own), Some(named)) => own == named,
        _ => true,
    }
}

/// Whether a certificate names itself as its issuer.
pub(super) fn is_self_issued(der: &CertificateDer<'_>) -> bool {
    parsed(der).is_some_and(|own| own.subject().as_raw() == own.issuer().as_raw())
}

/// Whether a certificate is one of an authority (basic constraints, section 4.2.1.9).
pub(super) fn is_authority(der: &CertificateDer<'_>) -> bool {
    parsed(der).is_some_and(|own| own.is_ca())
}

/// The key identifier of a certificate (section 4.2.1.2).
pub(super) fn subject_key_identifier<'a>(certificate: &X509Certificate<'a>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0),
        _ => None,
    })
}

/// The identifier of its issuer's key (section 4.2.1.1).
pub(super) fn authority_key_identifier<'a>(certificate: &X509Certificate<'a>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => {
            identifier.key_identifier.as_ref().map(|identifier| identifier.0)
        }
        _ => None,
    })
}

/// Whether it holds signed certificate timestamps (RFC 6962, section 3.3), as what a public
/// authority issues does.
pub(super) fn has_timestamps(der: &CertificateDer<'_>) -> bool {
    parsed(der).is_some_and(|own| matches!(own.get_extension_unique(&OID_CT_LIST_SCT), Ok(Some(_))))
}

/// The public key, as bytes to compare.
pub(super) fn public_key(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    parsed(der).map(|own| own.public_key().raw.to_vec())
}

/// Where the issuer's certificate is to be had (authority information access, section 4.2.2.1).
pub(super) fn issuer_urls(der: &CertificateDer<'_>) -> Vec<String> {
    let Some(own) = parsed(der) else { return Vec::new() };
    let Ok(Some(access)) = own.get_extension_unique(&OID_PKIX_AUTHORITY_INFO_ACCESS) else {
        return Vec::new();
    };
    let ParsedExtension::AuthorityInfoAccess(access) = access.parsed_extension() else {
        return Vec::new();
    };
    let issuers = access
        .accessdescs
        .iter()
        .filter(|access| access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS);
    let url = |name: &GeneralName<'_>| match name {
        GeneralName::URI(url) => Some((*url).to_owned()),
        _ => None,
    };
    issuers.filter_map(|access| url(&access.access_location)).collect()
}

/// The certificate in PEM form (RFC 7468).
pub fn pem(der: &CertificateDer<'_>) -> String {
    const LINE: usize = 64;
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        let _ = writeln!(pem, "{line}");
        rest = tail;
    }
    pem + "-----END CERTIFICATE-----\n"
}
