//! A certificate verifier that verifies as rustls does and remembers what it refused.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use crate::certificate::CertificateFacts;
use crate::roots::{CaBundle, RootSets, Roots};

/// How many hosts' failures are remembered.
const REMEMBERED: usize = 64;

/// What is wrong with a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// No trusted root leads to the certificate.
    UnknownIssuer,
    /// The certificate is past its end.
    Expired,
    /// The certificate's time has not come yet.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// The certificate was revoked.
    Revoked,
    /// A certificate that is unfit for another reason.
    BadCertificate(String),
    /// The other side does not speak TLS as it should.
    Protocol(String),
}

impl TlsProblem {
    pub(crate) fn from_error(error: &Error) -> Self {
        use CertificateError as Bad;
        match error {
            Error::InvalidCertificate(bad) => match bad {
                Bad::UnknownIssuer => Self::UnknownIssuer,
                Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired,
                Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::NotYetValid,
                Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Self::WrongName,
                Bad::Revoked => Self::Revoked,
                other => Self::BadCertificate(other.to_string()),
            },
            other => Self::Protocol(other.to_string()),
        }
    }
}

/// A refused TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    /// The host whose certificate was asked for: a DNS name in lower case or an IP address.
    pub host: String,
    /// What is wrong.
    pub problem: TlsProblem,
    /// The certificate that the server presented; none if the handshake did not come that far.
    pub certificate: Option<CertificateFacts>,
    /// The issuer of the last certificate presented, where it is another than that of the first:
    /// the root that would have to be trusted.
    pub root_issuer: Option<String>,
    /// The named bundles that were trusted and did not help.
    pub bundles: Vec<CaBundle>,
}

impl TlsFailure {
    /// The name of the root that would have to be trusted.
    pub fn wanted_root(&self) -> Option<&str> {
        let of_leaf = self.certificate.as_ref().map(|certificate| certificate.issuer.as_str());
        self.root_issuer.as_deref().or(of_leaf)
    }

    /// What to do about it: always a way to verify, never a way around it.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            TlsProblem::UnknownIssuer => Some(self.trust_hint()),
            TlsProblem::Expired => Some(format!(
                "renew the certificate of `{}`, and check the clock of this machine",
                self.host
            )),
            TlsProblem::NotYetValid => Some("check the clock of this machine".to_owned()),
            TlsProblem::WrongName => Some(
                "use a name the certificate is for, or have the server's certificate reissued with \
                 this name; a proxy or captive portal may also have answered in the server's place"
                    .to_owned(),
            ),
            TlsProblem::Revoked => Some(format!("have `{}` issued a new certificate", self.host)),
            TlsProblem::BadCertificate(_) => Some(self.trust_hint()),
            TlsProblem::Protocol(_) => {
                Some("check that the URL's scheme and port are those of a TLS server".to_owned())
            }
        }
    }

    fn trust_hint(&self) -> String {
        let issuer = self.wanted_root().unwrap_or("the issuer");
        let mut hint = format!(
            "if `{issuer}` is an authority of your network, save its certificate as PEM and name it \
             with `--ca-bundle FILE`, `PROVENDER_CA_BUNDLE` or `SSL_CERT_FILE`"
        );
        if !self.bundles.is_empty() {
            let named: Vec<_> = self
                .bundles
                .iter()
                .map(|bundle| format!("`{}` ({})", bundle.path.display(), bundle.setting))
                .collect();
            hint += &format!("; {} was trusted and does not lead to it", named.join(", "));
        }
        hint
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.problem {
            TlsProblem::UnknownIssuer => write!(f, "the certificate of `{host}` is not trusted")?,
            TlsProblem::Expired => write!(f, "the certificate of `{host}` has expired")?,
            TlsProblem::NotYetValid => write!(f, "the certificate of `{host}` is not valid yet")?,
            TlsProblem::WrongName => write!(f, "the certificate presented is not for `{host}`")?,
            TlsProblem::Revoked => write!(f, "the certificate of `{host}` is revoked")?,
            TlsProblem::BadCertificate(reason) => {
                write!(f, "the certificate of `{host}` is unfit: {reason}")?;
            }
            TlsProblem::Protocol(reason) => {
                write!(f, "the TLS handshake with `{host}` failed: {reason}")?;
            }
        }
        let Some(certificate) = &self.certificate else { return Ok(()) };
        match &self.problem {
            TlsProblem::Expired => write!(f, " on {}", certificate.not_after)?,
            TlsProblem::NotYetValid => write!(f, " before {}", certificate.not_before)?,
            TlsProblem::WrongName => write!(f, " but for {}", list(&certificate.names))?,
            _ => {}
        }
        write!(f, "; presented issuer: `{}`", certificate.issuer)?;
        if certificate.is_self_signed() {
            f.write_str(" (self-signed)")?;
        }
        if let Some(root) = &self.root_issuer {
            write!(f, ", under `{root}`")?;
        }
        Ok(())
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    if names.is_empty() {
        return "no name".to_owned();
    }
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Verifies with the roots of [`Roots`], and on failure stores what was presented.
#[derive(Debug)]
pub(crate) struct RecordingVerifier {
    roots: Roots,
    algorithms: WebPkiSupportedAlgorithms,
    failures: Mutex<Vec<TlsFailure>>,
}

impl RecordingVerifier {
    pub(crate) fn new(
        bundles: Vec<CaBundle>,
        sets: RootSets,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        let failures = Mutex::new(Vec::new());
        Self { roots: Roots::new(bundles, sets, provider), algorithms, failures }
    }

    pub(crate) fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The failures that no later success has made obsolete, the newest first.
    pub(crate) fn failures(&self) -> Vec<TlsFailure> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<TlsFailure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, failure: Option<TlsFailure>, host: &str) {
        let mut failures = self.lock();
        failures.retain(|earlier| earlier.host != host);
        let excess = (failures.len() + 1).saturating_sub(REMEMBERED);
        failures.drain(..excess);
        failures.extend(failure);
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = self.roots.verifier().map_err(|error| Error::Other(OtherError(error)))?;
        let host = server_name.to_str().to_ascii_lowercase();
        let verdict =
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let failure = verdict.as_ref().err().map(|error| {
            let certificate = CertificateFacts::from_der(end_entity);
            let top = intermediates.last().and_then(CertificateFacts::from_der);
            TlsFailure {
                host: host.clone(),
                problem: TlsProblem::from_error(error),
                root_issuer: top
                    .map(|top| top.issuer)
                    .filter(|issuer| Some(issuer) != certificate.as_ref().map(|leaf| &leaf.issuer)),
                certificate,
                bundles: self.roots.bundles().to_vec(),
            }
        });
        self.record(failure, &host);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
