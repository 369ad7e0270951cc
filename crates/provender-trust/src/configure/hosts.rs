//! Which hosts a setting is about.

use std::net::IpAddr;

use url::{Host, Url};

use super::Wanted;

/// The hosts whose switches against verification go.
#[derive(Debug, Clone)]
pub(super) enum Hosts {
    /// Every host: an authority was given, and no server.
    All,
    /// These.
    These(Vec<HostPort>),
}

/// A host with the port it is reached at; none means any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    host: String,
    port: Option<u16>,
}

impl HostPort {
    /// That of a URL, with the scheme's own port where none is written.
    fn of_url(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_lowercase(), port: url.port_or_known_default() })
    }

    /// Reads `host`, `host:port`, `[::1]:port` or a URL.
    fn parse(text: &str) -> Option<Self> {
        if text.contains("://") {
            return Self::of_url(&Url::parse(text).ok()?);
        }
        let text = text.split('/').next().unwrap_or(text).trim();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        (!host.is_empty()).then(|| Self { host: host.to_lowercase(), port })
    }
}

impl Hosts {
    pub(super) fn of(wanted: &Wanted) -> Self {
        let mut these: Vec<HostPort> = [&wanted.index, &wanted.registry]
            .into_iter()
            .flatten()
            .filter_map(HostPort::of_url)
            .collect();
        these.extend(wanted.hosts.iter().filter_map(|host| HostPort::parse(host)));
        if these.is_empty() { Self::All } else { Self::These(these) }
    }

    /// Whether a setting for this `HOST`, `HOST:PORT`, URL or pattern (`*`, `*.domain`) is about one of the hosts.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Self::These(these) = self else { return true };
        let Some(named) = HostPort::parse(text) else { return false };
        these.iter().any(|wanted| {
            let same_host = match named.host.strip_prefix('*') {
                Some(suffix) => wanted.host.ends_with(suffix),
                None => named.host == wanted.host,
            };
            let same_port = match (named.port, wanted.port) {
                (Some(named), Some(wanted)) => named == wanted,
                _ => true,
            };
            same_host && same_port
        })
    }

    /// Whether one of the hosts is an address within this network, `10.0.0.0/8`.
    pub(super) fn within(&self, network: &str) -> bool {
        let Self::These(these) = self else { return false };
        let Some((address, bits)) = network.split_once('/') else { return false };
        let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u32>()) else {
            return false;
        };
        these
            .iter()
            .filter_map(|wanted| wanted.host.trim_matches(['[', ']']).parse::<IpAddr>().ok())
            .any(|host| match (address, host) {
                (IpAddr::V4(a), IpAddr::V4(h)) => {
                    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
                    a.to_bits() & mask == h.to_bits() & mask
                }
                (IpAddr::V6(a), IpAddr::V6(h)) => {
                    let mask = u128::MAX.checked_shl(128u32.saturating_sub(bits)).unwrap_or(0);
                    a.to_bits() & mask == h.to_bits() & mask
                }
                _ => false,
            })
    }
}

/// Whether the URL leads to this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether the URL holds a user name or a password.
pub(crate) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(index: &str, further: &[&str]) -> Hosts {
        Hosts::of(&Wanted {
            index: Some(Url::parse(index).unwrap()),
            hosts: further.iter().map(|&h| h.to_owned()).collect(),
            ..Wanted::default()
        })
    }

    #[test]
    fn a_host_is_meant_with_its_port_or_with_any() {
        let hosts = hosts("https://index.example/simple/", &["files.example", "[::1]:8443"]);
        for meant in [
            "index.example",
            "INDEX.example",
            "index.example:443",
            "https://index.example/",
            "*",
            "*.example",
            "files.example:9",
            "[::1]:8443",
        ] {
            assert!(hosts.matches(meant), "{meant}");
        }
        for other in [
            "index.example:8443",
            "other.example",
            "xindex.example.org",
            "[::1]:1",
            "http://index.example/",
        ] {
            assert!(!hosts.matches(other) || other == "*", "{other}");
        }
    }

    #[test]
    fn without_a_server_every_host_is_meant() {
        assert!(Hosts::of(&Wanted::default()).matches("anything.example"));
    }

    #[test]
    fn an_address_lies_within_a_network() {
        let hosts = hosts("https://10.1.2.3/simple/", &[]);
        assert!(hosts.within("10.0.0.0/8") && hosts.within("0.0.0.0/0"));
        assert!(
            !hosts.within("10.2.0.0/16") && !hosts.within("fd00::/8") && !hosts.within("10.1.2.3")
        );
    }
}
