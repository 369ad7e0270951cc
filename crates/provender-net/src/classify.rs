//! From a chain of foreign errors to one of ours.
//!
//! The chain may come from our own request or from the resolver's: both use the same connector, so
//! the causes at its bottom are the same.

use std::error::Error;
use std::io;
use std::time::Duration;

use url::Url;

use crate::error::NetError;
use crate::proxy::{ProxyRules, ProxyUrl};
use crate::proxy_failure::{ProxyFailure, ProxyProblem};
use crate::redact::{RedactedUrl, host_of, redact_text};
use crate::roots::RootsError;
use crate::tls::{RecordingVerifier, TlsFailure, TlsProblem};

/// What has to be known to tell what a foreign error means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) verifier: &'a RecordingVerifier,
    pub(crate) proxies: &'a ProxyRules,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
}

impl Context<'_> {
    /// What went wrong with a request for the URL; none if the chain is not about the network.
    pub(crate) fn classify(&self, error: &(dyn Error + 'static), url: &Url) -> Option<NetError> {
        let redacted = RedactedUrl::from(url);
        let mut net: Option<&reqwest::Error> = None;
        let mut os: Option<&io::Error> = None;
        let mut innermost = String::new();
        for cause in causes(error) {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Some(self.tls(tls, url, redacted));
            }
            // The connector's own type for this is private, so its message has to do.
            match cause.to_string().as_str() {
                "tunnel error: proxy authorization required" => {
                    return self.proxy(url, redacted, |proxy| {
                        ProxyProblem::AuthenticationRequired {
                            offered: Vec::new(),
                            sent: proxy.has_credentials(),
                        }
                    });
                }
                "tunnel error: unsuccessful" => {
                    return self.proxy(url, redacted, |_| ProxyProblem::Refused);
                }
                text => innermost = redact_text(text),
            }
            net = net.or_else(|| cause.downcast_ref());
            os = cause.downcast_ref().or(os);
        }
        let net = net?;
        if net.is_builder() {
            return Some(NetError::BadUrl { url: redacted, reason: innermost });
        }
        let connecting = net.is_connect();
        if connecting && let Some(proxy) = self.proxies.proxy_for(url) {
            let reason = if net.is_timeout() {
                format!("no connection within {} s", self.connect_timeout.as_secs_f64())
            } else {
                innermost
            };
            let problem = ProxyProblem::Unreachable(reason);
            return Some(ProxyFailure::new(redacted, proxy, problem).into());
        }
        Some(if net.is_dns() {
            NetError::Dns { url: redacted, reason: innermost }
        } else if net.is_timeout() {
            let after = if connecting { self.connect_timeout } else { self.read_timeout };
            NetError::Timeout { url: redacted, connecting, after }
        } else if connecting {
            let reason = os.map_or(innermost, |os| redact_text(&os.to_string()));
            NetError::Connect { url: redacted, reason }
        } else {
            NetError::Interrupted { url: redacted, reason: innermost }
        })
    }

    fn tls(&self, error: &rustls::Error, url: &Url, redacted: RedactedUrl) -> NetError {
        if let rustls::Error::Other(rustls::OtherError(other)) = error
            && other.is::<RootsError>()
            && let Err(roots) = self.verifier.roots().verifier()
        {
            return NetError::Roots(roots);
        }
        let problem = TlsProblem::from_error(error);
        let host = host_of(url);
        let proxy = self.proxies.proxy_for(url).map(|proxy| host_of(proxy.with_secrets()));
        let failure = self.verifier.failures().into_iter().find(|failure| {
            failure.problem == problem
                && (failure.host == host || Some(&failure.host) == proxy.as_ref())
        });
        let failure = failure.unwrap_or_else(|| TlsFailure {
            host,
            problem,
            certificate: None,
            root_issuer: None,
            bundles: self.verifier.roots().bundles().to_vec(),
        });
        NetError::Tls { url: redacted, failure: Box::new(failure) }
    }

    fn proxy(
        &self,
        url: &Url,
        redacted: RedactedUrl,
        problem: impl FnOnce(&ProxyUrl) -> ProxyProblem,
    ) -> Option<NetError> {
        let proxy = self.proxies.proxy_for(url)?;
        let problem = problem(proxy);
        Some(ProxyFailure::new(redacted, proxy, problem).into())
    }
}

/// An error and what caused it, outermost first. `io::Error` hides the error it wraps from
/// `source`, so it is asked directly.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
