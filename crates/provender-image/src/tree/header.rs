//! The header block of a tar archive: POSIX.1-1988 (ustar), GNU's, and the old one without magic.

/// The length of a block in bytes.
pub(super) const BLOCK: usize = 512;

/// One block.
pub(super) type Block = [u8; BLOCK];

/// What a header says before extended ones have had their word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) path: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) flag: u8,
    pub(super) mode: u64,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) size: u64,
    /// In seconds since 1970; none where that is no number, which nobody has to care about.
    pub(super) mtime: Option<u64>,
}

impl Header {
    /// Reads a block, whose checksum must be right.
    pub(super) fn read(block: &Block) -> Result<Self, &'static str> {
        let claimed = number(field(block, 148, 8)).ok_or("a checksum that is no number")?;
        // Some very old programs summed the bytes as signed ones.
        let (mut sum, mut signed) = (0_u64, 0_i64);
        for (index, byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&index) { b' ' } else { *byte };
            sum += u64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        if claimed != sum && i64::try_from(claimed) != Ok(signed) {
            return Err("a wrong checksum");
        }
        let read =
            |from, length| number(field(block, from, length)).ok_or("a field that is no number");
        let name = text(field(block, 0, 100));
        let flag = block.get(156).copied().unwrap_or_default();
        // GNU's header has other things where ustar has the first part of a long path.
        let prefix = match field(block, 257, 6) {
            b"ustar\0" => text(field(block, 345, 155)),
            _ => &[],
        };
        let path = match prefix {
            [] => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        };
        Ok(Self {
            path,
            target: text(field(block, 157, 100)).to_vec(),
            flag,
            mode: read(100, 8)?,
            uid: read(108, 8)?,
            gid: read(116, 8)?,
            size: read(124, 12)?,
            mtime: read(136, 12).ok(),
        })
    }
}

/// A field of a block.
pub(super) fn field(block: &Block, from: usize, length: usize) -> &[u8] {
    block.get(from..from + length).unwrap_or_default()
}

/// A text that ends with the field or with the first NUL in it.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal digits with blanks around them, nothing at all for 0, or, with the highest bit
/// set, a binary one (GNU's extension for large values).
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // 0xff begins a negative number.
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |value, byte| {
            (value >> 56 == 0).then(|| value << 8 | u64::from(*byte))
        });
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' if value >> 61 == 0 => Some(value << 3 | u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_octal_blank_or_binary() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(&[0; 8]), Some(0));
        assert_eq!(number(&[0x80, 0, 0, 0, 1, 0, 0, 0]), Some(1 << 24));
        assert_eq!(number(b"0000844\0"), None);
        assert_eq!(number(&[0xff; 12]), None, "negative");
        assert_eq!(number(b"777777777777777777777777"), None, "too large");
    }

    #[test]
    fn a_block_with_a_wrong_checksum_is_refused() {
        let mut header = tar::Header::new_ustar();
        header.set_path("a").unwrap();
        header.set_cksum();
        assert_eq!(Header::read(header.as_bytes()).unwrap().path, b"a");
        header.as_mut_bytes()[0] = b'b';
        assert_eq!(Header::read(header.as_bytes()), Err("a wrong checksum"));
    }

    #[test]
    fn the_prefix_of_a_long_path_stands_before_its_name() {
        let (folder, name) = ("f".repeat(120), "n".repeat(90));
        let mut header = tar::Header::new_ustar();
        header.set_path(format!("{folder}/{name}")).unwrap();
        header.set_cksum();
        let read = Header::read(header.as_bytes()).unwrap();
        assert_eq!(read.path, format!("{folder}/{name}").into_bytes());
    }
}
