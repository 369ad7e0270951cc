//! A wheel's zip archive, read only where every tool reads it in the same way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::result::ZipError;
use zip::unstable::format::flags::ZipFlags;
use zip::{CompressionMethod, ZipArchive};

use super::WheelError;

/// The most members: ten times as many as the largest wheels have.
const MAX_MEMBERS: usize = 200_000;

/// The most bytes, unpacked.
const MAX_UNPACKED: u64 = 32 << 30;

/// How many times its size a wheel may unpack to, above what any may.
const MAX_RATIO: u64 = 200;
const ANY_MAY: u64 = 64 << 20;

/// The longest name, in bytes: what is left of `PATH_MAX` when it is installed.
const MAX_NAME: usize = 2048;

/// How much is read at once where one header after another is looked at, in bytes.
const BUFFER: usize = 1 << 10;

/// The bits of a Unix mode that say what a file is, and the kinds that are of interest.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// An opened archive.
#[derive(Debug)]
pub(super) struct Archive {
    wheel: String,
    zip: ZipArchive<BufReader<File>>,
    /// The files in it.
    pub(super) files: Vec<Stored>,
}

/// A file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) name: String,
    index: usize,
    /// Where its data begin, in bytes.
    pub(super) offset: u64,
    /// How many bytes it takes.
    pub(super) stored: u64,
    pub(super) deflated: bool,
    /// Its length in bytes, unpacked, as the archive says.
    pub(super) size: u64,
    pub(super) executable: bool,
}

impl Archive {
    /// Reads the directory of an archive of `length` bytes and looks at every member.
    pub(super) fn open(wheel: &str, file: File, length: u64) -> Result<Self, WheelError> {
        let untrusted = |error: ZipError| untrusted(wheel, error);
        let mut zip = ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(untrusted)?;
        let too_large = |what, limit| {
            let wheel = wheel.to_owned();
            Err(WheelError::TooLarge { wheel, what, limit })
        };
        if zip.len() > MAX_MEMBERS {
            return too_large("files", MAX_MEMBERS as u64);
        }
        if zip.has_duplicate_names() {
            let reason = "two members have one name".to_owned();
            return Err(WheelError::Archive { wheel: wheel.to_owned(), reason });
        }
        // Local headers that say something else than the directory, members that overlap, and
        // members that the directory does not name.
        zip.validate_header_consistency().map_err(untrusted)?;
        let mut files = Vec::with_capacity(zip.len());
        let mut names = BTreeSet::new();
        let mut unpacked = 0_u64;
        for index in 0..zip.len() {
            let member = zip.by_index_raw(index).map_err(untrusted)?;
            let shown = String::from_utf8_lossy(member.name_raw()).into_owned();
            let refused = |reason: &str| WheelError::Member {
                wheel: wheel.to_owned(),
                member: shown.escape_debug().to_string(),
                reason: reason.to_owned(),
            };
            let name = std::str::from_utf8(member.name_raw())
                .map_err(|_| refused("its name is not UTF-8"))?;
            if !name.is_ascii() && !member.flags().matching(ZipFlags::LanguageEncoding) {
                return Err(refused("its name is not said to be UTF-8"));
            }
            check_name(name).map_err(refused)?;
            if member.encrypted() {
                return Err(refused("it is encrypted"));
            }
            let kind = member.unix_mode().unwrap_or_default() & KIND;
            let folder = name.ends_with('/');
            match kind {
                0 => {}
                REGULAR if !folder => {}
                FOLDER if folder => {}
                _ => return Err(refused("it is neither a plain file nor a folder")),
            }
            if folder {
                if member.size() > 0 {
                    return Err(refused("it is a folder with content"));
                }
                continue;
            }
            let deflated = match member.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => return Err(refused("it is neither stored nor deflated")),
            };
            if !deflated && member.compressed_size() != member.size() {
                return Err(refused("it is stored, and its two sizes differ"));
            }
            unpacked = unpacked.saturating_add(member.size());
            if unpacked > MAX_UNPACKED {
                return too_large("bytes", MAX_UNPACKED);
            }
            // By the system that wrote it, an archive may say nothing of who may execute a file.
            let mode = member.unix_mode().unwrap_or_default();
            let executable = kind == REGULAR && mode & 0o111 != 0;
            let offset = member.data_start();
            let offset = offset.ok_or_else(|| refused("it is nowhere in the archive"))?;
            names.insert(name.to_owned());
            files.push(Stored {
                name: name.to_owned(),
                index,
                offset,
                stored: member.compressed_size(),
                deflated,
                size: member.size(),
                executable,
            });
        }
        let may = length.saturating_mul(MAX_RATIO).max(ANY_MAY);
        if unpacked > may {
            return too_large("bytes, which is too much for its size", may);
        }
        if let Some((file, below)) = file_with_children(&names) {
            let (wheel, reason) = (wheel.to_owned(), format!("`{below}` is below it"));
            return Err(WheelError::Member { wheel, member: file.to_owned(), reason });
        }
        Ok(Self { wheel: wheel.to_owned(), zip, files })
    }

    /// Gives the content of a file to `take`, piece by piece.
    pub(super) fn read(
        &mut self,
        file: &Stored,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), WheelError> {
        let failed = |error: &dyn std::fmt::Display| WheelError::Member {
            wheel: self.wheel.clone(),
            member: file.name.clone(),
            reason: error.to_string(),
        };
        let mut reader = self.zip.by_index(file.index).map_err(|error| failed(&error))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => take(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
    }

    /// The text of a document of at most `limit` bytes.
    pub(super) fn document(&mut self, file: &Stored, limit: u64) -> Result<String, WheelError> {
        let refused = |reason: String| WheelError::Document {
            wheel: self.wheel.clone(),
            document: file.name.clone(),
            reason,
        };
        if file.size > limit {
            return Err(refused(format!("is longer than {limit} bytes")));
        }
        let not_utf8 = refused("is not UTF-8".to_owned());
        let mut bytes = Vec::new();
        self.read(file, |piece| bytes.extend_from_slice(piece))?;
        String::from_utf8(bytes).map_err(|_| not_utf8)
    }
}

fn untrusted(wheel: &str, error: ZipError) -> WheelError {
    WheelError::Archive { wheel: wheel.to_owned(), reason: error.to_string() }
}

/// A file that others are below, as if it were a folder.
fn file_with_children(names: &BTreeSet<String>) -> Option<(&str, &str)> {
    names.iter().find_map(|name| {
        let parents = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        let file = parents.into_iter().find(|parent| names.contains(*parent))?;
        Some((file, name.as_str()))
    })
}

/// Refuses names that lead out of the folder, that some tools take for others, or that a runtime
/// takes for whiteouts.
fn check_name(name: &str) -> Result<(), &'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let mut parts = path.split('/');
    if name.len() > MAX_NAME {
        Err("its name is too long")
    } else if name.starts_with('/') {
        Err("its name is absolute")
    } else if name.contains('\\') {
        Err("its name has a backslash in it")
    } else if name.chars().any(char::is_control) {
        Err("its name has a control character in it")
    } else if parts.clone().any(|part| part == "..") {
        Err("its name leads out of its folder")
    } else if parts.clone().any(|part| part.is_empty() || part == ".") {
        Err("its name has an empty part or `.` in it")
    } else if path.get(1..2) == Some(":") {
        Err("its name names a drive")
    } else if parts.clone().any(|part| part.len() > 255) {
        Err("a part of its name is too long")
    } else if parts.any(|part| part.starts_with(".wh.")) {
        Err("in a layer it would take another file away")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "../a",
            "a/../../b",
            "a/./b",
            "a//b",
            "a\\b",
            "C:/a",
            "a\nb",
            "a/.wh.b",
            &"x".repeat(256),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        for good in ["a/b.py", "a/", "a/..b", "grüße.txt", "a b"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
    }
}
