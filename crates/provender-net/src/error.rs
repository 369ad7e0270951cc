//! What can go wrong between here and a server, and what to do about it.
//!
//! Every URL in an error is redacted, every text from a server is fit for a terminal, and every
//! [`NetError::hint`] names something the user can do.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use provender_core::Sha256;

use crate::proxy_failure::ProxyFailure;
use crate::redact::RedactedUrl;
use crate::roots::RootsError;
use crate::tls::TlsFailure;

/// A setting whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` cannot be used: {reason}")]
pub struct SettingError {
    /// The setting as the user knows it.
    pub setting: String,
    /// What is wrong with its value, without the value's secrets.
    pub reason: String,
}

impl SettingError {
    pub(crate) fn new(setting: &str, reason: String) -> Self {
        Self { setting: setting.to_owned(), reason }
    }
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The host's name has no address.
    #[error("cannot find the address of `{}` for {url}: {reason}", .url.host())]
    Dns {
        /// What was asked for.
        url: RedactedUrl,
        /// What the system's resolver said.
        reason: String,
    },
    /// The server cannot be reached.
    #[error("cannot connect to `{}` for {url}: {reason}", .url.host())]
    Connect {
        /// What was asked for.
        url: RedactedUrl,
        /// What the operating system said.
        reason: String,
    },
    /// The server was silent for too long.
    #[error("{} within {} s for {url}", if *.connecting { "no connection" } else { "no data" }, .after.as_secs_f64())]
    Timeout {
        /// What was asked for.
        url: RedactedUrl,
        /// Whether the connection was still being made.
        connecting: bool,
        /// The limit that was reached.
        after: Duration,
    },
    /// The TLS handshake failed.
    #[error("{failure}, asked for {url}")]
    Tls {
        /// What was asked for.
        url: RedactedUrl,
        /// What the server presented, and what is wrong with it.
        failure: Box<TlsFailure>,
    },
    /// The trusted roots cannot be read.
    #[error(transparent)]
    Roots(Arc<RootsError>),
    /// A forward proxy is in the way.
    #[error("{0}")]
    Proxy(Box<ProxyFailure>),
    /// The server answered with an error.
    #[error("{} answered {status}{}", .url, reason_phrase(*.status))]
    Status {
        /// What was asked for, after redirects.
        url: RedactedUrl,
        /// The status code.
        status: u16,
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
        /// Where the credentials that were sent came from; none if none were.
        credentials_from: Option<String>,
    },
    /// A redirect that is not followed.
    #[error("{url} redirects to {target}: {reason}")]
    Redirect {
        /// What was asked for.
        url: RedactedUrl,
        /// Where it points.
        target: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// The transfer broke off for a reason other than a timeout.
    #[error("the transfer of {url} broke off: {reason}")]
    Interrupted {
        /// What was asked for.
        url: RedactedUrl,
        /// What happened.
        reason: String,
    },
    /// What was to be sent cannot be read on this side.
    #[error("cannot read what is to be sent to {url}: {error}")]
    Unsent {
        /// Where it was to be sent.
        url: RedactedUrl,
        /// What the reader said.
        error: io::Error,
    },
    /// The transfer ended before all was there.
    #[error("the transfer of {url} ended after {received} of {expected} bytes")]
    Truncated {
        /// What was asked for.
        url: RedactedUrl,
        /// How many bytes came.
        received: u64,
        /// How many were announced.
        expected: u64,
    },
    /// More came, or was announced, than is allowed.
    #[error("{url} is larger than the allowed {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: RedactedUrl,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file came encoded, although it was asked for as it is: its bytes are then those of no file
    /// that anybody promised.
    #[error("{url} came with the Content-Encoding `{encoding}`, and was asked for as it is")]
    Encoded {
        /// What was asked for, after redirects.
        url: RedactedUrl,
        /// The encoding that was told.
        encoding: String,
    },
    /// What came is not what was promised.
    #[error("{url} has sha256 {actual}, expected {expected}")]
    DigestMismatch {
        /// What was asked for.
        url: RedactedUrl,
        /// The promised digest.
        expected: Sha256,
        /// The digest of what came.
        actual: Sha256,
    },
    /// Something else came than was asked for: often the page of a portal or a blocking proxy.
    #[error("expected {wanted} from {url}, got {content_type} beginning with `{start}`")]
    Unexpected {
        /// What was asked for.
        url: RedactedUrl,
        /// What was wanted, such as `a zip file`.
        wanted: &'static str,
        /// The content type that was told.
        content_type: String,
        /// The first characters.
        start: String,
        /// Whether it looks like a web page.
        html: bool,
    },
    /// The client was told not to use the network.
    #[error("not asking for {url}: offline")]
    Offline {
        /// What would have been asked for.
        url: RedactedUrl,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`: {error}", .path.display())]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The netrc file cannot be used.
    #[error("cannot read the netrc file `{}`: {reason}", .path.display())]
    Netrc {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the file's content.
        reason: String,
    },
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The URL cannot be asked for.
    #[error("cannot ask for {url}: {reason}")]
    BadUrl {
        /// The URL.
        url: RedactedUrl,
        /// Why.
        reason: String,
    },
}

fn reason_phrase(status: u16) -> String {
    let phrase =
        reqwest::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    phrase.map(|phrase| format!(" ({phrase})")).unwrap_or_default()
}

impl From<ProxyFailure> for NetError {
    fn from(failure: ProxyFailure) -> Self {
        Self::Proxy(Box::new(failure))
    }
}

impl NetError {
    /// What to do about it; none if there is nothing better to say than the message.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Dns { .. } => "check the host's name; in a closed network a proxy may be needed \
                 (`HTTPS_PROXY`), or `--offline`"
                .to_owned(),
            Self::Connect { .. } => "check that the server is up and that no firewall is between; \
                 in a closed network a proxy may be needed (`HTTPS_PROXY`)"
                .to_owned(),
            Self::Timeout { connecting: true, .. } => {
                "a firewall may drop the connection; in a closed network a proxy may be needed \
                 (`HTTPS_PROXY`)"
                    .to_owned()
            }
            Self::Timeout { connecting: false, .. } | Self::Interrupted { .. } => {
                "try again later".to_owned()
            }
            Self::Truncated { .. } => "try again later; a proxy may cut long transfers".to_owned(),
            Self::Tls { failure, .. } => return failure.hint(),
            Self::Roots(error) => return error.hint(),
            Self::Proxy(failure) => failure.hint(),
            Self::Status { url, status, retry_after, credentials_from } => {
                return status_hint(url, *status, *retry_after, credentials_from.as_deref());
            }
            Self::Redirect { .. } => {
                "name the final URL yourself if it is the one you mean".to_owned()
            }
            Self::TooLarge { .. } => return None,
            Self::Encoded { .. } => "the server, or a proxy before it, compresses what it was not \
                 asked to compress: have it leave files as they are"
                .to_owned(),
            Self::DigestMismatch { .. } => {
                "the file was replaced or damaged on the way; nothing of \
                 it was kept"
                    .to_owned()
            }
            Self::Unexpected { html: true, .. } => "a web page came instead: check the URL, and \
                 whether a proxy or a captive portal answered in the server's place"
                .to_owned(),
            Self::Unexpected { html: false, .. } => "check the URL".to_owned(),
            Self::Offline { .. } => "leave out `--offline`".to_owned(),
            Self::Unsent { .. } => return None,
            Self::Io { error, .. } => return io_hint(error).map(str::to_owned),
            Self::Netrc { .. } => "correct the file, or name another one with `NETRC`".to_owned(),
            Self::Setting(error) => format!("correct `{}`", error.setting),
            Self::BadUrl { .. } => "only http and https URLs can be asked for".to_owned(),
        };
        Some(hint)
    }
}

fn status_hint(
    url: &RedactedUrl,
    status: u16,
    retry_after: Option<Duration>,
    credentials_from: Option<&str>,
) -> Option<String> {
    let hint = match (status, credentials_from) {
        (401 | 403, Some(source)) => {
            format!("`{}` refuses the credentials from {source}", url.host())
        }
        (401, None) => format!("give credentials for `{}` in netrc or in the settings", url.host()),
        (403, None) => format!(
            "`{}` refuses, or a proxy does in its place; credentials can be given in netrc or in \
             the settings",
            url.host()
        ),
        (404 | 410, _) => "check the URL".to_owned(),
        (429 | 503, _) if retry_after.is_some() => {
            format!("the server asks to wait {} s", retry_after.unwrap_or_default().as_secs())
        }
        (408 | 425 | 429 | 500.., _) => "try again later".to_owned(),
        _ => return None,
    };
    Some(hint)
}

fn io_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull => {
            Some("the disk is full: free some space, or move the data with `--data-dir`")
        }
        io::ErrorKind::QuotaExceeded => {
            Some("the disk quota is used up: free some space, or move the data with `--data-dir`")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("the file system is read-only: choose another place with `--data-dir`")
        }
        io::ErrorKind::PermissionDenied => {
            Some("no permission to write there: choose another place with `--data-dir`")
        }
        io::ErrorKind::NotFound => Some("the directory does not exist"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_and_a_read_only_disk_are_told_as_such() {
        for (kind, word) in
            [(io::ErrorKind::StorageFull, "full"), (io::ErrorKind::ReadOnlyFilesystem, "read-only")]
        {
            let path = PathBuf::from("advisories/osv.zip");
            let error = NetError::Io { action: "write", path, error: kind.into() };
            assert!(error.to_string().contains("advisories/osv.zip"));
            assert!(error.hint().unwrap().contains(word));
        }
    }
}
