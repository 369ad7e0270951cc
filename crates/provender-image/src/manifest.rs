//! Manifests, indexes and the descriptors they are made of (OCI image-spec 1.1; docker's image
//! manifest version 2, schema 2, has the same fields).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, MediaType};

/// What another document points at (image-spec, "OCI Content Descriptors").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: MediaType,
    /// What its bytes hash to.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// What kind of attachment it is, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<MediaType>,
    /// Where else it can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What it runs on, in an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor of these bytes.
    pub fn of(media_type: MediaType, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A descriptor with nothing but what every one has.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            artifact_type: None,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: None,
        }
    }
}

/// What an image runs on: `OS/ARCHITECTURE[/VARIANT]`, in Go's words for both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor, such as `amd64`.
    pub architecture: String,
    /// The processor's variant, such as `v8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The operating system's version, which Windows images tell.
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Linux on this processor (in Go's words).
    pub fn linux(architecture: &str) -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
            os_version: None,
        }
    }

    /// Whether an image for `self` is one for `wanted`: `arm64` and `arm64/v8` are the same (as
    /// containerd normalises them), and a variant that is not asked for may be any.
    pub fn serves(&self, wanted: &Self) -> bool {
        let variant = |of: &Self| match (of.architecture.as_str(), of.variant.as_deref()) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.map(str::to_owned),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// Why a text names no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform such as linux/amd64 or linux/arm64/v8")]
pub struct BadPlatform(String);

impl FromStr for Platform {
    type Err = BadPlatform;

    fn from_str(text: &str) -> Result<Self, BadPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        if !parts.iter().all(|part| word(part)) {
            return Err(BadPlatform(text.to_owned()));
        }
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(BadPlatform(text.to_owned())),
        };
        let architecture = match architecture {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
            os_version: None,
        })
    }
}

/// What an image is made of (image-spec, "OCI Image Manifest").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// What it is; images made before image-spec 1.1 may not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What kind of attachment it is, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<MediaType>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
    /// What it is attached to, where it is an attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Images for several platforms, or everything in a layout (image-spec, "OCI Image Index").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The manifests, in the order of preference.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What else stands in it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// The bytes that are hashed, written and sent: compact JSON, whose keys stand in the order of the
/// fields, maps sorted.
///
/// # Errors
///
/// Never for the documents of this crate, whose keys are all text.
pub fn to_bytes<T: Serialize>(document: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_read_in_either_words() {
        assert_eq!("linux/aarch64".parse::<Platform>().unwrap().to_string(), "linux/arm64");
        assert_eq!("linux/arm/v7".parse::<Platform>().unwrap().to_string(), "linux/arm/v7");
        for bad in ["linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arm64_without_a_variant_is_v8() {
        let plain: Platform = "linux/arm64".parse().unwrap();
        let v8: Platform = "linux/arm64/v8".parse().unwrap();
        assert!(plain.serves(&v8) && v8.serves(&plain));
        let v7: Platform = "linux/arm/v7".parse().unwrap();
        assert!(v7.serves(&"linux/arm".parse().unwrap()));
        assert!(!"linux/arm/v6".parse::<Platform>().unwrap().serves(&v7));
    }

    #[test]
    fn a_manifest_is_written_as_it_was_read() {
        let digest = Digest::of(b"{}");
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{digest}","size":2}},"layers":[]}}"#,
            MediaType::OCI_MANIFEST,
            MediaType::OCI_CONFIG,
        );
        let manifest: Manifest = serde_json::from_str(&text).unwrap();
        assert_eq!(to_bytes(&manifest).unwrap(), text.as_bytes());
    }
}
