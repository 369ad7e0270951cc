//! The list of the images in a layout: its `index.json`.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuiltImage, WriteError};
use crate::source::{REF_NAME, names};
use crate::{Blobs, Descriptor, Digest, Index, Manifest, MediaType};

/// The longest name of an image in a layout, in bytes.
const MAX_NAME: usize = 512;

/// Refuses names that other tools would not read.
///
/// The specification's grammar for `org.opencontainers.image.ref.name` is narrower than the references
/// that everybody writes there.
pub(super) fn check_name(name: Option<&str>) -> Result<(), WriteError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b"._-:@+/".contains(&b);
    match name {
        Some(name) if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(word) => {
            Err(WriteError::Name(name.to_owned()))
        }
        _ => Ok(()),
    }
}

/// A list of nothing.
pub(super) fn empty() -> Index {
    Index {
        schema_version: 2,
        media_type: Some(MediaType::new(MediaType::OCI_INDEX)),
        manifests: Vec::new(),
        annotations: BTreeMap::new(),
        other: BTreeMap::new(),
    }
}

/// A list of this image alone.
pub(super) fn alone(built: &BuiltImage, name: Option<&str>) -> Index {
    Index { manifests: entries(built, name), ..empty() }
}

/// A list with this image in the place of the one of that name, or at its end.
///
/// What is attached to the replaced image goes with it, unless that has another name too.
pub(super) fn merged(
    index: Index,
    built: &BuiltImage,
    name: Option<&str>,
    blobs: &dyn Blobs,
) -> Index {
    let is_replaced = |entry: &Descriptor| match name {
        Some(name) => names(entry).iter().any(|own| own == name),
        None => names(entry).is_empty() && entry.artifact_type.is_none(),
    };
    let (replaced, kept): (Vec<_>, Vec<_>) = index.manifests.iter().partition(|d| is_replaced(d));
    let mut orphaned = subjects(replaced.into_iter(), blobs);
    let staying = kept.into_iter().filter(|entry| entry.artifact_type.is_none());
    let staying = subjects(staying, blobs);
    orphaned.retain(|digest| !staying.contains(digest));

    let new = entries(built, name);
    let is_again = |entry: &Descriptor| {
        entry.artifact_type.is_some()
            && (new.iter().any(|new| new.digest == entry.digest)
                || subject(entry, blobs).is_some_and(|subject| orphaned.contains(&subject)))
    };
    let mut manifests = Vec::new();
    let mut is_listed = false;
    for entry in index.manifests {
        if !is_replaced(&entry) {
            manifests.extend((!is_again(&entry)).then_some(entry));
        } else if !is_listed {
            manifests.extend(new.iter().cloned());
            is_listed = true;
        }
    }
    if !is_listed {
        manifests.extend(new);
    }
    Index { manifests, ..index }
}

/// How the image and what is attached to it are listed.
fn entries(built: &BuiltImage, name: Option<&str>) -> Vec<Descriptor> {
    let mut root = built.listed();
    if let Some(name) = name {
        root.annotations.insert(REF_NAME.to_owned(), name.to_owned());
    }
    let attached = built.attachments().iter().map(|a| a.manifest().descriptor.clone());
    [root].into_iter().chain(attached).collect()
}

/// What something may be attached to: these, and the images in those that are indexes.
fn subjects<'d>(
    entries: impl Iterator<Item = &'d Descriptor>,
    blobs: &dyn Blobs,
) -> BTreeSet<Digest> {
    let mut subjects = BTreeSet::new();
    for entry in entries {
        subjects.insert(entry.digest);
        if entry.media_type.is_index()
            && let Ok(bytes) = blobs.document("index", entry)
            && let Ok(index) = serde_json::from_slice::<Index>(&bytes)
        {
            subjects.extend(index.manifests.iter().map(|inner| inner.digest));
        }
    }
    subjects
}

/// What an attachment is attached to; none where that cannot be told.
fn subject(entry: &Descriptor, blobs: &dyn Blobs) -> Option<Digest> {
    let bytes = blobs.document("manifest", entry).ok()?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    Some(manifest.subject?.digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_every_tool_reads() {
        for good in ["1.0", "app:1.0", "registry.example:5000/team/app_x:1", "latest"] {
            assert!(check_name(Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n", "ä", &"a".repeat(513)] {
            assert!(check_name(Some(bad)).is_err(), "{bad}");
        }
    }
}
