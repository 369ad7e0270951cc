//! Signed statements (DSSE 1.0).

use base64::Engine as _;
use base64::alphabet::{STANDARD as PLUS, URL_SAFE as MINUS};
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::key::{KeyError, PublicKey, SigningKey};
use super::statement::{STATEMENT_TYPE, Statement};

/// The type of a statement in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The longest envelope that is read, in bytes.
pub const MAX_ENVELOPE: usize = 16 << 20;

/// How many signatures of an envelope are looked at.
const MAX_SIGNATURES: usize = 32;

/// A payload and its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload in base64.
    pub payload: String,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Which key made it; a hint that proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyid: Option<String>,
    /// The signature in base64.
    pub sig: String,
}

/// Why an envelope proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is no envelope.
    #[error("the document is no DSSE envelope: {0}")]
    Malformed(String),
    /// It is a statement that nobody signed.
    #[error("the provenance is not signed")]
    Unsigned,
    /// It holds something else than a statement.
    #[error("the envelope holds {0}, and no in-toto statement")]
    Payload(String),
    /// No signature is one of the key's over this payload.
    #[error(
        "none of the {signatures} signatures is one by the key {keyid}: either somebody else signed it, or it was changed"
    )]
    Signature {
        /// How many there are.
        signatures: usize,
        /// The key that was given.
        keyid: String,
    },
    /// The key could not sign.
    #[error("the key cannot sign")]
    Sign,
    /// What was signed is no statement.
    #[error("the signed payload is no in-toto statement: {0}")]
    Statement(String),
}

/// Signs a statement: the bytes of an envelope.
///
/// With an Ed25519 key the same statement gives the same bytes. A P-256 signature has a random part,
/// so that such an envelope, and the digest of its artifact, differ from run to run; the image's
/// digest does not.
///
/// # Errors
///
/// [`EnvelopeError::Sign`] where the system has no randomness for a P-256 signature.
pub fn sign(statement: &Statement, key: &SigningKey) -> Result<Vec<u8>, EnvelopeError> {
    let malformed = |error: serde_json::Error| EnvelopeError::Malformed(error.to_string());
    let payload = serde_json::to_vec(statement).map_err(malformed)?;
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &payload);
    let signature = key.sign(&message).ok_or(EnvelopeError::Sign)?;
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![Signature {
            keyid: Some(key.public_key().id()),
            sig: STANDARD.encode(signature),
        }],
    };
    serde_json::to_vec(&envelope).map_err(malformed)
}

/// Verifies an envelope and gives what was signed: at least one of its signatures has to be the
/// key's, which is given in PEM.
///
/// # Errors
///
/// [`EnvelopeError`]; nothing of the payload is believed before its signature is.
pub fn verify_envelope(envelope: &[u8], public_key: &str) -> Result<Statement, EnvelopeError> {
    let key = PublicKey::from_pem(public_key)?;
    if envelope.len() > MAX_ENVELOPE {
        let reason = format!("it is larger than {MAX_ENVELOPE} bytes");
        return Err(EnvelopeError::Malformed(reason));
    }
    let read = serde_json::from_slice::<Envelope>(envelope);
    let envelope = read.map_err(|error| {
        // A plain statement has other fields.
        match serde_json::from_slice::<Statement>(envelope) {
            Ok(_) => EnvelopeError::Unsigned,
            Err(_) => EnvelopeError::Malformed(error.to_string()),
        }
    })?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(EnvelopeError::Payload(envelope.payload_type));
    }
    let not_base64 = || EnvelopeError::Malformed("its payload is not base64".to_owned());
    let payload = decode(&envelope.payload).ok_or_else(not_base64)?;
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    let signatures = envelope.signatures.iter().take(MAX_SIGNATURES);
    let mut bytes = signatures.filter_map(|signature| decode(&signature.sig));
    if !bytes.any(|signature| key.verifies(&message, &signature)) {
        let signatures = envelope.signatures.len();
        return Err(EnvelopeError::Signature { signatures, keyid: key.id() });
    }
    let statement: Statement = serde_json::from_slice(&payload)
        .map_err(|error| EnvelopeError::Statement(error.to_string()))?;
    if statement.r#type != STATEMENT_TYPE {
        let reason = format!("its type is {}", statement.r#type);
        return Err(EnvelopeError::Statement(reason));
    }
    Ok(statement)
}

/// What a plain or signed statement says, and how many signatures it has, none of which is looked
/// at: to be told, never to be believed.
///
/// # Errors
///
/// [`EnvelopeError`] for what is neither.
pub fn read_statement(document: &[u8]) -> Result<(Statement, usize), EnvelopeError> {
    if document.len() > MAX_ENVELOPE {
        let reason = format!("it is larger than {MAX_ENVELOPE} bytes");
        return Err(EnvelopeError::Malformed(reason));
    }
    let unreadable = |error: serde_json::Error| EnvelopeError::Statement(error.to_string());
    let (statement, signatures): (Statement, usize) =
        match serde_json::from_slice::<Envelope>(document) {
            Ok(envelope) => {
                let payload = decode(&envelope.payload).ok_or_else(|| {
                    EnvelopeError::Malformed("its payload is not base64".to_owned())
                })?;
                let statement = serde_json::from_slice(&payload).map_err(unreadable)?;
                (statement, envelope.signatures.len())
            }
            Err(_) => (serde_json::from_slice(document).map_err(unreadable)?, 0),
        };
    if statement.r#type != STATEMENT_TYPE {
        let reason = format!("its type is {}", statement.r#type);
        return Err(EnvelopeError::Statement(reason));
    }
    Ok((statement, signatures))
}

/// What is signed (DSSE 1.0, "Signature Definition"): the type as well as the payload, so that none
/// can be taken for the other.
pub(super) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// Decodes either base64: writers may use either, and readers have to take both.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &MINUS } else { &PLUS };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification_s_example() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn both_kinds_of_base64_are_read() {
        assert_eq!(decode("+/8="), decode("-_8"));
        assert_eq!(decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("+_8="), None);
    }
}
