//! What is pushed, as a push sees it.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::{Blobs, Descriptor, Digest, Reference};

/// Opens a blob at an offset in bytes; called again wherever an upload goes on.
pub type BlobOpener = Arc<dyn Fn(u64) -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// What can be pushed: an image, or attachments to one.
pub trait PushSource: Send + Sync {
    /// Configurations and layers.
    fn blobs(&self) -> Vec<PushBlob>;

    /// Manifests and indexes, in the order in which a registry can take them: those that others name
    /// come before these.
    fn manifests(&self) -> Vec<PushManifest>;

    /// The manifest or index that the reference is to name.
    fn root(&self) -> Digest;
}

/// A blob that is pushed.
#[derive(Clone)]
pub struct PushBlob {
    /// Its digest and length.
    pub descriptor: Descriptor,
    /// A repository that has it, so that a registry may take it from there: where a base image came
    /// from. Only its registry and repository count.
    pub origin: Option<Reference>,
    /// Opens its bytes.
    pub open: BlobOpener,
}

impl fmt::Debug for PushBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushBlob")
            .field("descriptor", &self.descriptor)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl PushBlob {
    /// A blob whose bytes are here.
    pub fn bytes(descriptor: Descriptor, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let open: BlobOpener = Arc::new(move |offset| {
            let mut reader = Cursor::new(Arc::clone(&bytes));
            reader.set_position(offset);
            Ok(Box::new(reader))
        });
        Self { descriptor, origin: None, open }
    }

    /// A blob in a file.
    pub fn file(descriptor: Descriptor, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let open: BlobOpener = Arc::new(move |offset| {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(Box::new(file))
        });
        Self { descriptor, origin: None, open }
    }

    /// A blob of an image that is somewhere. What stands before the offset is read and dropped.
    pub fn kept(descriptor: Descriptor, blobs: Arc<dyn Blobs>) -> Self {
        let digest = descriptor.digest;
        let open: BlobOpener = Arc::new(move |offset| {
            let reader = Kept::open(Arc::clone(&blobs), digest, offset)?;
            Ok(Box::new(reader))
        });
        Self { descriptor, origin: None, open }
    }

    /// The same blob, which that repository has too.
    #[must_use]
    pub fn with_origin(mut self, origin: Reference) -> Self {
        self.origin = Some(origin);
        self
    }
}

/// How much is handed over at once, in bytes, and how often that may wait to be taken.
const CHUNK: usize = 128 << 10;
const WAITING: usize = 2;

/// A blob that a thread reads, because a reader of [`Blobs`] borrows from them. The thread ends with
/// the blob, or when nobody takes what it read.
struct Kept {
    chunks: Receiver<io::Result<Vec<u8>>>,
    present: Cursor<Vec<u8>>,
}

impl Kept {
    fn open(blobs: Arc<dyn Blobs>, digest: Digest, offset: u64) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(WAITING);
        std::thread::Builder::new().name("blob".to_owned()).spawn(move || {
            if let Err(error) = hand_over(&*blobs, &digest, offset, &sender) {
                // Nobody to tell means that nobody waits.
                let _ = sender.send(Err(error));
            }
        })?;
        Ok(Self { chunks, present: Cursor::default() })
    }
}

fn hand_over(
    blobs: &dyn Blobs,
    digest: &Digest,
    offset: u64,
    sender: &SyncSender<io::Result<Vec<u8>>>,
) -> io::Result<()> {
    let mut reader = blobs.open(digest).map_err(io::Error::other)?;
    io::copy(&mut reader.by_ref().take(offset), &mut io::sink())?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        if read == 0 || sender.send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.present.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.chunks.recv() {
                Ok(chunk) => self.present = Cursor::new(chunk?),
                // The thread is done.
                Err(_) => return Ok(0),
            }
        }
    }
}

/// A manifest or an index that is pushed.
#[derive(Debug, Clone)]
pub struct PushManifest {
    /// Its media type, digest and length.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// A tag of its own, besides that of the reference.
    pub tag: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::BlobRead;
    use crate::{ImageError, MediaType};

    #[derive(Debug)]
    struct One(Vec<u8>);

    impl Blobs for One {
        fn open(&self, _: &Digest) -> Result<BlobRead<'_>, ImageError> {
            Ok(Box::new(&*self.0))
        }

        fn holds(&self, _: &Digest) -> bool {
            true
        }

        fn place(&self) -> String {
            "memory".to_owned()
        }
    }

    #[test]
    fn a_blob_is_read_from_any_offset_wherever_it_is_kept() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300_001).collect();
        let descriptor = Descriptor::of(MediaType::new(MediaType::OCI_LAYER), &bytes);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let blobs = [
            PushBlob::bytes(descriptor.clone(), bytes.clone()),
            PushBlob::file(descriptor.clone(), file.path()),
            PushBlob::kept(descriptor, Arc::new(One(bytes.clone()))),
        ];
        for offset in [0, 1, 131_072, 300_000, 300_001] {
            for blob in &blobs {
                let mut read = Vec::new();
                (blob.open)(offset as u64).unwrap().read_to_end(&mut read).unwrap();
                assert_eq!(read, bytes[offset..]);
            }
        }
    }
}
