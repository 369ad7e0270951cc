//! What `docker save` writes: configurations and layers, and a list of which belong together.
//!
//! There is no manifest in it, so one is made, of the layers as they stand. The configuration says
//! what an uncompressed layer hashes to, and whoever reads the layer checks that; only a compressed
//! one has to be read here.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Deserialize;

use super::archive::{Archive, ArchiveBlobs, Extent, bad, malformed};
use super::compressed::decompressed;
use super::hashing::Hashing;
use super::layout::parse;
use super::{Listed, WantedImage};
use crate::{
    Compression, Descriptor, Digest, Image, ImageConfig, ImageError, ImageFormat, Manifest,
    manifest,
};

/// The list of the images in the archive.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";

/// One image in the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

impl Saved {
    fn tags(&self) -> &[String] {
        self.repo_tags.as_deref().unwrap_or_default()
    }

    /// Whether this is one of its tags; without one, `latest` is meant, as docker has it.
    fn is_named(&self, name: &str) -> bool {
        let bare = |tag: &str| tag.strip_suffix(":latest") == Some(name);
        self.tags().iter().any(|tag| tag == name || bare(tag))
    }
}

/// Whether an archive looks like docker's.
pub(super) fn is_in(archive: &Archive) -> bool {
    archive.find(MANIFEST_FILE).is_ok_and(|found| found.is_some())
}

/// Opens the image that is meant.
///
/// # Errors
///
/// [`ImageError::NoImage`] where none is, [`ImageError::Several`] where several could be; documents
/// that cannot be read; layers that are not what the configuration says.
pub(super) fn open(
    archive: Archive,
    name: Option<&str>,
    wanted: &WantedImage,
) -> Result<Image, ImageError> {
    let place = archive.path().display().to_string();
    let saved = images(&archive)?;
    let is_named = |saved: &&Saved| name.is_none_or(|name| saved.is_named(name));
    let mut fitting = Vec::new();
    let mut known = Vec::new();
    for saved in &saved {
        let (bytes, config) = configuration(&archive, saved)?;
        let tag = saved.tags().first().unwrap_or(&saved.config);
        known.push(format!("{tag} ({})", config.platform));
        let serves = wanted.platform.as_ref().is_none_or(|w| config.platform.serves(w));
        if is_named(&saved) && serves {
            fitting.push((saved, bytes, config));
        }
    }
    let Some((saved, bytes, config)) = fitting.first() else {
        return Err(wanted.no_image(name, known, place));
    };
    if name.is_none() && fitting.iter().any(|(other, ..)| other.config != saved.config) {
        return Err(ImageError::Several { known, place });
    }
    let (layers, extents) = layers(&archive, saved, config)?;
    let format = ImageFormat::Docker;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(format.manifest()),
        artifact_type: None,
        config: Descriptor::of(format.config(), bytes),
        layers,
        subject: None,
        annotations: BTreeMap::new(),
    };
    let document = manifest::to_bytes(&manifest)
        .map_err(|error| malformed(archive.path(), &error.to_string()))?;
    let descriptor = Descriptor::of(format.manifest(), &document);
    let mut blobs = ArchiveBlobs::new(archive, extents);
    blobs.add(document);
    blobs.add(bytes.clone());
    Image::read(descriptor, Arc::new(blobs))
}

/// Lists the images of an archive.
pub(super) fn list(archive: &Archive) -> Result<Vec<Listed>, ImageError> {
    let listed = images(archive)?.into_iter().map(|saved| {
        let platform = configuration(archive, &saved)?.1.platform;
        let names = saved.repo_tags.unwrap_or_default();
        Ok(Listed { names, platform: Some(platform), descriptor: None })
    });
    listed.collect()
}

fn images(archive: &Archive) -> Result<Vec<Saved>, ImageError> {
    let bytes = archive.document("list of images", MANIFEST_FILE)?;
    let bytes = bytes.ok_or_else(|| {
        malformed(archive.path(), &format!("is none of docker's: it holds no {MANIFEST_FILE}"))
    })?;
    parse("list of images", &bytes, &archive.path().display().to_string())
}

fn configuration(archive: &Archive, saved: &Saved) -> Result<(Vec<u8>, ImageConfig), ImageError> {
    let place = archive.path().display().to_string();
    let bytes = archive.document("configuration", &saved.config)?;
    let bytes = bytes.ok_or_else(|| absent(archive, &saved.config))?;
    let config = parse("configuration", &bytes, &place)?;
    Ok((bytes, config))
}

fn absent(archive: &Archive, name: &str) -> ImageError {
    malformed(archive.path(), &format!("lists {name:?} and does not hold it"))
}

type Layers = (Vec<Descriptor>, BTreeMap<Digest, Extent>);

/// The layers' descriptors, in order, and where each is.
fn layers(archive: &Archive, saved: &Saved, config: &ImageConfig) -> Result<Layers, ImageError> {
    let names = saved.layers.as_deref().unwrap_or_default();
    let diff_ids = &config.rootfs.diff_ids;
    if names.len() != diff_ids.len() {
        let reason =
            format!("lists {} layers, and the configuration {}", names.len(), diff_ids.len());
        return Err(malformed(archive.path(), &reason));
    }
    // A layer that stands there more than once, as an empty one may, is read once.
    let mut distinct = BTreeMap::new();
    let mut wanted = Vec::new();
    for (name, diff_id) in names.iter().zip(diff_ids) {
        let extent = archive.find(name)?.ok_or_else(|| absent(archive, name))?;
        if *distinct.entry(extent).or_insert(*diff_id) != *diff_id {
            let reason = format!("lists {name:?} as two different layers");
            return Err(malformed(archive.path(), &reason));
        }
        wanted.push(extent);
    }
    let described: Vec<(Extent, Digest)> = distinct.into_iter().collect();
    let described = described.into_par_iter().map(|(extent, diff_id)| {
        describe(archive, extent, diff_id).map(|descriptor| (extent, descriptor))
    });
    let described = described.collect::<Result<BTreeMap<_, _>, ImageError>>()?;
    let extents = described.iter().map(|(extent, layer)| (layer.digest, *extent)).collect();
    let layers = wanted.iter().filter_map(|extent| described.get(extent).cloned()).collect();
    Ok((layers, extents))
}

fn describe(archive: &Archive, extent: Extent, diff_id: Digest) -> Result<Descriptor, ImageError> {
    let io = |error| ImageError::io(archive.path(), error);
    let mut first = [0; 4];
    let mut reader = archive.read(extent);
    let compression = match io::Read::read_exact(&mut reader, &mut first) {
        Ok(()) if first.starts_with(&[0x1f, 0x8b]) => Compression::Gzip,
        Ok(()) if first == [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
        Ok(()) => Compression::None,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Compression::None,
        Err(error) => return Err(io(error)),
    };
    let media_type = ImageFormat::Docker.layer(compression);
    if compression == Compression::None {
        return Ok(Descriptor::new(media_type, diff_id, extent.size));
    }
    let bad = |error: io::Error| bad(archive.path(), error.into());
    let mut compressed = Hashing::new(archive.read(extent));
    let tar = decompressed(compression, &mut compressed, extent.size).map_err(bad)?;
    let (found, _) = Hashing::new(tar).finish().map_err(bad)?;
    if found != diff_id {
        let place = archive.path().display().to_string();
        let found = format!("they hash to {found}");
        return Err(ImageError::Corrupt { digest: diff_id, found, place });
    }
    let (digest, _) = compressed.finish().map_err(bad)?;
    Ok(Descriptor::new(media_type, digest, extent.size))
}
