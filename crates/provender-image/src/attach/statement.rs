//! in-toto statements (in-toto attestation framework 1.0, "Statement").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Something that is claimed about some artifacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub r#type: String,
    /// The artifacts, each with a digest.
    pub subject: Vec<ResourceDescriptor>,
    /// What kind of claim it is.
    pub predicate_type: String,
    /// The claim.
    #[serde(default)]
    pub predicate: Value,
}

impl Statement {
    /// Whether it is about something that hashes to this.
    pub fn is_about(&self, digest: &crate::Digest) -> bool {
        let hex = digest.hex();
        self.subject.iter().any(|subject| subject.digest.get("sha256") == Some(&hex))
    }
}

/// A resource: something with a name, an address or a digest (in-toto attestation framework 1.0,
/// "ResourceDescriptor").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address, such as a package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What it hashes to, by algorithm, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
}

impl ResourceDescriptor {
    /// A resource with a SHA-256.
    pub fn new(name: &str, uri: Option<String>, sha256: impl ToString) -> Self {
        Self {
            name: Some(name.to_owned()),
            uri,
            digest: BTreeMap::from([("sha256".to_owned(), sha256.to_string())]),
        }
    }
}
