//! The authority at a chain's end.

use provender_core::doctor::AuthorityFacts;
use rustls::pki_types::CertificateDer;

use super::chain::{is_authority, is_self_issued};
use super::complete::Continuation;
use super::judge::Anchors;
use super::observe::{Observation, Presented};
use super::prober::Inner;
use super::trust::TrustSet;
use crate::certificate::CertificateFacts;

/// Finds the authority at the chain's end.
///
/// What a server presents is a claim: whoever relays a genuine chain can append a certificate of his
/// own with the root's name and key identifier. Of a chain that verifies, the authority is therefore
/// the root that takes it, from a set that does. Of one that is refused, it is what is presented, in a
/// store, or where the chain itself says that it is; its certificate is that of the topmost
/// intermediate one where the root's is nowhere, and people have to compare it.
pub(super) fn authority(
    inner: &Inner,
    own: &Observation,
    presented: &Presented,
    continuation: &Continuation,
) -> (Option<AuthorityFacts>, Option<CertificateDer<'static>>) {
    let trust = inner.trust();
    let path: Vec<_> = presented.ordered.iter().chain(&continuation.added).collect();
    let Some(last) = path.last().copied() else { return (None, None) };
    let root = if presented.is_trusted() {
        root_of_trusted(inner, own, presented)
    } else if is_self_issued(last) {
        Some(last)
    } else {
        trust.sets.iter().find_map(|set| set.anchors.issuer_of(last)).or(Some(last))
    };
    let Some(certificate) = root.filter(|der| is_authority(der)) else {
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

/// The root that takes a chain which verifies. One certificate among the roots may lead to another;
/// the one that ends the path is preferred.
fn root_of_trusted<'a>(
    inner: &'a Inner,
    own: &Observation,
    presented: &Presented,
) -> Option<&'a CertificateDer<'static>> {
    let sets = inner.trust().sets.iter().zip(&presented.verdicts);
    let trusting = sets.filter(|(_, verdict)| verdict.is_ok());
    let roots = trusting.flat_map(|(set, _)| &set.anchors.certificates);
    let taking: Vec<_> = roots.filter(|root| takes(inner, own, presented, root)).collect();
    taking.iter().find(|root| is_self_issued(root)).or(taking.first()).copied()
}

/// Whether a certificate, as the only root, takes the chain: it really signed it, which names and
/// key identifiers do not show.
pub(super) fn takes(
    inner: &Inner,
    own: &Observation,
    presented: &Presented,
    root: &CertificateDer<'static>,
) -> bool {
    let alone = Anchors::new(vec![root.clone()]);
    alone.judge(&presented.chain, &own.host, inner.now()).is_ok()
}
