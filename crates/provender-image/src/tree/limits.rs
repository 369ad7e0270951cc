//! How much an image may make us read and remember.

use std::sync::atomic::{AtomicU64, Ordering};

use super::TreeError;

/// What a node costs beside its name, in bytes: an estimate.
const NODE: u64 = 200;

/// How much may be read and remembered. They hold for an image as a whole where one is read, and for
/// a layer where only that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many entries there may be.
    pub entries: u64,
    /// How many bytes the unpacked archives may have.
    pub bytes: u64,
    /// How many bytes may be remembered: names and content.
    pub kept: u64,
    /// How large a file may be whose content is kept, in bytes.
    pub file: u64,
    /// How many bytes a layer may unpack to, however small it is when it is compressed.
    pub unsuspicious: u64,
    /// How many times larger than its compressed form a layer may become that unpacks to more than
    /// that. What compresses better is a bomb: programs and data compress 3 to 20 times.
    pub ratio: u64,
}

impl Default for Limits {
    /// Two million entries, 64 GiB unpacked, 768 MiB remembered, 64 MiB of one file; above 2 GiB, 100
    /// times the compressed size.
    fn default() -> Self {
        Self {
            entries: 2_000_000,
            bytes: 64 << 30,
            kept: 768 << 20,
            file: 64 << 20,
            unsuspicious: 2 << 30,
            ratio: 100,
        }
    }
}

impl Limits {
    /// How many bytes a layer of this compressed size may unpack to.
    pub(crate) fn unpacked(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.ratio).max(self.unsuspicious).min(self.bytes)
    }
}

/// What is left of the limits, shared by the layers that are being read.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    entries: AtomicU64,
    bytes: AtomicU64,
    kept: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let zero = || AtomicU64::new(0);
        Self { limits: *limits, entries: zero(), bytes: zero(), kept: zero() }
    }

    /// How large a file may be whose content is kept.
    pub(super) fn file(&self) -> u64 {
        self.limits.file
    }

    /// Counts an entry.
    pub(crate) fn entry(&self) -> Result<(), TreeError> {
        spend(&self.entries, 1, self.limits.entries, "entries")
    }

    /// Counts bytes of unpacked archives.
    pub(super) fn bytes(&self, count: u64) -> Result<(), TreeError> {
        spend(&self.bytes, count, self.limits.bytes, "bytes")
    }

    /// Counts bytes that are remembered.
    pub(crate) fn keep(&self, count: u64) -> Result<(), TreeError> {
        spend(&self.kept, count, self.limits.kept, "bytes to remember")
    }

    /// Counts a node of this name.
    pub(super) fn node(&self, path: &str) -> Result<(), TreeError> {
        self.keep(path.len() as u64 + NODE)
    }
}

fn spend(spent: &AtomicU64, count: u64, limit: u64, what: &'static str) -> Result<(), TreeError> {
    // What was spent never comes near the largest number: the first excess ends the reading.
    let before = spent.fetch_add(count, Ordering::Relaxed);
    if before.saturating_add(count) > limit {
        return Err(TreeError::TooLarge { what, limit });
    }
    Ok(())
}
