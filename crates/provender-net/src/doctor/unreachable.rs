//! Hosts from which no answer comes, and what answers in their place.

use provender_core::Diagnostic;
use provender_core::doctor::HostDiagnosis;

use super::dial::DialError;
use super::observe::Observation;
use super::page::Page;
use super::record::HandshakeError;
use super::rules;
use crate::error::NetError;
use crate::proxy_failure::{ProxyFailure, ProxyProblem};
use crate::redact::RedactedUrl;

/// Why there is no connection. The hint is what to do.
pub(super) fn no_way(own: &Observation, error: &DialError) -> Diagnostic {
    let host = &own.host;
    match error {
        DialError::Dns(reason) => {
            let error = NetError::Dns { url: url(own), reason: reason.clone() };
            finding(rules::DNS, format!("the name `{host}` has no address here: {reason}"), &error)
        }
        DialError::Refused(reason) => {
            let error = NetError::Connect { url: url(own), reason: reason.clone() };
            finding(rules::CONNECT, format!("cannot connect to `{host}`: {reason}"), &error)
        }
        DialError::Timeout(after) => {
            let error = NetError::Timeout { url: url(own), connecting: true, after: *after };
            let after = after.as_secs_f64();
            finding(rules::TIMEOUT, format!("no connection to `{host}` within {after} s"), &error)
        }
        DialError::ProxyUnreachable(reason) => {
            proxy(own, rules::PROXY_CONNECT, ProxyProblem::Unreachable(reason.clone()))
        }
        DialError::ProxyAuthentication { offered, sent } => {
            let offered = offered.clone();
            let problem = ProxyProblem::AuthenticationRequired { offered, sent: *sent };
            proxy(own, rules::PROXY_AUTH, problem)
        }
        DialError::ProxyRefused { status, title } => {
            let finding = proxy(own, rules::PROXY_REFUSED, ProxyProblem::Refused);
            let page = title.as_ref().map(|title| format!(", with a page called `{title}`"));
            finding.because(format!("it answered {status}{}", page.unwrap_or_default()))
        }
        DialError::ProxyGateway { status } => {
            let message = match &own.proxy {
                Some(proxy) => format!("the proxy {} does not reach `{host}`", proxy.redacted()),
                None => format!("the proxy does not reach `{host}`"),
            };
            Diagnostic::error(rules::PROXY_GATEWAY, message)
                .because(format!("it answered {status}"))
                .hint(format!(
                    "have the proxy's owner look whether it resolves and reaches `{host}`; if the \
                     host is inside your network, name it in `NO_PROXY`"
                ))
        }
    }
}

/// What a request's own error means, where no probe of ours came first.
pub(super) fn failed_request(own: &Observation, error: &NetError) -> Diagnostic {
    match error {
        NetError::Dns { reason, .. } => no_way(own, &DialError::Dns(reason.clone())),
        NetError::Connect { reason, .. } => no_way(own, &DialError::Refused(reason.clone())),
        NetError::Timeout { .. } => finding(rules::TIMEOUT, error.to_string(), error),
        NetError::Proxy(failure) => {
            let rule = match failure.problem {
                ProxyProblem::AuthenticationRequired { .. } => rules::PROXY_AUTH,
                ProxyProblem::Refused => rules::PROXY_REFUSED,
                ProxyProblem::Unreachable(_) => rules::PROXY_CONNECT,
            };
            proxy(own, rule, failure.problem.clone())
        }
        NetError::Roots(_) => finding(rules::CA_BUNDLE, error.to_string(), error),
        NetError::Tls { .. } => finding(rules::TLS_HANDSHAKE, error.to_string(), error),
        _ => finding(rules::CONNECT, error.to_string(), error),
    }
}

/// A handshake that ended before the server's certificates: what that is a sign of.
pub(super) fn no_handshake(
    own: &Observation,
    error: &HandshakeError,
) -> (HostDiagnosis, Diagnostic) {
    let host = &own.host;
    let unreachable = |finding| (HostDiagnosis::Unreachable, finding);
    match error {
        HandshakeError::Version(reason) => unreachable(
            Diagnostic::error(
                rules::TLS_VERSION,
                format!("`{host}` speaks no version of TLS that is still spoken"),
            )
            .because(reason.clone())
            .hint(
                "have the server, or the middlebox in front of it, speak TLS 1.2 or 1.3; 1.0 and \
                 1.1 are no longer to be used (RFC 8996)",
            ),
        ),
        HandshakeError::NotTls(start) => match Page::parse(start) {
            Some(page) if !matches!(page.status, 400 | 505) => {
                (HostDiagnosis::Portal, plain_portal(host, &page))
            }
            _ => unreachable(
                Diagnostic::error(rules::NOT_TLS, format!("`{host}` answers without TLS"))
                    .because(format!("the answer begins with `{}`", shown_start(start)))
                    .hint("check that the URL's scheme and port are those of a TLS server"),
            ),
        },
        HandshakeError::Closed => unreachable(
            Diagnostic::error(
                rules::TLS_HANDSHAKE,
                format!("the connection to `{host}` was closed in the middle of the handshake"),
            )
            .hint(
                "a firewall that filters by host name closes connections this way: have the host \
                 allowed, or name your network's proxy in `HTTPS_PROXY`",
            ),
        ),
        HandshakeError::Timeout(after) => {
            let after = after.as_secs_f64();
            let message = format!("`{host}` says nothing in the handshake within {after} s");
            unreachable(Diagnostic::error(rules::TIMEOUT, message).hint(
                "a firewall or a middlebox may hold the connection; in a closed network a proxy \
                 may be needed (`HTTPS_PROXY`)",
            ))
        }
        HandshakeError::Failed(reason) => unreachable(
            Diagnostic::error(
                rules::TLS_HANDSHAKE,
                format!("the TLS handshake with `{host}` failed: {reason}"),
            )
            .hint("check that the URL's scheme and port are those of a TLS server"),
        ),
    }
}

fn plain_portal(host: &str, page: &Page) -> Diagnostic {
    let message = format!("something answers plain HTTP on the TLS port of `{host}`");
    let mut finding = Diagnostic::error(rules::PORTAL, message)
        .because(format!("it answered {}", page.status))
        .hint("sign in at the network's portal with a browser, then look again");
    if let Some(title) = page.title() {
        finding = finding.because(format!("the page is called `{title}`"));
    }
    if let Some(location) = page.header("location") {
        finding = finding.because(format!("it redirects to {}", crate::redact_text(location)));
    }
    finding
}

fn shown_start(start: &[u8]) -> String {
    const SHOWN: usize = 40;
    let text: String = String::from_utf8_lossy(start).chars().take(SHOWN).collect();
    crate::redact::printable(&text)
}

fn finding(rule: &'static str, message: String, error: &NetError) -> Diagnostic {
    let finding = Diagnostic::error(rule, message);
    match error.hint() {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

fn proxy(own: &Observation, rule: &'static str, problem: ProxyProblem) -> Diagnostic {
    let Some(proxy) = &own.proxy else {
        return Diagnostic::error(rule, format!("no proxy connects to `{}`", own.host));
    };
    let offered = match &problem {
        ProxyProblem::AuthenticationRequired { offered, .. } if !offered.is_empty() => {
            Some(format!("it offers {}", offered.join(", ")))
        }
        _ => None,
    };
    let failure = ProxyFailure::new(url(own), proxy, problem);
    let mut finding = Diagnostic::error(rule, failure.to_string())
        .hint(failure.hint())
        .decided_by(proxy.setting());
    finding.causes.extend(offered);
    finding
}

fn url(own: &Observation) -> RedactedUrl {
    RedactedUrl::from(&own.target.url)
}
