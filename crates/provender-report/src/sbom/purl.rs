//! Package URLs of Python projects (ECMA-427; type definition `pypi`).

use provender_core::{ProjectName, Version};

/// `pkg:pypi/NAME@VERSION?KEY=VALUE&...`; the qualifiers in the order of their keys.
pub(super) fn pypi(
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
    fn what_has_a_meaning_in_a_purl_is_encoded() {
        assert_eq!(purl("a", "1!2.0+cu118", None), "pkg:pypi/a@1%212.0%2Bcu118");
        assert_eq!(
            purl("a", "1", Some(("vcs_url", "git+https://git.example/a b.git@v1#x=y&z"))),
            "pkg:pypi/a@1?vcs_url=git%2Bhttps://git.example/a%20b.git%40v1%23x%3Dy%26z"
        );
    }
}
