//! Packages that an SBOM names (CycloneDX 1.2 to 1.6, JSON).

use serde::Deserialize;

use super::collector::is_word;
use super::inventory::{Ecosystem, Kind, Package, Source};
use super::purl::Purl;

/// How large an SBOM may be, in bytes.
const LIMIT: usize = 16 << 20;
/// How many objects may be in it; the largest known have some ten thousand.
const OBJECTS: usize = 300_000;
/// How deep components may be in one another.
const DEPTH: usize = 16;
/// The property by which provender names the configuration of the image that a document is about.
const CONFIG: &str = "provender:image:config";

/// Why a text is no SBOM that can be read.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// It is larger than any honest one.
    #[error("{place}: the SBOM has more than {LIMIT} bytes")]
    TooLarge {
        /// Where it stands.
        place: String,
    },
    /// It has more components than any honest one.
    #[error("{place}: the SBOM has more than {OBJECTS} objects")]
    TooMany {
        /// Where it stands.
        place: String,
    },
    /// It is no JSON, or not of the form that CycloneDX describes.
    #[error("{place}: {source}")]
    Json {
        /// Where it stands.
        place: String,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// It is of another format.
    #[error("{place}: this is no CycloneDX document: its bomFormat is `{found}`")]
    Format {
        /// Where it stands.
        place: String,
        /// What it calls itself; empty where it does not say.
        found: String,
    },
}

/// What an SBOM says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sbom {
    /// Its packages.
    pub(super) packages: Vec<Package>,
    /// How many of its components have a package URL and are no packages that could be known.
    pub(super) left_out: usize,
    /// The digests by which it names the image that it is about, as they are written.
    pub(super) subjects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    bom_format: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    component: Option<Component>,
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Hash {
    #[serde(default)]
    alg: String,
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    scope: String,
    purl: Option<String>,
    version: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    components: Vec<Component>,
}

/// The packages of a CycloneDX document, those inside of others too; `place` names the document in
/// their locations. Components without a package URL or a version are no packages of anybody's.
///
/// # Errors
///
/// A text that is too large, that is no JSON, or that is no CycloneDX document.
pub fn packages_of_cyclonedx(text: &str, place: &str) -> Result<Vec<Package>, SbomError> {
    Ok(read(text, place)?.packages)
}

/// Reads a CycloneDX document; `place` names it.
///
/// # Errors
///
/// As [`packages_of_cyclonedx`].
pub(super) fn read(text: &str, place: &str) -> Result<Sbom, SbomError> {
    let place = || place.to_owned();
    if text.len() > LIMIT {
        return Err(SbomError::TooLarge { place: place() });
    }
    // Empty objects are short, and need room.
    if text.bytes().filter(|byte| *byte == b'{').count() > OBJECTS {
        return Err(SbomError::TooMany { place: place() });
    }
    let document: Document =
        serde_json::from_str(text).map_err(|source| SbomError::Json { place: place(), source })?;
    if document.bom_format != "CycloneDX" {
        let found = document.bom_format.chars().take(60).collect();
        return Err(SbomError::Format { place: place(), found });
    }
    let mut sbom = Sbom { subjects: document.metadata.subjects(), ..Sbom::default() };
    let mut waiting: Vec<_> = document.components.into_iter().map(|c| (c, 0)).collect();
    while let Some((component, depth)) = waiting.pop() {
        match component.package(&place()) {
            Some(package) => sbom.packages.push(package),
            None => sbom.left_out += usize::from(component.is_package()),
        }
        if depth < DEPTH {
            waiting.extend(component.components.into_iter().map(|inner| (inner, depth + 1)));
        }
    }
    sbom.packages.sort_by(Package::order);
    sbom.packages.dedup();
    Ok(sbom)
}

impl Metadata {
    /// The digests of the image that a document is about: where a hash, a package URL, a version or a
    /// property of provender's names one.
    fn subjects(&self) -> Vec<String> {
        let mut subjects = Vec::new();
        if let Some(image) = self.component.as_ref().filter(|it| it.r#type == "container") {
            let hashes = image.hashes.iter().filter(|hash| hash.alg == "SHA-256");
            subjects.extend(hashes.map(|hash| format!("sha256:{}", hash.content)));
            let purl = image.purl.as_deref().and_then(Purl::parse);
            let versions = [purl.and_then(|purl| purl.version), image.version.clone()];
            let digest = |version: &String| version.starts_with("sha256:");
            subjects.extend(versions.into_iter().flatten().filter(digest));
        }
        let config = self.properties.iter().filter(|property| property.name == CONFIG);
        subjects.extend(config.map(|property| property.value.clone()));
        subjects
    }
}

impl Component {
    /// Whether it is something that is installed: neither the base nor what is only named beside.
    fn is_package(&self) -> bool {
        let is_image =
            |purl: &String| ["pkg:oci/", "pkg:docker/"].iter().any(|it| purl.starts_with(it));
        self.scope != "excluded" && self.purl.as_ref().is_some_and(|purl| !is_image(purl))
    }

    fn package(&self, place: &str) -> Option<Package> {
        let written = self.purl.as_ref().filter(|_| self.is_package())?;
        let purl = Purl::parse(written)?;
        let ecosystem = purl.ecosystem();
        let version = purl.version.clone().or_else(|| self.version.clone())?;
        let name = match (&purl.namespace, ecosystem) {
            (Some(scope), Ecosystem::Npm) => format!("{scope}/{}", purl.name),
            (_, Ecosystem::PyPI) => {
                purl.name.parse::<provender_core::ProjectName>().ok()?.to_string()
            }
            _ => purl.name.clone(),
        };
        let arch = purl.qualifier("arch").map(str::to_owned);
        let source = ecosystem.is_distribution().then(|| source(&purl, &name, &version));
        let built = source.iter().flat_map(|source| [&source.name, &source.version]);
        let words = [&name, &version].into_iter().chain(&arch).chain(built);
        if words.map(String::as_str).any(|word| !is_word(word)) {
            return None;
        }
        Some(Package {
            source,
            arch,
            ecosystem,
            name,
            version,
            locations: vec![place.to_owned()],
            layer: 0,
            kind: Kind::FromSbom,
            owner: None,
            direct_url: None,
            purl: written.clone(),
            licence: None,
        })
    }
}

/// The source package that `upstream` names: `NAME[@VERSION]`.
fn source(purl: &Purl, name: &str, version: &str) -> Source {
    let upstream = purl.qualifier("upstream").unwrap_or(name);
    let (name, version) = upstream.split_once('@').unwrap_or((upstream, version));
    Source { name: name.to_owned(), version: version.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_with_purls_are_packages() {
        let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
            {"name": "app", "components": [{"purl": "pkg:npm/%40s/a@1.0.0"}]},
            {"purl": "pkg:pypi/Zope_x", "version": "6"}, {"purl": "pkg:pypi/none"}, {"purl": "?"},
            {"purl": "pkg:deb/debian/libssl3@3.0.11-1+b1?arch=amd64&upstream=openssl@3.0.11-1"}]}"#;
        let packages = packages_of_cyclonedx(text, "sbom").unwrap();
        let found: Vec<_> = packages.iter().map(|p| (p.ecosystem, &*p.name, &*p.version)).collect();
        let expected = [
            (Ecosystem::Debian, "libssl3", "3.0.11-1+b1"),
            (Ecosystem::PyPI, "zope-x", "6"),
            (Ecosystem::Npm, "@s/a", "1.0.0"),
        ];
        assert_eq!(found, expected);
        let source = packages[0].source.as_ref().unwrap();
        assert_eq!((&*source.name, &*source.version), ("openssl", "3.0.11-1"));
        assert!(packages.iter().all(|package| package.kind == Kind::FromSbom));
    }

    #[test]
    fn other_documents_are_refused() {
        let error = packages_of_cyclonedx(r#"{"spdxVersion": "SPDX-2.3"}"#, "x.json").unwrap_err();
        assert_eq!(error.to_string(), "x.json: this is no CycloneDX document: its bomFormat is ``");
        assert!(packages_of_cyclonedx("{", "x").is_err());
        let deep = format!("{{\"components\": {}", "[{\"components\": ".repeat(500));
        assert!(packages_of_cyclonedx(&deep, "x").is_err());
    }
}
