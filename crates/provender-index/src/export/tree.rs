//! The folder that a tree is written into.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use provender_core::Sha256;
use provender_store::{BlobInfo, Store};
use sha2::Digest as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;

use super::Placing;
use super::error::ExportError;
use super::layout::Placement;

/// The file by which a later export knows that the folder is its own.
const MARKER: &str = ".provender-export";
const MARKER_TEXT: &[u8] =
    b"A static index, written by `provender export`; what it did not write is removed from here.\n";

/// How much of a file is copied at a time, in bytes.
const CHUNK: usize = 1 << 18;

/// A folder that holds a tree, or is going to.
#[derive(Debug)]
pub(super) struct Tree {
    dir: PathBuf,
    /// Locked as long as the tree is written.
    _marker: File,
}

/// What became of a file that was to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It was there already.
    Same,
    /// It is there now.
    New,
    /// Its blob is not what it should be, so it is not there.
    Damaged,
}

impl Tree {
    /// Opens a folder that is missing, empty, or holds an earlier export.
    pub(super) fn open(dir: &Path) -> Result<Self, ExportError> {
        fs::create_dir_all(dir).map_err(ExportError::io(dir))?;
        let path = dir.join(MARKER);
        if !path.exists() {
            let mut entries = fs::read_dir(dir).map_err(ExportError::io(dir))?;
            if entries.next().is_some() {
                return Err(ExportError::NotAnExport { dir: dir.to_owned() });
            }
        }
        let mut options = File::options();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut marker = opened.map_err(ExportError::io(&path))?;
        match marker.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(ExportError::Busy { dir: dir.to_owned() });
            }
            Err(fs::TryLockError::Error(source)) => return Err(ExportError::Io { path, source }),
        }
        sign(&mut marker).map_err(ExportError::io(&path))?;
        Ok(Self { dir: dir.to_owned(), _marker: marker })
    }

    /// Writes a page, unless it is there as it should be. Returns whether it was written.
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> Result<bool, ExportError> {
        let path = self.dir.join(path);
        if fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(false);
        }
        let mut temporary = temporary(&path)?;
        temporary.write_all(content).map_err(ExportError::io(&path))?;
        persist(temporary, &path)?;
        Ok(true)
    }

    /// Puts a blob into the tree.
    ///
    /// What is there is left if it is a link to the blob, or a copy of the same length and time.
    pub(super) async fn place(
        &self,
        store: &Store,
        file: &Placement,
        placing: Placing,
    ) -> Result<Placed, ExportError> {
        let path = self.dir.join(&file.path);
        let Some(info) = store.blobs().info(&file.sha256).await? else {
            return damaged(store, &file.sha256).await;
        };
        if is_same(&path, &info) {
            return Ok(Placed::Same);
        }
        if placing == Placing::Link
            && let Some(blob) = store.blobs().local_path(&file.sha256).await
            && link(&blob, &path)?
        {
            return Ok(Placed::New);
        }
        let mut temporary = temporary(&path)?;
        let digest = copy(store, &file.sha256, &mut temporary, &path).await?;
        if digest != Some(file.sha256) {
            return damaged(store, &file.sha256).await;
        }
        temporary
            .as_file()
            .set_modified(SystemTime::from(info.modified))
            .map_err(ExportError::io(&path))?;
        persist(temporary, &path)?;
        Ok(Placed::New)
    }

    /// Removes every file but these, and the folders that are empty then. Returns how many files
    /// were removed.
    pub(super) fn remove_all_but(&self, paths: &[PathBuf]) -> Result<usize, ExportError> {
        let keep: BTreeSet<_> = paths.iter().map(|path| self.dir.join(path)).collect();
        let mut removed = 0;
        self.sweep(&self.dir, &keep, &mut removed)?;
        Ok(removed)
    }

    /// Removes what is not to be kept in a folder; returns whether the folder is empty then.
    fn sweep(
        &self,
        folder: &Path,
        keep: &BTreeSet<PathBuf>,
        removed: &mut usize,
    ) -> Result<bool, ExportError> {
        let mut is_empty = true;
        for entry in fs::read_dir(folder).map_err(ExportError::io(folder))? {
            let entry = entry.map_err(ExportError::io(folder))?;
            let path = entry.path();
            // The type of the entry itself: what a link points to is not ours.
            let is_folder = entry.file_type().map_err(ExportError::io(&path))?.is_dir();
            if is_folder {
                match self.sweep(&path, keep, removed)? {
                    true => fs::remove_dir(&path).map_err(ExportError::io(&path))?,
                    false => is_empty = false,
                }
            } else if keep.contains(&path) || path == self.dir.join(MARKER) {
                is_empty = false;
            } else {
                fs::remove_file(&path).map_err(ExportError::io(&path))?;
                *removed += 1;
            }
        }
        Ok(is_empty)
    }
}

/// Writes the marker's text, unless it stands there. It is written in place, for it is locked.
fn sign(marker: &mut File) -> io::Result<()> {
    let mut text = Vec::new();
    marker.read_to_end(&mut text)?;
    if text == MARKER_TEXT {
        return Ok(());
    }
    marker.set_len(0)?;
    marker.rewind()?;
    marker.write_all(MARKER_TEXT)
}

/// Whether a file of the tree has the length and the time of the blob. A link has both because it
/// is the blob; a copy was given them, and loses the time when somebody writes to it.
fn is_same(path: &Path, info: &BlobInfo) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| {
        there.is_file()
            && there.len() == info.size
            && there.modified().is_ok_and(|modified| modified == SystemTime::from(info.modified))
    })
}

/// Makes a hard link in one step; returns false where the file system has none or refuses it.
fn link(blob: &Path, path: &Path) -> Result<bool, ExportError> {
    // A link cannot replace a file, so it gets another name first. The temporary file is there
    // for its name only.
    let name = temporary(path)?.into_temp_path();
    fs::remove_file(&name).map_err(ExportError::io(path))?;
    if fs::hard_link(blob, &name).is_err() {
        // Removing what is not there any more is all that dropping the name would do.
        let _ = name.keep();
        return Ok(false);
    }
    name.persist(path).map_err(|error| ExportError::io(path)(error.error))?;
    Ok(true)
}

/// Copies a blob and returns the digest of what was copied; none if there is no such blob.
async fn copy(
    store: &Store,
    sha256: &Sha256,
    to: &mut NamedTempFile,
    path: &Path,
) -> Result<Option<Sha256>, ExportError> {
    let Some(mut blob) = store.blobs().open(sha256, None).await? else { return Ok(None) };
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = blob.read(&mut chunk).await.map_err(ExportError::io(path))?;
        if read == 0 {
            return Ok(Some(Sha256::from_bytes(hasher.finalize().into())));
        }
        hasher.update(&chunk[..read]);
        to.write_all(&chunk[..read]).map_err(ExportError::io(path))?;
    }
}

async fn damaged(store: &Store, sha256: &Sha256) -> Result<Placed, ExportError> {
    store.database().mark_damaged(sha256).await?;
    Ok(Placed::Damaged)
}

/// A temporary file beside `path`, whose folder is made if it is missing.
fn temporary(path: &Path) -> Result<NamedTempFile, ExportError> {
    let make = || -> io::Result<NamedTempFile> {
        let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".new-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // A web server has to read it; the umask decides, as for any other file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder)
    };
    make().map_err(ExportError::io(path))
}

/// Gives a finished temporary file its name.
fn persist(temporary: NamedTempFile, path: &Path) -> Result<(), ExportError> {
    temporary.persist(path).map_err(|error| ExportError::io(path)(error.error))?;
    Ok(())
}
