//! The layout of a database file. All numbers are little-endian.
//!
//! ```text
//! header      magic, format, length of the file, number of pages,
//!             offset and length of each section (from the start of the body),
//!             CRC-32 of what stands before it and of the table of checksums
//! checksums   CRC-32 of each page of the body
//! body        the sections, one after the other
//! ```
//!
//! | section | holds |
//! |---|---|
//! | summary | number of records and date of the newest (postcard) |
//! | projects | Python's projects: name -> offset in *blocks* (fst map) |
//! | ecosystems | every ecosystem: its records, the newest, offset in *indexes* (postcard) |
//! | indexes | the packages of one ecosystem: name -> offset in *blocks*, each with its length (fst map) |
//! | blocks | what the records say about one project or package, each with its length (postcard) |
//! | ids | id or alias in lower case -> offset in *postings* (fst map) |
//! | postings | offsets in *records*, each list with its length (postcard) |
//! | records | the OSV JSON, each with its length (deflate) |
//!
//! Each ecosystem has an index of its own, and Python's projects have a section, so that a lookup in one
//! neither reads nor checks the names of another.
//!
//! When any of it changes, and when the postcard form of a block changes, so does [`VERSION`]; old
//! files are then compiled anew from the sources that were kept.

use provender_core::ProjectName;

/// The version of the format.
pub(super) const VERSION: u32 = 2;

/// The ending of a database's file name.
pub(super) const EXTENSION: &str = "advdb";

/// The first bytes of every database, in every version of the format.
pub(super) const MAGIC: [u8; 8] = *b"PVNDADV\n";

/// The size of a page, the unit in which bytes are checked. Small, because a lookup has to check all
/// of every page it touches.
pub(super) const PAGE: usize = 4096;

/// The sections, in the order in which they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Summary,
    Projects,
    Ecosystems,
    Indexes,
    Blocks,
    Ids,
    Postings,
    Records,
}

impl Section {
    /// How many there are.
    pub(super) const COUNT: usize = 8;
}

/// The length of the header.
pub(super) const HEADER: usize = MAGIC.len() + 4 + 8 + 8 + Section::COUNT * 16 + 4;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The length of the whole file.
    pub(super) file_length: u64,
    /// The number of pages of the body.
    pub(super) pages: u64,
    /// Offset in the body and length of each section.
    pub(super) sections: [(u64, u64); Section::COUNT],
}

impl Header {
    /// Writes the header for a table of checksums.
    pub(super) fn encode(&self, checksums: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.file_length.to_le_bytes());
        bytes.extend(self.pages.to_le_bytes());
        for (offset, length) in self.sections {
            bytes.extend(offset.to_le_bytes());
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(checksum(&bytes, checksums).to_le_bytes());
        bytes
    }

    /// Reads what [`Header::encode`] wrote, without its checksum. None when there are too few bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(MAGIC.len() + 4..HEADER)?;
        let mut number = || {
            let (number, tail) = rest.split_first_chunk()?;
            rest = tail;
            Some(u64::from_le_bytes(*number))
        };
        let (file_length, pages) = (number()?, number()?);
        let mut sections = [(0, 0); Section::COUNT];
        for section in &mut sections {
            *section = (number()?, number()?);
        }
        Some(Self { file_length, pages, sections })
    }
}

/// The checksum of a header and the table that follows it.
pub(super) fn checksum(header: &[u8], checksums: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header);
    crc.update(checksums);
    crc.finalize()
}

/// The key of a Python project.
pub(super) fn project_key(project: &ProjectName) -> &[u8] {
    project.as_ref().as_bytes()
}

/// The key of an id or alias.
pub(super) fn id_key(id: &str) -> Vec<u8> {
    id.to_ascii_lowercase().into_bytes()
}
