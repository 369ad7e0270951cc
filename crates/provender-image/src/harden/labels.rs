//! What an image says of itself: labels in its configuration and annotations of its manifest
//! (image-spec 1.1, "Annotations").

use std::collections::BTreeMap;

use provender_core::redact::without_userinfo;

use crate::Digest;

/// How the specification's own keys begin.
const OCI: &str = "org.opencontainers.image.";

/// Where an image comes from. What is not known is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// When it was made (RFC 3339).
    pub created: Option<String>,
    /// Its name for people.
    pub title: Option<String>,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// The version of what is in it.
    pub version: Option<String>,
    /// Where its sources are; credentials in the address are left out.
    pub source: Option<String>,
    /// The commit of its sources.
    pub revision: Option<String>,
    /// The page about it.
    pub url: Option<String>,
    /// Who gives it out.
    pub vendor: Option<String>,
    /// Its licences, as an SPDX expression.
    pub licenses: Option<String>,
    /// The reference of its base, with the registry's host.
    pub base_name: Option<String>,
    /// The digest of its base's manifest.
    pub base_digest: Option<Digest>,
}

impl Facts {
    /// As labels or annotations, which have the same keys.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let address = |url: &Option<String>| url.as_deref().map(without_userinfo);
        let labels = [
            ("created", self.created.clone()),
            ("title", self.title.clone()),
            ("description", self.description.clone()),
            ("version", self.version.clone()),
            ("source", address(&self.source)),
            ("revision", self.revision.clone()),
            ("url", address(&self.url)),
            ("vendor", self.vendor.clone()),
            ("licenses", self.licenses.clone()),
            ("base.name", self.base_name.clone()),
            ("base.digest", self.base_digest.map(|digest| digest.to_string())),
        ];
        let told = labels.into_iter().filter_map(|(key, value)| Some((key, value?)));
        told.map(|(key, value)| (format!("{OCI}{key}"), value)).collect()
    }
}

/// The labels of a base that hold for what is built on it: not those that describe the base itself.
pub(super) fn inherited(base: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let of_base = |key: &str| {
        [OCI, "org.label-schema.", "io.buildah."].iter().any(|start| key.starts_with(start))
            || key == "maintainer"
    };
    let kept = base.iter().filter(|(key, _)| !of_base(key));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said_in_the_specification_s_words() {
        let facts = Facts {
            title: Some("app".to_owned()),
            source: Some("https://bob:hunter2@git.example/app.git".to_owned()),
            base_digest: Some(Digest::of(b"")),
            ..Facts::default()
        };
        let labels: Vec<(String, String)> = facts.labels().into_iter().collect();
        let expected = [
            ("org.opencontainers.image.base.digest", Digest::of(b"").to_string()),
            ("org.opencontainers.image.source", "https://git.example/app.git".to_owned()),
            ("org.opencontainers.image.title", "app".to_owned()),
        ];
        assert_eq!(labels, expected.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn what_a_base_says_of_itself_is_not_said_of_the_image() {
        let base = ["maintainer", "org.opencontainers.image.title", "team"];
        let base = base.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect();
        assert_eq!(inherited(&base).into_keys().collect::<Vec<_>>(), ["team"]);
    }
}
