//! Judging a recorded chain against roots, without a connection.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use provender_core::doctor::{EffectiveRoots, RootSource};
use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;

use super::chain::{in_order, is_self_issued, issued};
use super::conformance::{Nonconformity, nonconformities};
use crate::certificate::CertificateFacts;
use crate::roots::{CaBundle, RootSets, parse, read_bundle};
use crate::tls::TlsProblem;

/// Why a chain is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// No trusted root leads to it.
    #[error("no trusted root leads to it")]
    UnknownIssuer,
    /// A root leads to it, and a certificate of it is past its end.
    #[error("`{subject}` ended on {at}")]
    Expired {
        /// Whom the certificate is for.
        subject: String,
        /// When it ended.
        at: Timestamp,
    },
    /// A root leads to it, and the time of a certificate of it has not come yet.
    #[error("`{subject}` is valid from {from} on")]
    NotYetValid {
        /// Whom the certificate is for.
        subject: String,
        /// When it begins.
        from: Timestamp,
    },
    /// A root leads to it, and it is for other names.
    #[error("it is for {}", if .names.is_empty() { "no name".to_owned() } else { .names.join(", ") })]
    WrongName {
        /// The names it is for.
        names: Vec<String>,
    },
    /// A root leads to it, and a strict verifier refuses it all the same.
    #[error("strict verifiers refuse it: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NotConforming(Vec<Nonconformity>),
    /// No root leads to it, but the server's own certificate is among the roots, is for the name and
    /// of the time. OpenSSL takes that where it takes partial chains (Python from 3.13, curl), and
    /// where the certificate is signed by itself; rustls does not.
    #[error("its own certificate is among the roots, which is no authority's")]
    TrustedItself,
    /// It is unfit for another reason.
    #[error("it is unfit: {0}")]
    Unfit(String),
    /// The roots cannot be read, or there are none.
    #[error("{0}")]
    Roots(String),
}

/// Judges a chain, the server's own certificate first, as a tool with these roots would.
///
/// Reads the files that the roots name. The chain has to be for `server_name`, a DNS name or an IP
/// address, at the time `now`.
///
/// # Errors
///
/// Why the tool would refuse it.
pub fn judge(
    chain: &[CertificateDer<'static>],
    server_name: &str,
    roots: &EffectiveRoots,
    now: Timestamp,
) -> Result<(), ChainFault> {
    judge_with(chain, server_name, roots, now, &RootSets::default())
}

pub(super) fn judge_with(
    chain: &[CertificateDer<'static>],
    server_name: &str,
    roots: &EffectiveRoots,
    now: Timestamp,
    sets: &RootSets,
) -> Result<(), ChainFault> {
    let mut certificates = Vec::new();
    let mut unread = None;
    for source in &roots.sources {
        match read(source, sets) {
            Ok(read) => certificates.extend(read),
            Err(reason) => unread = Some(reason),
        }
    }
    if let (true, Some(reason)) = (certificates.is_empty(), unread) {
        return Err(ChainFault::Roots(reason));
    }
    let anchors = Anchors::new(certificates);
    anchors.judge(chain, server_name, now)?;
    if roots.strict {
        let refused: Vec<_> = anchors.nonconformities(chain);
        let refused: Vec<_> = refused.into_iter().filter(|found| found.refused).collect();
        if !refused.is_empty() {
            return Err(ChainFault::NotConforming(refused));
        }
    }
    Ok(())
}

fn read(source: &RootSource, sets: &RootSets) -> Result<Vec<CertificateDer<'static>>, String> {
    match source {
        RootSource::System => Ok(sets.system()),
        RootSource::Mozilla => Ok(sets.public()),
        RootSource::File(path) => {
            let bundle = CaBundle::new(path, path.display().to_string());
            read_bundle(&bundle).map_err(|error| error.to_string())
        }
        RootSource::Folder(path) => hashed_folder(path)
            .map_err(|error| format!("cannot read the folder `{}`: {error}", path.display())),
    }
}

/// The certificates that OpenSSL finds in a folder: those in files named by the hash of their
/// subject, such as `5ad8a5d6.0`. Others it does not see.
fn hashed_folder(folder: &Path) -> std::io::Result<Vec<CertificateDer<'static>>> {
    let mut certificates = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let hashed =
            name.to_str().and_then(|name| name.split_once('.')).is_some_and(|(hash, n)| {
                hash.len() == 8
                    && hash.bytes().all(|c| c.is_ascii_hexdigit())
                    && n.bytes().all(|c| c.is_ascii_digit())
            });
        if hashed && let Ok(bytes) = std::fs::read(entry.path()) {
            certificates.extend(parse(&bytes).unwrap_or_default());
        }
    }
    Ok(certificates)
}

/// Certificates that chains may end in.
#[derive(Debug)]
pub(super) struct Anchors {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// None where no certificate can anchor a chain.
    verifier: Option<Arc<WebPkiServerVerifier>>,
}

impl Anchors {
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let verifier = store(certificates.iter().cloned()).and_then(|store| {
            let provider = Arc::new(default_provider());
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().ok()
        });
        Self { certificates, verifier }
    }

    /// Whether a chain leads here and is for the name at the time.
    pub(super) fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        server_name: &str,
        now: Timestamp,
    ) -> Result<(), ChainFault> {
        let problem = match self.verify(chain, server_name, now)? {
            None => return Ok(()),
            Some(problem) => problem,
        };
        let own = chain.first().and_then(CertificateFacts::from_der);
        if self.holds_itself(chain, server_name)
            && own.as_ref().is_some_and(|own| own.not_before <= now && now <= own.not_after)
        {
            return Err(ChainFault::TrustedItself);
        }
        let names = || own.map(|facts| facts.names).unwrap_or_default();
        Err(match problem {
            TlsProblem::UnknownIssuer => ChainFault::UnknownIssuer,
            TlsProblem::WrongName => ChainFault::WrongName { names: names() },
            TlsProblem::Expired | TlsProblem::NotYetValid => {
                self.out_of_time(chain, server_name, now)
            }
            TlsProblem::Revoked => ChainFault::Unfit("it is revoked".to_owned()),
            TlsProblem::BadCertificate(reason) | TlsProblem::Protocol(reason) => {
                ChainFault::Unfit(reason)
            }
        })
    }

    /// Whether a server's own certificate is among these, and for the name.
    fn holds_itself(&self, chain: &[CertificateDer<'static>], server_name: &str) -> bool {
        let Some(own) = chain.first().filter(|own| self.certificates.contains(own)) else {
            return false;
        };
        let (Ok(own), Ok(name)) =
            (ParsedCertificate::try_from(own), ServerName::try_from(server_name))
        else {
            return false;
        };
        verify_server_name(&own, &name).is_ok()
    }

    /// A chain outside its time is looked at once more at a time that suits all of it: whoever
    /// checks the time first says `expired` of chains that no root leads to as well.
    fn out_of_time(
        &self,
        chain: &[CertificateDer<'static>],
        server_name: &str,
        now: Timestamp,
    ) -> ChainFault {
        let facts: Vec<_> = chain.iter().filter_map(CertificateFacts::from_der).collect();
        let begin = facts.iter().map(|facts| facts.not_before).max().unwrap_or(now);
        let end = facts.iter().map(|facts| facts.not_after).min().unwrap_or(now);
        let suits = if begin <= end { begin } else { end };
        if let Ok(Some(TlsProblem::UnknownIssuer)) = self.verify(chain, server_name, suits) {
            return ChainFault::UnknownIssuer;
        }
        let ended = facts.iter().find(|facts| facts.not_after < now);
        let later = facts.iter().find(|facts| facts.not_before > now);
        match (ended, later) {
            (Some(facts), _) => {
                ChainFault::Expired { subject: facts.subject.clone(), at: facts.not_after }
            }
            (None, Some(facts)) => {
                ChainFault::NotYetValid { subject: facts.subject.clone(), from: facts.not_before }
            }
            (None, None) => ChainFault::Unfit("it is outside its time".to_owned()),
        }
    }

    fn verify(
        &self,
        chain: &[CertificateDer<'static>],
        server_name: &str,
        now: Timestamp,
    ) -> Result<Option<TlsProblem>, ChainFault> {
        let Some(verifier) = &self.verifier else {
            return Err(ChainFault::Roots("there is no root".to_owned()));
        };
        let Some((own, others)) = chain.split_first() else {
            return Err(ChainFault::Unfit("no certificate was presented".to_owned()));
        };
        let name = ServerName::try_from(server_name.to_owned())
            .map_err(|_| ChainFault::Unfit(format!("`{server_name}` is no name of a server")))?;
        let verdict = verifier.verify_server_cert(own, others, &name, &[], unix(now));
        Ok(verdict.err().map(|error| TlsProblem::from_error(&error)))
    }

    /// What in the path from a chain to these anchors breaks RFC 5280.
    pub(super) fn nonconformities(&self, chain: &[CertificateDer<'static>]) -> Vec<Nonconformity> {
        nonconformities(&self.path(chain))
    }

    /// The path that OpenSSL builds: an issuer that is trusted is preferred to a presented one, and
    /// the first trusted certificate ends it.
    fn path(&self, chain: &[CertificateDer<'static>]) -> Vec<CertificateDer<'static>> {
        let mut path = Vec::new();
        for certificate in in_order(chain) {
            let trusted = self.certificates.contains(&certificate);
            path.push(certificate.clone());
            if trusted || is_self_issued(&certificate) {
                break;
            }
            if let Some(anchor) = self.issuer_of(&certificate) {
                path.push(anchor.clone());
                break;
            }
        }
        path
    }

    /// The anchor that signed a certificate, as far as names and key identifiers tell.
    pub(super) fn issuer_of(
        &self,
        certificate: &CertificateDer<'static>,
    ) -> Option<&CertificateDer<'static>> {
        self.certificates.iter().find(|anchor| issued(anchor, certificate))
    }
}

/// A store of those certificates that can anchor a chain; none if there is none.
pub(super) fn store(
    certificates: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates);
    (added > 0).then_some(store)
}

/// The time as rustls counts it. Times before 1970 are 1970.
pub(super) fn unix(time: Timestamp) -> UnixTime {
    let seconds = u64::try_from(time.as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}
