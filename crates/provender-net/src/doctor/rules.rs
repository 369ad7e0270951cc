//! The findings of `doctor`, and what each of them means.

/// A kind of finding: its stable id, and its page in `provender explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The id, by which [`provender_core::Diagnostic::rule`] refers to it.
    pub id: &'static str,
    /// What it means and what to do, in a paragraph.
    pub explanation: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal: $explanation:literal;)*) => {
        $(pub(super) const $name: &str = $id;)*

        /// Every finding that a probe can have.
        pub const RULES: &[Rule] = &[$(Rule { id: $id, explanation: $explanation }),*];
    };
}

rules! {
    DNS = "doctor/dns": "The host's name has no address here. Either it is misspelt, or this network resolves public names only for its forward proxy: then name that proxy in `HTTPS_PROXY`, and names are resolved by it.";
    CONNECT = "doctor/connect": "The host has an address, and no connection to it comes about: nobody listens there, or a firewall refuses or drops the connection. In a closed network the host is usually reached through a forward proxy, which `HTTPS_PROXY` names.";
    TIMEOUT = "doctor/timeout": "Nothing came within the time. A firewall that drops what it does not allow looks like this, as does a middlebox that holds a handshake it cannot read.";
    PROXY_CONNECT = "doctor/proxy-connect": "The forward proxy that the settings name cannot be reached, hangs up, or presents a certificate that does not verify. Correct the setting that names it, or trust the proxy's authority with `--ca-bundle`.";
    PROXY_AUTH = "doctor/proxy-auth": "The forward proxy answers 407: it wants credentials, or refuses those in its URL. It says which schemes it accepts. Only Basic is spoken here; where the proxy offers only Negotiate, NTLM or Kerberos, run a local proxy that authenticates in your place and name that one.";
    PROXY_REFUSED = "doctor/proxy-refused": "The forward proxy refuses to connect to the host. Have its owner allow the host, or name the host in `NO_PROXY` if it can be reached directly.";
    PROXY_GATEWAY = "doctor/proxy-gateway": "The forward proxy would connect and cannot (502, 503 or 504): it does not resolve or reach the host. A host inside the network is often one that the proxy does not know; name it in `NO_PROXY`.";
    TLS_VERSION = "doctor/tls-version": "The server, or a middlebox in front of it, speaks only an old version of TLS. TLS 1.0 and 1.1 are not spoken here (RFC 8996) and end in no connection; TLS 1.2 is fine, and is told because most servers speak 1.3, so that a middlebox may have capped it.";
    TLS_HANDSHAKE = "doctor/tls-handshake": "The handshake broke off for a reason other than trust: the connection was closed or reset in the middle of it, as firewalls do that filter by host name, or both sides have no cipher in common, or the server wants a client's certificate.";
    NOT_TLS = "doctor/not-tls": "The port answers, and not in TLS. The URL's scheme or port is wrong: a server of plain HTTP that is addressed as https answers this way.";
    PLAIN_HTTP = "doctor/plain-http": "The URL is plain http: nothing protects what comes from being read or changed on the way, and hashes that come from the same place protect nothing either. Use https. An address of this very machine is the exception.";
    PORTAL = "doctor/portal": "A captive portal answers in the host's place: it redirects to where one signs in, or speaks plain HTTP on the port of TLS. Sign in with a browser, or have this machine exempted.";
    BLOCK_PAGE = "doctor/block-page": "A web page came where an index page, JSON or a file was expected. A blocking proxy answers this way, with status 200 or 403, and so does a login page: installers then see an index without files. The page's title usually says who blocks. Have the host allowed.";
    INTERCEPTED = "doctor/intercepted": "Somebody between this machine and the host re-signs TLS, and this machine trusts the authority that does it. Requests work here. Tools with roots of their own fail until they are told of the authority, and what they fetch is only as trustworthy as the one who re-signs: use locks with hashes.";
    PRIVATE_CA = "doctor/private-ca": "The host's certificate comes from a private authority that this machine trusts, and nothing suggests interception. Tools with roots of their own fail until they are told of the authority.";
    UNTRUSTED_ISSUER = "doctor/untrusted-issuer": "No trusted root leads to what was presented: TLS is intercepted and the authority is not installed, or the host has a private authority. Save the authority's certificate with `provender doctor --save-ca FILE URL`, compare its fingerprint with one that your network's owner gives you by another way, and name the file with `--ca-bundle`. Never switch verification off instead.";
    UNFIT_CERTIFICATE = "doctor/unfit-certificate": "A certificate of the chain cannot be used at all: it is malformed, signed with an algorithm that is no longer trusted, not for servers, or an authority's certificate used as a server's. The server's owner, or the proxy's, has to issue another one.";
    MISSING_INTERMEDIATE = "doctor/missing-intermediate": "The server leaves out a certificate between its own and the root. Browsers fetch it by themselves, and most tools do not, so that it works in a browser only. The server's owner has to install the full chain; until then the missing certificate can be named with `--ca-bundle`.";
    EXPIRED = "doctor/expired": "A certificate of the chain is past its end, and nothing says that this machine's clock is wrong. Its owner has to renew it.";
    NOT_YET_VALID = "doctor/not-yet-valid": "The time of a certificate of the chain has not come yet, and nothing says that this machine's clock is wrong, other than that itself. Check the clock first; authorities issue certificates for the future by mistake only.";
    WRONG_NAME = "doctor/wrong-name": "A trusted root leads to the certificate, and it is for other names. Use one of them, or have the certificate reissued. A proxy or a portal that answers in the host's place with its own certificate looks like this too.";
    CLOCK = "doctor/clock": "This machine's clock is wrong by more than a day, so that good certificates look expired or not yet valid. Compare it with another clock that you trust before you set it: unless a verified host told the time, whoever is on the way may have made it up, so that an old certificate looks good.";
    CA_CONFORMANCE = "doctor/ca-conformance": "The chain verifies and breaks the letter of RFC 5280. Python 3.13 and newer verify strictly (`VERIFY_X509_STRICT`): urllib, requests and httpx refuse such a chain that pip, uv, curl and Node take. The finding has the text for the owner of the authority, who has to reissue the certificates.";
    CA_BUNDLE = "doctor/ca-bundle": "A bundle that a setting names cannot be read, or holds no certificate. Every request fails until the setting is corrected.";
    REDIRECT = "doctor/redirect": "The host answers with a redirect that leads to no answer: its target cannot be reached or does not verify, is plain http where https was asked for, or redirects again and again. Installers follow redirects and fail there. The target is a host of its own, which has to be allowed and trusted too; a portal that is not known as one may also redirect this way.";
    HTTP_STATUS = "doctor/http-status": "The host is reached and verified, and answers the request with an error. That is between you and the host: 401 and 403 want credentials, 404 another URL, 5xx time; an index or a host of files that answers 5xx is of no use until then, which is an error.";
    OFFLINE = "doctor/offline": "The host was not looked at, because the settings say offline.";
    BAD_URL = "doctor/bad-url": "The URL cannot be asked for: it is neither http nor https, or its host is no name of a server.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_an_explanation() {
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            let name = rule.id.strip_prefix("doctor/").unwrap();
            assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'), "{}", rule.id);
            assert!(rule.explanation.ends_with('.'), "{}", rule.id);
        }
    }
}
