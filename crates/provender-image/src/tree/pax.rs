//! Extended headers of POSIX.1-2001 ("pax Header Block") and GNU tar's records about sparse files.

use super::sparse::{self, Chunk};

/// What an extended header says about the member that follows. A record that is not here, such as
/// an extended attribute, whose value may hold any byte, is read past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) sparse: Sparse,
}

/// GNU tar's records about a sparse file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sparse {
    /// The version of the format: 1.0 has its map before the data, 0.0 and 0.1 have it here.
    pub(super) major: Option<u64>,
    /// How large the file really is.
    pub(super) size: Option<u64>,
    /// How the file is really called.
    pub(super) name: Option<Vec<u8>>,
    /// Where data is.
    pub(super) map: Option<Vec<Chunk>>,
}

impl Records {
    /// Reads `LENGTH KEY=VALUE\n`, again and again.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "an extended header that is no list of records";
        let mut records = Self::default();
        while !bytes.is_empty() {
            // Some programs fill the header up with zeros.
            if bytes.iter().all(|byte| *byte == 0) {
                break;
            }
            let blank = bytes.iter().position(|byte| *byte == b' ').ok_or(MALFORMED)?;
            let length = decimal(bytes.get(..blank).unwrap_or_default()).ok_or(MALFORMED)?;
            let length = usize::try_from(length).map_err(|_| MALFORMED)?;
            let (record, rest) = bytes.split_at_checked(length).ok_or(MALFORMED)?;
            let record = record.get(blank + 1..).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or(MALFORMED)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(MALFORMED)?;
            let (key, value) = record.split_at_checked(equals).ok_or(MALFORMED)?;
            records.take(key, value.get(1..).unwrap_or_default())?;
            bytes = rest;
        }
        Ok(records)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        // An empty value takes back what a header before said.
        let number = || match value {
            [] => Ok(None),
            value => decimal(value).map(Some).ok_or("an extended header with a malformed number"),
        };
        let text = || match value {
            [] => Ok(None),
            value if value.contains(&0) => Err("an extended header with a NUL in a name"),
            value => Ok(Some(value.to_vec())),
        };
        match key {
            b"path" => self.path = text()?,
            b"linkpath" => self.target = text()?,
            b"size" => self.size = number()?,
            b"uid" => self.uid = number()?,
            b"gid" => self.gid = number()?,
            b"GNU.sparse.major" => self.sparse.major = number()?,
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse.size = number()?,
            b"GNU.sparse.name" => self.sparse.name = text()?,
            b"GNU.sparse.map" => self.sparse.map = Some(sparse::listed(value)?),
            b"GNU.sparse.offset" => {
                let offset = number()?.unwrap_or_default();
                self.sparse.map.get_or_insert_default().push(Chunk { offset, length: 0 });
            }
            b"GNU.sparse.numbytes" => {
                let length = number()?.unwrap_or_default();
                let last = self.sparse.map.as_mut().and_then(|map| map.last_mut());
                last.ok_or("a sparse file with a length before its offset")?.length = length;
            }
            _ => {}
        }
        Ok(())
    }
}

/// A decimal number.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let digits = digits.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_line_feeds() {
        let records = Records::read(b"15 SCHILY.x=\n\n\n19 path=some/where\n").unwrap();
        assert_eq!(records.path.as_deref(), Some(&b"some/where"[..]));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for bytes in [
            &b"path=a\n"[..],
            b"99 path=a\n",
            b"8 path=a\n",
            b"0 \n",
            b"11 path=a\0\n",
            b"9 size=x\n",
        ] {
            assert!(Records::read(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn an_empty_value_takes_back_what_was_said() {
        let records = Records::read(b"11 size=10\n8 size=\n").unwrap();
        assert_eq!(records.size, None);
    }
}
