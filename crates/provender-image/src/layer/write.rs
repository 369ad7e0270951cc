//! Making a layer's blob.

use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use sha2::Digest as _;
use tempfile::NamedTempFile;

use super::archive::{Archive, archive};
use super::arrange::arrange;
use super::blocks::{Blocks, Output};
use super::{Content, Entry, LayerError};
use crate::{Compression, Descriptor, Digest, ImageFormat};

/// The most threads that compress one layer: each has a few megabytes under way, and more than these
/// are faster than one thread can read and hash.
const MAX_THREADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// How a layer is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerOptions {
    /// The time of every entry, in seconds since 1970.
    pub timestamp: i64,
    /// How the blob is compressed.
    pub compression: Compression,
    /// How hard: 1 to 9 for gzip, 1 to 22 for Zstandard; none for 5 and 3. zlib's usual 6 makes the
    /// layers of wheels a third of a percent smaller, and takes a fifth longer.
    pub level: Option<u32>,
    /// How many threads compress; none for as many as the machine has. The bytes are the same.
    pub threads: Option<NonZeroUsize>,
}

impl LayerOptions {
    /// The usual level, and every thread of the machine.
    pub fn new(timestamp: i64, compression: Compression) -> Self {
        Self { timestamp, compression, level: None, threads: None }
    }

    pub(super) fn effective_level(&self) -> u32 {
        match self.compression {
            Compression::None => 0,
            Compression::Gzip => self.level.unwrap_or(5).clamp(1, 9),
            Compression::Zstd => self.level.unwrap_or(3).clamp(1, 22),
        }
    }

    fn effective_threads(&self) -> NonZeroUsize {
        let all = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all).min(MAX_THREADS)
    }
}

/// A layer that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenLayer {
    /// What the blob hashes to.
    pub digest: Digest,
    /// The blob's length in bytes.
    pub size: u64,
    /// How the blob is compressed.
    pub compression: Compression,
    /// What the archive in it hashes to.
    pub diff_id: Digest,
    /// The archive's length in bytes.
    pub unpacked: u64,
}

impl WrittenLayer {
    /// The layer as a manifest of this format names it.
    pub fn descriptor(&self, format: ImageFormat) -> Descriptor {
        Descriptor::new(format.layer(self.compression), self.digest, self.size)
    }
}

/// Writes the layer of these entries to the file `to`: sorted, with the folders they are in, every
/// time the same. The file has its name only when all of it is on the disk.
///
/// A folder that nobody named becomes root's with mode 0755, also over a folder of a lower layer: name
/// those that are to keep another mode.
///
/// # Errors
///
/// Entries that cannot be in one layer, contents that cannot be read or are not what was promised,
/// and a file that cannot be written. Nothing stays of it.
pub fn write(
    entries: &[Entry],
    options: &LayerOptions,
    to: &Path,
) -> Result<WrittenLayer, LayerError> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (temporary, layer) = write_temporary(entries, options, folder.unwrap_or(Path::new(".")))?;
    keep(temporary, to)?;
    Ok(layer)
}

/// Writes a layer to a file in `folder` that has no name of its own yet.
pub(super) fn write_temporary(
    entries: &[Entry],
    options: &LayerOptions,
    folder: &Path,
) -> Result<(NamedTempFile, WrittenLayer), LayerError> {
    let entries = arrange(entries)?;
    let mut temporary = temporary(folder)?;
    let path = temporary.path().to_owned();
    let compression = options.compression;
    let mut blocks =
        Blocks::new(&path, compression, options.effective_level(), options.effective_threads());
    let mut out = Written::new(&mut temporary);
    archive(&entries, options.timestamp, &mut Compressed { blocks: &mut blocks, out: &mut out })?;
    blocks.finish(&mut out)?;
    let Written { diff, unpacked, blob, size, .. } = out;
    let (diff_id, digest) = (Digest::from_hasher(diff), Digest::from_hasher(blob));
    Ok((temporary, WrittenLayer { digest, size, compression, diff_id, unpacked }))
}

/// An archive on its way through compression.
struct Compressed<'a, 'b> {
    blocks: &'a mut Blocks,
    out: &'a mut Written<'b>,
}

impl Archive for Compressed<'_, '_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.blocks.put(bytes, self.out)
    }

    fn content(&mut self, entry: &str, content: &Content) -> Result<(), LayerError> {
        self.blocks.put_content(entry, content, self.out)
    }
}

/// A blob that is being written, and what is known of it.
struct Written<'a> {
    file: &'a mut NamedTempFile,
    diff: sha2::Sha256,
    unpacked: u64,
    blob: sha2::Sha256,
    size: u64,
}

impl<'a> Written<'a> {
    fn new(file: &'a mut NamedTempFile) -> Self {
        let (diff, blob) = (sha2::Sha256::new(), sha2::Sha256::new());
        Self { file, diff, unpacked: 0, blob, size: 0 }
    }
}

impl Output for Written<'_> {
    fn archived(&mut self, bytes: &[u8]) {
        self.diff.update(bytes);
        self.unpacked += bytes.len() as u64;
    }

    fn packed(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.blob.update(bytes);
        self.size += bytes.len() as u64;
        let path = self.file.path().to_owned();
        self.file.write_all(bytes).map_err(LayerError::io(path))
    }
}

/// A file in `folder` that vanishes unless it is kept, readable as any other file.
pub(super) fn temporary(folder: &Path) -> Result<NamedTempFile, LayerError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".layer-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(LayerError::io(folder))
}

/// Gives a file its name, once it is on the disk.
pub(super) fn keep(temporary: NamedTempFile, to: &Path) -> Result<(), LayerError> {
    temporary.as_file().sync_all().map_err(LayerError::io(to))?;
    temporary.persist(to).map_err(|error| LayerError::io(to)(error.error))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new("."))).map_err(LayerError::io(to))
}

/// A name is on the disk when its folder is. Windows has no such thing.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
