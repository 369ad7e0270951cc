//! Package URLs (ECMA-427), written and read.

use super::inventory::{Ecosystem, Os, Source};

/// The parts of a package URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Purl {
    pub(super) r#type: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// Sorted by key.
    pub(super) qualifiers: Vec<(String, String)>,
}

impl Purl {
    /// The package URL of a distribution's package (type definitions `deb` and `apk`). `upstream`,
    /// the source package, is the qualifier by which other scanners write and read it.
    pub(super) fn of_distribution(
        r#type: &str,
        os: Option<&Os>,
        (name, version): (&str, &str),
        arch: Option<&str>,
        source: &Source,
    ) -> Self {
        let fallback = if r#type == "apk" { "alpine" } else { "debian" };
        let namespace = os.map_or(fallback, |os| &os.id).to_owned();
        let mut qualifiers = Vec::new();
        if let Some(arch) = arch {
            qualifiers.push(("arch".to_owned(), arch.to_owned()));
        }
        if let Some(os) = os
            && let Some(release) = os.version_id.as_ref().or(os.version_codename.as_ref())
        {
            qualifiers.push(("distro".to_owned(), format!("{}-{release}", os.id)));
        }
        let upstream = match (source.name == name, source.version == version) {
            (true, true) => None,
            (false, true) => Some(source.name.clone()),
            (_, false) => Some(format!("{}@{}", source.name, source.version)),
        };
        qualifiers.extend(upstream.map(|upstream| ("upstream".to_owned(), upstream)));
        let (namespace, version) = (Some(namespace), Some(version.to_owned()));
        Self { r#type: r#type.to_owned(), namespace, name: name.to_owned(), version, qualifiers }
    }

    /// The package URL of what has a name and a version; an npm name's scope is its namespace.
    pub(super) fn new(r#type: &str, name: &str, version: &str) -> Self {
        let (namespace, name) = match name.split_once('/') {
            Some((scope, name)) => (Some(scope.to_owned()), name),
            None => (None, name),
        };
        let (name, version) = (name.to_owned(), Some(version.to_owned()));
        Self { r#type: r#type.to_owned(), namespace, name, version, qualifiers: Vec::new() }
    }

    /// Reads a package URL; none for what is no such URL.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A version's own `@` is encoded, and so is a scope's.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) => (path, Some(decoded(version)?)),
            None => (rest, None),
        };
        let (r#type, path) = path.split_once('/')?;
        let (namespace, name) = match path.trim_end_matches('/').rsplit_once('/') {
            Some((namespace, name)) => (Some(decoded(namespace)?), name),
            None => (None, path),
        };
        let mut qualifiers = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=')?;
            qualifiers.push((key.to_ascii_lowercase(), decoded(value)?));
        }
        qualifiers.sort();
        let (r#type, name) = (r#type.to_ascii_lowercase(), decoded(name)?);
        (!r#type.is_empty() && !name.is_empty()).then_some(Self {
            r#type,
            namespace,
            name,
            version,
            qualifiers,
        })
    }

    /// The value of a qualifier.
    pub(super) fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Whose package it is.
    pub(super) fn ecosystem(&self) -> Ecosystem {
        match (self.r#type.as_str(), self.namespace.as_deref()) {
            ("pypi", _) => Ecosystem::PyPI,
            ("npm", _) => Ecosystem::Npm,
            ("deb", Some("ubuntu")) => Ecosystem::Ubuntu,
            ("deb", _) => Ecosystem::Debian,
            ("apk", Some("alpine")) => Ecosystem::Alpine,
            ("apk", Some("wolfi")) => Ecosystem::Wolfi,
            ("apk", Some("chainguard")) => Ecosystem::Chainguard,
            _ => Ecosystem::Other,
        }
    }
}

impl std::fmt::Display for Purl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "pkg:{}/", self.r#type)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{}/", encoded(namespace, "/"))?;
        }
        f.write_str(&encoded(&self.name, ""))?;
        if let Some(version) = &self.version {
            write!(f, "@{}", encoded(version, ""))?;
        }
        for (position, (key, value)) in self.qualifiers.iter().enumerate() {
            let separator = if position == 0 { '?' } else { '&' };
            write!(f, "{separator}{key}={}", encoded(value, "/"))?;
        }
        Ok(())
    }
}

/// Percent-encoded but for letters, digits, `.-_~`, the colon (ECMA-427 section 5.4) and `safe`.
fn encoded(text: &str, safe: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || ".-_~:".contains(c) || safe.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Percent-decoded; none where that gives no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purl_is_read_as_it_is_written() {
        for text in [
            "pkg:pypi/requests@2.31.0",
            "pkg:pypi/a@1%212.0%2Bcu118",
            "pkg:npm/%40types/node@20.1.0",
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
            "pkg:deb/debian/g%2B%2B@4:12.2.0-3?upstream=gcc-defaults%401.203",
            "pkg:apk/alpine/musl",
            "pkg:generic/python@3.11.7",
        ] {
            assert_eq!(Purl::parse(text).unwrap().to_string(), text);
        }
        let scoped = Purl::parse("pkg:npm/%40types/node@20").unwrap();
        assert_eq!(scoped.namespace.as_deref(), Some("@types"));
        assert_eq!(Purl::new("npm", "@types/node", "20"), scoped);
    }

    #[test]
    fn a_text_that_is_no_purl_is_none() {
        for text in ["", "pkg:", "pkg:pypi", "pkg:pypi/", "pypi/a", "pkg:pypi/a@%", "pkg:a/%ff"] {
            assert_eq!(Purl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_source_stands_in_upstream_where_it_differs() {
        let purl = |source: (&str, &str)| {
            let source = Source { name: source.0.to_owned(), version: source.1.to_owned() };
            Purl::of_distribution("deb", None, ("a", "1"), None, &source).to_string()
        };
        assert_eq!(purl(("a", "1")), "pkg:deb/debian/a@1");
        assert_eq!(purl(("b", "1")), "pkg:deb/debian/a@1?upstream=b");
        assert_eq!(purl(("b", "2")), "pkg:deb/debian/a@1?upstream=b%402");
    }
}
