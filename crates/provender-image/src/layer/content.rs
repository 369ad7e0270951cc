//! Reading the bytes of a file that goes into a layer.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use provender_core::Sha256;
use sha2::Digest as _;

use super::{Content, LayerError};

/// How much is read at once, in bytes.
const BUFFER: usize = 64 << 10;

impl Content {
    /// The length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Path { size, .. } | Self::Member { size, .. } => *size,
        }
    }

    /// What the bytes hash to, or are promised to hash to.
    pub fn sha256(&self) -> Sha256 {
        match self {
            Self::Bytes(bytes) => Sha256::from_bytes(sha2::Sha256::digest(bytes).into()),
            Self::Path { sha256, .. } | Self::Member { sha256, .. } => *sha256,
        }
    }

    /// Opens the bytes as they are: whether they are those that were promised is not looked at, nor
    /// is their length.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
            Self::Path { path, .. } => Box::new(File::open(path)?),
            Self::Member { archive, offset, stored, deflated, .. } => {
                let mut file = File::open(archive)?;
                file.seek(SeekFrom::Start(*offset))?;
                let stored = file.take(*stored);
                if *deflated {
                    Box::new(DeflateDecoder::new(BufReader::with_capacity(BUFFER, stored)))
                } else {
                    Box::new(stored)
                }
            }
        })
    }

    /// Gives the bytes to `take`, piece by piece, never more than were promised.
    ///
    /// # Errors
    ///
    /// [`LayerError::Promise`], for the file `entry`, where they are others; the pieces that were
    /// taken until then count for nothing. What `take` says.
    pub(crate) fn read(
        &self,
        entry: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), LayerError>,
    ) -> Result<(), LayerError> {
        if let Self::Bytes(bytes) = self {
            return take(bytes);
        }
        let failed = |source| LayerError::io(self.file())(source);
        let mut reader = self.open().map_err(failed)?;
        let mut hasher = sha2::Sha256::new();
        let mut buffer = vec![0; usize::try_from(self.size()).unwrap_or(BUFFER).clamp(1, BUFFER)];
        let mut left = self.size();
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            let Some(rest) = left.checked_sub(count as u64) else {
                return Err(self.broken(entry, "more bytes".to_owned(), self.size()));
            };
            left = rest;
            let piece = buffer.get(..count).unwrap_or_default();
            hasher.update(piece);
            take(piece)?;
        }
        if left > 0 {
            return Err(self.broken(entry, format!("{} bytes", self.size() - left), self.size()));
        }
        let found = Sha256::from_bytes(hasher.finalize().into());
        if found == self.sha256() {
            return Ok(());
        }
        let promised = format!("sha256:{}", self.sha256());
        Err(self.promise(entry, format!("sha256:{found}"), promised))
    }

    fn broken(&self, entry: &str, found: String, size: u64) -> LayerError {
        self.promise(entry, found, format!("{size} bytes"))
    }

    fn promise(&self, entry: &str, found: String, promised: String) -> LayerError {
        let place = match self {
            Self::Member { archive, name, .. } => format!("{name} in {}", archive.display()),
            _ => self.file().display().to_string(),
        };
        LayerError::Promise { entry: entry.to_owned(), place, promised, found }
    }

    fn file(&self) -> &Path {
        match self {
            Self::Bytes(_) => Path::new(""),
            Self::Path { path, .. } => path,
            Self::Member { archive, .. } => archive,
        }
    }
}
