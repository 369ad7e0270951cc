//! What a look at the network and at the tools' trust came to: one report for each host, one row
//! for each tool.
//!
//! Who probes a host (`provender-net`) and who knows a tool (`provender-trust`) both answer in
//! these words; who shows them needs to know neither.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::{Diagnostic, Place, Sha256};

/// What is wrong, or right, with the way to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostDiagnosis {
    /// The chain leads to a root of the public (Mozilla) set.
    Clean,
    /// Somebody between here and the host re-signs TLS, and the machine trusts the authority.
    InterceptedTrusted,
    /// The host's own authority is a private one, and the machine trusts it.
    PrivateTrusted,
    /// No root of the machine leads to the chain: interception whose authority is not installed,
    /// or a private authority.
    UntrustedIssuer,
    /// The server leaves out a certificate between its own and a root that is trusted.
    MissingIntermediate,
    /// A certificate of the chain is past its end, and the clock is right.
    Expired,
    /// The certificate is for other names.
    WrongName,
    /// The machine's clock is wrong, so that good certificates look expired or not yet valid.
    Clock,
    /// Something answers in the host's place: a captive portal or a block page.
    Portal,
    /// No answer: no such name, no connection, refused by the proxy, or no TLS that both sides speak.
    Unreachable,
}

impl HostDiagnosis {
    /// Whether a client that verifies, and trusts what this machine trusts, gets its answer.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Clean | Self::InterceptedTrusted | Self::PrivateTrusted)
    }

    /// The word in JSON and in terminal output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::InterceptedTrusted => "intercepted-trusted",
            Self::PrivateTrusted => "private-trusted",
            Self::UntrustedIssuer => "untrusted-issuer",
            Self::MissingIntermediate => "missing-intermediate",
            Self::Expired => "expired",
            Self::WrongName => "wrong-name",
            Self::Clock => "clock",
            Self::Portal => "portal",
            Self::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for HostDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The certificate authority at the end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorityFacts {
    /// Its name, as `CN=..., O=...`.
    pub name: String,
    /// The fingerprint of its certificate; none where the server did not send it and no store of
    /// this machine has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// When it begins to be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When it ends to be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Where its certificate was found: `presented by the server`, `system store`, a file's path.
    pub found_in: Vec<String>,
}

/// What would make it right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// What to do, in words that can be copied.
    pub text: String,
    /// Whether a real handshake, made as the remedy says, has verified.
    pub proved: bool,
}

/// The way to one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostReport {
    /// What was asked, without credentials.
    pub url: String,
    /// What the project needs the host for, such as `index` or `advisory source`.
    pub purpose: String,
    /// How it is reached: `direct`, or the proxy without its credentials and the setting that named it.
    pub route: String,
    /// What it came to.
    pub diagnosis: HostDiagnosis,
    /// The name of the authority that signed what was presented.
    pub issuer: Option<String>,
    /// The sets of roots that lead to the chain, such as `mozilla`, `system`, `--ca-bundle corp.pem`.
    pub trusted_by: Vec<String>,
    /// The authority at the chain's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<AuthorityFacts>,
    /// What was seen on the way, one line each, in the order it was looked at.
    pub evidence: Vec<String>,
    /// What would make it right.
    pub remedy: Option<Remedy>,
    /// What is wrong or worth knowing, each with its page.
    pub findings: Vec<Diagnostic>,
}

/// Where a verifier may take its roots from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RootSource {
    /// The operating system's store.
    System,
    /// The public set of Mozilla, whoever bundles it (certifi, Node, uv, webpki).
    Mozilla,
    /// A file of PEM certificates.
    File(PathBuf),
    /// A folder of certificates under OpenSSL's hashed names.
    Folder(PathBuf),
}

impl fmt::Display for RootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system's store"),
            Self::Mozilla => f.write_str("the public (Mozilla) set"),
            Self::File(path) | Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The roots that a tool verifies against, as it is set up now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveRoots {
    /// All of them together.
    pub sources: Vec<RootSource>,
    /// Whether the tool refuses chains that RFC 5280's letter refuses, as Python 3.13 does
    /// (`VERIFY_X509_STRICT`): a CA without key usage, a leaf without an authority key identifier.
    pub strict: bool,
}

/// Whether a tool's TLS is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolVerdict {
    /// It verifies, and the handshake succeeds.
    Verifies,
    /// It verifies, and the handshake fails.
    Fails,
    /// A setting switched verification off; whoever answers is believed.
    NotVerified,
    /// It could not be said: no rule applies, or the tool failed for another reason.
    Unknown,
}

impl ToolVerdict {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verifies => "verifies",
            Self::Fails => "fails",
            Self::NotVerified => "not verified",
            Self::Unknown => "unknown",
        }
    }
}

/// How the verdict about a tool was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// The tool itself made a request.
    Asked,
    /// The tool is installed; its documented rules were applied to its settings.
    ByRules,
    /// The tool is not installed; the rules say what it would do.
    NotInstalled,
}

/// One row of the trust matrix: a tool and a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolReport {
    /// The tool's name as it is typed.
    pub tool: &'static str,
    /// Its version, where it is installed and tells.
    pub version: Option<String>,
    /// The URL it was judged for, without credentials.
    pub url: String,
    /// What it does.
    pub verdict: ToolVerdict,
    /// How that is known.
    pub known: Known,
    /// What decides it: a variable, a setting, or the tool's own default.
    pub decided_by: String,
    /// Where the deciding setting stands, if in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was seen, such as the tool's own error line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What would make it verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}
