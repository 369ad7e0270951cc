//! Taking damaged blobs out of the folders in which they are remembered, so that they are made or
//! fetched again.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::Digest as _;

use crate::{Digest, ImageError};

/// Removes the blobs below `FOLDER/blobs/sha256` whose bytes are not those their names promise.
/// Returns their digests; a folder that is not there holds none.
///
/// # Errors
///
/// A blob that cannot be read or removed.
pub fn remove_damaged(folder: &Path) -> Result<Vec<Digest>, ImageError> {
    let blobs = folder.join("blobs").join("sha256");
    let entries = match fs::read_dir(&blobs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ImageError::io(&blobs, error)),
    };
    let mut removed = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| ImageError::io(&blobs, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // What is no blob is not ours to remove.
        let Ok(promised) = format!("sha256:{name}").parse::<Digest>() else { continue };
        let failed = |error| ImageError::io(&path, error);
        let mut hasher = sha2::Sha256::new();
        io::copy(&mut File::open(&path).map_err(failed)?, &mut hasher).map_err(failed)?;
        if Digest::from_hasher(hasher) != promised {
            fs::remove_file(&path).map_err(failed)?;
            removed.push(promised);
        }
    }
    removed.sort();
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_blob_goes_and_a_sound_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let (sound, damaged) = (Digest::of(b"sound"), Digest::of(b"damaged"));
        fs::write(blobs.join(sound.hex()), b"sound").unwrap();
        fs::write(blobs.join(damaged.hex()), b"Damaged").unwrap();
        fs::write(blobs.join("notes"), b"").unwrap();
        assert_eq!(remove_damaged(folder.path()).unwrap(), [damaged]);
        assert_eq!(fs::read_dir(&blobs).unwrap().count(), 2);
    }

    #[test]
    fn where_nothing_is_remembered_nothing_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(remove_damaged(&folder.path().join("none")).unwrap(), []);
    }
}
