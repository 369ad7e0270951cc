//! Digests as the OCI specifications write them.

use std::fmt;
use std::str::FromStr;

use provender_core::Sha256;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// Why a text is no digest that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDigest {
    /// Not `ALGORITHM:ENCODED`.
    #[error("`{0}` is not a digest of the form sha256:HEX")]
    Malformed(String),
    /// An algorithm other than SHA-256.
    #[error("`{0}` is a digest by another algorithm than sha256")]
    Algorithm(String),
}

/// A content digest: `sha256:` and 64 lower-case hexadecimal digits (OCI image-spec 1.1, "Digests").
///
/// Every registry and tool in use writes SHA-256; another algorithm is refused by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Sha256);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::from_bytes(sha2::Sha256::digest(bytes).into()))
    }

    /// The digest that a hasher came to.
    pub fn from_hasher(hasher: sha2::Sha256) -> Self {
        Self(Sha256::from_bytes(hasher.finalize().into()))
    }

    /// The SHA-256 in it.
    pub const fn sha256(&self) -> Sha256 {
        self.0
    }

    /// The 64 hexadecimal digits, as the name of a file in a layout.
    pub fn hex(&self) -> String {
        self.0.to_string()
    }
}

impl From<Sha256> for Digest {
    fn from(sha256: Sha256) -> Self {
        Self(sha256)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let (algorithm, hex) =
            text.split_once(':').ok_or_else(|| BadDigest::Malformed(text.to_owned()))?;
        if algorithm != "sha256" {
            return Err(BadDigest::Algorithm(text.to_owned()));
        }
        // The specification allows lower case only.
        if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(BadDigest::Malformed(text.to_owned()));
        }
        hex.parse().map(Self).map_err(|_| BadDigest::Malformed(text.to_owned()))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
    }

    #[test]
    fn other_algorithms_and_upper_case_are_refused() {
        let sha512 = format!("sha512:{}", "0".repeat(128));
        assert_eq!(sha512.parse::<Digest>(), Err(BadDigest::Algorithm(sha512)));
        let upper = format!("sha256:{}", "A".repeat(64));
        assert_eq!(upper.parse::<Digest>(), Err(BadDigest::Malformed(upper)));
        assert!("e3b0".parse::<Digest>().is_err());
    }
}
