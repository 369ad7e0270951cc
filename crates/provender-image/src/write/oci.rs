//! An OCI image layout in a tar archive.

use std::io::BufWriter;
use std::path::Path;

use super::listing::{self, check_name};
use super::tar::TarWriter;
use super::{BuiltImage, WriteError, file};
use crate::image::BUFFER;
use crate::manifest::to_bytes;
use crate::source::{ArchiveKind, BLOBS_FOLDER, INDEX_FILE, LAYOUT_BYTES, LAYOUT_FILE};

/// Writes an OCI layout of this one image, and what is attached to it, into a tar archive, which takes
/// the place of one that is there. `name` is what the image is called in it.
///
/// # Errors
///
/// A name that is none; a file that is there and is no OCI archive; blobs that cannot be read or are
/// not what they should be; a file that cannot be written.
pub fn oci_archive(built: &BuiltImage, to: &Path, name: Option<&str>) -> Result<(), WriteError> {
    check_name(name)?;
    let index = to_bytes(&listing::alone(built, name))?;
    file::archive(to, ArchiveKind::Oci, |file, path| {
        let mut tar = TarWriter::new(BufWriter::with_capacity(BUFFER, file), path);
        let mut folder = String::new();
        for part in BLOBS_FOLDER.split('/') {
            folder = if folder.is_empty() { part.to_owned() } else { format!("{folder}/{part}") };
            tar.folder(&folder)?;
        }
        for (digest, blob) in built.contents() {
            tar.blob(&format!("{BLOBS_FOLDER}/{}", digest.hex()), &blob)?;
        }
        tar.bytes(INDEX_FILE, &index)?;
        tar.bytes(LAYOUT_FILE, LAYOUT_BYTES)?;
        tar.finish()
    })
}
