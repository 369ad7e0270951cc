//! The members of a tar archive, one after another, read as Go's `archive/tar` reads them, which is
//! what runtimes unpack layers with.
//!
//! The tar crate is not used for reading: it takes an extended header whose value holds a line feed
//! (as the attribute `security.capability` may) for malformed, reads extended headers of any length
//! into memory, and knows only GNU's own form of sparse files.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use super::TreeError;
use super::header::{BLOCK, Block, Header, field, number, text};
use super::limits::Budget;
use super::pax::Records;
use super::sparse::{self, Chunk, Leading};

/// How much is read at once, in bytes.
const BUFFER: usize = 128 << 10;

/// The longest extended header, and the longest map of a sparse file, in bytes: Go's limit.
const MAX_EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    File,
    HardLink,
    Link,
    Folder,
    Special,
}

/// One member of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) path: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) flag: Flag,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// In seconds since 1970, as its header says.
    pub(crate) mtime: Option<u64>,
    /// The length of the file, which that of its data in the archive need not be.
    pub(crate) size: u64,
    map: Option<Vec<Chunk>>,
}

/// An archive that is being read.
pub(crate) struct Archive<'a, R> {
    input: BufReader<R>,
    budget: &'a Budget,
    /// How many bytes this archive may have.
    most: u64,
    offset: u64,
    /// The data of the member that is being read, so far as it is still to come.
    data: u64,
    /// The zeros after the data, up to the next block.
    padding: u64,
}

/// What the members before a member say about it.
#[derive(Default)]
struct Extended {
    records: Records,
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    any: bool,
}

impl<'a, R: Read> Archive<'a, R> {
    pub(crate) fn new(reader: R, budget: &'a Budget, most: u64) -> Self {
        let input = BufReader::with_capacity(BUFFER, reader);
        Self { input, budget, most, offset: 0, data: 0, padding: 0 }
    }

    /// How far the archive has been read, in bytes: after a member was returned, where its content
    /// begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the next member begins, its extended headers included, in bytes.
    pub(crate) fn next_offset(&self) -> u64 {
        self.offset + self.data + self.padding
    }

    /// The next member; what was not read of the one before is skipped.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member>, TreeError> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let block = self.block()?.filter(|block| block.iter().any(|byte| *byte != 0));
            let Some(block) = block else {
                if extended.any {
                    return Err(self.malformed("an extended header with nothing behind it"));
                }
                return Ok(None);
            };
            let header = Header::read(&block).map_err(|reason| self.malformed(reason))?;
            let flag = header.flag;
            if !matches!(flag, b'x' | b'g' | b'L' | b'K') {
                return self.member(header, &block, extended).map(Some);
            }
            let bytes = self.extension(header.size)?;
            // A global header (`g`) changes nothing: containerd and docker pass over it.
            match flag {
                b'x' => {
                    extended.records =
                        Records::read(&bytes).map_err(|reason| self.malformed(reason))?;
                }
                b'L' => extended.path = Some(text(&bytes).to_vec()),
                b'K' => extended.target = Some(text(&bytes).to_vec()),
                _ => {}
            }
            extended.any |= flag != b'g';
        }
    }

    /// Reads the content of the member that was returned last, zeros between pieces included.
    pub(crate) fn content(
        &mut self,
        member: &Member,
        to: &mut dyn FnMut(&[u8]),
    ) -> Result<(), TreeError> {
        let Some(map) = &member.map else { return self.take(self.data, to) };
        let mut at = 0;
        for chunk in map {
            self.zeros(chunk.offset - at, to)?;
            self.take(chunk.length, to)?;
            at = chunk.offset + chunk.length;
        }
        self.zeros(member.size - at, to)
    }

    /// Reads what is left, so that the reader can judge the whole.
    pub(super) fn finish(mut self) -> Result<(), TreeError> {
        loop {
            let count = self.fill()?;
            if count == 0 {
                return Ok(());
            }
            self.pass(count)?;
        }
    }

    /// What is wrong here.
    pub(super) fn malformed(&self, reason: &'static str) -> TreeError {
        TreeError::Malformed { reason, offset: self.offset }
    }

    fn member(
        &mut self,
        header: Header,
        block: &Block,
        extended: Extended,
    ) -> Result<Member, TreeError> {
        let Records { path, target, size: stored, uid, gid, sparse } = extended.records;
        let path = extended.path.or(path).or(sparse.name.clone()).unwrap_or(header.path);
        let target = extended.target.or(target).unwrap_or(header.target);
        let flag = match header.flag {
            // Before there was a flag for folders, their names ended with a slash.
            0 if path.ends_with(b"/") => Flag::Folder,
            0 | b'0' | b'7' | b'S' => Flag::File,
            b'1' => Flag::HardLink,
            b'2' => Flag::Link,
            b'3' | b'4' | b'6' => Flag::Special,
            b'5' => Flag::Folder,
            _ => return Err(self.malformed("an entry of an unknown type")),
        };
        // Only files have data, whatever the header says.
        let stored = if flag == Flag::File { stored.unwrap_or(header.size) } else { 0 };
        self.data = stored;
        self.padding = stored.wrapping_neg() % BLOCK as u64;
        let mut size = stored;
        let mut map = None;
        if header.flag == b'S' {
            size = number(field(block, 483, 12))
                .ok_or_else(|| self.malformed("a field that is no number"))?;
            map = Some(self.own_map(block)?);
        } else if flag == Flag::File && (sparse.major.is_some() || sparse.map.is_some()) {
            size = sparse.size.ok_or_else(|| self.malformed("a sparse file without its size"))?;
            map = Some(match sparse.map {
                Some(map) if sparse.major.unwrap_or_default() == 0 => map,
                _ => self.leading_map()?,
            });
        }
        if let Some(map) = &map {
            sparse::check(map, size, self.data).map_err(|reason| self.malformed(reason))?;
        }
        Ok(Member {
            path: sparse.name.unwrap_or(path),
            target,
            flag,
            mode: u32::try_from(header.mode & 0o7777).unwrap_or_default(),
            uid: uid.unwrap_or(header.uid),
            gid: gid.unwrap_or(header.gid),
            mtime: header.mtime,
            size,
            map,
        })
    }

    /// GNU's own map: four pieces in the header, and blocks of 21 between it and the data.
    fn own_map(&mut self, block: &Block) -> Result<Vec<Chunk>, TreeError> {
        let mut map = sparse::own(block, 386, 4).map_err(|reason| self.malformed(reason))?;
        let mut more = field(block, 482, 1) != [0];
        let mut length = 0;
        while more {
            length += BLOCK as u64;
            let block = self.block()?.filter(|_| length <= MAX_EXTENSION);
            let block = block.ok_or_else(|| self.malformed("a sparse file with an endless map"))?;
            map.extend(sparse::own(&block, 0, 21).map_err(|reason| self.malformed(reason))?);
            more = field(&block, 504, 1) != [0];
        }
        Ok(map)
    }

    /// The map before the data, which counts as data.
    fn leading_map(&mut self) -> Result<Vec<Chunk>, TreeError> {
        let mut leading = Leading::default();
        let mut length = 0;
        loop {
            length += BLOCK as u64;
            let left = self.data.checked_sub(BLOCK as u64).filter(|_| length <= MAX_EXTENSION);
            self.data = left.ok_or_else(|| self.malformed("a sparse file with an endless map"))?;
            let block = self.block()?.ok_or_else(|| self.malformed("it ends within an entry"))?;
            if leading.take(&block).map_err(|reason| self.malformed(reason))? {
                return Ok(leading.map());
            }
        }
    }

    /// The whole of an extended header.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TreeError> {
        if size > MAX_EXTENSION {
            return Err(self.malformed("an extended header of more than a mebibyte"));
        }
        self.data = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
        let mut bytes = Vec::new();
        self.take(size, &mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// The next block; none at the end of the archive.
    fn block(&mut self) -> Result<Option<Block>, TreeError> {
        if self.fill()? == 0 {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof if error.get_ref().is_none() => {
                self.malformed("it ends within an entry")
            }
            _ => TreeError::Read(error),
        })?;
        self.count(BLOCK as u64)?;
        Ok(Some(block))
    }

    fn skip(&mut self) -> Result<(), TreeError> {
        self.take(self.data, &mut |_| {})?;
        let padding = std::mem::take(&mut self.padding);
        self.data = padding;
        self.take(padding, &mut |_| {})
    }

    /// Reads this much of the data.
    fn take(&mut self, mut count: u64, to: &mut dyn FnMut(&[u8])) -> Result<(), TreeError> {
        while count > 0 {
            let there = self.fill()?;
            if there == 0 {
                return Err(self.malformed("it ends within an entry"));
            }
            let piece = usize::try_from(count).unwrap_or(usize::MAX).min(there);
            to(self.input.buffer().get(..piece).unwrap_or_default());
            self.pass(piece)?;
            count -= piece as u64;
            self.data = self.data.saturating_sub(piece as u64);
        }
        Ok(())
    }

    /// Zeros that are not in the archive; they count as if they were.
    fn zeros(&self, mut count: u64, to: &mut dyn FnMut(&[u8])) -> Result<(), TreeError> {
        self.budget.bytes(count)?;
        while count > 0 {
            let piece = count.min(BLOCK as u64);
            to([0; BLOCK].get(..usize::try_from(piece).unwrap_or(BLOCK)).unwrap_or_default());
            count -= piece;
        }
        Ok(())
    }

    /// How many bytes are at hand; 0 only at the end.
    fn fill(&mut self) -> Result<usize, TreeError> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(TreeError::Read(error)),
            }
        }
    }

    fn pass(&mut self, count: usize) -> Result<(), TreeError> {
        self.input.consume(count);
        self.count(count as u64)
    }

    fn count(&mut self, count: u64) -> Result<(), TreeError> {
        self.offset += count;
        if self.offset > self.most {
            return Err(TreeError::TooLarge { what: "bytes", limit: self.most });
        }
        self.budget.bytes(count)
    }
}
