//! Images, archives and folders to try things with.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use flate2::write::GzEncoder;
use provender_image::config::{ContainerConfig, RootFs};
use provender_image::source::{self, WantedImage};
use provender_image::write::{BlobSource, BuiltImage, BuiltLayer, BuiltPlatform};
use provender_image::{
    Compression, Descriptor, Digest, Image, ImageConfig, ImageError, ImageFormat, Layer, Location,
    Platform,
};

/// One member of a tar archive.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    File(String, Vec<u8>),
    Link(String, String),
    HardLink(String, String),
}

pub(crate) fn file(name: &str, bytes: impl AsRef<[u8]>) -> Member {
    Member::File(name.to_owned(), bytes.as_ref().to_vec())
}

/// A tar archive of these members, names as they are written.
pub(crate) fn tar(members: &[Member]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for member in members {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(0);
        let name = match member {
            Member::File(name, _) | Member::Link(name, _) | Member::HardLink(name, _) => name,
        };
        // Names that the library would refuse to write are wanted too.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        match member {
            Member::File(_, bytes) => {
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                builder.append(&header, &bytes[..]).unwrap();
                continue;
            }
            Member::Link(_, target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name_literal(target).unwrap();
            }
            Member::HardLink(_, target) => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_link_name_literal(target).unwrap();
            }
        }
        header.set_cksum();
        builder.append(&header, std::io::empty()).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}

/// A layer of this tar archive.
pub(crate) fn layer(compression: Compression, tar: &[u8]) -> BuiltLayer {
    let blob = compress(compression, tar);
    let descriptor = Descriptor::of(ImageFormat::Oci.layer(compression), &blob);
    let layer = Layer { descriptor, diff_id: Digest::of(tar), compression };
    BuiltLayer { layer, source: BlobSource::Bytes(Arc::from(blob)) }
}

/// An image for `linux/ARCHITECTURE` of these layers.
pub(crate) fn platform(
    format: ImageFormat,
    platform: &str,
    layers: Vec<BuiltLayer>,
) -> BuiltPlatform {
    let diff_ids = layers.iter().map(|built| built.layer.diff_id).collect();
    let config = ImageConfig {
        created: Some("2020-01-01T00:00:00Z".to_owned()),
        author: None,
        platform: platform.parse().unwrap(),
        config: ContainerConfig { env: vec!["A=1".to_owned()], ..ContainerConfig::default() },
        rootfs: RootFs { r#type: "layers".to_owned(), diff_ids },
        history: Vec::new(),
        other: BTreeMap::new(),
    };
    BuiltPlatform::new(format, config, layers, BTreeMap::new()).unwrap()
}

/// An image whose only file says `text`.
pub(crate) fn saying(text: &str, on: &str) -> BuiltPlatform {
    let tar = tar(&[file("etc/said", text)]);
    platform(ImageFormat::Oci, on, vec![layer(Compression::Gzip, &tar)])
}

pub(crate) fn built(platforms: Vec<BuiltPlatform>) -> BuiltImage {
    BuiltImage::new(ImageFormat::Oci, platforms, BTreeMap::new()).unwrap()
}

/// An image for one platform that says `text`.
pub(crate) fn one(text: &str) -> BuiltImage {
    built(vec![saying(text, "linux/amd64")])
}

/// Opens what the text names, for any platform.
pub(crate) fn open(location: &str) -> Result<Image, ImageError> {
    source::open(&location.parse().unwrap(), &WantedImage::default())
}

/// Opens a path, whose content says what it is.
pub(crate) fn open_path(path: &Path) -> Result<Image, ImageError> {
    source::open(&Location::Path(path.to_owned()), &WantedImage::default())
}

/// Opens what the text names, for this platform.
pub(crate) fn open_for(location: &str, platform: &str) -> Result<Image, ImageError> {
    source::open(&location.parse().unwrap(), &wanted(platform))
}

pub(crate) fn wanted(platform: &str) -> WantedImage {
    let platform: Platform = platform.parse().unwrap();
    WantedImage { platform: Some(platform), spool: None }
}

/// The tar archives of an image's layers, each read to its end.
pub(crate) fn layers(image: &Image) -> std::io::Result<Vec<Vec<u8>>> {
    let read = |layer| {
        let mut bytes = Vec::new();
        image.layer(layer).unwrap().read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    image.layers.iter().map(read).collect()
}

/// What an image made by [`saying`] says.
pub(crate) fn said(image: &Image) -> String {
    let [layer] = &layers(image).unwrap()[..] else { panic!("more than one layer") };
    let mut archive = tar::Archive::new(&layer[..]);
    let mut text = String::new();
    archive.entries().unwrap().next().unwrap().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// An OCI layout as members of an archive: what its index lists, and its blobs.
pub(crate) fn layout_members(index: &str, blobs: &[&[u8]]) -> Vec<Member> {
    let mut members =
        vec![file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#), file("index.json", index)];
    for blob in blobs {
        members.push(file(&format!("blobs/sha256/{}", Digest::of(blob).hex()), blob));
    }
    members
}

/// The names of the files in a folder, sorted, that were never finished.
pub(crate) fn unfinished(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(unfinished(&entry.path()));
        } else if name.starts_with(".unfinished-") {
            names.push(name);
        }
    }
    names.sort();
    names
}
