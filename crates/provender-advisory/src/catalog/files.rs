//! Writing files so that each is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use provender_core::Sha256;
use sha2::Digest as _;
use tempfile::NamedTempFile;

use super::CatalogError;

/// How the names of unfinished files begin.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// A file that is not yet named, in the folder in which it will be.
pub(super) fn unfinished(folder: &Path) -> Result<NamedTempFile, CatalogError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        // A data directory may be shared; the umask decides, as for any other file.
        builder.permissions(fs::Permissions::from_mode(0o666))
    };
    builder
        .tempfile_in(folder)
        .map_err(|source| CatalogError::Write { path: folder.to_owned(), source })
}

/// Gives a finished file its name, once its content is on the disk.
pub(super) fn finish(file: NamedTempFile, path: &Path) -> Result<(), CatalogError> {
    let named = || {
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        path.parent().map_or(Ok(()), sync_folder)
    };
    named().map_err(|source| CatalogError::Write { path: path.to_owned(), source })
}

/// Writes a whole file.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), CatalogError> {
    let path = folder.join(name);
    let mut file = unfinished(folder)?;
    file.write_all(bytes).map_err(|source| CatalogError::Write { path: path.clone(), source })?;
    finish(file, &path)
}

/// The digest of a file.
pub(super) fn digest(path: &Path) -> io::Result<Sha256> {
    let mut hasher = sha2::Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

/// Removes the files of a folder that `is_garbage` names. What cannot be removed stays: it is in
/// nobody's way, and the next change tries again.
pub(super) fn remove(folder: &Path, is_garbage: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(&is_garbage) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Puts a new name on the disk. Only unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
