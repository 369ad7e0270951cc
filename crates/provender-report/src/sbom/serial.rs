//! A serial number that follows from what it numbers.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The document's UUID as a URN (RFC 9562 sections 4 and 5.8): version 8, made from SHA-256 in the
/// manner of its appendix B.2, for version 5 asks for SHA-1.
pub(super) fn of(document: &impl Serialize) -> serde_json::Result<String> {
    let digest = Sha256::digest(serde_json::to_vec(document)?);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(format!("urn:uuid:{}", groups.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_uuid_of_version_8() {
        // The SHA-256 of `"a"`, quotes included, begins with ac8d8342bbb2362d13f0a559a3621bb4.
        assert_eq!(of(&"a").unwrap(), "urn:uuid:ac8d8342-bbb2-862d-93f0-a559a3621bb4");
        assert_ne!(of(&"a").unwrap(), of(&"b").unwrap());
    }
}
