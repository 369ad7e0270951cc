//! The findings about chains and answers, in words.

use std::net::IpAddr;

use provender_core::{Diagnostic, Level};
use rustls::ProtocolVersion;

use super::Expects;
use super::clock::WrongClock;
use super::conformance::Nonconformity;
use super::judge::ChainFault;
use super::observe::Observation;
use super::rules;
use super::trust::BadBundle;
use super::visit::{Astray, Portal};

/// A chain that no set of roots takes.
///
/// `clues` say that it is an interceptor's, if they are any.
pub(super) fn refused(
    own: &Observation,
    fault: &ChainFault,
    issuer: &str,
    clues: &[String],
) -> Diagnostic {
    let host = &own.host;
    let finding = match fault {
        ChainFault::Expired { at, .. } => {
            let message = format!("the certificate chain of `{host}` ended on {at}");
            Diagnostic::error(rules::EXPIRED, message)
                .hint(format!("have the certificate of `{host}` renewed"))
        }
        ChainFault::NotYetValid { from, .. } => {
            let message = format!("the certificate chain of `{host}` is valid only from {from} on");
            Diagnostic::error(rules::NOT_YET_VALID, message).hint("check the clock of this machine")
        }
        ChainFault::WrongName { .. } => {
            let message = format!("the certificate presented is not for `{host}`");
            Diagnostic::error(rules::WRONG_NAME, message).hint(
                "use a name the certificate is for, or have it reissued with this name; a proxy \
                 or a portal may also have answered in the server's place",
            )
        }
        ChainFault::Unfit(_) | ChainFault::NotConforming(_) | ChainFault::TrustedItself => {
            let message = format!("the certificate of `{host}` cannot be used");
            Diagnostic::error(rules::UNFIT_CERTIFICATE, message)
                .hint(format!("have `{issuer}` issue another one"))
        }
        ChainFault::UnknownIssuer | ChainFault::Roots(_) => {
            let message = if clues.is_empty() {
                format!("no trusted root leads to the certificate of `{host}`")
            } else {
                format!("TLS to `{host}` is intercepted, and no root of this machine leads there")
            };
            Diagnostic::error(rules::UNTRUSTED_ISSUER, message)
                .because(format!("the authority is `{issuer}`"))
                .hint(format!(
                    "find out whether `{issuer}` is an authority of your network, and name its \
                     certificate with `--ca-bundle FILE`"
                ))
        }
    };
    let mut finding = finding.because(fault.to_string());
    finding.causes.extend(clues.iter().cloned());
    finding
}

/// A chain with a hole.
pub(super) fn missing_intermediate(own: &Observation, missing: &[String]) -> Diagnostic {
    let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("`{}` leaves out a certificate of its chain", own.host);
    Diagnostic::error(rules::MISSING_INTERMEDIATE, message)
        .because(format!("with {names} a trusted root leads to it"))
        .hint(format!("have the server's owner install the full chain, with {names}"))
}

/// A wrong clock, which explains what is refused.
pub(super) fn clock(level: Level, wrong: &WrongClock) -> Diagnostic {
    let certain = wrong.reference.as_ref().is_some_and(|heard| heard.verified);
    let verb = if certain { "is" } else { "seems to be" };
    let message = format!("the clock of this machine {verb} wrong");
    let mut finding = Diagnostic::new(rules::CLOCK, level, message).hint(
        "compare the clock with another one you trust; if it is wrong, set it, and have it set by \
         itself (NTP)",
    );
    finding.causes.extend(wrong.evidence.iter().cloned());
    finding
}

/// Interception by a trusted authority.
pub(super) fn intercepted(own: &Observation, issuer: &str, clues: &[String]) -> Diagnostic {
    let message = format!("TLS to `{}` is intercepted by `{issuer}`, which is trusted", own.host);
    let mut finding = Diagnostic::note(rules::INTERCEPTED, message).hint(
        "tools with roots of their own have to be told of the authority; locks with hashes \
         protect from what it may change",
    );
    finding.causes.extend(clues.iter().cloned());
    finding
}

/// A private authority that is trusted.
pub(super) fn private(own: &Observation, issuer: &str) -> Diagnostic {
    let message = format!("`{}` has a private authority, `{issuer}`, which is trusted", own.host);
    Diagnostic::note(rules::PRIVATE_CA, message)
        .hint("tools with roots of their own have to be told of the authority")
}

/// A version of TLS that is not the newest; none if it is.
pub(super) fn version(own: &Observation, version: Option<ProtocolVersion>) -> Option<Diagnostic> {
    if version != Some(ProtocolVersion::TLSv1_2) {
        return None;
    }
    let message = format!("`{}` speaks TLS 1.2, although 1.3 was offered", own.host);
    Some(Diagnostic::note(rules::TLS_VERSION, message).hint(
        "nothing has to be done; if the server itself speaks 1.3, something on the way caps it",
    ))
}

/// A chain that strict verifiers refuse; none if there is nothing to tell.
pub(super) fn conformance(
    own: &Observation,
    issuer: &str,
    found: &[Nonconformity],
) -> Option<Diagnostic> {
    if found.is_empty() {
        return None;
    }
    let refused = found.iter().any(|found| found.refused);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let mut finding = if refused {
        let message =
            format!("Python 3.13 and newer refuse the certificate chain of `{}`", own.host);
        Diagnostic::warning(rules::CA_CONFORMANCE, message)
    } else {
        let message = format!("the certificate chain of `{}` breaks RFC 5280", own.host);
        Diagnostic::note(rules::CA_CONFORMANCE, message)
    };
    finding.causes.clone_from(&told);
    let strict = if refused {
        "Python 3.13 and newer verify TLS with VERIFY_X509_STRICT and refuse them"
    } else {
        "strict verifiers may refuse them"
    };
    Some(finding.hint(format!(
        "send this to the owner of `{issuer}`: the certificates presented for `{}` do not conform \
         to RFC 5280, and {strict}. {}. Please reissue them accordingly",
        own.host,
        told.join("; ")
    )))
}

/// Something that answers in the host's place.
pub(super) fn portal(own: &Observation, portal: &Portal) -> Diagnostic {
    let (rule, message, hint) = if portal.page {
        (
            rules::BLOCK_PAGE,
            format!("a web page came from `{}` in place of what was asked for", own.host),
            "have the host allowed by whoever answers with this page, or sign in where it says so",
        )
    } else {
        (
            rules::PORTAL,
            format!("a portal answers in the place of `{}`", own.host),
            "sign in at the network's portal with a browser, then look again",
        )
    };
    Diagnostic::error(rule, message).because(portal.sign.clone()).hint(hint)
}

/// Redirects that lead to no answer.
pub(super) fn astray(own: &Observation, astray: &Astray) -> Diagnostic {
    let message = format!("`{}` redirects to where no answer comes from", own.host);
    Diagnostic::error(rules::REDIRECT, message)
        .because(format!("the redirect leads to {}", astray.at))
        .because(astray.why.clone())
        .hint(format!(
            "have the redirect's target allowed and trusted as well, or have whoever redirects \
             requests for `{}` lead them elsewhere; `provender doctor {}` looks at the target",
            own.host, astray.at
        ))
}

/// A URL without any protection.
pub(super) fn plain_http(own: &Observation) -> Diagnostic {
    let here = own.host == "localhost"
        || own.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if here {
        let message = format!("the URL is plain http, to this machine itself: `{}`", own.host);
        return Diagnostic::note(rules::PLAIN_HTTP, message);
    }
    let message =
        format!("the way to `{}` is not protected at all: its URL is plain http", own.host);
    Diagnostic::warning(rules::PLAIN_HTTP, message)
        .because("whoever is on the way can read and change what comes, and its hashes with it")
        .hint("use an https URL")
}

/// An answer with an error; none if it is none.
pub(super) fn status(own: &Observation, status: u16) -> Option<Diagnostic> {
    if status < 400 {
        return None;
    }
    let message = format!("`{}` was reached, and answered {status}", own.host);
    let hint = match status {
        401 | 403 => "check the credentials for the host, or that it lets this machine in",
        404 | 410 => "check the URL",
        429 | 500.. => "try again later",
        _ => "check the URL and what the server expects",
    };
    // An index or a host of files that is down answers nobody, however good the way to it is.
    let wanted = own.target.expects != Expects::Anything;
    let level = match status {
        401 | 403 => Level::Note,
        500.. if wanted => Level::Error,
        _ => Level::Warning,
    };
    Some(Diagnostic::new(rules::HTTP_STATUS, level, message).hint(hint))
}

/// A bundle that cannot be used.
pub(super) fn bad_bundle(bundle: &BadBundle) -> Diagnostic {
    let finding = Diagnostic::error(rules::CA_BUNDLE, bundle.message.clone())
        .decided_by(bundle.setting.clone());
    match &bundle.hint {
        Some(hint) => finding.hint(hint.clone()),
        None => finding,
    }
}
