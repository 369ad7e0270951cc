//! Compression on several threads, with bytes that do not depend on how many.
//!
//! The archive is cut into blocks of one size. With gzip they become one member: each is deflated
//! with the end of the one before as its dictionary, and ends at a whole byte (a "sync flush"), so
//! that put together they are what one thread could have written, and every reader reads them. What
//! an archive of everybody's has deflated already comes between them as it is. With Zstandard each is
//! a frame of its own (RFC 8878, section 3.1: frames follow one another).

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use flate2::{Compress, Crc, FlushCompress, Status};

use super::splice::Piece;
use super::workers::Workers;
use super::{Content, LayerError};
use crate::Compression;

/// How much is compressed at once, in bytes. The bytes of layers depend on it.
const BLOCK: usize = 1 << 20;

/// How far back deflate looks, in bytes (RFC 1951).
const WINDOW: usize = 32 << 10;

/// From this length on, in bytes, a file that is deflated already is taken as it is. Shorter ones
/// become smaller with others in one block. The bytes of layers depend on it.
const AS_IT_IS: u64 = 16 << 10;

/// See [`Blocks::in_memory`]. The bytes of layers do not depend on it.
const IN_MEMORY: u64 = 4 << 20;

/// A gzip header (RFC 1952): no name, no time, no system.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Where a layer goes, piece by piece, in order.
pub(super) trait Output {
    /// Takes more of the archive.
    fn archived(&mut self, bytes: &[u8]);

    /// Takes more of the blob.
    ///
    /// # Errors
    ///
    /// What cannot be written.
    fn packed(&mut self, bytes: &[u8]) -> Result<(), LayerError>;
}

/// Takes an archive and gives it back compressed, piece by piece.
#[derive(Debug)]
pub(super) struct Blocks {
    /// What is written, for messages.
    path: PathBuf,
    compression: Compression,
    level: u32,
    threads: NonZeroUsize,
    /// The length of a whole block.
    whole: usize,
    /// The longest file that a thread is given, in bytes: it is in memory as a whole.
    in_memory: u64,
    /// What is not yet a whole block.
    block: Vec<u8>,
    /// The end of the block before it.
    dictionary: Vec<u8>,
    begun: bool,
    crc: Crc,
    length: u64,
    /// Started with the first whole block, if there is to be more than one thread.
    workers: Option<Workers<Job, Packing>>,
    /// How many bytes of the archive each takes, and what comes of them.
    pending: VecDeque<(usize, Receiver<Packing>)>,
    /// How many bytes of the archive are pending.
    waiting: usize,
}

/// A part of the archive.
#[derive(Debug)]
enum Job {
    Block { compression: Compression, level: u32, block: Vec<u8>, dictionary: Vec<u8>, last: bool },
    Spliced { entry: String, content: Content },
}

/// A part of the archive, and the same compressed; the latter is empty where nothing is.
#[derive(Debug)]
struct Packed {
    archived: Vec<u8>,
    packed: Vec<u8>,
    crc: Crc,
}

type Packing = Result<Packed, LayerError>;

impl Blocks {
    pub(super) fn new(
        path: &Path,
        compression: Compression,
        level: u32,
        threads: NonZeroUsize,
    ) -> Self {
        Self {
            path: path.to_owned(),
            compression,
            level,
            threads,
            whole: BLOCK,
            in_memory: IN_MEMORY,
            block: Vec::new(),
            dictionary: Vec::new(),
            begun: false,
            crc: Crc::new(),
            length: 0,
            workers: None,
            pending: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Takes more of the archive. What is compressed by now goes to `out`, in order.
    pub(super) fn put(
        &mut self,
        mut bytes: &[u8],
        out: &mut impl Output,
    ) -> Result<(), LayerError> {
        while !bytes.is_empty() {
            let room = self.whole.saturating_sub(self.block.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == self.whole {
                self.send(false, out)?;
            }
        }
        Ok(())
    }

    /// Takes the content of a file, as it is compressed where it is.
    pub(super) fn put_content(
        &mut self,
        entry: &str,
        content: &Content,
        out: &mut impl Output,
    ) -> Result<(), LayerError> {
        let as_it_is = self.compression == Compression::Gzip
            && content.is_deflated()
            && content.size() >= AS_IT_IS;
        if !as_it_is {
            return content.read(entry, |piece| self.put(piece, out));
        }
        if !self.begun || !self.block.is_empty() {
            self.send(false, out)?;
        }
        // What follows is deflated without what comes before it, which is not at hand.
        self.dictionary.clear();
        if self.threads.get() == 1 || content.size() > self.in_memory {
            self.settle(0, out)?;
            return self.splice(entry, content, out);
        }
        self.length += content.size();
        let size = usize::try_from(content.size()).unwrap_or(usize::MAX);
        self.queue(size, Job::Spliced { entry: entry.to_owned(), content: content.clone() }, out)
    }

    /// Ends the archive. Everything that is left goes to `out`.
    pub(super) fn finish(mut self, out: &mut impl Output) -> Result<(), LayerError> {
        if self.compression == Compression::Gzip || !self.begun || !self.block.is_empty() {
            self.send(true, out)?;
        }
        self.settle(0, out)?;
        if self.compression == Compression::Gzip {
            out.packed(&self.crc.sum().to_le_bytes())?;
            // The length modulo 2^32, as the format has it.
            let [a, b, c, d, ..] = self.length.to_le_bytes();
            out.packed(&[a, b, c, d])?;
        }
        Ok(())
    }

    fn send(&mut self, last: bool, out: &mut impl Output) -> Result<(), LayerError> {
        if !self.begun && self.compression == Compression::Gzip {
            out.packed(&GZIP)?;
        }
        self.begun = true;
        let next = if last { Vec::new() } else { Vec::with_capacity(self.whole) };
        let block = std::mem::replace(&mut self.block, next);
        let size = block.len();
        self.length += size as u64;
        let window = match self.compression {
            Compression::Gzip => block.get(size.saturating_sub(WINDOW)..),
            _ => None,
        };
        let window = window.unwrap_or_default().to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, window);
        let (compression, level) = (self.compression, self.level);
        let job = Job::Block { compression, level, block, dictionary, last };
        if self.threads.get() == 1 || (last && self.workers.is_none()) {
            let packed = job.run(&self.path)?;
            return self.give(&packed, out);
        }
        self.queue(size, job, out)
    }

    fn queue(&mut self, size: usize, job: Job, out: &mut impl Output) -> Result<(), LayerError> {
        let failed = LayerError::io(&self.path);
        let workers = match &mut self.workers {
            Some(workers) => workers,
            none => {
                let path = self.path.clone();
                let started = Workers::start(self.threads, move |job: Job| job.run(&path));
                none.insert(started.map_err(LayerError::io(&self.path))?)
            }
        };
        self.pending.push_back((size, workers.send(job).map_err(failed)?));
        self.waiting += size;
        // Enough that nobody waits, and not so much that a large layer fills the memory.
        self.settle(2 * self.threads.get() * self.whole, out)
    }

    /// Waits until no more than `most` bytes are under way.
    fn settle(&mut self, most: usize, out: &mut impl Output) -> Result<(), LayerError> {
        while self.waiting > most || (most == 0 && !self.pending.is_empty()) {
            let Some((size, first)) = self.pending.pop_front() else { break };
            let gone = |gone| LayerError::io(&self.path)(io::Error::other(gone));
            let packed = first.recv().map_err(gone)??;
            self.waiting = self.waiting.saturating_sub(size);
            self.give(&packed, out)?;
        }
        Ok(())
    }

    fn give(&mut self, packed: &Packed, out: &mut impl Output) -> Result<(), LayerError> {
        out.archived(&packed.archived);
        self.crc.combine(&packed.crc);
        match self.compression {
            Compression::None => out.packed(&packed.archived),
            Compression::Gzip | Compression::Zstd => out.packed(&packed.packed),
        }
    }

    /// Takes a file that is too long for the memory.
    fn splice(
        &mut self,
        entry: &str,
        content: &Content,
        out: &mut impl Output,
    ) -> Result<(), LayerError> {
        self.length += content.size();
        content.splice(entry, |piece| match piece {
            Piece::Plain(bytes) => {
                self.crc.update(bytes);
                out.archived(bytes);
                Ok(())
            }
            Piece::Deflated(bytes) => out.packed(bytes),
        })
    }
}

impl Job {
    fn run(self, path: &Path) -> Packing {
        let mut crc = Crc::new();
        match self {
            Self::Block { compression, level, block, dictionary, last } => {
                let packed = match compression {
                    Compression::None => Ok(Vec::new()),
                    Compression::Gzip => {
                        crc.update(&block);
                        deflate(&block, &dictionary, level, last)
                    }
                    Compression::Zstd => i32::try_from(level)
                        .map_err(io::Error::other)
                        .and_then(|level| zstd::bulk::compress(&block, level)),
                };
                Ok(Packed { archived: block, packed: packed.map_err(LayerError::io(path))?, crc })
            }
            Self::Spliced { entry, content } => {
                let mut archived = Vec::new();
                let mut packed = Vec::new();
                content.splice(&entry, |piece| {
                    match piece {
                        Piece::Plain(bytes) => archived.extend_from_slice(bytes),
                        Piece::Deflated(bytes) => packed.extend_from_slice(bytes),
                    }
                    Ok(())
                })?;
                crc.update(&archived);
                Ok(Packed { archived, packed, crc })
            }
        }
    }
}

fn deflate(block: &[u8], dictionary: &[u8], level: u32, last: bool) -> io::Result<Vec<u8>> {
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    if !dictionary.is_empty() {
        deflate.set_dictionary(dictionary).map_err(io::Error::other)?;
    }
    // Room for everything at once, also for what cannot be compressed: where the output is cut
    // must not decide what it is.
    let mut out = Vec::with_capacity(block.len() + block.len() / 64 + 1024);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    loop {
        let read = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
        let rest = block.get(read..).unwrap_or_default();
        let status = deflate.compress_vec(rest, &mut out, flush).map_err(io::Error::other)?;
        let all_read = deflate.total_in() == block.len() as u64;
        let has_room = out.len() < out.capacity();
        if status == Status::StreamEnd || (!last && all_read && has_room) {
            return Ok(out);
        }
        out.reserve(block.len() + 1024);
    }
}

#[cfg(test)]
mod tests;
