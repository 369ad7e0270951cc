//! Layers that were made before, by fingerprint.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use provender_core::Sha256;
use serde::{Deserialize, Serialize};

use super::write::{keep, temporary, write_temporary};
use super::{Entry, LayerError, LayerOptions, WrittenLayer, fingerprint};
use crate::blobs::BlobRead;
use crate::kept::{self, ABANDONED};
use crate::{Blobs, Compression, Digest, ImageError};

/// The longest record that is read, in bytes.
const MAX_RECORD: u64 = 4096;

/// A folder of layers:
///
/// ```text
/// CACHE/blobs/sha256/HEX    a layer, whole
/// CACHE/layers/HEX.json     which layer the fingerprint HEX gives, or another key
/// CACHE/tmp/                layers that are being written
/// ```
///
/// A record is written after its blob, and each gets its name when all of it is on the disk: whenever
/// the process is killed, what can be found is right. Several processes may use one folder.
///
/// The cache is the [`Blobs`] of its layers: as everywhere, who reads a blob through
/// [`Blobs::reader`] has it verified. Where that fails, [`forget`](Self::forget) has it made again.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// Where a layer of a [`Cache`] came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was there; no content was read.
    Reused,
    /// It was made.
    Made,
}

/// What is kept of a layer besides its blob.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    digest: Digest,
    size: u64,
    compression: RecordedCompression,
    diff_id: Digest,
    unpacked: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RecordedCompression {
    None,
    Gzip,
    Zstd,
}

impl Cache {
    /// Uses a folder, which is made if it is not there. What was begun there a day ago and never
    /// finished is removed.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made or read.
    pub fn open(folder: &Path) -> Result<Self, LayerError> {
        let cache = Self { folder: folder.to_owned() };
        for part in [cache.folder.join("blobs/sha256"), cache.layers(), cache.begun()] {
            fs::create_dir_all(&part).map_err(LayerError::io(&part))?;
        }
        let begun = cache.begun();
        for file in fs::read_dir(&begun).map_err(LayerError::io(&begun))? {
            let file = file.map_err(LayerError::io(&begun))?;
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|then| SystemTime::now().duration_since(then).ok());
            if age.is_some_and(|age| age > ABANDONED) {
                // Another process may have been faster.
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(cache)
    }

    /// The layer of these entries: as it was made before, or made now.
    ///
    /// # Errors
    ///
    /// As [`write`](super::write()), and a cache that cannot be written.
    pub fn layer(
        &self,
        entries: &[Entry],
        options: &LayerOptions,
    ) -> Result<(WrittenLayer, Found), LayerError> {
        let fingerprint = fingerprint(entries, options)?;
        if let Some(layer) = self.find(fingerprint) {
            return Ok((layer, Found::Reused));
        }
        let (blob, layer) = write_temporary(entries, options, &self.begun())?;
        keep(blob, &self.blob(&layer.digest))?;
        self.remember(fingerprint, &layer)?;
        Ok((layer, Found::Made))
    }

    /// Keeps which layer of the cache `key` gives: a fingerprint, or another digest of everything that
    /// decides the layer, such as one over the digests of wheels, which need not be opened then.
    ///
    /// # Errors
    ///
    /// A record that cannot be written.
    pub fn remember(&self, key: Sha256, layer: &WrittenLayer) -> Result<(), LayerError> {
        let path = self.record_path(key);
        let failed = |source| LayerError::io(&path)(source);
        let bytes = serde_json::to_vec(&Record::from(layer)).map_err(|e| failed(e.into()))?;
        let mut file = temporary(&self.begun())?;
        file.write_all(&bytes).map_err(failed)?;
        keep(file, &path)
    }

    /// The layer that this key gave, if its blob is there and as long as it should be. That
    /// its bytes are right is known when they have been read.
    pub fn find(&self, key: Sha256) -> Option<WrittenLayer> {
        let path = self.record_path(key);
        if fs::metadata(&path).ok()?.len() > MAX_RECORD {
            return None;
        }
        let record: Record = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        let layer = WrittenLayer::from(record);
        let blob = self.blob(&layer.digest);
        let metadata = fs::metadata(&blob).ok()?;
        if !metadata.is_file() || metadata.len() != layer.size {
            return None;
        }
        kept::used(&path);
        kept::used(&blob);
        Some(layer)
    }

    /// Takes away the layer that this key gave, because its blob turned out to be damaged.
    ///
    /// # Errors
    ///
    /// Files that are there and cannot be removed.
    pub fn forget(&self, key: Sha256) -> Result<(), LayerError> {
        let layer = self.find(key);
        let record = Some(self.record_path(key));
        for path in record.into_iter().chain(layer.map(|layer| self.blob(&layer.digest))) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(LayerError::io(path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a blob, whether it is there or not.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    fn record_path(&self, key: Sha256) -> PathBuf {
        self.layers().join(format!("{key}.json"))
    }

    fn layers(&self) -> PathBuf {
        self.folder.join("layers")
    }

    fn begun(&self) -> PathBuf {
        self.folder.join("tmp")
    }
}

impl Blobs for Cache {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        let path = self.blob(digest);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ImageError::Missing { what: "layer", digest: *digest, place: self.place() })
            }
            Err(error) => Err(ImageError::io(path, error)),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.blob(digest).is_file()
    }

    fn place(&self) -> String {
        self.folder.display().to_string()
    }
}

impl From<&WrittenLayer> for Record {
    fn from(layer: &WrittenLayer) -> Self {
        Self {
            digest: layer.digest,
            size: layer.size,
            compression: match layer.compression {
                Compression::None => RecordedCompression::None,
                Compression::Gzip => RecordedCompression::Gzip,
                Compression::Zstd => RecordedCompression::Zstd,
            },
            diff_id: layer.diff_id,
            unpacked: layer.unpacked,
        }
    }
}

impl From<Record> for WrittenLayer {
    fn from(record: Record) -> Self {
        Self {
            digest: record.digest,
            size: record.size,
            compression: match record.compression {
                RecordedCompression::None => Compression::None,
                RecordedCompression::Gzip => Compression::Gzip,
                RecordedCompression::Zstd => Compression::Zstd,
            },
            diff_id: record.diff_id,
            unpacked: record.unpacked,
        }
    }
}
