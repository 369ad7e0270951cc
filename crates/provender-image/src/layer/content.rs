//! Reading the bytes of a file that goes into a layer.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use provender_core::Sha256;
use sha2::Digest as _;

use super::splice::{Piece, splice};
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
            Self::Member { deflated: true, .. } => {
                Box::new(DeflateDecoder::new(BufReader::with_capacity(BUFFER, self.stored()?)))
            }
            Self::Member { .. } => Box::new(self.stored()?),
        })
    }

    /// Opens the bytes as their file has them: those of a member may be deflated.
    fn stored(&self) -> io::Result<io::Take<File>> {
        let mut file = File::open(self.file())?;
        let mut length = self.size();
        if let Self::Member { offset, stored, .. } = self {
            file.seek(SeekFrom::Start(*offset))?;
            length = *stored;
        }
        Ok(file.take(length))
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
        let mut promised = Promised::of(self, entry);
        let mut buffer = vec![0; usize::try_from(self.size()).unwrap_or(BUFFER).clamp(1, BUFFER)];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return promised.kept(),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            let piece = buffer.get(..count).unwrap_or_default();
            promised.check(piece)?;
            take(piece)?;
        }
    }

    /// Whether a stream that deflates these bytes is there, and is the same wherever the layer is made.
    /// One that is longer than what it unpacks to is none to keep.
    pub(super) fn is_deflated(&self) -> bool {
        matches!(
            self,
            Self::Member { deflated: true, archive_sha256: Some(_), stored, size, .. }
                if stored <= size
        )
    }

    /// As [`read`](Self::read), of what [is deflated](Self::is_deflated), with the stream besides.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) fn splice(
        &self,
        entry: &str,
        mut take: impl FnMut(Piece<'_>) -> Result<(), LayerError>,
    ) -> Result<(), LayerError> {
        let failed = |source| LayerError::io(self.file())(source);
        let mut promised = Promised::of(self, entry);
        splice(self.stored().map_err(failed)?, failed, |piece| {
            if let Piece::Plain(bytes) = piece {
                promised.check(bytes)?;
            }
            take(piece)
        })?;
        promised.kept()
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

/// What was promised of a content, while it is read.
struct Promised<'a> {
    content: &'a Content,
    entry: &'a str,
    left: u64,
    hasher: sha2::Sha256,
}

impl<'a> Promised<'a> {
    fn of(content: &'a Content, entry: &'a str) -> Self {
        Self { content, entry, left: content.size(), hasher: sha2::Sha256::new() }
    }

    /// Refuses more bytes than were promised.
    fn check(&mut self, piece: &[u8]) -> Result<(), LayerError> {
        let size = self.content.size();
        let Some(left) = self.left.checked_sub(piece.len() as u64) else {
            return Err(self.content.broken(self.entry, "more bytes".to_owned(), size));
        };
        self.left = left;
        self.hasher.update(piece);
        Ok(())
    }

    /// Refuses fewer bytes, and others.
    fn kept(self) -> Result<(), LayerError> {
        let Self { content, entry, left, hasher } = self;
        let size = content.size();
        if left > 0 {
            return Err(content.broken(entry, format!("{} bytes", size - left), size));
        }
        let found = Sha256::from_bytes(hasher.finalize().into());
        if found == content.sha256() {
            return Ok(());
        }
        let promised = format!("sha256:{}", content.sha256());
        Err(content.promise(entry, format!("sha256:{found}"), promised))
    }
}
