//! A tar archive whose members are read where they stand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::compressed::{TooMuch, compression, decompressed};
use super::members::{BadTar, Member, MemberKind, Members, normal};
use super::range::{Forward, Range};
use crate::beside::beside;
use crate::blobs::MAX_DOCUMENT;
use crate::image::BUFFER;
use crate::{BlobRead, Blobs, Compression, Digest, ImageError};

/// How many members an archive of images may have: each is a document or a layer.
const MAX_MEMBERS: usize = 100_000;
/// How many bytes all names in it may have together, those that links lead to among them.
const MAX_NAMES: usize = 16 << 20;
/// How many links may lead from one name to the file.
const MAX_LINKS: usize = 16;

/// An archive of images, uncompressed: as it was given, or unpacked into a file without a name.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    places: BTreeMap<String, Place>,
    /// How many bytes the names have.
    named: usize,
}

/// Where a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Here.
    File(Extent),
    /// Where another one is.
    Link(String),
    /// Nowhere that could be read.
    Other,
}

/// Some bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// What a tar archive is found to be.
#[derive(Debug)]
pub(super) enum Surveyed {
    /// Something with documents: an archive of images, as far as is known.
    Archive(Archive),
    /// Files and folders of an operating system.
    RootFs,
}

impl Archive {
    /// Lists an archive of images.
    ///
    /// # Errors
    ///
    /// An archive that cannot be read, is damaged or hostile.
    pub(super) fn open(path: &Path, spool: Option<&Path>) -> Result<Self, ImageError> {
        match survey(path, spool, |_| false)? {
            Surveyed::Archive(archive) => Ok(archive),
            Surveyed::RootFs => Err(malformed(path, "holds no image")),
        }
    }

    /// Lists an archive until a name tells that it is a root file system. The first name that tells
    /// anything decides.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(super) fn survey(path: &Path, spool: Option<&Path>) -> Result<Surveyed, ImageError> {
        let mut is_open = true;
        survey(path, spool, |member| {
            let name = normal(&member.name).unwrap_or_default();
            is_open &= !["oci-layout", "index.json", "manifest.json"].contains(&name.as_str());
            is_open && ["bin", "etc", "usr"].contains(&name.split('/').next().unwrap_or_default())
        })
    }

    /// The file that was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Every name, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Where the bytes of a member are, links followed.
    ///
    /// # Errors
    ///
    /// [`ImageError::Malformed`] for links that lead round or nowhere, and for what is no file.
    pub(super) fn find(&self, name: &str) -> Result<Option<Extent>, ImageError> {
        let mut at = name;
        for links in 0..MAX_LINKS {
            match self.places.get(at) {
                Some(Place::File(extent)) => return Ok(Some(*extent)),
                Some(Place::Link(target)) => at = target,
                Some(Place::Other) => {
                    return Err(malformed(&self.path, &format!("has no plain file {name}")));
                }
                None if links == 0 => return Ok(None),
                None => {
                    let reason = format!("has a link {name} to {at}, which it does not hold");
                    return Err(malformed(&self.path, &reason));
                }
            }
        }
        Err(malformed(&self.path, &format!("has links from {name} that do not end")))
    }

    /// Reads a document by name.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find); [`ImageError::TooLarge`] above [`MAX_DOCUMENT`].
    pub(super) fn document(
        &self,
        what: &'static str,
        name: &str,
    ) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(extent) = self.find(name)? else { return Ok(None) };
        if extent.size > MAX_DOCUMENT {
            let place = self.path.display().to_string();
            return Err(ImageError::TooLarge { what, limit: MAX_DOCUMENT, place });
        }
        let mut bytes = Vec::new();
        let read = self.read(extent).read_to_end(&mut bytes);
        read.map_err(|error| ImageError::io(&self.path, error))?;
        Ok(Some(bytes))
    }

    /// Reads these bytes.
    pub(super) fn read(&self, extent: Extent) -> BufReader<Range<'_>> {
        let range = Range::new(&self.file, extent.offset, extent.size);
        BufReader::with_capacity(BUFFER, range)
    }

    /// Takes up a member, whose name must be a new one: of two, one reader would see the first and
    /// another the last.
    fn add(&mut self, member: Member) -> Result<(), ImageError> {
        let shown = || String::from_utf8_lossy(&member.name).into_owned();
        let Some(name) = normal(&member.name) else {
            let reason = format!("has a member with a name that leads elsewhere: {:?}", shown());
            return Err(malformed(&self.path, &reason));
        };
        let target = match &member.kind {
            MemberKind::Link(target) | MemberKind::HardLink(target) => target.len(),
            _ => 0,
        };
        self.named += name.len() + target;
        if self.named > MAX_NAMES {
            let reason = format!("has names of more than {MAX_NAMES} bytes");
            return Err(malformed(&self.path, &reason));
        }
        let place = match &member.kind {
            MemberKind::Folder => return Ok(()),
            MemberKind::File => Place::File(Extent { offset: member.offset, size: member.size }),
            MemberKind::Other => Place::Other,
            MemberKind::HardLink(target) => normal(target).map_or(Place::Other, Place::Link),
            MemberKind::Link(target) => {
                let target = str::from_utf8(target).ok();
                target.and_then(|target| beside(&name, target)).map_or(Place::Other, Place::Link)
            }
        };
        match self.places.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(place);
                Ok(())
            }
            Entry::Occupied(_) => {
                Err(malformed(&self.path, &format!("has more than one member {:?}", shown())))
            }
        }
    }
}

/// Lists an archive until a member tells that it is a root file system.
fn survey(
    path: &Path,
    spool: Option<&Path>,
    is_root_fs: impl FnMut(&Member) -> bool,
) -> Result<Surveyed, ImageError> {
    let io = |error| ImageError::io(path, error);
    let place = path.display().to_string();
    let (file, size) = open_file(path)?;
    let compression = compression(&file, &place)?;
    let whole = Range::new(&file, 0, size);
    if compression == Compression::None {
        let empty = Archive { path: path.to_owned(), file, places: BTreeMap::new(), named: 0 };
        // The headers are read through a handle of their own, so that the archive can be filled.
        let file = empty.file.try_clone().map_err(io)?;
        return list(Range::new(&file, 0, size), empty, is_root_fs);
    }
    let spooled = match spool {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    };
    let spooled = spooled.map_err(|error| match spool {
        Some(folder) => ImageError::io(folder, error),
        None => io(error),
    })?;
    let copy = spooled.try_clone().map_err(io)?;
    let reader = decompressed(compression, whole, size).map_err(io)?;
    let empty = Archive { path: path.to_owned(), file: spooled, places: BTreeMap::new(), named: 0 };
    list(Spooling { reader, copy }, empty, is_root_fs)
}

fn list(
    reader: impl Forward,
    mut archive: Archive,
    mut is_root_fs: impl FnMut(&Member) -> bool,
) -> Result<Surveyed, ImageError> {
    let mut members = Members::new(reader, MAX_MEMBERS);
    while let Some(member) = members.next().map_err(|error| bad(&archive.path, error))? {
        if is_root_fs(&member) {
            return Ok(Surveyed::RootFs);
        }
        archive.add(member)?;
    }
    Ok(Surveyed::Archive(archive))
}

/// Opens a file that must be one: a pipe would never end.
pub(super) fn open_file(path: &Path) -> Result<(File, u64), ImageError> {
    let io = |error| ImageError::io(path, error);
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(malformed(path, "is no file"));
    }
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    Ok((file, size))
}

/// What was wrong with an archive.
pub(super) fn malformed(path: &Path, reason: &str) -> ImageError {
    ImageError::Malformed {
        what: "archive",
        reason: reason.to_owned(),
        place: path.display().to_string(),
    }
}

/// What was wrong with a tar archive.
pub(super) fn bad(path: &Path, error: BadTar) -> ImageError {
    let BadTar::Read(error) = error else { return malformed(path, &error.to_string()) };
    if let Some(TooMuch(limit)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        let place = path.display().to_string();
        return ImageError::TooLarge { what: "what it unpacks to", limit: *limit, place };
    }
    ImageError::io(path, error)
}

/// Keeps what it reads, read or passed over.
struct Spooling<R> {
    reader: R,
    copy: File,
}

impl<R: Read> Read for Spooling<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.copy.write_all(buffer.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}

impl<R: Read> Forward for Spooling<R> {
    fn pass(&mut self, count: u64) -> io::Result<()> {
        let passed = io::copy(&mut (&mut self.reader).take(count), &mut self.copy)?;
        if passed < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// The blobs of an archive, and documents that were made where it has none.
#[derive(Debug)]
pub(super) struct ArchiveBlobs {
    archive: Archive,
    extents: BTreeMap<Digest, Extent>,
    made: BTreeMap<Digest, Vec<u8>>,
}

impl ArchiveBlobs {
    /// Blobs that are at these places of the archive.
    pub(super) fn new(archive: Archive, extents: BTreeMap<Digest, Extent>) -> Self {
        Self { archive, extents, made: BTreeMap::new() }
    }

    /// A file that is one blob.
    pub(super) fn whole(path: &Path, file: File, size: u64, digest: Digest) -> Self {
        let archive = Archive { path: path.to_owned(), file, places: BTreeMap::new(), named: 0 };
        Self::new(archive, BTreeMap::from([(digest, Extent { offset: 0, size })]))
    }

    /// Adds a document that the archive does not hold.
    pub(super) fn add(&mut self, bytes: Vec<u8>) {
        self.made.insert(Digest::of(&bytes), bytes);
    }
}

impl Blobs for ArchiveBlobs {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        if let Some(bytes) = self.made.get(digest) {
            return Ok(Box::new(bytes.as_slice()));
        }
        match self.extents.get(digest) {
            Some(extent) => Ok(Box::new(self.archive.read(*extent))),
            None => Err(ImageError::Missing { what: "blob", digest: *digest, place: self.place() }),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.made.contains_key(digest) || self.extents.contains_key(digest)
    }

    fn place(&self) -> String {
        self.archive.path.display().to_string()
    }
}
