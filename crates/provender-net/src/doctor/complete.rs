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

/// How many URLs of one certificate are asked.
const MOST_URLS: usize = 2;

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
/// Only plain http is asked, as the RFC has it, and no literal address of a local network: what comes is a certificate, which is verified
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
        let local = inner.settings.local_repositories;
        let urls = issuer_urls(&last);
        for url in urls.iter().filter_map(|url| fetchable(url, local)).take(MOST_URLS) {
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

/// A URL that may be asked: whoever presents a certificate chooses what it names, and is not to make
/// this machine ask in his place what only this machine reaches. `local` allows addresses of this
/// machine and of its networks.
fn fetchable(url: &str, local: bool) -> Option<Url> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let bare = url.username().is_empty() && url.password().is_none();
    let host = host_of(&url);
    let address = host.parse::<IpAddr>();
    let here = host.trim_end_matches('.').rsplit('.').next() == Some("localhost")
        || address.is_ok_and(|address| is_local(address.to_canonical()));
    (bare && !host.is_empty() && (local || !here)).then_some(url)
}

/// Whether an address is one of this machine, of a private network, or of none; link-local ones are
/// where machines in clouds find their own secrets. IPv4 addresses within IPv6 ones have to be taken
/// out before.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            // "This network" (RFC 1122, section 3.2.1.3) and shared address space (RFC 6598).
            let [first, second, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_private()
                || v4.is_broadcast()
                || v4.is_multicast()
                || first == 0
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                || v6.is_unique_local()
                || v6.is_multicast()
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_to_other_networks_is_asked() {
        for url in [
            "http://ca.example/root.crt",
            "http://ca.example:8080/root.crt?id=1",
            "http://203.0.113.7/",
            "http://[2001:db8::1]/root.crt",
        ] {
            assert!(fetchable(url, false).is_some(), "{url}");
        }
        for url in ["https://ca.example/", "ldap://ca.example/", "file:///root.crt", "ca.example"] {
            assert!(fetchable(url, true).is_none(), "{url}");
        }
        for url in ["http://user@ca.example/", "http://user:word@ca.example/"] {
            assert!(fetchable(url, true).is_none(), "{url}");
        }
        for url in [
            "http://localhost/",
            "http://localhost./",
            "http://ca.localhost:80/",
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:169.254.169.254]/",
        ] {
            assert!(fetchable(url, false).is_none(), "{url}");
            assert!(fetchable(url, true).is_some(), "{url}");
        }
    }
}
