//! A layer's tar archive: plain `ustar` headers, and extended ones before those entries that need
//! them (POSIX.1-2017, "pax"; image-spec 1.1, "Image Layer Filesystem Changeset").

use std::borrow::Cow;
use std::fmt::Write as _;

use tar::{EntryType, Header};

use super::pax::Pax;
use super::{Content, Entry, EntryKind, LayerError};

/// The size of a header, and what every content is filled up to, in bytes.
const BLOCK: usize = 512;
const ZEROS: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// The largest numbers that plain headers hold: 11 and 7 octal digits.
const LARGE: u64 = 0o77_777_777_777;
const SMALL: u64 = 0o7_777_777;

/// Takes an archive, piece by piece.
pub(super) trait Archive {
    /// Takes more of it.
    ///
    /// # Errors
    ///
    /// What keeps it from going on.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError>;

    /// Takes the content of a file, for the entry of this path.
    ///
    /// # Errors
    ///
    /// A content that cannot be read or is not what was promised, and what keeps it from going on.
    fn content(&mut self, entry: &str, content: &Content) -> Result<(), LayerError>;
}

/// Gives the archive of these entries, in their order, to `to`.
///
/// # Errors
///
/// What `to` says.
pub(super) fn archive(
    entries: &[Cow<'_, Entry>],
    timestamp: i64,
    to: &mut impl Archive,
) -> Result<(), LayerError> {
    for entry in entries {
        let (plain, extended) = headers(entry, timestamp);
        if let Some(content) = extended {
            to.bytes(extended_header(content.len() as u64, timestamp).as_bytes())?;
            to.bytes(&content)?;
            to.bytes(padding(content.len() as u64))?;
        }
        to.bytes(plain.as_bytes())?;
        if let EntryKind::File(content) = &entry.kind {
            to.content(&entry.path, content)?;
            to.bytes(padding(content.size()))?;
        }
    }
    to.bytes(&ZEROS)
}

/// What fills a content of this length up to whole blocks.
fn padding(length: u64) -> &'static [u8] {
    let over = usize::try_from(length % BLOCK as u64).unwrap_or_default();
    ZEROS.get(..(BLOCK - over) % BLOCK).unwrap_or_default()
}

/// The plain header of an entry, and the records that it needs besides.
fn headers(entry: &Entry, timestamp: i64) -> (Header, Option<Vec<u8>>) {
    let mut header = blank();
    let mut pax = Pax::default();
    let path = match entry.kind {
        EntryKind::Folder => Cow::Owned(format!("{}/", entry.path)),
        _ => Cow::Borrowed(&*entry.path),
    };
    if !set_path(&mut header, &path) {
        pax.add("path", &path);
        copy(&ascii(&path), &mut header.as_old_mut().name);
    }
    let (kind, size) = match &entry.kind {
        EntryKind::Folder => (EntryType::Directory, 0),
        EntryKind::Link(_) => (EntryType::Symlink, 0),
        EntryKind::File(content) => (EntryType::Regular, Content::size(content)),
    };
    header.set_entry_type(kind);
    if let EntryKind::Link(target) = &entry.kind {
        let field = &mut header.as_old_mut().linkname;
        if !target.is_ascii() || target.len() > field.len() {
            pax.add("linkpath", target);
        }
        copy(&ascii(target), field);
    }
    header.set_mode(entry.mode & 0o7777);
    let mut fits = |key, number: u64, largest| {
        if number > largest {
            pax.add(key, &number.to_string());
        }
        if number > largest { 0 } else { number }
    };
    header.set_size(fits("size", size, LARGE));
    header.set_uid(fits("uid", entry.uid.into(), SMALL));
    header.set_gid(fits("gid", entry.gid.into(), SMALL));
    match u64::try_from(timestamp).ok().filter(|seconds| *seconds <= LARGE) {
        Some(seconds) => header.set_mtime(seconds),
        None => pax.add("mtime", &timestamp.to_string()),
    }
    header.set_cksum();
    (header, pax.into_content())
}

/// A header without names of owners, and with zeros where devices are numbered.
fn blank() -> Header {
    let mut header = Header::new_ustar();
    let ustar = header.as_ustar_mut();
    if let Some(ustar) = ustar {
        copy("0000000", &mut ustar.dev_major);
        copy("0000000", &mut ustar.dev_minor);
    }
    header
}

fn extended_header(length: u64, timestamp: i64) -> Header {
    let mut header = blank();
    copy("PaxHeaders.0/entry", &mut header.as_old_mut().name);
    header.set_entry_type(EntryType::XHeader);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(length);
    header.set_mtime(u64::try_from(timestamp).map_or(0, |seconds| seconds.min(LARGE)));
    header.set_cksum();
    header
}

/// Whether the path fits into the name, or into prefix and name where it is parted at a slash.
fn set_path(header: &mut Header, path: &str) -> bool {
    if !path.is_ascii() {
        return false;
    }
    if path.len() <= header.as_old().name.len() {
        copy(path, &mut header.as_old_mut().name);
        return true;
    }
    let Some(ustar) = header.as_ustar_mut() else { return false };
    // The name holds as much as it can; neither part may be empty.
    let parted = path.match_indices('/').find_map(|(at, _)| {
        let (prefix, name) = (path.get(..at)?, path.get(at + 1..)?);
        (name.len() <= ustar.name.len()).then_some((prefix, name))
    });
    match parted {
        Some((prefix, name))
            if !prefix.is_empty() && !name.is_empty() && prefix.len() <= ustar.prefix.len() =>
        {
            copy(prefix, &mut ustar.prefix);
            copy(name, &mut ustar.name);
            true
        }
        _ => false,
    }
}

/// What a reader that knows no extended headers is shown.
fn ascii(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        let _ = out.write_char(if c.is_ascii() { c } else { '_' });
        out
    })
}

/// As many bytes as the field holds.
fn copy(text: &str, field: &mut [u8]) {
    field.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    impl Archive for Vec<u8> {
        fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
            self.extend_from_slice(bytes);
            Ok(())
        }

        fn content(&mut self, entry: &str, content: &Content) -> Result<(), LayerError> {
            content.read(entry, |bytes| self.bytes(bytes))
        }
    }

    fn entry(path: &str, kind: EntryKind) -> Entry {
        Entry { path: path.to_owned(), kind, mode: 0o644, uid: 0, gid: 0 }
    }

    fn file(path: &str, bytes: &[u8]) -> Entry {
        entry(path, EntryKind::File(Content::Bytes(bytes.to_vec())))
    }

    fn bytes(entries: &[Entry], timestamp: i64) -> Vec<u8> {
        let entries: Vec<_> = entries.iter().map(Cow::Borrowed).collect();
        let mut out = Vec::new();
        archive(&entries, timestamp, &mut out).unwrap();
        out
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let long = format!("{}/{}", "d".repeat(150), "f".repeat(100));
        let longer = format!("{}/{}", "d".repeat(250), "f".repeat(200));
        let entries = [
            entry("folder", EntryKind::Folder),
            Entry { mode: 0o4755, uid: 10001, gid: 4_000_000_000, ..file("folder/a", b"bytes") },
            entry("link", EntryKind::Link("../t".to_owned())),
            entry("link2", EntryKind::Link("t/".repeat(80) + "é")),
            file(&long, &[7; 512]),
            file(&longer, &[7; 513]),
            file("grüße/日本", b""),
        ];
        let bytes = bytes(&entries, 1_700_000_000);
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut read = tar::Archive::new(bytes.as_slice());
        let mut left = entries.iter();
        for found in read.entries().unwrap() {
            let mut found = found.unwrap();
            let entry = left.next().unwrap();
            assert_eq!(found.path().unwrap().to_str().unwrap().trim_end_matches('/'), entry.path);
            assert_eq!(found.header().mode().unwrap(), entry.mode);
            assert_eq!(found.header().mtime().unwrap(), 1_700_000_000);
            assert_eq!(found.header().username_bytes(), Some(&b""[..]));
            assert_eq!(found.header().groupname_bytes(), Some(&b""[..]));
            match &entry.kind {
                EntryKind::Folder => assert!(found.header().entry_type().is_dir()),
                EntryKind::Link(target) => {
                    let link = found.link_name().unwrap().unwrap();
                    assert_eq!(link.to_str().unwrap(), target);
                }
                EntryKind::File(content) => {
                    let mut bytes = Vec::new();
                    found.read_to_end(&mut bytes).unwrap();
                    assert_eq!(Content::Bytes(bytes), *content);
                }
            }
        }
        assert_eq!(left.next(), None);
    }

    #[test]
    fn extended_headers_are_written_only_where_they_are_needed() {
        let count = |entry: Entry, timestamp| {
            let bytes = bytes(&[entry], timestamp);
            bytes.windows(12).filter(|window| *window == b"PaxHeaders.0").count()
        };
        assert_eq!(count(file(&format!("{}/{}", "d".repeat(155), "f".repeat(100)), b""), 0), 0);
        assert_eq!(count(file(&"f".repeat(100), b""), LARGE.cast_signed()), 0);
        assert_eq!(count(file(&"f".repeat(101), b""), 0), 1);
        assert_eq!(count(file("é", b""), 0), 1);
        assert_eq!(count(file("a", b""), -1), 1);
        assert_eq!(count(Entry { uid: 2_097_152, ..file("a", b"") }, 0), 1);
    }
}
