//! Reading records from where they are: a zip archive as OSV publishes it, a folder, a file.
//!
//! Everything is read before anything is believed: the first entry that is not an OSV record fails
//! the whole source, with its place.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::osv::{Record, RecordError};

/// The size of a record above which it is refused, in bytes. The largest real ones, lists of
/// malicious releases, have less than a tenth.
pub const LARGEST_RECORD: usize = 64 << 20;

/// The size of all records of an archive together above which it is refused, in bytes.
const LARGEST_ARCHIVE: u64 = 2 << 30;

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error("cannot read `{place}`")]
    Read {
        /// The path, or an entry of an archive.
        place: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Not an archive, and not a record either.
    #[error("`{place}` is {what}, not a zip archive of OSV records")]
    NotAnArchive {
        /// The path or URL.
        place: String,
        /// What it looks like.
        what: &'static str,
    },
    /// An archive that is damaged or of a kind that is not read.
    #[error("the zip archive `{place}` cannot be read")]
    Archive {
        /// The path or URL, and the entry where one is meant.
        place: String,
        /// What is wrong.
        source: zip::result::ZipError,
    },
    /// A file or entry that is not an OSV record.
    #[error("`{place}` cannot be used")]
    Record {
        /// The path, and the entry of an archive.
        place: String,
        /// Why.
        source: RecordError,
    },
    /// More data than any real source has.
    #[error("`{place}` is larger than {limit} bytes")]
    TooLarge {
        /// The path or URL, and the entry where one is meant.
        place: String,
        /// What would be let through.
        limit: u64,
    },
    /// No records at all.
    #[error("`{place}` holds no OSV record (a file named *.json)")]
    Empty {
        /// The path or URL.
        place: String,
    },
}

/// Reads every record of a zip archive, a folder with all its subfolders, or a JSON file.
///
/// `shown` is what errors call it: the path, or the URL that it was downloaded from. Files and
/// entries whose name does not end in `.json` are passed over. Records come in the order of the
/// archive, or of their paths.
///
/// # Errors
///
/// At the first place that cannot be read or is not an OSV record, and when there is no record.
pub fn read(
    path: &Path,
    shown: &str,
    mut visit: impl FnMut(Record, &[u8]),
) -> Result<(), SourceError> {
    let failed = |source| SourceError::Read { place: shown.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        return read_folder(path, shown, &mut visit);
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start).map_err(failed)?;
    io::Seek::rewind(&mut file).map_err(failed)?;
    if start.starts_with(b"PK") {
        read_archive(file, shown, &mut visit)
    } else if start.trim_ascii_start().starts_with(b"{") {
        let json = read_limited(&mut file, shown)?;
        read_record(&json, shown.to_owned(), &mut visit)
    } else {
        Err(SourceError::NotAnArchive { place: shown.to_owned(), what: describe(&start) })
    }
}

fn describe(start: &[u8]) -> &'static str {
    let start = start.trim_ascii_start().to_ascii_lowercase();
    match start.as_slice() {
        [] => "empty",
        [b'<', ..] if start.windows(5).any(|word| word == b"<html" || word == b"<!doc") => {
            "a web page"
        }
        [b'<', ..] => "an XML document",
        [b'[', ..] => "a JSON list",
        _ => "something else",
    }
}

fn read_archive(
    file: File,
    shown: &str,
    visit: &mut impl FnMut(Record, &[u8]),
) -> Result<(), SourceError> {
    let broken = |place: &str, source| SourceError::Archive { place: place.to_owned(), source };
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| broken(shown, error))?;
    let (mut total, mut found) = (0, false);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(shown, error))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.is_dir() || !name.ends_with(".json") {
            continue;
        }
        let place = format!("{shown}:{name}");
        let json = read_limited(&mut entry, &place)?;
        total += json.len() as u64;
        if total > LARGEST_ARCHIVE {
            return Err(SourceError::TooLarge { place: shown.to_owned(), limit: LARGEST_ARCHIVE });
        }
        read_record(&json, place, visit)?;
        found = true;
    }
    if found { Ok(()) } else { Err(SourceError::Empty { place: shown.to_owned() }) }
}

fn read_folder(
    path: &Path,
    shown: &str,
    visit: &mut impl FnMut(Record, &[u8]),
) -> Result<(), SourceError> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    if files.is_empty() {
        return Err(SourceError::Empty { place: shown.to_owned() });
    }
    files.sort();
    for path in files {
        let place = path.display().to_string();
        let mut file = File::open(&path)
            .map_err(|source| SourceError::Read { place: place.clone(), source })?;
        let json = read_limited(&mut file, &place)?;
        read_record(&json, place, visit)?;
    }
    Ok(())
}

/// Collects the `*.json` files below a folder. Links to folders are not followed, so that a folder
/// which contains itself ends.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    let failed = |source| SourceError::Read { place: folder.display().to_string(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn read_limited(reader: &mut impl Read, place: &str) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    reader
        .take(LARGEST_RECORD as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| SourceError::Read { place: place.to_owned(), source })?;
    if bytes.len() > LARGEST_RECORD {
        let limit = LARGEST_RECORD as u64;
        return Err(SourceError::TooLarge { place: place.to_owned(), limit });
    }
    Ok(bytes)
}

fn read_record(
    json: &[u8],
    place: String,
    visit: &mut impl FnMut(Record, &[u8]),
) -> Result<(), SourceError> {
    let record = Record::from_json(json).map_err(|source| SourceError::Record { place, source })?;
    visit(record, json);
    Ok(())
}
