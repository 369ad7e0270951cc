//! The tar archive of a root file system: an image of one layer, that says nothing but what it
//! runs on.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::WantedImage;
use super::archive::{ArchiveBlobs, bad, malformed, open_file};
use super::compressed::{compression, decompressed};
use super::hashing::Hashing;
use super::machine::{HEADER, architecture};
use super::members::{BadTar, MemberKind, Members};
use super::range::Forward;
use crate::config::{ContainerConfig, History, RootFs};
use crate::image::BUFFER;
use crate::{Compression, Descriptor, Image, ImageConfig, ImageError, ImageFormat, Manifest};
use crate::{Platform, manifest};

/// How many files a root file system may hold.
const MAX_MEMBERS: usize = 2_000_000;
/// What the one layer is said to be from.
const CREATED_BY: &str = "root file system archive";

/// Opens the archive of a root file system. The image's digest follows from the archive's bytes and
/// its platform alone.
///
/// # Errors
///
/// An archive that cannot be read; [`ImageError::NoImage`] where its programs are for another
/// processor than the wanted one, [`ImageError::Malformed`] where neither says which it is.
pub(super) fn open(path: &Path, wanted: &WantedImage) -> Result<Image, ImageError> {
    let io = |error| ImageError::io(path, error);
    let place = path.display().to_string();
    let (file, size) = open_file(path)?;
    let compression = compression(&file, &place)?;
    let mut blob = Hashing::new(BufReader::with_capacity(BUFFER, &file));
    let (found, diff_id) = if compression == Compression::None {
        (processor(&mut blob).map_err(|error| bad(path, error))?, None)
    } else {
        let mut tar = Hashing::new(decompressed(compression, &mut blob, size).map_err(io)?);
        let found = processor(&mut tar).map_err(|error| bad(path, error))?;
        let (diff_id, _) = tar.finish().map_err(|error| bad(path, error.into()))?;
        (found, Some(diff_id))
    };
    let (digest, size) = blob.finish().map_err(io)?;
    let diff_id = diff_id.unwrap_or(digest);

    let platform = match (&wanted.platform, found) {
        (Some(platform), Some(found)) if platform.architecture != found => {
            let known = vec![format!("programs for {}", Platform::linux(found))];
            return Err(wanted.no_image(None, known, place));
        }
        (Some(platform), _) => platform.clone(),
        (None, Some(found)) => Platform::linux(found),
        (None, None) => {
            let reason = "holds no program that tells its processor; name the platform";
            return Err(malformed(path, reason));
        }
    };
    let config = ImageConfig {
        created: None,
        author: None,
        platform,
        config: ContainerConfig::default(),
        rootfs: RootFs { r#type: "layers".to_owned(), diff_ids: vec![diff_id] },
        history: vec![History { created_by: Some(CREATED_BY.to_owned()), ..History::default() }],
        other: BTreeMap::new(),
    };
    let bytes = |document: Result<Vec<u8>, serde_json::Error>| {
        document.map_err(|error| malformed(path, &error.to_string()))
    };
    let config = bytes(manifest::to_bytes(&config))?;
    let format = ImageFormat::Oci;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(format.manifest()),
        artifact_type: None,
        config: Descriptor::of(format.config(), &config),
        layers: vec![Descriptor::new(format.layer(compression), digest, size)],
        subject: None,
        annotations: BTreeMap::new(),
    };
    let manifest = bytes(manifest::to_bytes(&manifest))?;
    let descriptor = Descriptor::of(format.manifest(), &manifest);
    let mut blobs = ArchiveBlobs::whole(path, file, size, digest);
    blobs.add(manifest);
    blobs.add(config);
    Image::read(descriptor, Arc::new(blobs))
}

/// Reads all members, and tells for which processor the programs among them are: the shell or
/// Python before any other.
fn processor<R: Read>(tar: &mut R) -> Result<Option<&'static str>, BadTar> {
    let mut members = Members::new(Through(tar), MAX_MEMBERS);
    let mut found: Option<(bool, &'static str)> = None;
    while let Some(member) = members.next()? {
        if member.kind != MemberKind::File || member.size < HEADER as u64 {
            continue;
        }
        let Some(is_telling) = program(&member.name) else { continue };
        if found.is_some_and(|(certain, _)| certain || !is_telling) {
            continue;
        }
        let mut header = [0; HEADER];
        members.read(&mut header)?;
        if let Some(architecture) = architecture(&header) {
            found = Some((is_telling, architecture));
        }
    }
    Ok(found.map(|(_, architecture)| architecture))
}

/// Whether a member is a program's file by its name, and if so, whether it is one that nobody
/// brings along for another processor, as emulators are.
fn program(name: &[u8]) -> Option<bool> {
    let name = str::from_utf8(name).ok()?;
    let (folder, name) = name.strip_prefix("./").unwrap_or(name).rsplit_once('/')?;
    let folders = ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin"];
    if !folders.contains(&folder) || name.starts_with("qemu-") {
        return None;
    }
    let certain = ["sh", "dash", "bash", "busybox", "coreutils", "env"];
    Some(certain.contains(&name) || name.starts_with("python3"))
}

/// A stream, in which passing over is reading.
struct Through<R>(R);

impl<R: Read> Read for Through<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Forward for Through<R> {
    fn pass(&mut self, count: u64) -> std::io::Result<()> {
        let passed = std::io::copy(&mut (&mut self.0).take(count), &mut std::io::sink())?;
        if passed < count { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_tells_nothing_and_a_shell_more_than_another_program() {
        assert_eq!(program(b"./bin/sh"), Some(true));
        assert_eq!(program(b"usr/local/bin/python3.12"), Some(true));
        assert_eq!(program(b"usr/bin/ls"), Some(false));
        assert_eq!(program(b"usr/bin/qemu-aarch64-static"), None);
        assert_eq!(program(b"opt/bin/sh"), None);
        assert_eq!(program(b"sh"), None);
    }
}
