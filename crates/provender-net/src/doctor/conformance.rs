//! What strict verifiers refuse: chains that break the letter of RFC 5280.
//!
//! Python 3.13 verifies with `VERIFY_X509_STRICT`, so that certificates which every other tool takes
//! are refused by urllib, requests and httpx. The rules are those of OpenSSL's `check_extensions`;
//! what it does not look at, although the RFC forbids it, is told too and marked as such.

use std::fmt;

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::x509::X509Version;

use super::chain::{authority_key_identifier, parsed, subject_key_identifier};
use crate::redact::printable;

/// One way in which a certificate breaks RFC 5280.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonconformity {
    /// Whom the certificate is for, as `CN=..., O=...`.
    pub subject: String,
    /// What is wrong with it.
    pub what: &'static str,
    /// The section of RFC 5280 that it breaks.
    pub section: &'static str,
    /// Whether Python 3.13 refuses the chain for it.
    pub refused: bool,
}

impl fmt::Display for Nonconformity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {} (RFC 5280, section {})", self.subject, self.what, self.section)
    }
}

/// Everything in a path that breaks RFC 5280. The path begins with the server's certificate and
/// ends with the one that is trusted.
pub(super) fn nonconformities(path: &[CertificateDer<'_>]) -> Vec<Nonconformity> {
    let mut found = Vec::new();
    // A certificate that is trusted itself is not looked at (RFC 6818, section 2).
    if path.len() < 2 {
        return found;
    }
    for (position, der) in path.iter().enumerate() {
        let Some(certificate) = parsed(der) else { continue };
        let subject = printable(&certificate.subject().to_string());
        let subject = if subject.is_empty() { "(no subject)".to_owned() } else { subject };
        let place = Place { first: position == 0, last: position + 1 == path.len() };
        check(&certificate, place, &mut |what, section, refused| {
            found.push(Nonconformity { subject: subject.clone(), what, section, refused });
        });
    }
    found
}

#[derive(Clone, Copy)]
struct Place {
    first: bool,
    last: bool,
}

fn check(
    certificate: &X509Certificate<'_>,
    place: Place,
    found: &mut impl FnMut(&'static str, &'static str, bool),
) {
    let Constraints { ca, critical, path_length } = Constraints::of(certificate);
    let usage = certificate.key_usage().ok().flatten().map(|usage| usage.value);
    let signs = usage.is_some_and(x509_parser::extensions::KeyUsage::key_cert_sign);
    if !place.first && !ca {
        found("is no authority by its basic constraints", "4.2.1.9", true);
    }
    if ca {
        if !critical {
            found("does not mark its basic constraints as critical", "4.2.1.9", true);
        }
        match usage {
            None => found("has no key usage", "4.2.1.3", true),
            Some(_) if !signs => found("lacks `keyCertSign` in its key usage", "4.2.1.3", true),
            Some(_) => {}
        }
    } else {
        if signs {
            found("has `keyCertSign` in its key usage and is no authority", "4.2.1.3", true);
        }
        if path_length {
            found("limits the path's length and is no authority", "4.2.1.9", true);
        }
    }
    check_names(certificate, ca, found);
    check_identifiers(certificate, ca, place, found);
    let serial = certificate.raw_serial();
    // A leading zero octet keeps the sign; 20 octets are counted with it.
    if serial.first().is_none_or(|first| first & 0x80 != 0) || serial.iter().all(|byte| *byte == 0)
    {
        found("has a serial number that is not positive", "4.1.2.2", false);
    }
    if serial.len() > 20 {
        found("has a serial number of more than 20 octets", "4.1.2.2", false);
    }
}

fn check_names(
    certificate: &X509Certificate<'_>,
    ca: bool,
    found: &mut impl FnMut(&'static str, &'static str, bool),
) {
    if certificate.issuer().iter().next().is_none() {
        found("names no issuer", "4.1.2.4", true);
    }
    let names = certificate.subject_alternative_name().ok().flatten();
    if certificate.subject().iter().next().is_none() {
        match &names {
            _ if ca => found("is an authority without a subject", "4.1.2.6", true),
            None => found("has neither a subject nor alternative names", "4.1.2.6", true),
            Some(names) if !names.critical => {
                found(
                    "has no subject and does not mark its alternative names as critical",
                    "4.2.1.6",
                    true,
                );
            }
            Some(_) => {}
        }
    }
    if names.is_some_and(|names| names.value.general_names.is_empty()) {
        found("has a list of alternative names without a name", "4.2.1.6", true);
    }
}

fn check_identifiers(
    certificate: &X509Certificate<'_>,
    ca: bool,
    place: Place,
    found: &mut impl FnMut(&'static str, &'static str, bool),
) {
    if certificate.version() != X509Version::V3 {
        if !certificate.extensions().is_empty() {
            found("has extensions and is not of version 3", "4.1.2.9", true);
        }
        return;
    }
    // The last one is taken as the root, which need not name its own key.
    if !place.last && authority_key_identifier(certificate).is_none() {
        found("has no authority key identifier", "4.2.1.1", true);
    }
    if ca && subject_key_identifier(certificate).is_none() {
        found("is an authority without a subject key identifier", "4.2.1.2", true);
    }
    for extension in certificate.iter_extensions().filter(|extension| extension.critical) {
        match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(_) => {
                found("marks its authority key identifier as critical", "4.2.1.1", true);
            }
            ParsedExtension::SubjectKeyIdentifier(_) => {
                found("marks its subject key identifier as critical", "4.2.1.2", true);
            }
            _ => {}
        }
    }
}

struct Constraints {
    ca: bool,
    critical: bool,
    path_length: bool,
}

impl Constraints {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        match certificate.basic_constraints().ok().flatten() {
            Some(constraints) => Self {
                ca: constraints.value.ca,
                critical: constraints.critical,
                path_length: constraints.value.path_len_constraint.is_some(),
            },
            None => Self { ca: false, critical: false, path_length: false },
        }
    }
}
