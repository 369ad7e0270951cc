//! Manifests and tags (distribution-spec, "Pulling manifests", "Listing tags").

use http::header::{ACCEPT, CONTENT_TYPE, LINK};
use provender_net::{Incoming, RedactedUrl};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Registry;
use super::error::RegistryError;
use super::repository::{Ask, Repository};
use super::scope::Access;
use super::source::PushManifest;
use crate::blobs::MAX_DOCUMENT;
use crate::{Descriptor, Digest, MediaType, Reference};

/// Every kind of manifest that is read, in both formats.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The header with which registries tell a manifest's digest.
const DIGEST_HEADER: &str = "docker-content-digest";

/// How many tags an error names.
const NAMED_TAGS: usize = 20;

/// How many tags are listed at most: a repository with more is not for reading.
const MOST_TAGS: usize = 100_000;

/// A manifest or an index as its bytes stand.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: Vec<u8>,
}

impl Registry {
    /// What a reference names at present: the descriptor of a manifest or an index.
    ///
    /// # Errors
    ///
    /// No such image, no access, or a digest in the reference that is not that of what came.
    pub async fn resolve(&self, reference: &Reference) -> Result<Descriptor, RegistryError> {
        let repository = Repository::of(self, reference, Access::Pull).await?;
        match repository.head_manifest(reference).await? {
            Some(descriptor) => Ok(descriptor),
            None => Ok(repository.manifest(reference).await?.descriptor),
        }
    }

    /// The tags of a repository, in the registry's order.
    ///
    /// # Errors
    ///
    /// No such repository, no access, or a registry that lists nothing.
    pub async fn tags(&self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        let repository = Repository::of(self, reference, Access::Pull).await?;
        let mut tags = Vec::new();
        let mut next = Some(repository.url("tags/list"));
        while let Some(url) = next
            && tags.len() < MOST_TAGS
        {
            let (some, link) = repository.tags_page(url).await?;
            // A page without tags that names another one would never end.
            next = link.filter(|_| !some.is_empty());
            tags.extend(some);
        }
        Ok(tags)
    }
}

impl Repository {
    /// What HEAD tells of a manifest; none where that does not suffice.
    async fn head_manifest(
        &self,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let url = self.url(&format!("manifests/{}", reference.wanted()));
        let ask = Ask::head(url).header(ACCEPT, ACCEPTED);
        // A refusal without a body says less than one with it, so GET asks again.
        let incoming = match self.ask(ask, &[]).await {
            Ok(incoming) => incoming,
            Err(RegistryError::Denied(_) | RegistryError::Status { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let digest = incoming.header(DIGEST_HEADER).and_then(|text| text.parse::<Digest>().ok());
        let size = incoming.header("content-length").and_then(|text| text.parse().ok());
        let media_type = MediaType::new(&incoming.content_type());
        let known = media_type.is_index() || media_type.is_manifest();
        let (Some(digest), Some(size), true) = (digest, size, known) else { return Ok(None) };
        if let Some(expected) = reference.digest.filter(|expected| *expected != digest) {
            return Err(wrong(&incoming, expected, digest));
        }
        Ok(Some(Descriptor::new(media_type, digest, size)))
    }

    /// A manifest or an index. Its bytes hash to the digest of the reference and to what the registry
    /// says they do.
    pub(super) async fn manifest(&self, reference: &Reference) -> Result<Document, RegistryError> {
        match self.manifest_if_any(reference).await? {
            Some(document) => Ok(document),
            None => {
                let tags = self.some_tags().await;
                Err(RegistryError::NoImage { reference: reference.to_string(), tags })
            }
        }
    }

    /// As [`manifest`](Self::manifest); none where there is none.
    pub(super) async fn manifest_if_any(
        &self,
        reference: &Reference,
    ) -> Result<Option<Document>, RegistryError> {
        let url = self.url(&format!("manifests/{}", reference.wanted()));
        let incoming = self.ask(Ask::get(url).header(ACCEPT, ACCEPTED), &[404]).await?;
        if incoming.status() == 404 {
            return Ok(None);
        }
        let told = incoming.header(DIGEST_HEADER).and_then(|text| text.parse::<Digest>().ok());
        let content_type = MediaType::new(&incoming.content_type());
        let reply = incoming.whole(MAX_DOCUMENT).await?;
        let found = Digest::of(&reply.body);
        for expected in [reference.digest, told].into_iter().flatten() {
            if expected != found {
                let url = RedactedUrl::from(&reply.url);
                let found = format!("it hashes to {found}");
                return Err(RegistryError::Digest { what: "manifest", url, expected, found });
            }
        }
        let media_type = media_type_of(&content_type, &reply.body, reference)?;
        let media_type = media_type.ok_or_else(|| RegistryError::Malformed {
            what: "manifest",
            url: RedactedUrl::from(&reply.url),
            reason: "is not clearly an image manifest or an index".to_owned(),
        })?;
        let descriptor = Descriptor::new(media_type, found, reply.body.len() as u64);
        Ok(Some(Document { descriptor, bytes: reply.body }))
    }

    /// Puts a manifest under a tag or its digest. What is returned is whether the registry lists it
    /// among what refers to its subject (distribution-spec, "Pushing Manifests with Subject").
    pub(super) async fn put_manifest(
        &self,
        name: &str,
        manifest: &PushManifest,
    ) -> Result<bool, RegistryError> {
        let ask = Ask::new(http::Method::PUT, self.url(&format!("manifests/{name}")))
            .header(CONTENT_TYPE, manifest.descriptor.media_type.as_str())
            .body(manifest.bytes.clone().into())
            .repeatable();
        let incoming = self.ask(ask, &[]).await?;
        let told = incoming.header(DIGEST_HEADER).and_then(|text| text.parse::<Digest>().ok());
        if let Some(told) = told.filter(|told| *told != manifest.descriptor.digest) {
            return Err(wrong(&incoming, manifest.descriptor.digest, told));
        }
        Ok(incoming.headers().contains_key("oci-subject"))
    }

    /// Some tags for an error; none where the registry does not tell.
    async fn some_tags(&self) -> Vec<String> {
        let mut url = self.url("tags/list");
        url.query_pairs_mut().append_pair("n", &NAMED_TAGS.to_string());
        let listed = self.tags_page(url).await.map(|(tags, _)| tags);
        let mut tags = listed.unwrap_or_default();
        tags.truncate(NAMED_TAGS);
        tags
    }

    async fn tags_page(&self, url: Url) -> Result<(Vec<String>, Option<Url>), RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let incoming = self.ask(Ask::get(url), &[]).await?;
        let next = next_page(&incoming);
        let reply = incoming.whole(MAX_DOCUMENT).await?;
        let page: Page =
            serde_json::from_slice(&reply.body).map_err(|error| RegistryError::Malformed {
                what: "list of tags",
                url: RedactedUrl::from(&reply.url),
                reason: format!("cannot be read: {error}"),
            })?;
        let mut tags = page.tags.unwrap_or_default();
        tags.retain(|tag| crate::reference::is_tag(tag));
        Ok((tags, next))
    }
}

fn wrong(incoming: &Incoming, expected: Digest, found: Digest) -> RegistryError {
    let url = RedactedUrl::from(incoming.url());
    let found = format!("the registry says {found}");
    RegistryError::Digest { what: "manifest", url, expected, found }
}

/// The `Link` to the next page of a list (RFC 8288), where it stays with the registry.
pub(super) fn next_page(incoming: &Incoming) -> Option<Url> {
    let link = incoming.headers().get(LINK)?.to_str().ok()?;
    let (target, parameters) = link.split_once('<')?.1.split_once('>')?;
    let is_next = parameters.split([';', ',']).any(|parameter| {
        let parameter = parameter.trim().to_ascii_lowercase();
        parameter == "rel=next" || parameter == "rel=\"next\""
    });
    let url = incoming.url().join(target).ok()?;
    (is_next && url.origin() == incoming.url().origin()).then_some(url)
}

/// What a document is: its own word where the registry's is of no use; none for what is no manifest.
fn media_type_of(
    told: &MediaType,
    bytes: &[u8],
    reference: &Reference,
) -> Result<Option<MediaType>, RegistryError> {
    let schema1 = || RegistryError::Schema1 { reference: reference.to_string() };
    if told.as_str().starts_with("application/vnd.docker.distribution.manifest.v1") {
        return Err(schema1());
    }
    let Ok(Value::Object(document)) = serde_json::from_slice(bytes) else { return Ok(None) };
    if document.get("schemaVersion").and_then(Value::as_u64) == Some(1) {
        return Err(schema1());
    }
    let lists_manifests = document.contains_key("manifests");
    let lists_layers = document.contains_key("layers");
    let known = |media_type: &MediaType| media_type.is_manifest() || media_type.is_index();
    let own = document.get("mediaType").and_then(Value::as_str).map(MediaType::new).filter(known);
    let told = Some(told.clone()).filter(known);
    let found = match (own, told) {
        // One that is an image to one reader and an index to another is neither.
        (Some(own), Some(told)) if own != told => None,
        (Some(media_type), _) | (None, Some(media_type)) => Some(media_type),
        // Documents made before image-spec 1.1 may not say what they are.
        (None, None) if lists_manifests => Some(MediaType::new(MediaType::OCI_INDEX)),
        (None, None) if lists_layers => Some(MediaType::new(MediaType::OCI_MANIFEST)),
        (None, None) => None,
    };
    Ok(found.filter(|found| if found.is_index() { !lists_layers } else { !lists_manifests }))
}

/// As the registry's word is not there: what a document that was kept says of itself.
pub(super) fn kept_media_type(
    bytes: &[u8],
    reference: &Reference,
) -> Result<Option<MediaType>, RegistryError> {
    media_type_of(&MediaType::new(""), bytes, reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(told: &str, text: &str) -> Result<Option<String>, RegistryError> {
        let reference = "registry.example/app".parse().unwrap();
        let found = media_type_of(&MediaType::new(told), text.as_bytes(), &reference)?;
        Ok(found.map(|media_type| media_type.to_string()))
    }

    #[test]
    fn a_document_is_what_it_says_or_what_the_registry_says_or_what_it_looks_like() {
        let docker = format!(r#"{{"mediaType":"{}"}}"#, MediaType::DOCKER_MANIFEST);
        assert_eq!(of("text/plain", &docker).unwrap().unwrap(), MediaType::DOCKER_MANIFEST);
        assert_eq!(of(MediaType::OCI_INDEX, "{}").unwrap().unwrap(), MediaType::OCI_INDEX);
        assert_eq!(of("", r#"{"layers":[]}"#).unwrap().unwrap(), MediaType::OCI_MANIFEST);
        assert_eq!(
            of("application/json", r#"{"manifests":[]}"#).unwrap().unwrap(),
            MediaType::OCI_INDEX
        );
        assert_eq!(of("application/json", "{}").unwrap(), None);
        assert_eq!(of("application/json", "[]").unwrap(), None);
    }

    #[test]
    fn what_is_one_thing_to_one_reader_and_another_to_the_next_is_neither() {
        let docker = format!(r#"{{"mediaType":"{}"}}"#, MediaType::DOCKER_MANIFEST);
        assert_eq!(of(MediaType::OCI_INDEX, &docker).unwrap(), None);
        assert_eq!(of(MediaType::OCI_INDEX, r#"{"manifests":[],"layers":[]}"#).unwrap(), None);
        assert_eq!(of(MediaType::OCI_MANIFEST, r#"{"manifests":[]}"#).unwrap(), None);
    }

    #[test]
    fn schema_1_is_refused_by_name() {
        let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        assert!(matches!(of(signed, "{}"), Err(RegistryError::Schema1 { .. })));
        let plain = of("application/json", r#"{"schemaVersion":1}"#);
        assert!(matches!(plain, Err(RegistryError::Schema1 { .. })));
    }
}
