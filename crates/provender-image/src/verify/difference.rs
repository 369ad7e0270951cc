//! The first difference between two archives of one layer.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};

use crate::image::BUFFER;
use crate::tree::{Archive, Budget, Flag, Limits, Member, TreeError};

/// Where two archives begin to differ, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// The first byte that differs, counted from 0 in the unpacked archives.
    pub(super) offset: u64,
    /// The byte in the one archive and in the other; none where an archive is at its end.
    pub(super) bytes: (Option<u8>, Option<u8>),
    /// The entry in which it is; none behind the last one.
    pub(super) entry: Option<String>,
    /// Why, the weightiest first.
    pub(super) reasons: Vec<Reason>,
}

/// Why an entry differs, seen from the first archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// The second archive does not have it.
    Added,
    /// The first archive does not have it.
    Missing,
    /// Both have it, in another order.
    Order,
    /// A file's bytes: the first that differs, and both lengths.
    Content {
        /// Counted from 0 in the file; none where one is merely longer.
        offset: Option<u64>,
        /// The lengths in bytes.
        sizes: (u64, u64),
    },
    /// What it is: a file, a folder, a link.
    Kind,
    /// Where a link leads.
    Target,
    /// The permission bits.
    Mode(u32, u32),
    /// User and group.
    Owner((u64, u64), (u64, u64)),
    /// The time, in seconds since 1970.
    Time(Option<u64>, Option<u64>),
    /// How the same entry is written down.
    Form,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: &Option<u64>| time.map_or("none".to_owned(), |time| time.to_string());
        match self {
            Self::Added => f.write_str("it is not in the one that was built again"),
            Self::Missing => f.write_str("the image does not have it"),
            Self::Order => f.write_str("it stands at another place in the layer"),
            Self::Content { offset: Some(at), sizes } if sizes.0 == sizes.1 => {
                write!(f, "its content differs from byte {at} on")
            }
            Self::Content { offset: Some(at), sizes: (one, other) } => write!(
                f,
                "its content differs from byte {at} on, and it has {one} bytes instead of {other}"
            ),
            Self::Content { offset: None, sizes: (one, other) } => {
                write!(f, "its content has {one} bytes instead of {other}")
            }
            Self::Kind => f.write_str("it is of another kind"),
            Self::Target => f.write_str("the link leads elsewhere"),
            Self::Mode(one, other) => write!(f, "its mode is {one:04o} instead of {other:04o}"),
            Self::Owner(one, other) => {
                write!(f, "its owner is {}:{} instead of {}:{}", one.0, one.1, other.0, other.1)
            }
            Self::Time(one, other) => {
                write!(f, "its time is {} instead of {}", time(one), time(other))
            }
            Self::Form => f.write_str("it is the same, written down in another way"),
        }
    }
}

/// Why two archives could not be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompareError {
    /// One of them cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// One of them is no archive.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Opens an archive at its first byte; each is read twice.
pub(super) type Open<'a> = &'a dyn Fn() -> io::Result<Box<dyn Read + Send + 'a>>;

/// The first difference; none where the archives are the same.
///
/// # Errors
///
/// Archives that cannot be read; more than the limits allow.
pub(super) fn first(one: Open<'_>, other: Open<'_>) -> Result<Option<Difference>, CompareError> {
    let Some((offset, bytes)) = first_byte(one()?, other()?)? else { return Ok(None) };
    let (one, other) = (around(one()?, offset)?, around(other()?, offset)?);
    let (entry, reasons) = explain(&one, &other, offset);
    Ok(Some(Difference { offset, bytes, entry, reasons }))
}

type FirstByte = (u64, (Option<u8>, Option<u8>));

fn first_byte(one: impl Read, other: impl Read) -> io::Result<Option<FirstByte>> {
    let mut one = BufReader::with_capacity(BUFFER, one);
    let mut other = BufReader::with_capacity(BUFFER, other);
    let mut offset = 0;
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(length);
        if at < length || (length == 0 && a.len() != b.len()) {
            let bytes = (a.get(at).copied(), b.get(at).copied());
            return Ok(Some((offset + at as u64, bytes)));
        }
        if length == 0 {
            return Ok(None);
        }
        one.consume(length);
        other.consume(length);
        offset += length as u64;
    }
}

/// The entry of an archive in which a byte is, and what else the archive holds.
struct Around {
    entry: Option<Found>,
    paths: BTreeSet<Vec<u8>>,
}

struct Found {
    member: Member,
    /// Where its content begins.
    start: u64,
    /// Its content, as far as it is not larger than is kept.
    content: Option<Vec<u8>>,
}

fn around(reader: impl Read, offset: u64) -> Result<Around, TreeError> {
    let limits = Limits::default();
    let budget = Budget::new(&limits);
    let mut archive = Archive::new(reader, &budget, limits.bytes);
    let mut around = Around { entry: None, paths: BTreeSet::new() };
    while let Some(member) = archive.next_member()? {
        budget.entry()?;
        budget.keep(member.path.len() as u64)?;
        around.paths.insert(member.path.clone());
        let (start, end) = (archive.offset(), archive.next_offset());
        if around.entry.is_none() && offset < end {
            let mut content = None;
            if member.flag == Flag::File && member.size <= limits.file {
                budget.keep(member.size)?;
                let mut bytes = Vec::new();
                archive.content(&member, &mut |piece| bytes.extend_from_slice(piece))?;
                content = Some(bytes);
            }
            around.entry = Some(Found { member, start, content });
        }
    }
    Ok(around)
}

/// The entry that differs, and why. Everything before the byte is the same in both.
fn explain(one: &Around, other: &Around, offset: u64) -> (Option<String>, Vec<Reason>) {
    let name = |found: &Found| Some(String::from_utf8_lossy(&found.member.path).into_owned());
    match (&one.entry, &other.entry) {
        (None, None) => (None, vec![Reason::Form]),
        (Some(found), None) => (name(found), vec![Reason::Added]),
        (None, Some(found)) => (name(found), vec![Reason::Missing]),
        (Some(a), Some(b)) if a.member.path == b.member.path => (name(a), reasons(a, b, offset)),
        (Some(a), Some(_)) if !other.paths.contains(&a.member.path) => {
            (name(a), vec![Reason::Added])
        }
        (Some(_), Some(b)) if !one.paths.contains(&b.member.path) => {
            (name(b), vec![Reason::Missing])
        }
        (Some(a), Some(_)) => (name(a), vec![Reason::Order]),
    }
}

fn reasons(one: &Found, other: &Found, offset: u64) -> Vec<Reason> {
    let (a, b) = (&one.member, &other.member);
    let mut reasons = Vec::new();
    if a.flag != b.flag {
        reasons.push(Reason::Kind);
    } else if a.target != b.target {
        reasons.push(Reason::Target);
    }
    if a.flag == Flag::File && b.flag == Flag::File {
        let sizes = (a.size, b.size);
        match (&one.content, &other.content) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                let at = one.iter().zip(other).position(|(one, other)| one != other);
                reasons.push(Reason::Content { offset: at.map(|at| at as u64), sizes });
            }
            // Too large to be kept; the headers are the same where the first byte is behind them.
            _ if offset >= one.start || sizes.0 != sizes.1 => {
                let offset = offset.checked_sub(one.start);
                reasons.push(Reason::Content { offset, sizes });
            }
            _ => {}
        }
    }
    if a.mode != b.mode {
        reasons.push(Reason::Mode(a.mode, b.mode));
    }
    if (a.uid, a.gid) != (b.uid, b.gid) {
        reasons.push(Reason::Owner((a.uid, a.gid), (b.uid, b.gid)));
    }
    if a.mtime != b.mtime {
        reasons.push(Reason::Time(a.mtime, b.mtime));
    }
    if reasons.is_empty() {
        reasons.push(Reason::Form);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// An archive of files with these paths and contents.
    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn difference(one: &[u8], other: &[u8]) -> Option<Difference> {
        let open = |bytes: &[u8]| -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(Cursor::new(bytes.to_vec())))
        };
        first(&|| open(one), &|| open(other)).unwrap()
    }

    #[test]
    fn the_same_archive_has_no_difference() {
        let bytes = archive(&[("a", "1"), ("b", "2")]);
        assert_eq!(difference(&bytes, &bytes), None);
    }

    #[test]
    fn the_same_entries_in_another_order_differ_by_that() {
        let (one, other) = (archive(&[("a", "1"), ("b", "2")]), archive(&[("b", "2"), ("a", "1")]));
        let found = difference(&one, &other).unwrap();
        assert_eq!((found.offset, found.bytes), (0, (Some(b'a'), Some(b'b'))));
        assert_eq!((found.entry.as_deref(), &found.reasons[..]), (Some("a"), &[Reason::Order][..]));
    }

    #[test]
    fn an_archive_that_goes_on_differs_behind_its_end() {
        let bytes = archive(&[("a", "1")]);
        let longer = [&bytes[..], &[0; 512]].concat();
        let found = difference(&longer, &bytes).unwrap();
        assert_eq!((found.offset, found.bytes), (bytes.len() as u64, (Some(0), None)));
        assert_eq!((found.entry, found.reasons), (None, vec![Reason::Form]));
    }
}
