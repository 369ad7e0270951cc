//! SHA-256 of what is read, on a thread of its own where there is much of it.

use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle, available_parallelism};

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// From this many bytes on, a thread is worth its price.
const MUCH: u64 = 1 << 20;

/// How many bytes a thread is given at a time.
const CHUNK: usize = 256 << 10;

/// How many chunks may wait for the thread.
const WAITING: usize = 2;

/// A hash that is being made.
#[derive(Debug)]
pub(crate) struct Hashing {
    seen: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Here(Sha256),
    Beside(Beside),
}

/// A thread that hashes.
#[derive(Debug)]
struct Beside {
    chunk: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self { seen: 0, place: Place::Here(Sha256::new()) }
    }

    /// Takes further bytes in.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let before = self.seen;
        self.seen = before.saturating_add(bytes.len() as u64);
        match &mut self.place {
            Place::Here(hasher) => {
                hasher.update(bytes);
                if before < MUCH && self.seen >= MUCH {
                    self.leave();
                }
            }
            Place::Beside(beside) => beside.update(bytes),
        }
    }

    /// The digest of all the bytes.
    pub(crate) fn finish(self) -> Digest {
        Digest::from_hasher(match self.place {
            Place::Here(hasher) => hasher,
            Place::Beside(beside) => beside.finish(),
        })
    }

    /// Goes on beside the reader, where there is a core for it.
    fn leave(&mut self) {
        if available_parallelism().map_or(1, usize::from) < 2 {
            return;
        }
        if let Place::Here(hasher) = &self.place
            && let Some(beside) = Beside::start(hasher.clone())
        {
            self.place = Place::Beside(beside);
        }
    }
}

impl Beside {
    /// A thread that goes on from `hasher`; none where it cannot be started.
    fn start(mut hasher: Sha256) -> Option<Self> {
        let (full, chunks) = sync_channel::<Vec<u8>>(WAITING);
        let (used, empty) = sync_channel(WAITING);
        let thread = Builder::new().name("hash".to_owned()).spawn(move || {
            for mut chunk in chunks {
                hasher.update(&chunk);
                chunk.clear();
                match used.try_send(chunk) {
                    // Nobody reads on, or has enough of them.
                    Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
                }
            }
            hasher
        });
        Some(Self { chunk: Vec::with_capacity(CHUNK), full, empty, thread: thread.ok()? })
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = CHUNK - self.chunk.len();
            let (fits, rest) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(fits);
            bytes = rest;
            if self.chunk.len() == CHUNK {
                self.send();
            }
        }
    }

    fn send(&mut self) {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        // The thread takes chunks until this end is gone; if it is not there any more, the digest
        // is asked of it in vain.
        let _ = self.full.send(mem::replace(&mut self.chunk, next));
    }

    fn finish(mut self) -> Sha256 {
        self.send();
        drop(self.full);
        match self.thread.join() {
            Ok(hasher) => hasher,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_same_wherever_it_is_made() {
        let bytes: Vec<u8> = (0..5 * MUCH).map(|at| (at * at % 251) as u8).collect();
        for (length, step) in [
            (0, 1),
            (10, 3),
            (MUCH as usize, 4096),
            (MUCH as usize + 1, 1 << 16),
            (bytes.len(), 77_777),
            (bytes.len(), bytes.len()),
        ] {
            let mut hashing = Hashing::new();
            for part in bytes[..length].chunks(step) {
                hashing.update(part);
            }
            assert_eq!(hashing.finish(), Digest::of(&bytes[..length]), "{length} by {step}");
        }
    }

    #[test]
    fn a_hash_that_nobody_finishes_ends() {
        let mut hashing = Hashing::new();
        hashing.update(&vec![7; 3 * MUCH as usize]);
        drop(hashing);
    }
}
