//! `RECORD`: the files of a wheel, or of an installed distribution, with their hashes and sizes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use provender_core::Sha256;
use sha2::Digest as _;

/// The specification has no padding; some builders write it.
const DECODE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is recorded of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) hash: Option<RecordedHash>,
    pub(crate) size: Option<u64>,
}

/// A hash of at least SHA-256's strength, as the specification demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordedHash {
    Sha256(Sha256),
    Sha384(Vec<u8>),
    Sha512(Vec<u8>),
}

/// The lines of a `RECORD` by path; an error names the path and says what is wrong with its line.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Line>, (String, String)> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines = BTreeMap::new();
    for (number, row) in (1_u64..).zip(reader.records()) {
        let row = row.map_err(|error| (format!("line {number}"), error.to_string()))?;
        let path = row.get(0).unwrap_or_default().to_owned();
        let wrong = |reason: String| (path.clone(), reason);
        if row.len() > 3 {
            return Err(wrong(format!("has {} fields in RECORD instead of 3", row.len())));
        }
        let hash = match row.get(1).unwrap_or_default() {
            "" => None,
            text => Some(hash(text).map_err(wrong)?),
        };
        let size = match row.get(2).unwrap_or_default() {
            "" => None,
            text => {
                let bad = |_| wrong(format!("has the size `{text}` in RECORD"));
                Some(text.parse().map_err(bad)?)
            }
        };
        let line = Line { hash, size };
        if lines.get(&path).is_some_and(|before| *before != line) {
            return Err(wrong("is in RECORD twice, with different hashes".to_owned()));
        }
        lines.insert(path, line);
    }
    Ok(lines)
}

fn hash(text: &str) -> Result<RecordedHash, String> {
    let malformed = || format!("has the hash `{text}` in RECORD");
    let (algorithm, encoded) = text.split_once('=').ok_or_else(malformed)?;
    let bytes = DECODE.decode(encoded).map_err(|_| malformed())?;
    match (algorithm, bytes.len()) {
        ("sha256", _) => {
            let bytes = bytes.try_into().map_err(|_| malformed())?;
            Ok(RecordedHash::Sha256(Sha256::from_bytes(bytes)))
        }
        ("sha384", 48) => Ok(RecordedHash::Sha384(bytes)),
        ("sha512", 64) => Ok(RecordedHash::Sha512(bytes)),
        ("sha384" | "sha512", _) => Err(malformed()),
        ("md5" | "sha1" | "sha224", _) => {
            Err(format!("is in RECORD with {algorithm}, which is weaker than sha256"))
        }
        _ => Err(format!("is in RECORD with {algorithm}, which is not sha256, sha384 or sha512")),
    }
}

/// Hashes a file once with SHA-256, which names it from then on, and once with what its line has.
#[derive(Debug, Default)]
pub(super) struct Rehash {
    sha256: sha2::Sha256,
    sha384: sha2::Sha384,
    sha512: sha2::Sha512,
}

impl Rehash {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha384.update(bytes);
        self.sha512.update(bytes);
    }

    /// The SHA-256, if the file is what its line says.
    pub(super) fn finish(self, recorded: Option<&RecordedHash>) -> Option<Sha256> {
        let sha256 = Sha256::from_bytes(self.sha256.finalize().into());
        let right = match recorded {
            None => true,
            Some(RecordedHash::Sha256(hash)) => *hash == sha256,
            Some(RecordedHash::Sha384(hash)) => **hash == self.sha384.finalize()[..],
            Some(RecordedHash::Sha512(hash)) => **hash == self.sha512.finalize()[..],
        };
        right.then_some(sha256)
    }
}

/// A `RECORD` that is written: sorted by path, with CR and LF after each line, as pip writes it.
#[derive(Debug, Default)]
pub(super) struct Recorded(BTreeMap<String, (String, String)>);

impl Recorded {
    /// Adds a file.
    pub(super) fn add(&mut self, path: String, sha256: Sha256, size: u64) {
        let hash = format!("sha256={}", URL_SAFE_NO_PAD.encode(sha256.as_bytes()));
        self.0.insert(path, (hash, size.to_string()));
    }

    /// The text, with a line for `RECORD` itself, at `path`, which has neither hash nor size.
    pub(super) fn finish(mut self, path: String) -> Result<Vec<u8>, csv::Error> {
        self.0.insert(path, (String::new(), String::new()));
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for (path, (hash, size)) in &self.0 {
            writer.write_record([path, hash, size])?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_quotes_padding_and_empty_fields() {
        let zeros = "A".repeat(43);
        let text = format!("\"a,b.py\",sha256={zeros}=,12\r\na/RECORD,,\n");
        let lines = parse(&text).unwrap();
        let hash = Some(RecordedHash::Sha256(Sha256::from_bytes([0; 32])));
        assert_eq!(lines["a,b.py"], Line { hash, size: Some(12) });
        assert_eq!(lines["a/RECORD"], Line { hash: None, size: None });
    }

    #[test]
    fn weak_and_malformed_hashes_are_refused_by_name() {
        for (line, said) in [
            ("a,md5=1B2M2Y8AsgTpgAmY7PhCfg,0", "weaker than sha256"),
            ("a,blake2b=AAAA,0", "not sha256, sha384 or sha512"),
            ("a,sha256=AAAA,0", "the hash `sha256=AAAA`"),
            ("a,sha512=AAAA,0", "the hash"),
            ("a,nonsense,0", "the hash `nonsense`"),
            ("a,,-1", "the size `-1`"),
            ("a,,1,2", "4 fields"),
            ("a,,1\na,,2", "twice"),
        ] {
            let (path, reason) = parse(line).unwrap_err();
            assert_eq!(path, "a");
            assert!(reason.contains(said), "{line}: {reason}");
        }
    }

    #[test]
    fn a_record_is_written_sorted() {
        let mut recorded = Recorded::default();
        recorded.add("b".to_owned(), Sha256::from_bytes([0; 32]), 1);
        recorded.add("a,\"".to_owned(), Sha256::from_bytes([0; 32]), 2);
        let zeros = "A".repeat(43);
        let text = String::from_utf8(recorded.finish("aa/RECORD".to_owned()).unwrap()).unwrap();
        let expected =
            format!("\"a,\"\"\",sha256={zeros},2\r\naa/RECORD,,\r\nb,sha256={zeros},1\r\n");
        assert_eq!(text, expected);
    }
}
