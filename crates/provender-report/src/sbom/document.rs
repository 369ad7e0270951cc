//! The parts of a CycloneDX 1.6 document that provender writes, in the schema's order.

use std::fmt::Display;

use jiff::Timestamp;
use provender_core::{FileHash, Severity, Sha256};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bom<'a> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata<'a>,
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) compositions: [Composition; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<Timestamp>,
    pub(super) lifecycles: [Lifecycle; 1],
    pub(super) tools: Tools<'a>,
    pub(super) component: Application<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Serialize)]
pub(super) struct Lifecycle {
    pub(super) phase: &'static str,
}

#[derive(Serialize)]
pub(super) struct Tools<'a> {
    pub(super) components: [Application<'a>; 1],
}

/// A program: the locked project itself, the image that it is in, or the tool that wrote the document.
#[derive(Serialize)]
pub(super) struct Application<'a> {
    r#type: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<&'static str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

impl<'a> Application<'a> {
    pub(super) fn new(
        bom_ref: Option<&'static str>,
        name: &'a str,
        version: Option<&'a str>,
    ) -> Self {
        Self { r#type: "application", bom_ref, name, version, hashes: Vec::new(), purl: None }
    }

    /// Makes it an image that holds the program.
    pub(super) fn become_image(&mut self, digest: Sha256, purl: String) {
        self.r#type = "container";
        self.hashes = vec![Hash::from(&FileHash::Sha256(digest))];
        self.purl = Some(purl);
    }
}

/// A name and a value. The names begin with `provender:`, as CycloneDX's property taxonomy asks.
#[derive(Serialize)]
pub(super) struct Property {
    name: String,
    value: String,
}

impl Property {
    pub(super) fn new(name: &str, value: impl Display) -> Self {
        Self { name: format!("provender:{name}"), value: value.to_string() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) r#type: &'static str,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) scope: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_references: Vec<ExternalReference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

#[derive(Serialize, Clone)]
pub(super) struct Hash {
    alg: &'static str,
    content: String,
}

impl From<&FileHash> for Hash {
    fn from(hash: &FileHash) -> Self {
        let (alg, content) = match hash {
            FileHash::Sha256(digest) => ("SHA-256", digest.to_string()),
            FileHash::Sha384(hex) => ("SHA-384", hex.clone()),
            FileHash::Sha512(hex) => ("SHA-512", hex.clone()),
        };
        Self { alg, content }
    }
}

#[derive(Serialize)]
pub(super) struct ExternalReference {
    pub(super) r#type: &'static str,
    pub(super) url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    pub(super) r#ref: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<String>,
}

/// How much of the graph is told.
#[derive(Serialize)]
pub(super) struct Composition {
    pub(super) aggregate: &'static str,
    pub(super) dependencies: [&'static str; 1],
}

#[derive(Serialize)]
pub(super) struct Vulnerability<'a> {
    pub(super) id: &'a str,
    pub(super) source: Source,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<Alias<'a>>,
    pub(super) ratings: [Rating; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recommendation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) analysis: Option<Analysis>,
    pub(super) affects: Vec<Affected>,
}

#[derive(Serialize)]
pub(super) struct Alias<'a> {
    pub(super) id: &'a str,
    pub(super) source: Source,
}

#[derive(Serialize)]
pub(super) struct Source {
    pub(super) name: &'static str,
}

#[derive(Serialize)]
pub(super) struct Rating {
    pub(super) severity: Severity,
}

#[derive(Serialize)]
pub(super) struct Analysis {
    pub(super) state: &'static str,
    pub(super) response: [&'static str; 1],
    pub(super) detail: String,
}

#[derive(Serialize)]
pub(super) struct Affected {
    pub(super) r#ref: String,
}
