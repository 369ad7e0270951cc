//! The one place that maps a file into memory.
#![expect(unsafe_code, reason = "a memory map is unsafe by nature; see the safety comment below")]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// Maps a file for reading.
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the bytes must not change while they are mapped. A database is written under a temporary
    // name, and once it has its own name it is only ever unlinked, which leaves the mapped bytes in
    // place. Who else writes into the data directory breaks every other promise as well.
    unsafe { Mmap::map(&file) }
}
