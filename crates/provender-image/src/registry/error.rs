//! What can go wrong between an image and its registry.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use provender_net::{Incoming, NetError, RedactedUrl, Reply, redact_text};
use serde::Deserialize;

use crate::{Digest, ImageError};

/// How much of what a registry says is shown, in characters.
const SHOWN: usize = 300;

/// Why an image was not pulled or pushed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The registry, or its token server, lets nobody or not this one in.
    #[error("{0}")]
    Denied(Box<Refusal>),
    /// There is no such image.
    #[error("there is no {reference}")]
    NoImage {
        /// What was asked for.
        reference: String,
        /// Some of the tags that the repository has, where it tells.
        tags: Vec<String>,
    },
    /// Another refusal.
    #[error("{url} answered {status}{}", shown(.said))]
    Status {
        /// What was asked for.
        url: RedactedUrl,
        /// The status code.
        status: u16,
        /// What the registry said.
        said: String,
        /// How long the registry asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// A web page came: the page of a portal or of a proxy.
    #[error("{url} answered with a web page, which no registry does")]
    WebPage {
        /// What was asked for.
        url: RedactedUrl,
    },
    /// A manifest of the form that docker gave up in 2019.
    #[error("{reference} is a docker image of schema 1, whose layers no digest of its own covers")]
    Schema1 {
        /// The image.
        reference: String,
    },
    /// Other bytes than those that were named.
    #[error("{url}: the {what} is not {expected}: {found}")]
    Digest {
        /// What it is: `manifest`, `blob`.
        what: &'static str,
        /// Where it came from.
        url: RedactedUrl,
        /// What was named.
        expected: Digest,
        /// What was found instead.
        found: String,
    },
    /// A layer that is kept elsewhere than in the registry.
    #[error("{reference} has a layer, {digest}, that is kept outside its registry")]
    ForeignLayer {
        /// The image.
        reference: String,
        /// The layer.
        digest: Digest,
    },
    /// An answer that cannot be read.
    #[error("{url}: the {what} {reason}")]
    Malformed {
        /// What it is: `manifest`, `token`, `upload`, `list of referrers`.
        what: &'static str,
        /// Where it came from.
        url: RedactedUrl,
        /// What is wrong with it.
        reason: String,
    },
    /// A registry's name that is no host.
    #[error("`{0}` is not the name of a registry: HOST[:PORT]")]
    BadRegistry(String),
    /// A token server that cannot be asked.
    #[error("{registry} names a token server that is {reason}")]
    Realm {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// From https the way would lead to plain http.
    #[error("{registry} leads from https to plain http: {url}")]
    Insecure {
        /// The registry.
        registry: String,
        /// Where it leads.
        url: RedactedUrl,
    },
    /// What is to be pushed cannot be read.
    #[error("cannot read {digest}, which is to be pushed: {source}")]
    Unreadable {
        /// The blob.
        digest: Digest,
        /// What the reader said.
        source: io::Error,
    },
    /// What is to be pushed is not what it says.
    #[error("cannot push to {reference}: {reason}")]
    Unfit {
        /// Where it should go.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// After the push something is not there.
    #[error("{reference} took {what} {digest} and has it not")]
    Lost {
        /// Where it was pushed to.
        reference: String,
        /// What it is.
        what: &'static str,
        /// Its digest.
        digest: Digest,
    },
    /// Others changed the list of referrers each time it was written.
    #[error("the list of what refers to {subject} changed each time {digest} was added to it")]
    Contended {
        /// What is referred to.
        subject: Digest,
        /// What was to be added.
        digest: Digest,
    },
    /// A file on this side.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A refusal of access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The registry.
    pub registry: String,
    /// The repository; none where the token server refused.
    pub repository: Option<String>,
    /// What was asked for.
    pub url: RedactedUrl,
    /// 401 or 403.
    pub status: u16,
    /// What the registry said.
    pub said: String,
    /// Where the credential came from that was shown; none if none was.
    pub credential: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repository {
            Some(repository) => write!(f, "{}/{repository} refuses", self.registry)?,
            None => write!(f, "the token server of {} ({}) refuses", self.registry, self.url)?,
        }
        match &self.credential {
            Some(source) => write!(f, " the credential from {source}")?,
            None => f.write_str(" access without a credential")?,
        }
        write!(f, " ({}){}", self.status, shown(&self.said))
    }
}

impl RegistryError {
    /// What to do about it; none if there is nothing better to say than the message.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Net(error) => return error.hint(),
            Self::Denied(refusal) => match (&refusal.credential, refusal.status) {
                (None, _) => format!(
                    "give a credential for `{}`: `docker login`, `podman login`, netrc or the settings",
                    refusal.registry
                ),
                (Some(source), 401) => {
                    format!("check the credential in {source}; it may have ended")
                }
                (Some(source), _) => format!(
                    "have whoever the credential in {source} belongs to be given access, and check \
                     the repository's name"
                ),
            },
            Self::NoImage { tags, .. } if tags.is_empty() => {
                "check the repository and the tag".to_owned()
            }
            Self::NoImage { tags, .. } => format!("the repository has {}", tags.join(", ")),
            Self::Status { retry_after: Some(after), .. } => {
                format!("the registry asks to wait {} s", after.as_secs())
            }
            Self::Status { status: 413, .. } => {
                "a proxy before the registry limits requests: choose a smaller chunk size"
                    .to_owned()
            }
            Self::Status { status: 405, .. } => {
                "the registry may be a read-only mirror: push to the one it mirrors".to_owned()
            }
            Self::Status { status: 408 | 429 | 500.., .. } => "try again later".to_owned(),
            Self::WebPage { .. } => "check the registry's name, and whether a proxy or a captive \
                 portal answered in its place"
                .to_owned(),
            Self::Schema1 { .. } => {
                "have the image pushed again by a docker of today, or name another one".to_owned()
            }
            Self::Digest { .. } => {
                "it was replaced or damaged in the registry or on the way; nothing of it was kept"
                    .to_owned()
            }
            Self::ForeignLayer { .. } => {
                "push the image with all its layers to a registry of your network".to_owned()
            }
            Self::Insecure { registry, .. } => {
                format!("have `{registry}` told by which https URL it is reached")
            }
            Self::Lost { .. } => "a clean-up may run on the registry: push again".to_owned(),
            Self::Contended { .. } => "try again when the others are done".to_owned(),
            Self::Image(_)
            | Self::Status { .. }
            | Self::Malformed { .. }
            | Self::BadRegistry(_)
            | Self::Realm { .. }
            | Self::Unreadable { .. }
            | Self::Unfit { .. }
            | Self::Io { .. } => return None,
        })
    }

    /// A refusal whose body was read.
    pub(super) fn status(reply: &Reply) -> Self {
        let retry_after = match reply.failed() {
            NetError::Status { retry_after, .. } => retry_after,
            _ => None,
        };
        let (url, status) = (RedactedUrl::from(&reply.url), reply.status);
        Self::Status { url, status, said: said(&reply.body), retry_after }
    }

    /// The malformed answer that came from there.
    pub(super) fn malformed(
        what: &'static str,
        from: &Incoming,
        reason: impl Into<String>,
    ) -> Self {
        Self::Malformed { what, url: RedactedUrl::from(from.url()), reason: reason.into() }
    }

    /// Something the system said about a file.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn shown(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What a registry says in the body of a refusal (distribution-spec, "Error Codes"), fit for a
/// terminal; empty where it says nothing in this form.
pub(super) fn said(body: &[u8]) -> String {
    let Ok(Errors { errors }) = serde_json::from_slice(body) else { return String::new() };
    let one = |error: &OneError| match (error.code.as_str(), error.message.as_str()) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{message} ({code})"),
    };
    let all: Vec<String> = errors.iter().take(5).map(one).filter(|text| !text.is_empty()).collect();
    redact_text(&all.join("; ")).chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_shown_in_bounds_and_without_control_characters() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway","detail":{"a":1}},{"code":"NAME_UNKNOWN"}]}"#;
        assert_eq!(said(body), "no \u{fffd}[31mway (DENIED); NAME_UNKNOWN");
        assert_eq!(said(b"<html>"), "");
        let long = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "x".repeat(10_000));
        assert_eq!(said(long.as_bytes()).len(), SHOWN);
    }
}
