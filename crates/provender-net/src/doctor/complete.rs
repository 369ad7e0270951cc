//! Looking for a certificate that the server leaves out.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use url::Url;

use super::chain::{is_authority, is_self_issued, issued, issuer_urls};
use super::observe::{Observation, Presented};
use super::prober::Inner;
use super::trust::{Origin, TrustSet};
use crate::redact::{host_of, redact};
use crate::roots::parse;

/// How many certificates are looked for above the last one that was presented.
const MOST_ADDED: usize = 4;

/// How large a certificate may be that is fetched, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// Certificates that continue a chain upwards.
#[derive(Debug, Clone, Default)]
pub(super) struct Continuation {
    /// In order, each the issuer of the one before, the first that of the last presented one.
    pub(super) added: Vec<CertificateDer<'static>>,
    /// Where each was found.
    pub(super) found_in: Vec<String>,
    /// Which sets lead to the chain with them, by their word; empty if none does.
    pub(super) trusted_by: Vec<String>,
}

/// Continues a chain with what other hosts presented and what the system's store holds.
///
/// Only the Mozilla set counts: a set that holds the missing certificate itself needs no other.
pub(super) fn from_here(
    inner: &Inner,
    own: &Observation,
    presented: &Presented,
    all: &[Observation],
) -> Continuation {
    let public = inner.trust().public();
    let system = inner.trust().sets.iter().find(|set| set.origin == Origin::System);
    let stored = system.into_iter().flat_map(|set| &set.anchors.certificates);
    let stored = stored.map(|certificate| (certificate, "the system's store".to_owned()));
    let neighbours = all.iter().filter(|other| other.host != own.host).flat_map(|other| {
        let chain = other.presented().into_iter().flat_map(|presented| &presented.chain);
        chain.map(|certificate| (certificate, format!("what `{}` presents", other.host)))
    });
    let candidates: Vec<_> = neighbours
        .chain(stored)
        .filter(|(certificate, _)| is_authority(certificate) && !is_self_issued(certificate))
        .collect();
    let mut continuation = Continuation::default();
    for _ in 0..MOST_ADDED {
        let Some(last) = continuation.last(presented).cloned() else { break };
        let next = candidates.iter().find(|(candidate, _)| {
            issued(candidate, &last) && !continuation.holds(presented, candidate)
        });
        let Some((next, place)) = next else { break };
        continuation.added.push((*next).clone());
        continuation.found_in.push(place.clone());
        if continuation.leads_to(inner, own, presented, public) {
            break;
        }
    }
    continuation
}

/// Continues a chain with what its own certificates say about where their issuers are to be had
/// (authority information access, RFC 5280, section 4.2.2.1).
///
/// Only plain http is asked, as the RFC has it: what comes is a certificate, which is verified
/// and not believed. It is asked for on the way of every request, without following redirects,
/// and all together within the time of one step.
pub(super) async fn from_access(
    inner: &Inner,
    own: &Observation,
    presented: &Presented,
) -> Continuation {
    let sets = &inner.trust().sets;
    let deadline = Instant::now() + inner.step();
    let mut continuation = Continuation::default();
    for _ in 0..MOST_ADDED {
        let Some(last) = continuation.last(presented).cloned() else { break };
        if is_self_issued(&last) {
            break;
        }
        let mut found = None;
        for url in issuer_urls(&last).iter().filter_map(|url| fetchable(url)) {
            let fetched = fetch(inner, &url, deadline).await.unwrap_or_default();
            found = fetched.into_iter().find(|issuer| issued(issuer, &last)).map(|der| (der, url));
            if found.is_some() {
                break;
            }
        }
        let Some((issuer, url)) = found else { break };
        if continuation.holds(presented, &issuer) {
            break;
        }
        continuation.added.push(issuer);
        continuation.found_in.push(redact(&url));
        if continuation.leads_to(inner, own, presented, sets) {
            break;
        }
    }
    continuation
}

impl Continuation {
    fn last<'a>(&'a self, presented: &'a Presented) -> Option<&'a CertificateDer<'static>> {
        self.added.last().or(presented.ordered.last())
    }

    fn holds(&self, presented: &Presented, certificate: &CertificateDer<'static>) -> bool {
        self.added.contains(certificate) || presented.chain.contains(certificate)
    }

    /// The chain with what was added.
    pub(super) fn whole(&self, presented: &Presented) -> Vec<CertificateDer<'static>> {
        presented.chain.iter().chain(&self.added).cloned().collect()
    }

    fn leads_to<'a>(
        &mut self,
        inner: &Inner,
        own: &Observation,
        presented: &Presented,
        sets: impl IntoIterator<Item = &'a TrustSet>,
    ) -> bool {
        let whole = self.whole(presented);
        let trusting = sets
            .into_iter()
            .filter(|set| set.anchors.judge(&whole, &own.host, inner.now()).is_ok())
            .map(|set| set.word.clone());
        self.trusted_by = trusting.collect();
        !self.trusted_by.is_empty()
    }
}

/// A URL that may be asked. Link-local addresses, where machines in clouds find their own secrets,
/// are nothing that a certificate may name.
fn fetchable(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let link_local = host_of(&url).parse().is_ok_and(|address| match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    });
    (!link_local).then_some(url)
}

async fn fetch(
    inner: &Inner,
    url: &Url,
    deadline: Instant,
) -> Option<Vec<CertificateDer<'static>>> {
    let asked = async {
        let mut response = inner.client.resolver_client().get(url.clone()).send().await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return None;
            }
        }
        parse(&body).ok()
    };
    tokio::time::timeout_at(deadline, asked).await.ok().flatten()
}
