//! What a tar archive says of a member before it comes.

/// What records say of the member that follows them.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Whether its bytes do not stand in one piece.
    pub(super) has_holes: bool,
}

impl Attributes {
    /// Reads a PAX record (POSIX.1-2017, "pax Extended Header"): lines of `LENGTH KEY=VALUE`, whose
    /// values may hold line breaks themselves; none where it cannot be read.
    pub(super) fn read(&mut self, mut record: &[u8]) -> Option<()> {
        while !record.is_empty() && record.first() != Some(&0) {
            let space = record.iter().position(|byte| *byte == b' ')?;
            let length: usize = str::from_utf8(record.get(..space)?).ok()?.parse().ok()?;
            let line = record.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (line.get(..equals)?, line.get(equals + 1..)?);
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                b"size" => self.size = Some(str::from_utf8(value).ok()?.parse().ok()?),
                _ => self.has_holes |= key.starts_with(b"GNU.sparse."),
            }
            record = record.get(length..)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_whose_lengths_lie_is_refused() {
        let read = |record: &[u8]| Attributes::default().read(record);
        assert!(read(b"9 path=a\n8 size=3\n").is_none());
        for bad in [
            &b"0 path=a\n"[..],
            b"1",
            b" ",
            b"99 path=a\n",
            b"4 =\n9",
            b"18446744073709551616 a=b\n",
            b"11 size=-1\n",
            b"9 path=ab",
        ] {
            assert!(read(bad).is_none(), "{}", String::from_utf8_lossy(bad));
        }
        assert!(read(b"9 path=a\n\0\0").is_some());
    }
}
