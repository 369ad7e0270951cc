//! Package URLs (ECMA-427) of Python projects and of images (type definitions `pypi` and `oci`).

use provender_core::{ProjectName, Sha256, Version};

/// `pkg:pypi/NAME@VERSION?KEY=VALUE`: the package URL of a release, with one qualifier where it needs
/// one.
pub fn pypi(
    name: &ProjectName,
    version: Option<&Version>,
    qualifier: Option<(&str, &str)>,
) -> String {
    let mut purl = format!("pkg:pypi/{name}");
    if let Some(version) = version {
        purl.push('@');
        push_encoded(&mut purl, &version.to_string(), "");
    }
    if let Some((key, value)) = qualifier {
        purl.push_str(&format!("?{key}="));
        push_encoded(&mut purl, value, "/");
    }
    purl
}

/// `pkg:oci/NAME@sha256:HEX?arch=ARCHITECTURE&repository_url=HOST/REPOSITORY`: the package URL
/// of an image. Its name is the last part of the repository's, in lower case.
pub fn oci(repository: &str, digest: Sha256, architecture: Option<&str>) -> String {
    let name = repository.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut purl = String::from("pkg:oci/");
    push_encoded(&mut purl, &name, "");
    purl.push_str(&format!("@sha256:{digest}"));
    let url = Some(("repository_url", repository)).filter(|(_, url)| url.contains('/'));
    let qualifiers = architecture.map(|architecture| ("arch", architecture)).into_iter().chain(url);
    for ((key, value), sign) in qualifiers.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
        purl.push_str(&format!("{sign}{key}="));
        push_encoded(&mut purl, value, "/");
    }
    purl
}

/// Appends a text, percent-encoded but for letters, digits, `.-_~`, the colon and what `safe`
/// holds besides (ECMA-427 section 5.4). A slash in a qualifier's value stays, as every known
/// library writes it.
pub(super) fn push_encoded(out: &mut String, text: &str, safe: &str) {
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || ".-_~:".contains(c) || safe.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(name: &str, version: &str, qualifier: Option<(&str, &str)>) -> String {
        pypi(&name.parse().unwrap(), Some(&version.parse().unwrap()), qualifier)
    }

    #[test]
    fn names_are_normalised() {
        assert_eq!(purl("Zope.Interface_x", "6.0", None), "pkg:pypi/zope-interface-x@6.0");
        assert_eq!(pypi(&"a".parse().unwrap(), None, None), "pkg:pypi/a");
    }

    #[test]
    fn an_image_is_named_by_its_digest_and_its_repository() {
        let digest = Sha256::from_bytes([0xab; 32]);
        let hex = "ab".repeat(32);
        assert_eq!(
            oci("registry.example:5000/team/App", digest, Some("amd64")),
            format!(
                "pkg:oci/app@sha256:{hex}?arch=amd64&repository_url=registry.example:5000/team/App"
            )
        );
        assert_eq!(oci("app", digest, None), format!("pkg:oci/app@sha256:{hex}"));
    }

    #[test]
    fn what_has_a_meaning_in_a_purl_is_encoded() {
        assert_eq!(purl("a", "1!2.0+cu118", None), "pkg:pypi/a@1%212.0%2Bcu118");
        assert_eq!(
            purl("a", "1", Some(("vcs_url", "git+https://git.example/a b.git@v1#x=y&z"))),
            "pkg:pypi/a@1?vcs_url=git%2Bhttps://git.example/a%20b.git%40v1%23x%3Dy%26z"
        );
    }
}
