//! Sparse files: GNU tar's own form and its three forms within extended headers.

use super::header::{Block, field, number};
use super::pax::decimal;

/// A piece of a file that is in the archive; between pieces there are zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Where it begins, in bytes.
    pub(super) offset: u64,
    /// How long it is, in bytes.
    pub(super) length: u64,
}

/// The map in the value of `GNU.sparse.map` (version 0.1): `OFFSET,LENGTH,OFFSET,LENGTH...`.
pub(super) fn listed(value: &[u8]) -> Result<Vec<Chunk>, &'static str> {
    const MALFORMED: &str = "a sparse file with a malformed map";
    let numbers = value.split(|byte| *byte == b',').map(decimal).collect::<Option<Vec<u64>>>();
    let numbers = numbers.ok_or(MALFORMED)?;
    let (pairs, []) = numbers.as_chunks::<2>() else { return Err(MALFORMED) };
    Ok(pairs.iter().map(|[offset, length]| Chunk { offset: *offset, length: *length }).collect())
}

/// The map before the data of a file (version 1.0), read number by number.
#[derive(Debug, Default)]
pub(super) struct Leading {
    number: Option<u64>,
    count: Option<u64>,
    offset: Option<u64>,
    map: Vec<Chunk>,
}

impl Leading {
    /// Takes a block in. Returns whether the map is complete; what is left of the block is padding.
    pub(super) fn take(&mut self, block: &Block) -> Result<bool, &'static str> {
        const MALFORMED: &str = "a sparse file with a malformed map";
        for byte in block {
            match byte {
                b'0'..=b'9' => {
                    let before = self.number.unwrap_or_default();
                    let number =
                        before.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0')));
                    self.number = Some(number.ok_or(MALFORMED)?);
                }
                b'\n' => {
                    let number = self.number.take().ok_or(MALFORMED)?;
                    match (self.count, self.offset.take()) {
                        (None, _) => self.count = Some(number),
                        (_, None) => self.offset = Some(number),
                        (_, Some(offset)) => self.map.push(Chunk { offset, length: number }),
                    }
                    if self.count == Some(self.map.len() as u64) {
                        return Ok(true);
                    }
                }
                _ => return Err(MALFORMED),
            }
        }
        Ok(false)
    }

    /// The map.
    pub(super) fn map(self) -> Vec<Chunk> {
        self.map
    }
}

/// The pieces that stand in GNU's own header from byte `from` on.
pub(super) fn own(block: &Block, from: usize, count: usize) -> Result<Vec<Chunk>, &'static str> {
    let mut map = Vec::new();
    for index in 0..count {
        let read = |at| number(field(block, at, 12)).ok_or("a sparse file with a malformed map");
        let at = from + 24 * index;
        if field(block, at, 1) == [0] {
            break;
        }
        map.push(Chunk { offset: read(at)?, length: read(at + 12)? });
    }
    Ok(map)
}

/// Whether the pieces are in order, within the file, and as long together as the data.
pub(super) fn check(map: &[Chunk], size: u64, data: u64) -> Result<(), &'static str> {
    let (mut end, mut sum) = (0_u64, 0_u64);
    for chunk in map {
        if chunk.offset < end {
            return Err("a sparse file with pieces that overlap");
        }
        end =
            chunk.offset.checked_add(chunk.length).ok_or("a sparse file with an endless piece")?;
        sum += chunk.length;
    }
    if end > size || sum != data {
        return Err("a sparse file with pieces that it does not hold");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_must_be_in_order_and_within_the_file() {
        let chunk = |offset, length| Chunk { offset, length };
        assert_eq!(check(&[chunk(0, 5), chunk(10, 5)], 20, 10), Ok(()));
        assert!(check(&[chunk(10, 5), chunk(0, 5)], 20, 10).is_err());
        assert!(check(&[chunk(0, 5), chunk(4, 5)], 20, 10).is_err());
        assert!(check(&[chunk(18, 5)], 20, 5).is_err());
        assert!(check(&[chunk(0, 5)], 20, 10).is_err());
        assert!(check(&[chunk(u64::MAX, 5)], 20, 5).is_err());
    }
}
