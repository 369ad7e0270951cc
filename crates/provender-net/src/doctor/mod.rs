//! Looking at the way to a host and saying what is wrong with it.
//!
//! A [`Prober`] goes the way a request would go (name, route, proxy, TLS), writes down what it sees,
//! judges what was presented against each set of roots, and ends in a
//! [`HostDiagnosis`](provender_core::doctor::HostDiagnosis) with evidence and a remedy. A remedy is
//! tried with a real handshake before it is called proved. Nothing that a probe finds is trusted by
//! that: an authority's certificate is handed out ([`HostProbe::authority_pem`]) for people to
//! compare its fingerprint, and to name it if it is theirs.
//!
//! HTTP is spoken only inside connections that the client verifies, or where the URL asks for plain
//! http; the handshake that is heard without verifying sends nothing (see `record.rs`).
//!
//! Several hosts looked at together ([`Prober::probe_all`]) tell more than one at a time: one issuer
//! over unrelated hosts is interception, several chains outside their time are a wrong clock.

mod authority;
mod chain;
mod clock;
mod clues;
mod complete;
mod conformance;
mod diagnose;
mod dial;
mod findings;
mod judge;
mod observe;
mod offers;
mod page;
mod prober;
mod record;
mod remedy;
mod rules;
mod trust;
mod unreachable;
mod visit;

use std::time::Duration;

use jiff::Timestamp;
use provender_core::doctor::HostReport;
use rustls::pki_types::CertificateDer;
use url::Url;

pub use chain::pem;
pub use conformance::Nonconformity;
pub use judge::{ChainFault, judge};
pub use prober::Prober;
pub use rules::{RULES, Rule};

/// A host to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What a request would ask for. Credentials in it are not sent.
    pub url: Url,
    /// What the host is needed for, such as `index` or `advisory source`.
    pub purpose: String,
    /// What a good answer is.
    pub expects: Expects,
    /// Whether the host is known to have a certificate of a public authority. Another one is then
    /// an interceptor's, and not the host's own.
    pub known_public: bool,
}

impl Target {
    /// A host of which any answer is good.
    pub fn new(url: Url, purpose: impl Into<String>) -> Self {
        Self { url, purpose: purpose.into(), expects: Expects::Anything, known_public: false }
    }

    /// Says what a good answer is.
    #[must_use]
    pub fn expects(mut self, expects: Expects) -> Self {
        self.expects = expects;
        self
    }

    /// Says that the host is known to have a certificate of a public authority, as the hosts behind
    /// built-in defaults are.
    #[must_use]
    pub fn known_public(mut self) -> Self {
        self.known_public = true;
        self
    }
}

/// What a good answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// A page of the simple API: JSON (PEP 691) or a list of links (PEP 503). Another web page is
    /// one of a portal or of a blocking proxy.
    IndexPage,
    /// JSON.
    Json,
    /// A file that is no web page, such as a wheel or a dump of advisories. A web page in its place is
    /// one of a portal or of a blocking proxy. The root of a host that has only files may be refused
    /// with one.
    File,
    /// Whatever comes.
    Anything,
}

/// How a [`Prober`] works.
#[derive(Debug, Clone)]
pub struct ProberSettings {
    /// Roots in the place of the operating system's; none for those themselves. For tests, which
    /// have to say what the machine trusts.
    pub system_roots: Option<Vec<CertificateDer<'static>>>,
    /// Roots in the place of the Mozilla set that is built in; none for that. For tests.
    pub public_roots: Option<Vec<CertificateDer<'static>>>,
    /// The time in the place of the clock's. For tests.
    pub now: Option<Timestamp>,
    /// Whether certificates may say that their issuers' are to be had from addresses of this machine
    /// and of private networks. For tests, whose servers are there.
    pub local_repositories: bool,
    /// How many hosts are looked at together.
    pub parallel: usize,
    /// How long a step, such as a connection or a handshake, may take; the settings' time to connect
    /// if that is shorter.
    pub step_timeout: Duration,
}

impl Default for ProberSettings {
    /// The machine's roots and clock, certificates from other networks only, eight hosts together, ten seconds for a step.
    fn default() -> Self {
        Self {
            system_roots: None,
            public_roots: None,
            now: None,
            local_repositories: false,
            parallel: 8,
            step_timeout: Duration::from_secs(10),
        }
    }
}

/// What a probe came to.
#[derive(Debug, Clone)]
pub struct HostProbe {
    /// What is told.
    pub report: HostReport,
    /// The certificates that were presented, the server's own first; empty if none were.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate of the authority at the chain's end, trusted or not, wherever it was found; of
    /// an intermediate one, where the root's was not, or where the server leaves out just that. None
    /// where none was found.
    pub authority_certificate: Option<CertificateDer<'static>>,
}

impl HostProbe {
    /// [`authority_certificate`](Self::authority_certificate) as PEM, fit for a CA bundle, for those
    /// who have compared its fingerprint.
    pub fn authority_pem(&self) -> Option<String> {
        self.authority_certificate.as_ref().map(chain::pem)
    }
}
