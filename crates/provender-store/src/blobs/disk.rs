//! Blobs as files of a folder.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use provender_core::Sha256;
use sha2::Digest as _;
use tokio::io::AsyncReadExt as _;

use super::{BlobError, BlobInfo, BlobReader, Blobs, Spooled, Verdict, blocking};

/// Blobs as files: `sha256/ab/cd/HEX`, where `ab` and `cd` are the first digits of `HEX`.
#[derive(Debug, Clone)]
pub struct DiskBlobs {
    root: PathBuf,
}

impl DiskBlobs {
    /// Blobs in the folder `root`, which is made when something is kept.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, sha256: &Sha256) -> PathBuf {
        let hex = sha256.to_string();
        let mut path = self.root.join("sha256");
        path.extend([&hex[..2], &hex[2..4], &hex]);
        path
    }

    /// The blob whose file this is. A stray file is no blob, and in nobody's way.
    fn blob_at(&self, path: &Path) -> Result<Option<BlobInfo>, BlobError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.parse() {
            Ok(sha256) if self.path(&sha256) == path => info(sha256, path),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Blobs for DiskBlobs {
    async fn keep(&self, spooled: Spooled) -> Result<BlobInfo, BlobError> {
        let root = self.root.clone();
        let path = self.path(&spooled.sha256());
        blocking(move || {
            let sha256 = spooled.sha256();
            let folder = path.parent().unwrap_or(&root);
            make_folder(folder)?;
            spooled.rename(&path)?;
            // Every folder on the way is synced, also one that was there: another process may have
            // made it just now, and not have come to sync the name that it gave it.
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&root)) {
                sync_folder(folder)?;
            }
            let gone = || BlobError::read(&path)(ErrorKind::NotFound.into());
            info(sha256, &path)?.ok_or_else(gone)
        })
        .await
    }

    async fn infos(&self, digests: &[Sha256]) -> Result<Vec<Option<BlobInfo>>, BlobError> {
        let paths: Vec<_> = digests.iter().map(|sha256| (*sha256, self.path(sha256))).collect();
        blocking(move || paths.iter().map(|(sha256, path)| info(*sha256, path)).collect()).await
    }

    async fn open(
        &self,
        sha256: &Sha256,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, BlobError> {
        let path = self.path(sha256);
        blocking(move || {
            let open = || {
                let Some(mut file) = if_there(File::open(&path))? else { return Ok(None) };
                let size = file.metadata()?.len();
                let range = BlobReader::clip(range, size);
                if range.start > 0 {
                    file.seek(SeekFrom::Start(range.start))?;
                }
                let content = tokio::fs::File::from_std(file).take(range.end - range.start);
                Ok(Some(BlobReader::new(content, size, range)))
            };
            open().map_err(BlobError::read(&path))
        })
        .await
    }

    async fn local_path(&self, sha256: &Sha256) -> Option<PathBuf> {
        let path = self.path(sha256);
        tokio::fs::metadata(&path).await.ok().filter(Metadata::is_file).map(|_| path)
    }

    async fn verify(&self, sha256: &Sha256) -> Result<Verdict, BlobError> {
        let path = self.path(sha256);
        let expected = *sha256;
        blocking(move || {
            let read = || {
                let Some(mut file) = if_there(File::open(&path))? else {
                    return Ok(Verdict::Missing);
                };
                let mut hasher = sha2::Sha256::new();
                let size = io::copy(&mut file, &mut hasher)?;
                let actual = Sha256::from_bytes(hasher.finalize().into());
                let intact = actual == expected;
                Ok(if intact { Verdict::Intact } else { Verdict::Corrupt { actual, size } })
            };
            read().map_err(BlobError::read(&path))
        })
        .await
    }

    async fn remove(&self, sha256: &Sha256) -> Result<(), BlobError> {
        let path = self.path(sha256);
        // The folders stay: another process may be about to put a blob into them.
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(BlobError::write(&path)(error))
            }
            _ => Ok(()),
        })
        .await
    }

    async fn list(&self) -> Result<Vec<BlobInfo>, BlobError> {
        let blobs = self.clone();
        blocking(move || {
            let mut found = Vec::new();
            for folder in entries(&blobs.root.join("sha256"))? {
                for folder in entries(&folder)? {
                    for path in entries(&folder)? {
                        found.extend(blobs.blob_at(&path)?);
                    }
                }
            }
            found.sort_by_key(|info| info.sha256);
            Ok(found)
        })
        .await
    }
}

/// Makes a folder with those above it, as far as they are missing.
fn make_folder(folder: &Path) -> Result<(), BlobError> {
    fs::create_dir_all(folder).map_err(BlobError::write(folder))
}

/// Puts the names in a folder on the disk. Only unix lets a folder be opened for that.
fn sync_folder(folder: &Path) -> Result<(), BlobError> {
    let sync = || if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) };
    sync().map_err(BlobError::write(folder))
}

/// What a folder holds; nothing if it is no folder or not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, BlobError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(BlobError::read(folder)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<io::Result<_>>().map_err(BlobError::read(folder))
}

/// What is known of a file without reading it; none if it is not there.
fn info(sha256: Sha256, path: &Path) -> Result<Option<BlobInfo>, BlobError> {
    let look = || {
        let Some(metadata) = if_there(fs::metadata(path))?.filter(Metadata::is_file) else {
            return Ok(None);
        };
        let modified = Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)?;
        Ok(Some(BlobInfo { sha256, size: metadata.len(), modified }))
    };
    look().map_err(BlobError::read(path))
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
