//! Reading records from where they are: a zip archive as OSV publishes it, a folder, a file.
//!
//! A JSON file, alone or in one of the others, is an OSV record or a distribution's [`Tracker`], by its
//! content. Everything is read before anything is believed: the first entry that is neither fails the
//! whole source, with its place.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::osv::{Record, RecordError};
use crate::tracker::{Tracker, TrackerError};

/// The size of a record above which it is refused, in bytes. The largest real ones, lists of
/// malicious releases, have less than a tenth.
pub const LARGEST_RECORD: usize = 64 << 20;

/// The size of a tracker above which it is refused, in bytes. Debian's, the largest, has a third.
pub const LARGEST_TRACKER: usize = 256 << 20;

/// The size of all records of an archive together above which it is refused, in bytes. Records of
/// distributions list every version of a package in every release, and take more than Python's.
const LARGEST_ARCHIVE: u64 = 8 << 30;

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
    /// A distribution's tracker in which something is not as it should be.
    #[error("`{place}` cannot be used")]
    Tracker {
        /// The path, and the entry of an archive.
        place: String,
        /// Why.
        source: TrackerError,
    },
    /// Two states of one tracker. They have no dates, so that nobody can tell which holds.
    #[error("`{place}` is a second document of `{tracker}`; give one of them")]
    Twice {
        /// The path, and the entry of an archive.
        place: String,
        /// What the tracker is called.
        tracker: String,
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

/// What stands in one JSON file.
#[derive(Debug)]
pub enum Found<'a> {
    /// An OSV record.
    Record {
        /// The record.
        record: Box<Record>,
        /// The text it was read from.
        json: &'a [u8],
    },
    /// A distribution's tracker.
    Tracker {
        /// What it says.
        tracker: Tracker,
        /// The text it was read from.
        json: &'a [u8],
        /// The path, and the entry of an archive.
        place: &'a str,
    },
}

/// Reads every record and tracker of a zip archive, a folder with all its subfolders, or a JSON file.
///
/// `shown` is what errors call it: the path, or the URL that it was downloaded from. Files and
/// entries whose name does not end in `.json` are passed over. What is found comes in the order of
/// the archive, or of the paths.
///
/// # Errors
///
/// At the first place that cannot be read or is neither, when there is nothing, and what `visit` fails
/// with.
pub fn read(
    path: &Path,
    shown: &str,
    mut visit: impl FnMut(Found<'_>) -> Result<(), SourceError>,
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
        read_json(&json, shown.to_owned(), &mut visit)
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
    visit: &mut impl FnMut(Found<'_>) -> Result<(), SourceError>,
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
        read_json(&json, place, visit)?;
        found = true;
    }
    if found { Ok(()) } else { Err(SourceError::Empty { place: shown.to_owned() }) }
}

fn read_folder(
    path: &Path,
    shown: &str,
    visit: &mut impl FnMut(Found<'_>) -> Result<(), SourceError>,
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
        read_json(&json, place, visit)?;
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
        .take(LARGEST_TRACKER as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| SourceError::Read { place: place.to_owned(), source })?;
    if bytes.len() > LARGEST_TRACKER {
        return Err(too_large(place, LARGEST_TRACKER));
    }
    Ok(bytes)
}

fn too_large(place: &str, limit: usize) -> SourceError {
    SourceError::TooLarge { place: place.to_owned(), limit: limit as u64 }
}

fn read_json(
    json: &[u8],
    place: String,
    visit: &mut impl FnMut(Found<'_>) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let error = match Record::from_json(json) {
        Ok(record) if json.len() <= LARGEST_RECORD => {
            return visit(Found::Record { record: Box::new(record), json });
        }
        Ok(_) => return Err(too_large(&place, LARGEST_RECORD)),
        Err(error) => error,
    };
    // JSON that is no record; what is no JSON is no tracker either.
    let is_json = matches!(&error, RecordError::Shape(error) if error.is_data());
    match is_json.then(|| Tracker::from_json(json)).flatten() {
        Some(Ok(tracker)) => visit(Found::Tracker { tracker, json, place: &place }),
        Some(Err(source)) => Err(SourceError::Tracker { place, source }),
        None if json.len() > LARGEST_RECORD => Err(too_large(&place, LARGEST_RECORD)),
        None => Err(SourceError::Record { place, source: error }),
    }
}
