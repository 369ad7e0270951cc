//! CA bundles: what a user names, and the public roots joined with it.

use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_net::CertificateFacts;
use provender_trust::configure::{PublicRoot, full_bundle};

/// The text of a bundle that holds certificates and nothing else.
pub(crate) fn read(path: &Path) -> Result<String, Diagnostic> {
    let bad = |message: String| {
        Diagnostic::error("net/ca-bundle", message)
            .at(Place::file(crate::output::shown(path)))
            .hint("name a file with CA certificates in PEM form (`-----BEGIN CERTIFICATE-----`)")
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| bad(format!("cannot read the CA bundle: {error}")))?;
    full_bundle(&[], &text).map_err(|error| bad(format!("the CA bundle is unusable: {error}")))?;
    Ok(text)
}

/// The public roots and these certificates, as PEM.
pub(crate) fn full(corporate: &str) -> Result<String, Diagnostic> {
    let roots = provender_net::roots::public_roots();
    let named = roots.iter().map(|der| {
        let facts = CertificateFacts::from_der(der);
        (facts.map_or_else(String::new, |facts| facts.subject), der)
    });
    let named: Vec<_> = named.collect();
    let public: Vec<PublicRoot<'_>> =
        named.iter().map(|(name, der)| PublicRoot { name, der }).collect();
    full_bundle(&public, corporate).map_err(|error| {
        Diagnostic::error("net/ca-bundle", format!("the CA bundle is unusable: {error}"))
            .hint("name a file with CA certificates in PEM form")
    })
}
