//! Whether a chain that no public authority signed is the host's own or an interceptor's.
//!
//! One strong clue says interception; weak ones, which a private authority shows as well, are only
//! written down. Without a strong clue the authority is taken for the host's own.
//!
//! Strong: a host that is known to have a public certificate; the same issuer for unrelated hosts; the
//! same key for unrelated hosts; another certificate on the direct way than through the proxy; an
//! issuer that is called after a product that intercepts; a host at a public address, or at one that
//! no network has, as transparent proxies make them up. Weak: no certificate timestamps; a
//! certificate that was made just now.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;

use super::chain::{authority_key_identifier, has_timestamps, parsed, public_key};
use super::observe::{Observation, Presented};
use crate::certificate::CertificateFacts;

/// Words in the names of the authorities of products that intercept.
const PRODUCTS: &[&str] = &[
    "barracuda",
    "blue coat",
    "bluecoat",
    "charles proxy",
    "check point",
    "cisco umbrella",
    "forcepoint",
    "fortigate",
    "fortinet",
    "kaspersky",
    "menlo security",
    "mitmproxy",
    "netskope",
    "palo alto",
    "smoothwall",
    "sonicwall",
    "sophos",
    "squid",
    "untangle",
    "watchguard",
    "zscaler",
];

/// How young a certificate is that may have been made for this very connection.
const FRESH: SignedDuration = SignedDuration::from_hours(48);

/// A reason to suspect interception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clue {
    pub(super) strong: bool,
    pub(super) text: String,
}

/// The clues to a chain that the Mozilla set does not lead to.
pub(super) fn clues(
    own: &Observation,
    presented: &Presented,
    all: &[Observation],
    now: Timestamp,
) -> Vec<Clue> {
    let Some(leaf) = presented.chain.first() else { return Vec::new() };
    let mut clues = Vec::new();
    let mut add = |strong, text| clues.push(Clue { strong, text });
    if own.target.known_public {
        add(true, format!("`{}` is known to have a certificate of a public authority", own.host));
    }
    let others: Vec<(&str, &CertificateDer<'static>)> = all
        .iter()
        .filter(|other| unrelated(&own.host, &other.host))
        .filter_map(|other| Some((other.host.as_str(), other.presented()?.chain.first()?)))
        .collect();
    if let Some((host, _)) = others.iter().find(|(_, other)| same_issuer(leaf, other)) {
        add(true, format!("the same issuer signed for `{host}`, an unrelated host"));
    }
    let key = public_key(leaf);
    let reused = others.iter().find(|(_, other)| *other != leaf && public_key(other) == key);
    if let (Some(_), Some((host, _))) = (&key, reused) {
        add(true, format!("the same key serves `{host}`, an unrelated host"));
    }
    if let Some(direct) = presented.directly.as_ref().and_then(|chain| chain.first())
        && direct != leaf
    {
        let issuer = CertificateFacts::from_der(direct).map(|facts| facts.issuer);
        let issuer = issuer.unwrap_or_else(|| "somebody else".to_owned());
        add(true, format!("without the proxy, a certificate issued by `{issuer}` is presented"));
    }
    let names = presented.chain.iter().filter_map(CertificateFacts::from_der);
    let called = names.into_iter().find_map(|facts| {
        let issuer = facts.issuer.to_lowercase();
        PRODUCTS.iter().any(|product| issuer.contains(product)).then_some(facts.issuer)
    });
    if let Some(issuer) = called {
        add(true, format!("`{issuer}` is called after a product that intercepts TLS"));
    }
    if let Some(address) = own.addresses.iter().find(|address| is_public(**address)) {
        add(true, format!("the host is at a public address, {address}"));
    }
    if let Some(address) = own.addresses.iter().find(|address| is_made_up(**address)) {
        add(true, format!("the host is at {address}, an address that no network has"));
    }
    if !has_timestamps(leaf) {
        add(false, "no certificate timestamps, as public authorities give".to_owned());
    }
    if let Some(facts) = CertificateFacts::from_der(leaf)
        && now.duration_since(facts.not_before).abs() < FRESH
    {
        add(false, format!("the certificate was made just now, on {}", facts.not_before));
    }
    clues
}

/// The strong ones, in words.
pub(super) fn strong(clues: &[Clue]) -> Vec<String> {
    clues.iter().filter(|clue| clue.strong).map(|clue| clue.text.clone()).collect()
}

/// Whether one authority signed both, by its name and its key's identifier.
fn same_issuer(one: &CertificateDer<'_>, other: &CertificateDer<'_>) -> bool {
    let (Some(one), Some(other)) = (parsed(one), parsed(other)) else { return false };
    one.issuer().as_raw() == other.issuer().as_raw()
        && authority_key_identifier(&one) == authority_key_identifier(&other)
}

/// Whether two hosts have different owners, as far as their names tell: they differ in their last
/// two labels. Addresses are related to each other, and loopback to everything: that is no network.
fn unrelated(one: &str, other: &str) -> bool {
    let local = |host: &str| {
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let addresses = [one, other].iter().all(|host| host.parse::<IpAddr>().is_ok());
    if local(one) || local(other) || addresses {
        return false;
    }
    let owner = |host: &str| {
        let labels: Vec<_> = host.trim_end_matches('.').rsplit('.').take(2).collect();
        labels.join(".")
    };
    owner(one) != owner(other)
}

/// Whether an address is one that names lead to only where somebody answers them with made-up ones:
/// those of documentation (RFC 5737, RFC 3849) and of benchmarks (RFC 2544).
fn is_made_up(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_documentation() || is_benchmark(v4),
        IpAddr::V6(v6) => matches!(v6.segments(), [0x2001, 0xdb8, ..]),
    }
}

fn is_benchmark(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 198 && (18..20).contains(&b)
}

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || shared
                || is_benchmark(v4)
                || a == 0
                || a >= 240)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(v4.into()),
            // Global unicast is 2000::/3, but for the documentation prefix 2001:db8::/32.
            None => {
                let [first, second, ..] = v6.segments();
                first & 0xe000 == 0x2000 && (first, second) != (0x2001, 0xdb8)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_related_by_their_last_two_labels() {
        assert!(!unrelated("index.corp.example", "files.corp.example"));
        assert!(unrelated("index.example", "files.test"));
        assert!(unrelated("index.one.example", "index.two.example"));
        assert!(!unrelated("localhost", "index.example"));
        assert!(!unrelated("10.0.0.1", "10.0.0.2"));
    }

    #[test]
    fn public_addresses_are_those_of_the_internet() {
        for (address, public) in [
            ("93.184.216.34", true),
            ("2606:2800:220:1::1", true),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("fd00::1", false),
            ("::ffff:10.0.0.1", false),
            ("2001:db8::1", false),
            ("203.0.113.80", false),
            ("198.18.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn made_up_addresses_are_those_of_documentation_and_benchmarks() {
        for (address, made_up) in [
            ("203.0.113.80", true),
            ("198.19.255.1", true),
            ("2001:db8::1", true),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(is_made_up(address.parse().unwrap()), made_up, "{address}");
        }
    }
}
