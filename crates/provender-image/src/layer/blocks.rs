//! Compression on several threads, with bytes that do not depend on how many.
//!
//! The archive is cut into blocks of one size. With gzip they become one member: each is deflated
//! with the end of the one before as its dictionary, and ends at a whole byte (a "sync flush"), so
//! that put together they are what one thread could have written, and every reader reads them. With
//! Zstandard each is a frame of its own (RFC 8878, section 3.1: frames follow one another).

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use flate2::{Compress, Crc, FlushCompress, Status};

use crate::Compression;

/// How much is compressed at once, in bytes. The bytes of layers depend on it.
const BLOCK: usize = 1 << 20;

/// How far back deflate looks, in bytes (RFC 1951).
const WINDOW: usize = 32 << 10;

/// A gzip header (RFC 1952): no name, no time, no system.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Takes an archive and gives it back compressed, piece by piece.
#[derive(Debug)]
pub(super) struct Blocks {
    compression: Compression,
    level: u32,
    threads: NonZeroUsize,
    /// The length of a whole block.
    whole: usize,
    /// What is not yet a whole block.
    block: Vec<u8>,
    /// The end of the block before it.
    dictionary: Vec<u8>,
    begun: bool,
    crc: Crc,
    length: u64,
    /// Started with the first whole block, if there is to be more than one thread.
    workers: Option<Workers>,
    pending: VecDeque<Receiver<io::Result<Packed>>>,
}

/// One block to compress.
#[derive(Debug)]
struct Job {
    compression: Compression,
    level: u32,
    block: Vec<u8>,
    dictionary: Vec<u8>,
    last: bool,
}

/// One block, compressed.
#[derive(Debug)]
struct Packed {
    bytes: Vec<u8>,
    crc: Crc,
}

impl Blocks {
    pub(super) fn new(compression: Compression, level: u32, threads: NonZeroUsize) -> Self {
        Self {
            compression,
            level,
            threads,
            whole: BLOCK,
            block: Vec::new(),
            dictionary: Vec::new(),
            begun: false,
            crc: Crc::new(),
            length: 0,
            workers: None,
            pending: VecDeque::new(),
        }
    }

    /// Takes more of the archive. What is compressed by now goes to `give`, in order.
    pub(super) fn put(
        &mut self,
        mut bytes: &[u8],
        give: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.compression == Compression::None {
            return give(bytes);
        }
        while !bytes.is_empty() {
            let room = self.whole.saturating_sub(self.block.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == self.whole {
                self.send(false, give)?;
            }
        }
        Ok(())
    }

    /// Ends the archive. Everything that is left goes to `give`.
    pub(super) fn finish(
        mut self,
        give: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.compression {
            Compression::None => Ok(()),
            Compression::Zstd => {
                if !self.begun || !self.block.is_empty() {
                    self.send(true, give)?;
                }
                self.settle(0, give)
            }
            Compression::Gzip => {
                self.send(true, give)?;
                self.settle(0, give)?;
                give(&self.crc.sum().to_le_bytes())?;
                // The length modulo 2^32, as the format has it.
                let [a, b, c, d, ..] = self.length.to_le_bytes();
                give(&[a, b, c, d])
            }
        }
    }

    fn send(
        &mut self,
        last: bool,
        give: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.begun && self.compression == Compression::Gzip {
            give(&GZIP)?;
        }
        self.begun = true;
        let next = if last { Vec::new() } else { Vec::with_capacity(self.whole) };
        let block = std::mem::replace(&mut self.block, next);
        self.length += block.len() as u64;
        let window = match self.compression {
            Compression::Gzip => block.get(block.len().saturating_sub(WINDOW)..),
            _ => None,
        };
        let window = window.unwrap_or_default().to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, window);
        let (compression, level) = (self.compression, self.level);
        let job = Job { compression, level, block, dictionary, last };
        if self.threads.get() == 1 || (last && self.workers.is_none()) {
            let packed = job.run()?;
            return self.give(&packed, give);
        }
        let workers = match &mut self.workers {
            Some(workers) => workers,
            none => none.insert(Workers::start(self.threads)?),
        };
        self.pending.push_back(workers.send(job)?);
        // Enough that nobody waits, and not so much that a large layer fills the memory.
        self.settle(2 * self.threads.get(), give)
    }

    /// Waits until no more than `most` blocks are under way.
    fn settle(
        &mut self,
        most: usize,
        give: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while self.pending.len() > most {
            let Some(first) = self.pending.pop_front() else { break };
            let packed = first.recv().map_err(io::Error::other)??;
            self.give(&packed, give)?;
        }
        Ok(())
    }

    fn give(
        &mut self,
        packed: &Packed,
        give: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.crc.combine(&packed.crc);
        give(&packed.bytes)
    }
}

impl Job {
    fn run(&self) -> io::Result<Packed> {
        let mut crc = Crc::new();
        if self.compression == Compression::Zstd {
            let level = i32::try_from(self.level).map_err(io::Error::other)?;
            return Ok(Packed { bytes: zstd::bulk::compress(&self.block, level)?, crc });
        }
        crc.update(&self.block);
        Ok(Packed { bytes: self.deflate()?, crc })
    }

    fn deflate(&self) -> io::Result<Vec<u8>> {
        let mut deflate = Compress::new(flate2::Compression::new(self.level), false);
        if !self.dictionary.is_empty() {
            deflate.set_dictionary(&self.dictionary).map_err(io::Error::other)?;
        }
        // Room for everything at once, also for what cannot be compressed: where the output is cut
        // must not decide what it is.
        let mut out = Vec::with_capacity(self.block.len() + self.block.len() / 64 + 1024);
        let flush = if self.last { FlushCompress::Finish } else { FlushCompress::Sync };
        loop {
            let read = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
            let rest = self.block.get(read..).unwrap_or_default();
            let status = deflate.compress_vec(rest, &mut out, flush).map_err(io::Error::other)?;
            let all_read = deflate.total_in() == self.block.len() as u64;
            let has_room = out.len() < out.capacity();
            if status == Status::StreamEnd || (!self.last && all_read && has_room) {
                return Ok(out);
            }
            out.reserve(self.block.len() + 1024);
        }
    }
}

/// The threads that compress. They end when this is dropped.
#[derive(Debug)]
struct Workers {
    jobs: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

type Work = (Job, SyncSender<io::Result<Packed>>);

impl Workers {
    fn start(count: NonZeroUsize) -> io::Result<Self> {
        let (jobs, queue) = channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        let mut workers = Self { jobs: Some(jobs), threads: Vec::new() };
        for _ in 0..count.get() {
            let queue = Arc::clone(&queue);
            let work = move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, answer)) = next else { break };
                    // Nobody waits any more where writing has failed.
                    let _ = answer.send(job.run());
                }
            };
            let thread = std::thread::Builder::new().name("layer".to_owned()).spawn(work)?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    fn send(&self, job: Job) -> io::Result<Receiver<io::Result<Packed>>> {
        let (answer, receiver) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        jobs.send((job, answer)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(receiver)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Shorter than in layers, and still longer than a window.
    const WHOLE: usize = 80 << 10;

    /// Bytes that repeat themselves near and far, and some that do not.
    fn sample(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        (0..length)
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if at % 5 == 0 { (state >> 24) as u8 } else { (at / 64 % 251) as u8 }
            })
            .collect()
    }

    fn pack(bytes: &[u8], compression: Compression, threads: usize, piece: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut give = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        let mut blocks = Blocks::new(compression, 6, NonZeroUsize::new(threads).unwrap());
        blocks.whole = WHOLE;
        for piece in bytes.chunks(piece) {
            blocks.put(piece, &mut give).unwrap();
        }
        blocks.finish(&mut give).unwrap();
        out
    }

    fn unpack(bytes: &[u8], compression: Compression) -> Vec<u8> {
        let mut out = Vec::new();
        match compression {
            Compression::None => out.extend_from_slice(bytes),
            Compression::Gzip => {
                // A reader of one member: there must not be more.
                let mut reader = flate2::bufread::GzDecoder::new(bytes);
                reader.read_to_end(&mut out).unwrap();
                assert!(reader.into_inner().is_empty());
            }
            Compression::Zstd => {
                zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap();
            }
        }
        out
    }

    #[test]
    fn what_is_compressed_is_read_again() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for length in [0, 1, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE + 77] {
                let bytes = sample(length);
                let packed = pack(&bytes, compression, 2, 10_000);
                assert!(unpack(&packed, compression) == bytes, "{compression:?} {length}");
            }
        }
    }

    #[test]
    fn neither_threads_nor_pieces_decide_the_bytes() {
        let bytes = sample(5 * WHOLE + 123);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let one = pack(&bytes, compression, 1, 4096);
            for (threads, piece) in [(1, 1_000_003), (2, 4096), (7, 65536)] {
                assert!(pack(&bytes, compression, threads, piece) == one, "{compression:?}");
            }
        }
    }
}
