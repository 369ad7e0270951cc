//! Reading bytes of a database so that every one of them has been checked.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use memmap2::Mmap;

use super::format::{self, HEADER, Header, MAGIC, PAGE, Section};
use super::{DatabaseError, map};

/// A mapped database file. Its header has been checked; its pages are when they are used.
#[derive(Debug)]
pub(super) struct Pages {
    map: Mmap,
    path: PathBuf,
    header: Header,
    /// Where the body begins.
    body: usize,
    /// A bit for each page that has been checked.
    checked: Vec<AtomicU64>,
}

impl Pages {
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let map = map::map(path)
            .map_err(|source| DatabaseError::Open { path: path.to_owned(), source })?;
        let damaged =
            |what: &str| DatabaseError::Damaged { path: path.to_owned(), what: what.to_owned() };
        let Some((magic, rest)) = map.split_first_chunk() else {
            return Err(damaged("it ends within its header"));
        };
        if *magic != MAGIC {
            return Err(damaged("it does not begin as a database does"));
        }
        let format = rest.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        match format {
            Some(format::VERSION) => {}
            Some(found) => return Err(DatabaseError::Format { path: path.to_owned(), found }),
            None => return Err(damaged("it ends within its header")),
        }
        let header = Header::decode(&map).ok_or_else(|| damaged("it ends within its header"))?;
        if header.file_length != map.len() as u64 {
            return Err(damaged("it has another length than its header says"));
        }
        let body = usize::try_from(header.pages)
            .ok()
            .and_then(|pages| pages.checked_mul(4)?.checked_add(HEADER))
            .filter(|body| *body <= map.len())
            .ok_or_else(|| damaged("its header makes no sense"))?;
        let (written, checksum) = map[..HEADER].split_at(HEADER - 4);
        if checksum != format::checksum(written, &map[HEADER..body]).to_le_bytes() {
            return Err(damaged("its header has another checksum"));
        }
        let pages = (map.len() - body).div_ceil(PAGE);
        if pages as u64 != header.pages {
            return Err(damaged("its header makes no sense"));
        }
        let checked = (0..pages.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Ok(Self { map, path: path.to_owned(), header, body, checked })
    }

    /// The whole file, unchecked.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> DatabaseError {
        DatabaseError::Damaged { path: self.path.clone(), what: what.into() }
    }

    /// A whole section.
    pub(super) fn section(&self, section: Section) -> Result<&[u8], DatabaseError> {
        self.part(section, 0, None)
    }

    /// The value of a key in a section that is an fst map.
    pub(super) fn find(&self, section: Section, key: &[u8]) -> Result<Option<u64>, DatabaseError> {
        self.find_in(self.section(section)?, key)
    }

    /// The value of a key in an fst map.
    pub(super) fn find_in(&self, map: &[u8], key: &[u8]) -> Result<Option<u64>, DatabaseError> {
        let map = fst::Map::new(map)
            .map_err(|error| self.damaged(format!("an index cannot be read: {error}")))?;
        Ok(map.get(key))
    }

    /// Bytes in a section that stand behind their length.
    pub(super) fn framed(&self, section: Section, offset: u64) -> Result<&[u8], DatabaseError> {
        let length = self.part(section, offset, Some(4))?;
        let length = length.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let start = offset.checked_add(4).ok_or_else(|| self.outside())?;
        self.part(section, start, Some(u64::from(length)))
    }

    /// Bytes of a section from an offset, up to the section's end where no length is given.
    fn part(
        &self,
        section: Section,
        offset: u64,
        length: Option<u64>,
    ) -> Result<&[u8], DatabaseError> {
        let (start, size) = self.header.sections[section as usize];
        let body = &self.map[self.body..];
        let range = || {
            let length = length.or_else(|| size.checked_sub(offset))?;
            (offset.checked_add(length)? <= size).then_some(())?;
            let start = usize::try_from(start.checked_add(offset)?).ok()?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            (end <= body.len()).then_some(start..end)
        };
        let range = range().ok_or_else(|| self.outside())?;
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            self.check(page)?;
        }
        Ok(&body[range])
    }

    fn check(&self, page: usize) -> Result<(), DatabaseError> {
        let (word, bit) = (page / 64, 1u64 << (page % 64));
        // Relaxed: the bit says nothing about other memory, and to check a page twice does no harm.
        if self.checked[word].load(Relaxed) & bit != 0 {
            return Ok(());
        }
        let body = &self.map[self.body..];
        let end = body.len().min((page + 1) * PAGE);
        let written = &self.map[HEADER + page * 4..HEADER + page * 4 + 4];
        if crc32fast::hash(&body[page * PAGE..end]).to_le_bytes() != written {
            return Err(self.damaged(format!("page {page} has another checksum")));
        }
        self.checked[word].fetch_or(bit, Relaxed);
        Ok(())
    }

    fn outside(&self) -> DatabaseError {
        self.damaged("something points outside of it")
    }
}
