//! Pushing an image (distribution-spec, "Push"): blobs, then manifests, then tags, then the proof.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::RegistryError;
use super::parallel::each;
use super::repository::Repository;
use super::scope::Access;
use super::source::{PushBlob, PushManifest, PushSource};
use super::upload::upload;
use super::{Progress, Registry};
use crate::{Descriptor, Digest, Reference};

/// How blobs are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushOptions {
    /// The longest blob that goes in one request, in bytes.
    pub monolithic_up_to: u64,
    /// The longest piece of a longer one, in bytes. A registry that wants longer ones gets them.
    pub chunk_size: u64,
}

impl Default for PushOptions {
    /// Up to 8 MiB in one request, and pieces of 64 MiB: few requests, and no long way back.
    fn default() -> Self {
        Self { monolithic_up_to: 8 << 20, chunk_size: 64 << 20 }
    }
}

/// What became of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moved {
    /// The registry had it.
    Held,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent.
    Sent,
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What the reference names now.
    pub digest: Digest,
    /// What became of each blob.
    pub blobs: BTreeMap<Digest, Moved>,
}

impl Registry {
    /// Pushes an image and gives it the tag of the reference (`latest` where it has neither tag nor
    /// digest). Manifests with a `subject` are listed among what refers to it.
    ///
    /// Tags are given last, and what was pushed is asked for afterwards.
    ///
    /// # Errors
    ///
    /// No access, a source that is not what it says, and everything that keeps the whole image from
    /// being there. The tag then names what it named before.
    pub async fn push(
        &self,
        source: &dyn PushSource,
        to: &Reference,
        options: &PushOptions,
        progress: Option<&Progress>,
    ) -> Result<Pushed, RegistryError> {
        let tag = match (&to.tag, &to.digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.clone(),
        };
        self.push_as(source, to, tag, options, progress).await
    }

    /// Pushes attachments: manifests with a `subject`, each listed among what refers to it. The tag
    /// and the digest of the reference do not count.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push); a source whose root has no subject.
    pub async fn push_referrer(
        &self,
        source: &dyn PushSource,
        to: &Reference,
        options: &PushOptions,
        progress: Option<&Progress>,
    ) -> Result<Pushed, RegistryError> {
        let root = source.root();
        let manifests = source.manifests();
        let found = manifests.iter().find(|manifest| manifest.descriptor.digest == root);
        if found.is_none_or(|manifest| attachment(manifest).is_none()) {
            return Err(unfit(to, format!("{root} is attached to nothing")));
        }
        let to = Reference { tag: None, digest: None, ..to.clone() };
        self.push_as(source, &to, None, options, progress).await
    }

    async fn push_as(
        &self,
        source: &dyn PushSource,
        to: &Reference,
        tag: Option<String>,
        options: &PushOptions,
        progress: Option<&Progress>,
    ) -> Result<Pushed, RegistryError> {
        let manifests = source.manifests();
        let root = check(source, &manifests, to)?;
        let repository = Repository::of(self, to, Access::Push).await?;

        let blobs: BTreeMap<Digest, PushBlob> =
            source.blobs().into_iter().map(|blob| (blob.descriptor.digest, blob)).collect();
        let digests: BTreeSet<Digest> = blobs.keys().copied().collect();
        let moved = each(blobs, |(digest, blob)| {
            let (repository, options) = (repository.clone(), *options);
            let progress = progress.cloned();
            async move {
                let moved = upload(&repository, &blob, &options, progress.as_ref()).await?;
                Ok((digest, moved))
            }
        });
        let moved: BTreeMap<Digest, Moved> = moved.await?.into_iter().collect();

        for manifest in &manifests {
            let digest = manifest.descriptor.digest;
            let listed = repository.put_manifest(&digest.to_string(), manifest).await?;
            if let Some((subject, entry)) = attachment(manifest).filter(|_| !listed) {
                repository.list_under_tag(&subject.digest, &entry).await?;
            }
        }
        let mut tags: Vec<(&str, &PushManifest)> = Vec::new();
        for manifest in &manifests {
            tags.extend(manifest.tag.as_deref().map(|tag| (tag, manifest)));
            if manifest.descriptor.digest == root {
                tags.extend(tag.as_deref().map(|tag| (tag, manifest)));
            }
        }
        for (tag, manifest) in &tags {
            repository.put_manifest(tag, manifest).await?;
        }

        let by_digest = manifests.iter().map(|manifest| (None, manifest));
        let by_tag = tags.into_iter().map(|(tag, manifest)| (Some(tag), manifest));
        for (tag, manifest) in by_digest.chain(by_tag) {
            verify_manifest(&repository, to, tag, manifest.descriptor.digest).await?;
        }
        each(digests, |digest| {
            let (repository, to) = (repository.clone(), to.clone());
            async move {
                if repository.has_blob(&digest).await? {
                    return Ok(());
                }
                Err(lost(&to, "blob", digest))
            }
        })
        .await?;
        Ok(Pushed { digest: root, blobs: moved })
    }
}

/// Sees to it that a tag, or else a digest, names the manifest that was put there.
async fn verify_manifest(
    repository: &Repository,
    to: &Reference,
    tag: Option<&str>,
    digest: Digest,
) -> Result<(), RegistryError> {
    let named = match tag {
        Some(tag) => Reference { tag: Some(tag.to_owned()), digest: None, ..to.clone() },
        None => to.at(digest),
    };
    match repository.manifest_if_any(&named).await? {
        Some(found) if found.descriptor.digest == digest => Ok(()),
        _ => Err(lost(&named, "manifest", digest)),
    }
}

/// The root, where the manifests are what they say and the reference names no other.
fn check(
    source: &dyn PushSource,
    manifests: &[PushManifest],
    to: &Reference,
) -> Result<Digest, RegistryError> {
    let root = source.root();
    if !manifests.iter().any(|manifest| manifest.descriptor.digest == root) {
        return Err(unfit(to, format!("its manifest {root} is missing")));
    }
    if let Some(named) = to.digest.filter(|named| *named != root) {
        return Err(unfit(to, format!("{named} is named, and the image is {root}")));
    }
    for PushManifest { descriptor, bytes, tag } in manifests {
        if Digest::of(bytes) != descriptor.digest {
            return Err(unfit(to, format!("the manifest {} has other bytes", descriptor.digest)));
        }
        if let Some(tag) = tag.as_deref().filter(|tag| !crate::reference::is_tag(tag)) {
            return Err(unfit(to, format!("`{tag}` is no tag")));
        }
    }
    Ok(root)
}

fn unfit(to: &Reference, reason: String) -> RegistryError {
    RegistryError::Unfit { reference: to.to_string(), reason }
}

fn lost(reference: &Reference, what: &'static str, digest: Digest) -> RegistryError {
    RegistryError::Lost { reference: reference.to_string(), what, digest }
}

/// What a manifest is attached to, and how it stands in the list of what is attached there
/// (distribution-spec, "Referrers Tag Schema"); none where it is no attachment.
fn attachment(manifest: &PushManifest) -> Option<(Descriptor, Descriptor)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Attached {
        subject: Option<Descriptor>,
        artifact_type: Option<crate::MediaType>,
        config: Option<Descriptor>,
        #[serde(default)]
        annotations: BTreeMap<String, String>,
    }
    let attached: Attached = serde_json::from_slice(&manifest.bytes).ok()?;
    let of_config = attached.config.map(|config| config.media_type);
    let entry = Descriptor {
        artifact_type: attached.artifact_type.or(of_config),
        annotations: attached.annotations,
        ..manifest.descriptor.clone()
    };
    Some((attached.subject?, entry))
}
