//! Digests of files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not 64 hexadecimal digits.
    #[error("`{0}` is not a SHA-256 digest of 64 hexadecimal digits")]
    NotSha256(String),
    /// Not of the form `ALGORITHM:HEX`, or the algorithm is not one pip accepts.
    #[error("`{0}` is not a hash of the form ALGORITHM:HEX with sha256, sha384 or sha512")]
    NotAHash(String),
}

/// A SHA-256 digest (FIPS 180-4), shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Wraps the 32 bytes that a hasher returned.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bad = || DigestError::NotSha256(text.to_owned());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or_else(bad);
            let value = digit(pair[0])? * 16 + digit(pair[1])?;
            *byte = u8::try_from(value).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A hash as pip's hash-checking mode writes it: `sha256:HEX`, `sha384:HEX` or `sha512:HEX`.
///
/// provender writes SHA-256 only; the others are kept so that a file made elsewhere can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileHash {
    /// The digest that everything in provender is named by.
    Sha256(Sha256),
    /// 96 lower-case hexadecimal digits.
    Sha384(String),
    /// 128 lower-case hexadecimal digits.
    Sha512(String),
}

impl FileHash {
    /// The digest, if it is SHA-256.
    pub fn sha256(&self) -> Option<Sha256> {
        match self {
            Self::Sha256(digest) => Some(*digest),
            Self::Sha384(_) | Self::Sha512(_) => None,
        }
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256:{digest}"),
            Self::Sha384(hex) => write!(f, "sha384:{hex}"),
            Self::Sha512(hex) => write!(f, "sha512:{hex}"),
        }
    }
}

impl FromStr for FileHash {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bad = || DigestError::NotAHash(text.to_owned());
        let (algorithm, hex) = text.split_once(':').ok_or_else(bad)?;
        let of_length = |digits: usize| {
            let hex = hex.to_ascii_lowercase();
            let right = hex.len() == digits && hex.bytes().all(|c| c.is_ascii_hexdigit());
            right.then_some(hex).ok_or_else(bad)
        };
        match algorithm {
            "sha256" => Ok(Self::Sha256(hex.parse().map_err(|_| bad())?)),
            "sha384" => Ok(Self::Sha384(of_length(96)?)),
            "sha512" => Ok(Self::Sha512(of_length(128)?)),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_shown_as_it_is_read() {
        let text = "0123456789abcdef".repeat(4);
        let digest: Sha256 = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<Sha256>().unwrap(), digest);
    }

    #[test]
    fn what_is_not_64_hexadecimal_digits_is_refused() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_weak_or_unknown_algorithm_is_refused() {
        assert!("md5:d41d8cd98f00b204e9800998ecf8427e".parse::<FileHash>().is_err());
        assert!(format!("sha512:{}", "0".repeat(128)).parse::<FileHash>().is_ok());
    }
}
