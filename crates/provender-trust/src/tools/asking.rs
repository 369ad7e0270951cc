//! Asking an installed tool: running it with a request that changes nothing, and reading what it says.

use std::time::Duration;

use provender_core::doctor::ToolVerdict;
use provender_core::redact::without_credentials;
use url::Url;

use super::{Installed, Request, Tool, Words};
use crate::process::{Invocation, Output, run};
use crate::{Machine, Setting};

/// How long a tool may take for one request. Poetry tries five times with growing pauses, about nine seconds in all.
const LIMIT: Duration = Duration::from_secs(40);

/// How long a tool may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// How long a line of a tool's output is quoted, in characters.
const QUOTED: usize = 300;

/// What a tool that was asked did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// [`Verifies`](ToolVerdict::Verifies) if it accepted the server, [`Fails`](ToolVerdict::Fails) if it refused the
    /// certificate, [`Unknown`](ToolVerdict::Unknown) if the request came to nothing for another reason. That
    /// verification is off cannot be seen from one request: a tool that does not look accepts.
    pub verdict: ToolVerdict,
    /// The line of its output that says so, or why it is unknown.
    pub detail: Option<String>,
}

/// Runs the tool with a request for `url`, the machine as it would be with `settings`. None where the tool cannot be
/// asked, or not with these settings before files are changed.
pub fn ask(
    tool: &dyn Tool,
    machine: &Machine,
    installed: &Installed,
    url: &Url,
    settings: &[Setting],
) -> Option<Asked> {
    if !settings.iter().all(Setting::can_be_tried) {
        return None;
    }
    let machine = machine.with(settings);
    let arguments: Vec<String> = settings
        .iter()
        .filter_map(|setting| match setting {
            Setting::Line { arguments, .. } => Some(arguments.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let unknown = |why: std::io::Error| Asked {
        verdict: ToolVerdict::Unknown,
        detail: Some(format!("it could not be asked: {why}")),
    };
    let scratch = match machine.scratch_folder() {
        Ok(scratch) => scratch,
        Err(error) => return Some(unknown(error)),
    };
    // Tools name folders by their real paths.
    let folder = scratch.path().canonicalize().unwrap_or_else(|_| scratch.path().to_owned());
    let request =
        Request { machine: &machine, installed, url, scratch: &folder, arguments: &arguments };
    let invocation = match tool.request(&request) {
        Ok(invocation) => invocation?,
        Err(error) => return Some(unknown(error)),
    };
    // The words that are looked for are English.
    let invocation = invocation.env("LC_ALL", "C").without("LANGUAGE");
    Some(match run(&invocation, &machine, &folder, LIMIT) {
        Ok(output) => read(&output, tool.words()),
        Err(error) => unknown(error),
    })
}

/// Runs a tool for what it tells about itself, away from the working directory, so that no project's code or settings
/// take part. None if it does not start or fails.
pub(super) fn told(machine: &Machine, invocation: Invocation) -> Option<String> {
    let scratch = machine.scratch_folder().ok()?;
    let invocation = Invocation { directory: scratch.path().to_owned(), ..invocation };
    let output = run(&invocation, machine, scratch.path(), VERSION_LIMIT).ok()?;
    output
        .success
        .then(|| if output.stdout.trim().is_empty() { output.text } else { output.stdout })
}

/// What is said by some tool, and only by tools, whose peer's certificate was refused or whose own authorities could
/// not be read.
const REFUSED: &[&str] = &[
    // OpenSSL, as Python, curl, cargo and wget pass it on.
    "CERTIFICATE_VERIFY_FAILED",
    "certificate verify failed",
    "SSL certificate problem",
    "SSL peer certificate or SSH remote key was not OK",
    "unable to get local issuer certificate",
    "self-signed certificate",
    "self signed certificate",
    // Node.
    "unable to verify the first certificate",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    // GnuTLS, as git, wget and apt pass it on.
    "server certificate verification failed",
    "Certificate verification failed",
    "is not trusted",
    "certificate has expired",
    "no alternative certificate subject name matches",
    // rustls, Go, Java, schannel.
    "invalid peer certificate",
    "x509: ",
    "PKIX path building failed",
    "SEC_E_UNTRUSTED_ROOT",
    // The authorities could not be read.
    "Could not find a suitable TLS CA certificate bundle",
    "error setting certificate",
    "Problem with the SSL CA cert",
    "Could not load certificates from",
];

fn read(output: &Output, words: Words) -> Asked {
    let said = |list: &[&str]| {
        let says = |line: &&str| list.iter().any(|word| line.contains(word));
        // A tool that does not look may still warn of what it saw.
        let warns = |line: &str| line.trim_start().to_ascii_lowercase().starts_with("warning");
        output.text.lines().find(|line| says(line) && !warns(line)).map(quoted)
    };
    if let Some(line) = said(REFUSED).or_else(|| said(words.refused)) {
        return Asked { verdict: ToolVerdict::Fails, detail: Some(line) };
    }
    if output.success {
        return Asked { verdict: ToolVerdict::Verifies, detail: None };
    }
    if let Some(line) = said(words.reached) {
        return Asked { verdict: ToolVerdict::Verifies, detail: Some(line) };
    }
    let detail = if output.timed_out {
        format!("no answer within {} seconds", LIMIT.as_secs())
    } else {
        let last = output.text.lines().rev().find(|line| !line.trim().is_empty());
        format!(
            "the request failed: {}",
            last.map_or_else(|| "nothing was said".to_owned(), quoted)
        )
    };
    Asked { verdict: ToolVerdict::Unknown, detail: Some(detail) }
}

fn quoted(line: &str) -> String {
    let line = without_credentials(line.trim());
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, success: bool) -> Output {
        Output { text: text.to_owned(), stdout: String::new(), success, timed_out: false }
    }

    const WORDS: Words = Words { reached: &["404 Not Found"], refused: &[] };

    #[test]
    fn a_404_after_the_handshake_is_trust() {
        let asked = read(&output("a\nerror: 404 Not Found\n", false), WORDS);
        assert_eq!(asked.verdict, ToolVerdict::Verifies);
        assert_eq!(asked.detail.as_deref(), Some("error: 404 Not Found"));
    }

    #[test]
    fn a_refused_certificate_is_told_from_other_failures() {
        let refused = read(&output("curl: (60) SSL certificate problem: x", false), WORDS);
        assert_eq!(refused.verdict, ToolVerdict::Fails);
        let other = read(&output("curl: (7) Failed to connect\n\n", false), WORDS);
        assert_eq!(other.verdict, ToolVerdict::Unknown);
        let detail = other.detail.unwrap();
        assert_eq!(detail, "the request failed: curl: (7) Failed to connect");
    }

    #[test]
    fn a_warning_is_no_refusal() {
        let text = "WARNING: The certificate of 'h' is not trusted.\nERROR 404 Not Found\n";
        assert_eq!(read(&output(text, false), WORDS).verdict, ToolVerdict::Verifies);
    }

    #[test]
    fn no_credentials_are_quoted() {
        let text = "x509: https://ann:s3cret@h.example/ refused";
        let asked = read(&output(text, false), WORDS);
        assert!(!asked.detail.unwrap().contains("s3cret"));
    }
}
