//! What refers to an image: SBOMs, signatures, provenance (distribution-spec, "Listing Referrers" and
//! "Referrers Tag Schema").

use http::header::ACCEPT;
use provender_net::RedactedUrl;
use serde_json::{Value, json};
use url::Url;

use super::Registry;
use super::error::RegistryError;
use super::manifests::next_page;
use super::repository::{Ask, Repository};
use super::scope::Access;
use super::source::PushManifest;
use crate::blobs::MAX_DOCUMENT;
use crate::{Descriptor, Digest, MediaType, Reference};

/// How many pages of a list are read at most.
const MOST_PAGES: usize = 100;

/// How often a list is written that others write too.
const ATTEMPTS: usize = 5;

impl Registry {
    /// What refers to a manifest of the reference's repository, in the registry's order; where an
    /// artifact type is named, what is of that type. Entries under other digests than SHA-256, which
    /// could not be fetched, are left out.
    ///
    /// # Errors
    ///
    /// No access, or a list that cannot be read. A manifest that nothing refers to has an empty list,
    /// and so has one that is not there.
    pub async fn referrers(
        &self,
        repository: &Reference,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let repository = Repository::of(self, repository, Access::Pull).await?;
        let entries = match repository.listed(subject, artifact_type).await? {
            Some(entries) => entries,
            // The registry has no such list: those who attach keep one under a tag.
            None => match repository.index_under_tag(subject).await? {
                Some(index) => entries_of(&index),
                None => Vec::new(),
            },
        };
        let descriptors =
            entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok());
        let wanted = |descriptor: &Descriptor| match (artifact_type, &descriptor.artifact_type) {
            (Some(wanted), Some(is)) => is.as_str() == wanted,
            (Some(_), None) => false,
            (None, _) => true,
        };
        // A registry need not filter.
        Ok(descriptors.filter(wanted).collect())
    }
}

impl Repository {
    /// The registry's own list; none where it has none.
    async fn listed(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Option<Vec<Value>>, RegistryError> {
        let mut url = self.url(&format!("referrers/{subject}"));
        if let Some(artifact_type) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let mut entries = Vec::new();
        let mut next: Option<Url> = Some(url);
        let mut pages = 0;
        while let Some(url) = next {
            let ask = Ask::get(url).header(ACCEPT, MediaType::OCI_INDEX);
            // What registries without it answer.
            let incoming = self.ask(ask, &[400, 404, 405, 501]).await?;
            if !matches!(incoming.status(), 200..=299) {
                return Ok((pages > 0).then_some(entries));
            }
            next = next_page(&incoming);
            let reply = incoming.whole(MAX_DOCUMENT).await?;
            let page = parse(&reply.body, &RedactedUrl::from(&reply.url))?;
            entries.extend(entries_of(&page));
            pages += 1;
            if pages == MOST_PAGES {
                let reason = format!("has more than {MOST_PAGES} pages");
                let url = RedactedUrl::from(&reply.url);
                return Err(RegistryError::Malformed { what: "list of referrers", url, reason });
            }
        }
        Ok(Some(entries))
    }

    /// The list that is kept under the tag `sha256-HEX`; none where there is none.
    async fn index_under_tag(&self, subject: &Digest) -> Result<Option<Value>, RegistryError> {
        let reference = self.tagged(subject);
        let Some(document) = self.manifest_if_any(&reference).await? else { return Ok(None) };
        let place = RedactedUrl::from(&self.url(&format!("manifests/{}", reference.wanted())));
        if !document.descriptor.media_type.is_index() {
            let reason = format!("is a {}", document.descriptor.media_type);
            return Err(RegistryError::Malformed { what: "list of referrers", url: place, reason });
        }
        parse(&document.bytes, &place).map(Some)
    }

    /// Adds an entry to the list under the tag of its subject, beside those of others. Somebody else
    /// may write the list at the same time, so it is read again afterwards.
    pub(super) async fn list_under_tag(
        &self,
        subject: &Digest,
        entry: &Descriptor,
    ) -> Result<(), RegistryError> {
        let place = RedactedUrl::from(&self.url(&format!("manifests/{}", fallback_tag(subject))));
        let unreadable = |error: serde_json::Error| RegistryError::Malformed {
            what: "list of referrers",
            url: place.clone(),
            reason: format!("cannot be written: {error}"),
        };
        let added = serde_json::to_value(entry).map_err(unreadable)?;
        let digest = entry.digest.to_string();
        for _ in 0..ATTEMPTS {
            let mut index = self.index_under_tag(subject).await?.unwrap_or_else(empty_index);
            let is_added =
                |entry: &Value| entry.get("digest").and_then(Value::as_str) == Some(&digest);
            if entries_of(&index).iter().any(is_added) {
                return Ok(());
            }
            // Kept as they stand, with what this program does not know of.
            if let Some(Value::Array(entries)) = index.get_mut("manifests") {
                entries.push(added.clone());
            }
            let bytes = serde_json::to_vec(&index).map_err(unreadable)?;
            let descriptor = Descriptor::of(MediaType::new(MediaType::OCI_INDEX), &bytes);
            let manifest = PushManifest { descriptor, bytes, tag: None };
            self.put_manifest(&fallback_tag(subject), &manifest).await?;
        }
        Err(RegistryError::Contended { subject: *subject, digest: entry.digest })
    }

    fn tagged(&self, subject: &Digest) -> Reference {
        Reference {
            registry: self.host_name().to_owned(),
            repository: self.name().to_owned(),
            tag: Some(fallback_tag(subject)),
            digest: None,
        }
    }
}

/// `sha256-HEX`.
fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

fn empty_index() -> Value {
    json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [] })
}

fn parse(bytes: &[u8], url: &RedactedUrl) -> Result<Value, RegistryError> {
    let malformed = |reason: String| RegistryError::Malformed {
        what: "list of referrers",
        url: url.clone(),
        reason,
    };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| malformed(format!("cannot be read: {error}")))?;
    match value.get("manifests") {
        Some(Value::Array(_)) => Ok(value),
        _ => Err(malformed("has no manifests".to_owned())),
    }
}

fn entries_of(index: &Value) -> Vec<Value> {
    index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default()
}
