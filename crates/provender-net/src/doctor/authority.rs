//! The authority at a chain's end.

use provender_core::doctor::AuthorityFacts;
use rustls::pki_types::CertificateDer;

use super::chain::{is_authority, is_self_issued};
use super::complete::Continuation;
use super::observe::Presented;
use super::trust::{Trust, TrustSet};
use crate::certificate::CertificateFacts;

/// Finds the authority at the chain's end: presented, in a store, or where the chain itself says
/// that it is. Its certificate is that of the topmost intermediate one where the root's is nowhere.
pub(super) fn authority(
    trust: &Trust,
    presented: &Presented,
    continuation: &Continuation,
) -> (Option<AuthorityFacts>, Option<CertificateDer<'static>>) {
    let path: Vec<_> = presented.ordered.iter().chain(&continuation.added).collect();
    let Some(last) = path.last().copied() else { return (None, None) };
    let root = if is_self_issued(last) {
        Some(last)
    } else {
        trust.sets.iter().find_map(|set| set.anchors.issuer_of(last))
    };
    let Some(certificate) = root.or(Some(last)).filter(|der| is_authority(der)) else {
        let name = CertificateFacts::from_der(last).map(|facts| facts.issuer);
        let facts = name.map(|name| AuthorityFacts {
            name,
            sha256: None,
            not_before: None,
            not_after: None,
            found_in: Vec::new(),
        });
        return (facts, None);
    };
    let mut found_in = Vec::new();
    if presented.chain.contains(certificate) {
        found_in.push("presented by the server".to_owned());
    }
    let added = continuation.added.iter().zip(&continuation.found_in);
    found_in.extend(added.filter(|(der, _)| *der == certificate).map(|(_, place)| place.clone()));
    let holding = trust.sets.iter().filter(|set| set.anchors.certificates.contains(certificate));
    found_in.extend(holding.map(TrustSet::place));
    let facts = CertificateFacts::from_der(certificate).map(|facts| AuthorityFacts {
        name: facts.subject,
        sha256: Some(facts.sha256),
        not_before: Some(facts.not_before),
        not_after: Some(facts.not_after),
        found_in,
    });
    (facts, Some(certificate.clone()))
}
