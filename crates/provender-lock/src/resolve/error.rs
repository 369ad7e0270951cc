//! The resolver's errors in the user's words.

use std::error::Error;

use provender_core::Diagnostic;
use provender_net::NetError;
use url::Url;
use uv_client::WrappedReqwestError;
use uv_errors::Hint as _;
use uv_resolver::NoSolutionError;

use crate::failure::LockFailure;
use crate::inputs::UserLimit;
use crate::request::LockRequest;

/// The requirements contradict each other: the resolver's own explanation says how. Where the
/// contradiction only says that something could not be looked at, there is no answer.
pub(crate) fn no_solution(
    conflict: &NoSolutionError,
    request: &LockRequest,
    limits: &[UserLimit],
) -> LockFailure {
    let report = readable(conflict);
    let hints: Vec<String> =
        conflict.hints().into_iter().map(|hint| own_words(plain(&hint).trim())).collect();
    if let Some((rule, message, hint)) = unseen(conflict, &report, &hints, request) {
        let mut diagnostic = Diagnostic::error(rule, message);
        for cause in hints.into_iter().chain([report]) {
            diagnostic = diagnostic.because(cause);
        }
        return LockFailure::no_answer(diagnostic.hint(hint));
    }
    let unknown = report.contains("was not found in the package registry");
    let mut diagnostic =
        Diagnostic::error("lock/no-solution", "these requirements cannot be met together")
            .because(report);
    diagnostic.place = conflict
        .packages()
        .find_map(|name| limits.iter().find(|limit| limit.name == *name))
        .map(|limit| limit.place.clone());
    LockFailure::no_solution(diagnostic.hint(if unknown {
        "check the spelling, and whether the index has the project".to_owned()
    } else if hints.is_empty() {
        "loosen one of the requirements named above".to_owned()
    } else {
        hints.join("\n")
    }))
}

/// What the resolver takes for "has no such version" and is no such thing: it was not allowed to
/// look, or what it got is no index page or no metadata.
fn unseen(
    conflict: &NoSolutionError,
    report: &str,
    hints: &[String],
    request: &LockRequest,
) -> Option<(&'static str, String, &'static str)> {
    let hinted = |needle: &str| hints.iter().any(|hint| hint.contains(needle));
    if hinted("the network was disabled") {
        return Some((
            "lock/offline",
            "the lock needs the index, and --offline forbids to ask it".to_owned(),
            "run once without --offline, or point --index at an index inside the network",
        ));
    }
    if hinted("the server returned:") {
        return Some((
            "lock/index-status",
            "the index refused to answer".to_owned(),
            "check the index's URL and credentials, or try again later",
        ));
    }
    if hinted("could not be parsed") {
        return Some((
            "lock/index-answer",
            "the index gave metadata that cannot be read".to_owned(),
            "a block page of a proxy, or a damaged file on the index: look at the file there, and \
             run again with --refresh",
        ));
    }
    // With a limit on upload times a sound page may have no version left.
    if request.exclude_newer.is_some() {
        return None;
    }
    let empty = conflict
        .packages()
        .find(|name| report.contains(&format!("there are no versions of {name} ")))?;
    Some((
        "lock/index-answer",
        format!("the index's page of {empty} lists no file"),
        "a block page of a proxy, or a wrong URL: check --index, then run again with --refresh",
    ))
}

/// The resolver's report. Its one defect is mended: a single version stands there without `==`.
fn readable(conflict: &NoSolutionError) -> String {
    let mut report = plain(conflict.report()).trim().to_owned();
    for name in conflict.packages() {
        for digit in '0'..='9' {
            let (bare, full) =
                (format!("no version of {name}{digit}"), format!("no version of {name}=={digit}"));
            report = report.replace(&bare, &full);
        }
    }
    report
}

/// A hint that names what provender has, not what uv has.
fn own_words(hint: &str) -> String {
    hint.replace("(try: `--prerelease=allow`)", "(write `--pre` into the requirements file)")
}

/// Something failed on the way; the innermost causes say what.
pub(crate) fn failure(error: &(dyn Error + 'static), request: &LockRequest) -> LockFailure {
    if let Some(below) = request_error(error) {
        if let Some(status) = below.status() {
            return refused(status.as_u16(), below.url());
        }
        if let Some(told) = request.client.explain(below, None) {
            return told_by_net(&told);
        }
    }
    let chain = chain(error);
    let all = chain.join("\n");
    let (rule, message, hint) = classify(&all, request);
    let message = message.unwrap_or_else(|| chain.first().cloned().unwrap_or_default());
    let mut diagnostic = Diagnostic::error(rule, message.clone());
    for cause in chain.iter().filter(|cause| **cause != message) {
        diagnostic = diagnostic.because(cause.clone());
    }
    LockFailure::no_answer(diagnostic.hint(hint))
}

/// The request that failed, which uv wraps so that the chain alone does not show it.
fn request_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a reqwest::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let wrapped = error.downcast_ref::<WrappedReqwestError>();
        let found = wrapped.and_then(WrappedReqwestError::inner).or_else(|| error.downcast_ref());
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

/// The index answered, and the answer was no.
pub(crate) fn refused(status: u16, url: Option<&Url>) -> LockFailure {
    let url = url.map(provender_core::redact::redacted).unwrap_or_default();
    let hint = match status {
        401 | 403 => {
            "give credentials for this host in netrc, in `[[network.credential]]`, or in the URL of \
             --index"
        }
        407 => "give the proxy's credentials in HTTPS_PROXY",
        404 | 410 => "check the URL of --index: it ends in /simple/ on most servers",
        429 | 500.. => "the index is in trouble: try again later, or name another with --index",
        _ => "check the URL of --index",
    };
    LockFailure::no_answer(
        Diagnostic::error("lock/index-status", format!("the index answered {status}"))
            .because(format!("asked for {url}"))
            .hint(hint),
    )
}

/// What failed below HTTP, or in it, is told by the layer that knows hosts and CAs.
pub(crate) fn told_by_net(error: &NetError) -> LockFailure {
    let rule = match error {
        NetError::Tls { .. } => "net/tls",
        NetError::Roots { .. } => "net/ca-bundle",
        NetError::Proxy { .. } => "net/proxy",
        _ => "lock/index-unreachable",
    };
    let mut diagnostic = Diagnostic::error(rule, error.to_string());
    if let Some(hint) = error.hint() {
        diagnostic = diagnostic.hint(hint);
    }
    LockFailure::no_answer(diagnostic)
}

/// A failure of provender's own reading of the resolver's answer.
pub(crate) fn unexpected(error: &anyhow::Error) -> LockFailure {
    LockFailure::no_answer(
        Diagnostic::error(
            "lock/internal",
            format!("the resolver's answer cannot be read: {error}"),
        )
        .hint("this is a defect of provender: please report it with the requirements"),
    )
}

type Class = (&'static str, Option<String>, String);

/// What kind of failure a chain of messages tells of. uv's errors are many and nested differently
/// by place; their own words are what stays the same.
fn classify(all: &str, request: &LockRequest) -> Class {
    let has = |needles: &[&str]| needles.iter().any(|needle| all.contains(needle));
    if has(&["invalid peer certificate", "certificate verify failed", "InvalidCertificate"]) {
        return (
            "net/tls",
            None,
            "name the CA that signs for this network with --ca-bundle FILE".to_owned(),
        );
    }
    if has(&["No space left on device", "Read-only file system", "Permission denied"]) {
        return (
            "lock/cannot-write",
            None,
            "free or move the data directory with --data-dir".to_owned(),
        );
    }
    if has(&["building source distributions is disabled", "Building source distributions"]) {
        let what = if request.builds {
            "install the Python that the lock is for, or choose versions with wheels"
        } else {
            "allow builds (without --no-build), or choose versions with wheels"
        };
        return ("lock/needs-build", None, what.to_owned());
    }
    if has(&["Hash mismatch"]) {
        return (
            "lock/hash-mismatch",
            None,
            "the index offers other bytes than those that are locked: find out why, before you give \
             the pin up with --upgrade-package"
                .to_owned(),
        );
    }
    if has(&["The build backend returned an error", "Failed to build", "build backend"]) {
        return (
            "lock/build-failed",
            None,
            "the project's own build failed; its output is among the causes. Choose a version with a wheel, \
             or install what its build needs"
                .to_owned(),
        );
    }
    if request.client.settings().offline && has(&["Network connectivity is disabled", "offline"]) {
        return (
            "lock/offline",
            Some("the lock needs the index, and --offline forbids to ask it".to_owned()),
            "run once without --offline, or point --index at an index inside the network"
                .to_owned(),
        );
    }
    if has(&[
        "Received some unexpected HTML",
        "Failed to parse HTML",
        "unsupported content type",
        "Received some unexpected JSON",
        "Missing `Content-Type`",
        "Unsupported `Content-Type`",
    ]) {
        return (
            "lock/index-answer",
            Some("the index answered something that is not an index page".to_owned()),
            "a block page of a proxy, or a wrong URL: open the URL named below, and check --index"
                .to_owned(),
        );
    }
    if has(&["HTTP status", "status code"]) {
        return (
            "lock/index-status",
            Some("the index refused to answer".to_owned()),
            "check the index's URL and credentials, or try again later".to_owned(),
        );
    }
    if has(&[
        "Failed to fetch",
        "error sending request",
        "Request failed",
        "dns error",
        "Connection refused",
        "connection closed",
        "timed out",
        "operation timed out",
    ]) {
        return (
            "lock/index-unreachable",
            Some("the index could not be reached".to_owned()),
            "check the network, the proxy settings and --index".to_owned(),
        );
    }
    if has(&["was not found in the package registry", "not found in the registry"]) {
        return (
            "lock/unknown-project",
            None,
            "check the spelling, and whether the index has the project".to_owned(),
        );
    }
    ("lock/failed", None, "the causes above say where it failed".to_owned())
}

/// Every message of the chain, outermost first, each once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = plain(&error.to_string()).trim().to_owned();
        if !message.is_empty() && !messages.iter().any(|earlier| earlier.contains(&message)) {
            messages.push(message);
        }
        next = error.source();
    }
    messages
}

/// Without the colours that uv writes whatever the terminal is.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
