//! Hearing what a server presents, and proving that a remedy works.
//!
//! [`record`] is the only place where a handshake meets a certificate that nobody has verified. It
//! is no way around verification (invariant 1): its verifier *refuses every certificate*, so that the
//! handshake ends there with an alert, no session comes about, and there is nothing over which a byte
//! of HTTP could be sent. What it keeps is judged afterwards, offline, and is told to people; no
//! answer is ever taken from such a connection. The verifier is private to this file.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    Error, PeerIncompatible, ProtocolVersion, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::Stream;
use crate::tls::TlsProblem;

/// How many bytes of an answer that is no TLS are kept.
const KEPT: usize = 4096;

/// What was heard in a handshake up to the server's certificate.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// What was presented, the server's own certificate first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The version that was agreed on.
    pub(super) version: Option<ProtocolVersion>,
    /// The application protocol that was agreed on (RFC 7301).
    pub(super) alpn: Option<String>,
}

/// Why there was no handshake to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HandshakeError {
    /// The server speaks only versions that are not spoken here.
    Version(String),
    /// The answer is no TLS; its first bytes.
    NotTls(Vec<u8>),
    /// The server, or something on the way, hung up.
    Closed,
    /// Nothing came within the time.
    Timeout(Duration),
    /// Another failure.
    Failed(String),
}

/// Shakes hands until the server has presented its certificates, and leaves.
pub(super) async fn record(
    stream: &mut dyn Stream,
    name: ServerName<'static>,
    limit: Duration,
) -> Result<Recorded, HandshakeError> {
    let provider = Arc::new(default_provider());
    let recorder = Arc::new(Recorder {
        schemes: provider.signature_verification_algorithms.supported_schemes(),
        heard: Mutex::default(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HandshakeError::Failed(error.to_string()))?
        // "Dangerous" because a verifier could be lax; this one trusts nothing at all.
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<_>)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut connection = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| HandshakeError::Failed(error.to_string()))?;
    let ended = match tokio::time::timeout(limit, drive(stream, &mut connection)).await {
        Ok(ended) => ended,
        Err(_) => Err(HandshakeError::Timeout(limit)),
    };
    let chain = recorder.heard();
    if chain.is_empty() {
        // A handshake without a certificate cannot succeed with this verifier.
        return Err(ended.err().unwrap_or(HandshakeError::Closed));
    }
    let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(Recorded { chain, version: connection.protocol_version(), alpn })
}

/// Shakes hands in earnest: verified against `roots` at the time that `clock` tells, as every other
/// connection is. Used to prove a remedy.
pub(super) async fn verify(
    stream: &mut dyn Stream,
    name: ServerName<'static>,
    roots: RootCertStore,
    clock: Arc<dyn TimeProvider>,
    limit: Duration,
) -> Result<(), HandshakeError> {
    let failed = |error: Error| HandshakeError::Failed(error.to_string());
    let config = ClientConfig::builder_with_details(Arc::new(default_provider()), clock)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(failed)?;
    let done = tokio::time::timeout(limit, drive(stream, &mut connection)).await;
    done.unwrap_or(Err(HandshakeError::Timeout(limit)))
}

/// Carries a handshake to its end, says goodbye and sends nothing else.
async fn drive(
    stream: &mut dyn Stream,
    connection: &mut ClientConnection,
) -> Result<(), HandshakeError> {
    let mut start = Vec::new();
    while connection.is_handshaking() {
        send(stream, connection).await;
        let mut buffer = [0; 8192];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        let mut fresh = buffer.get(..read).unwrap_or_default();
        start.extend(fresh.iter().take(KEPT.saturating_sub(start.len())));
        if read == 0 {
            return Err(HandshakeError::Closed);
        }
        while !fresh.is_empty() {
            let taken = connection.read_tls(&mut fresh);
            let processed = match taken {
                Ok(_) => connection.process_new_packets(),
                Err(error) => return Err(HandshakeError::Failed(error.to_string())),
            };
            if let Err(error) = processed {
                send(stream, connection).await;
                let _ = stream.shutdown().await;
                return Err(explain(error, stream, start).await);
            }
        }
    }
    connection.send_close_notify();
    send(stream, connection).await;
    let _ = stream.shutdown().await;
    Ok(())
}

/// Sends what is to be sent. A failure shows when an answer is read.
async fn send(stream: &mut dyn Stream, connection: &mut ClientConnection) {
    let mut bytes = Vec::new();
    while connection.wants_write() && connection.write_tls(&mut bytes).is_ok() {}
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
}

async fn explain(error: Error, stream: &mut dyn Stream, mut start: Vec<u8>) -> HandshakeError {
    match &error {
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => HandshakeError::Version(error.to_string()),
        Error::InvalidMessage(_) if !is_tls(&start) => {
            // The rest of the page that somebody answers in the server's place.
            let mut rest = stream.take(KEPT.saturating_sub(start.len()) as u64);
            let page = rest.read_to_end(&mut start);
            let _ = tokio::time::timeout(Duration::from_secs(1), page).await;
            HandshakeError::NotTls(start)
        }
        other => match TlsProblem::from_error(other) {
            TlsProblem::Protocol(reason) => HandshakeError::Failed(reason),
            _ => HandshakeError::Failed(other.to_string()),
        },
    }
}

/// Whether an answer begins as a TLS record does: its type, and the major version 3 (RFC 8446,
/// section 5.1).
fn is_tls(start: &[u8]) -> bool {
    matches!(start, [20..=24, 3, ..])
}

/// Keeps what is presented and refuses it.
#[derive(Debug)]
struct Recorder {
    schemes: Vec<SignatureScheme>,
    heard: Mutex<Vec<CertificateDer<'static>>>,
}

impl Recorder {
    fn heard(&self) -> Vec<CertificateDer<'static>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) =
            chain.map(|certificate| certificate.clone().into_owned()).collect();
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
