//! OCI image layouts (image-spec 1.1, "OCI Image Layout Specification"), in a folder or a tar
//! archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::archive::{Archive, ArchiveBlobs, malformed, open_file};
use crate::blobs::MAX_DOCUMENT;
use crate::image::BUFFER;
use crate::{BlobRead, Blobs, Digest, ImageError, Index};

/// What every layout has: the version.
pub(crate) const LAYOUT_FILE: &str = "oci-layout";
/// What stands in it in a layout that provender writes.
pub(crate) const LAYOUT_BYTES: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// Where the images of a layout are listed.
pub(crate) const INDEX_FILE: &str = "index.json";
/// Where the blobs of a layout are.
pub(crate) const BLOBS_FOLDER: &str = "blobs/sha256";

/// A layout: what it lists, and its blobs.
pub(super) type Layout = (Index, Arc<dyn Blobs>);

/// A folder with blobs as a layout keeps them: `blobs/sha256/HEX`.
#[derive(Debug, Clone)]
pub struct LayoutBlobs {
    root: PathBuf,
}

impl LayoutBlobs {
    /// The blobs in this folder, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a blob is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join(BLOBS_FOLDER).join(digest.hex())
    }
}

impl Blobs for LayoutBlobs {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        if !self.holds(digest) {
            let place = self.place();
            return Err(ImageError::Missing { what: "blob", digest: *digest, place });
        }
        let path = self.path(digest);
        let file = File::open(&path).map_err(|error| ImageError::io(path, error))?;
        Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }
}

/// Opens the layout in a folder.
pub(super) fn folder(path: &Path) -> Result<Layout, ImageError> {
    let index = folder_index(path)?.ok_or_else(|| {
        let place = path.display().to_string();
        ImageError::Malformed { what: "layout", reason: format!("has no {INDEX_FILE}"), place }
    })?;
    Ok((index, Arc::new(LayoutBlobs::new(path))))
}

/// What the layout in a folder lists; none where it has been begun and lists nothing yet.
///
/// # Errors
///
/// A folder without a layout, or with one of another version; documents that cannot be read.
pub(crate) fn folder_index(path: &Path) -> Result<Option<Index>, ImageError> {
    let place = path.display().to_string();
    let layout = path.join(LAYOUT_FILE);
    if !path.is_dir() || !layout.exists() {
        return Err(ImageError::Malformed {
            what: "layout",
            reason: format!("is not there: no folder with a file {LAYOUT_FILE}"),
            place,
        });
    }
    check_version(&document("layout", &layout)?, &place)?;
    let index = path.join(INDEX_FILE);
    if !index.exists() {
        return Ok(None);
    }
    parse("index", &document("index", &index)?, &place).map(Some)
}

/// Opens the layout in an archive.
pub(super) fn archive(archive: Archive) -> Result<Layout, ImageError> {
    let place = archive.path().display().to_string();
    let document = |what, name: &str| {
        let bytes = archive.document(what, name)?;
        bytes.ok_or_else(|| malformed(archive.path(), &format!("holds no {name}")))
    };
    check_version(&document("layout", LAYOUT_FILE)?, &place)?;
    let index = parse("index", &document("index", INDEX_FILE)?, &place)?;
    let mut extents = BTreeMap::new();
    for name in archive.names() {
        let hex = name.strip_prefix(BLOBS_FOLDER).and_then(|rest| rest.strip_prefix('/'));
        let Some(digest) = hex.and_then(|hex| format!("sha256:{hex}").parse().ok()) else {
            continue;
        };
        if let Some(extent) = archive.find(name)? {
            extents.insert(digest, extent);
        }
    }
    Ok((index, Arc::new(ArchiveBlobs::new(archive, extents))))
}

/// Whether an archive looks like a layout.
pub(super) fn is_in(archive: &Archive) -> bool {
    let mut names = [LAYOUT_FILE, INDEX_FILE].into_iter();
    names.all(|name| archive.find(name).is_ok_and(|found| found.is_some()))
}

fn check_version(bytes: &[u8], place: &str) -> Result<(), ImageError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        image_layout_version: String,
    }
    let version: Version = parse("layout", bytes, place)?;
    if version.image_layout_version.starts_with("1.") {
        return Ok(());
    }
    Err(ImageError::Malformed {
        what: "layout",
        reason: format!("is of version {:?}; 1.0.0 is read", version.image_layout_version),
        place: place.to_owned(),
    })
}

fn document(what: &'static str, path: &Path) -> Result<Vec<u8>, ImageError> {
    let (file, _) = open_file(path)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes);
    read.map_err(|error| ImageError::io(path, error))?;
    if bytes.len() as u64 > MAX_DOCUMENT {
        let place = path.display().to_string();
        return Err(ImageError::TooLarge { what, limit: MAX_DOCUMENT, place });
    }
    Ok(bytes)
}

/// Reads a JSON document.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    what: &'static str,
    bytes: &'a [u8],
    place: &str,
) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::Malformed {
        what,
        reason: error.to_string(),
        place: place.to_owned(),
    })
}
