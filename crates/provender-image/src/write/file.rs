//! Writing files so that each is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{BuiltBlob, WriteError};
use crate::blobs::blob_error;
use crate::image::BUFFER;
use crate::source::{ArchiveKind, is_archive};

/// How the names of unfinished files begin.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// A file that is not yet named, in the folder in which it will be.
pub(super) fn unfinished(folder: &Path) -> Result<NamedTempFile, WriteError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask decides who may read it, as for any other file.
        builder.permissions(fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder).map_err(WriteError::io(folder))
}

/// Gives a file its name, once its content is on the disk.
pub(super) fn finish(file: NamedTempFile, path: &Path) -> Result<(), WriteError> {
    let io = || WriteError::io(path);
    file.as_file().sync_all().map_err(io())?;
    file.persist(path).map_err(|error| io()(error.error))?;
    Ok(())
}

/// Puts the names in a folder on the disk. Only unix lets a folder be opened for that.
pub(super) fn sync_folder(folder: &Path) -> Result<(), WriteError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(WriteError::io(folder))?;
    }
    Ok(())
}

/// Writes a whole file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = unfinished(folder_of(path))?;
    file.write_all(bytes).map_err(WriteError::io(path))?;
    finish(file, path)?;
    sync_folder(folder_of(path))
}

/// Writes a whole file, unless it is there: whoever holds it open goes on holding the same one.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = unfinished(folder_of(path))?;
    file.write_all(bytes).map_err(WriteError::io(path))?;
    file.as_file().sync_all().map_err(WriteError::io(path))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => {
            Err(WriteError::io(path)(error.error))
        }
        _ => sync_folder(folder_of(path)),
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes an archive in the place of one of the same kind, of an empty file, or of none.
///
/// # Errors
///
/// [`WriteError::Occupied`] where something else is there.
pub(super) fn archive(
    path: &Path,
    kind: ArchiveKind,
    write: impl FnOnce(&mut File, &Path) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let path = replaced(path, kind)?;
    let mut file = unfinished(folder_of(&path))?;
    write(file.as_file_mut(), &path)?;
    finish(file, &path)?;
    sync_folder(folder_of(&path))
}

/// The file that is replaced, behind a link if there is one.
fn replaced(path: &Path, kind: ArchiveKind) -> Result<PathBuf, WriteError> {
    let path = match fs::canonicalize(path) {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(WriteError::io(path)(error)),
    };
    let metadata = fs::metadata(&path).map_err(WriteError::io(&path))?;
    if metadata.is_file() && (metadata.len() == 0 || is_archive(&path, kind)) {
        return Ok(path);
    }
    let kind = match kind {
        ArchiveKind::Oci => "OCI archive",
        ArchiveKind::Docker => "docker archive",
    };
    Err(WriteError::Occupied { path, kind })
}

/// Copies what is read of a blob, and tells the blob's failures from the file's.
pub(super) fn copy(
    blob: &BuiltBlob,
    mut from: impl Read,
    to: &mut impl Write,
    path: &Path,
) -> Result<u64, WriteError> {
    let mut buffer = vec![0; BUFFER];
    let mut copied = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(blob_error(error, &blob.descriptor.digest, blob.place()).into());
            }
        };
        let bytes = buffer.get(..count).ok_or_else(|| io::Error::other("a reader overran"));
        bytes.and_then(|bytes| to.write_all(bytes)).map_err(WriteError::io(path))?;
        copied += count as u64;
    }
}
