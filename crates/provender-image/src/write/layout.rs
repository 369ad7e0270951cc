//! An OCI image layout in a folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rayon::prelude::*;

use super::file::{UNFINISHED, copy, finish, sync_folder, unfinished};
use super::listing::{self, check_name};
use super::{BuiltBlob, BuiltImage, WriteError, file};
use crate::Index;
use crate::manifest::to_bytes;
use crate::source::{
    BLOBS_FOLDER, INDEX_FILE, LAYOUT_BYTES, LAYOUT_FILE, LayoutBlobs, folder_index,
};

/// Writes an image, and what is attached to it, into the OCI layout in `folder`, which is made where
/// there is none. Its other images stay; one of the same name is replaced, where no name counts
/// as a name. Blobs that are there in their full length are not written again, and those of images
/// that were replaced are left.
///
/// # Errors
///
/// A name that is none; a folder with something else in it, or a layout that cannot be read; blobs
/// that cannot be read or are not what they should be; a file that cannot be written.
pub fn layout(built: &BuiltImage, folder: &Path, name: Option<&str>) -> Result<(), WriteError> {
    check_name(name)?;
    begin(folder)?;
    let _alone = alone(folder)?;
    let listed = folder_index(folder)?.unwrap_or_else(listing::empty);
    let blobs = LayoutBlobs::new(folder);
    let blobs_folder = folder.join(BLOBS_FOLDER);
    fs::create_dir_all(&blobs_folder).map_err(WriteError::io(&blobs_folder))?;
    let contents: BTreeMap<_, _> = built.contents();
    contents.par_iter().try_for_each(|(digest, blob)| write_blob(blob, &blobs.path(digest)))?;
    sync_folder(&blobs_folder)?;
    let index: Index = listing::merged(listed, built, name, &blobs);
    file::write(&folder.join(INDEX_FILE), &to_bytes(&index)?)
}

/// Makes an empty layout where there is none. What says that it is one comes first, so that a
/// layout in which the first image was never finished can be written to.
fn begin(folder: &Path) -> Result<(), WriteError> {
    let io = || WriteError::io(folder);
    let marker = folder.join(LAYOUT_FILE);
    if marker.exists() {
        return Ok(());
    }
    if folder.exists() {
        let occupied = || WriteError::Occupied { path: folder.to_owned(), kind: "OCI layout" };
        if !folder.is_dir() {
            return Err(occupied());
        }
        for entry in fs::read_dir(folder).map_err(io())? {
            let name = entry.map_err(io())?.file_name();
            // Another process may have begun it meanwhile.
            if !name.to_string_lossy().starts_with(UNFINISHED) && !marker.exists() {
                return Err(occupied());
            }
        }
    }
    fs::create_dir_all(folder).map_err(io())?;
    file::write_new(&marker, LAYOUT_BYTES)
}

/// Keeps other writers out until it is dropped, so that none loses what another lists. The
/// operating system lets go of it when a process dies.
fn alone(folder: &Path) -> Result<File, WriteError> {
    let path = folder.join(LAYOUT_FILE);
    let file = File::open(&path).map_err(WriteError::io(&path))?;
    match file.lock() {
        // Some network file systems know no locks; one writer at a time is safe there.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => {
            Err(WriteError::io(&path)(error))
        }
        _ => Ok(file),
    }
}

fn write_blob(blob: &BuiltBlob, path: &Path) -> Result<(), WriteError> {
    let is_whole =
        |metadata: fs::Metadata| metadata.is_file() && metadata.len() == blob.descriptor.size;
    if fs::metadata(path).is_ok_and(is_whole) {
        return Ok(());
    }
    let mut file = unfinished(file::folder_of(path))?;
    copy(blob, blob.reader()?, file.as_file_mut(), path)?;
    finish(file, path)
}
