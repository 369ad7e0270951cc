//! What stands in a tar archive, header by header: where each member's bytes begin, and how many
//! there are.
//!
//! Only headers are read and nothing is unpacked. The records that come before a member (PAX,
//! GNU long names) are bounded, since whoever made the archive chose their length.

use std::io;

use tar::Header;

use super::attributes::Attributes;
use super::range::Forward;

/// The block of which an archive is made, in bytes.
const BLOCK: usize = 512;
/// The longest record that may precede a member, in bytes: far more than names and attributes need.
const MAX_RECORD: u64 = 1 << 20;
/// The longest name, in bytes: what systems allow for a path.
const MAX_NAME: usize = 4096;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadTar {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("is cut off: it claims more bytes than there are")]
    CutOff,
    #[error("is no tar archive, or a damaged one: no header stands at byte {0}")]
    Header(u64),
    #[error("has a member with a name or target of more than {MAX_NAME} bytes")]
    LongName,
    #[error("has a member with more than {MAX_RECORD} bytes of attributes")]
    LongRecord,
    #[error("has a member with attributes that cannot be read, at byte {0}")]
    Record(u64),
    #[error("has a folder, link or device with bytes of its own, at byte {0}")]
    Bytes(u64),
    #[error("has more than {0} members")]
    Many(usize),
}

/// One member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name, as written.
    pub(super) name: Vec<u8>,
    /// What it is.
    pub(super) kind: MemberKind,
    /// Where its bytes begin.
    pub(super) offset: u64,
    /// How many there are.
    pub(super) size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    Folder,
    /// A symbolic link, with its target.
    Link(Vec<u8>),
    /// Another name for a member that came before, with that one's name.
    HardLink(Vec<u8>),
    /// A device, a pipe, or a file with holes, whose bytes do not stand in one piece.
    Other,
}

/// The members of an archive, in order.
#[derive(Debug)]
pub(super) struct Members<R> {
    reader: R,
    /// Where the reader stands.
    position: u64,
    /// What has not been read yet of the member that was last returned.
    content: u64,
    /// What fills that member's last block.
    padding: u64,
    count: usize,
    limit: usize,
}

impl<R: Forward> Members<R> {
    /// The members of the archive that the reader is at the beginning of, at most `limit` of them.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, position: 0, content: 0, padding: 0, count: 0, limit }
    }

    /// Goes on to the next member.
    pub(super) fn next(&mut self) -> Result<Option<Member>, BadTar> {
        let mut attributes = Attributes::default();
        loop {
            let at = self.position;
            let Some(block) = self.header()? else { return Ok(None) };
            let header = Header::from_byte_slice(&block);
            let size = header.entry_size().map_err(|_| BadTar::Header(at))?;
            self.count += 1;
            if self.count > self.limit {
                return Err(BadTar::Many(self.limit));
            }
            match header.entry_type().as_byte() {
                b'x' => attributes.read(&self.record(size)?).ok_or(BadTar::Record(at))?,
                b'L' => attributes.name = Some(until_zero(self.record(size)?)),
                b'K' => attributes.target = Some(until_zero(self.record(size)?)),
                // What holds for all members, such as the commit that git writes, names none.
                b'g' => drop(self.record(size)?),
                kind => {
                    let member = self.member(header, kind, size, attributes)?;
                    let has_bytes = matches!(member.kind, MemberKind::File | MemberKind::Other);
                    if member.size > 0 && !has_bytes {
                        return Err(BadTar::Bytes(at));
                    }
                    return Ok(Some(member));
                }
            }
        }
    }

    /// Reads on in the member that was last returned.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, BadTar> {
        let room = usize::try_from(self.content).unwrap_or(usize::MAX).min(buffer.len());
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..room).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => return Err(BadTar::CutOff),
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.content -= read as u64;
        self.position += read as u64;
        Ok(read)
    }

    fn member(
        &mut self,
        header: &Header,
        kind: u8,
        size: u64,
        attributes: Attributes,
    ) -> Result<Member, BadTar> {
        let name = attributes.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let target = || match attributes.target {
            Some(target) => target,
            None => header.link_name_bytes().unwrap_or_default().into_owned(),
        };
        let kind = match kind {
            _ if attributes.has_holes => MemberKind::Other,
            b'0' | b'\0' | b'7' if name.ends_with(b"/") => MemberKind::Folder,
            b'0' | b'\0' | b'7' => MemberKind::File,
            b'1' => MemberKind::HardLink(target()),
            b'2' => MemberKind::Link(target()),
            b'5' => MemberKind::Folder,
            b'S' => {
                self.pass_map_of_holes(header)?;
                MemberKind::Other
            }
            _ => MemberKind::Other,
        };
        let has_long_target = match &kind {
            MemberKind::Link(target) | MemberKind::HardLink(target) => target.len() > MAX_NAME,
            _ => false,
        };
        if name.len() > MAX_NAME || has_long_target {
            return Err(BadTar::LongName);
        }
        let size = attributes.size.unwrap_or(size);
        self.content = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
        Ok(Member { name, kind, offset: self.position, size })
    }

    /// The next header, whose checksum is right; none at the end of the archive.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, BadTar> {
        let left = self.content.checked_add(self.padding).ok_or(BadTar::CutOff)?;
        self.pass(left)?;
        (self.content, self.padding) = (0, 0);
        let at = self.position;
        let Some(block) = self.block()? else { return Ok(None) };
        if block == [0; BLOCK] {
            // Two empty blocks, or one and nothing more, are the end. After a lone one some readers
            // stop and others go on: it would hide from the first what the second see.
            return match self.block()? {
                Some(next) if next != [0; BLOCK] => Err(BadTar::Header(at)),
                _ => Ok(None),
            };
        }
        let header = Header::from_byte_slice(&block);
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        let field: u32 = header.as_old().cksum.iter().map(|byte| u32::from(*byte)).sum();
        let spaces = u32::from(b' ') * 8;
        match header.cksum() {
            Ok(written) if written == sum - field + spaces => Ok(Some(block)),
            _ => Err(BadTar::Header(at)),
        }
    }

    /// The blocks after the header of a GNU file with holes, which say where they are.
    fn pass_map_of_holes(&mut self, header: &Header) -> Result<(), BadTar> {
        let mut more = header.as_gnu().is_some_and(|header| header.is_extended());
        let mut blocks = 0;
        while more {
            let block = self.block()?.ok_or(BadTar::CutOff)?;
            // The place of `isextended` behind 21 pairs of numbers of 12 digits.
            more = block.get(504).is_some_and(|flag| *flag == 1);
            blocks += 1;
            if blocks * BLOCK as u64 > MAX_RECORD {
                return Err(BadTar::LongRecord);
            }
        }
        Ok(())
    }

    /// A whole block, none where nothing is left.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, BadTar> {
        let mut block = [0; BLOCK];
        (self.content, self.padding) = (BLOCK as u64, 0);
        let start = self.position;
        let read = self.read(&mut block);
        self.content = 0;
        match read {
            Ok(_) => Ok(Some(block)),
            Err(BadTar::CutOff) if self.position == start && block == [0; BLOCK] => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a record.
    fn record(&mut self, size: u64) -> Result<Vec<u8>, BadTar> {
        if size > MAX_RECORD {
            return Err(BadTar::LongRecord);
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| BadTar::LongRecord)?];
        self.content = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
        self.read(&mut bytes)?;
        Ok(bytes)
    }

    fn pass(&mut self, count: u64) -> Result<(), BadTar> {
        self.reader.pass(count).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BadTar::CutOff,
            _ => error.into(),
        })?;
        self.position += count;
        Ok(())
    }
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

/// A member's name as the parts of a path, without empty ones and `.`; none if it leads out of the
/// archive, or is nobody's honest name.
pub(super) fn normal(name: &[u8]) -> Option<String> {
    let name = str::from_utf8(name).ok().filter(|name| !name.starts_with('/'))?;
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let honest = |part: &&str| *part != ".." && !part.contains(['\0', '\\']);
    parts.iter().all(honest).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::range::Range;

    fn header(name: &str, kind: u8, size: u64) -> Header {
        let mut header = Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(size);
        header.set_cksum();
        header
    }

    /// An archive of these members: name, type, size as written, bytes.
    fn archive(members: &[(&str, u8, u64, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, kind, size, content) in members {
            bytes.extend(header(name, *kind, *size).as_bytes());
            bytes.extend(*content);
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        bytes.extend([0; 2 * BLOCK]);
        bytes
    }

    fn members(bytes: &[u8]) -> Result<Vec<Member>, BadTar> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        let mut members = Members::new(Range::new(&file, 0, bytes.len() as u64), 100);
        let mut found = Vec::new();
        while let Some(member) = members.next()? {
            found.push(member);
        }
        Ok(found)
    }

    fn pax(pairs: &[(&str, &str)]) -> Vec<u8> {
        let lines = pairs.iter().map(|(key, value)| {
            let rest = format!(" {key}={value}\n");
            let length = (1..4).map(|digits| digits + rest.len());
            let length = length.into_iter().find(|l| l.to_string().len() + rest.len() == *l);
            format!("{}{rest}", length.unwrap())
        });
        lines.collect::<String>().into_bytes()
    }

    #[test]
    fn members_are_where_they_are_said_to_be() {
        let bytes = archive(&[
            ("a/", b'5', 0, b""),
            ("a/one", b'0', 3, b"one"),
            ("a/link", b'2', 0, b""),
            ("two", b'0', 600, &[7; 600]),
        ]);
        let found = members(&bytes).unwrap();
        let names: Vec<_> = found.iter().map(|m| String::from_utf8_lossy(&m.name)).collect();
        assert_eq!(names, ["a/", "a/one", "a/link", "two"]);
        assert_eq!((found[1].offset, found[1].size), (1024, 3));
        assert_eq!(found[2].kind, MemberKind::Link(Vec::new()));
        assert_eq!((found[3].offset, found[3].size), (2560, 600));
    }

    #[test]
    fn records_name_the_member_that_follows_and_may_hold_line_breaks() {
        let long = "n/".repeat(90) + "end";
        let record = pax(&[("SCHILY.xattr.user.x", "a\nb"), ("path", &long), ("size", "2")]);
        let bytes = archive(&[
            ("x", b'x', record.len() as u64, &record),
            ("short", b'0', 0, b"hi"),
            ("L", b'L', 10, b"long-name\0"),
            ("cut", b'0', 2, b"ho"),
            ("plain", b'0', 0, b""),
        ]);
        let found = members(&bytes).unwrap();
        assert_eq!(found[0].name, long.as_bytes());
        assert_eq!(found[0].size, 2);
        assert_eq!(found[1].name, b"long-name");
        assert_eq!(found[2].name, b"plain");
    }

    #[test]
    fn a_member_larger_than_the_file_is_refused() {
        for size in [4000, u64::MAX >> 1, u64::MAX] {
            let bytes = archive(&[("a", b'0', size, b"abc")]);
            assert!(matches!(members(&bytes), Err(BadTar::CutOff)), "{size}");
        }
    }

    #[test]
    fn damage_and_what_readers_could_disagree_about_is_refused() {
        let mut flipped = archive(&[("a", b'0', 3, b"abc")]);
        flipped[0] = b'b';
        assert!(matches!(members(&flipped), Err(BadTar::Header(0))));

        let mut hidden = archive(&[("a", b'0', 0, b"")]);
        hidden.truncate(2 * BLOCK);
        hidden.extend(archive(&[("b", b'0', 0, b"")]));
        assert!(matches!(members(&hidden), Err(BadTar::Header(512))));

        let fat_link = archive(&[("a", b'2', 512, &[0; 512])]);
        assert!(matches!(members(&fat_link), Err(BadTar::Bytes(0))));
        let fat_record = archive(&[("a", b'L', 8 << 30, b"")]);
        assert!(matches!(members(&fat_record), Err(BadTar::LongRecord)));
        let lying = b"99 path=a\n";
        let lying = archive(&[("x", b'x', lying.len() as u64, lying), ("a", b'0', 0, b"")]);
        assert!(matches!(members(&lying), Err(BadTar::Record(0))));
        assert!(matches!(members(&[b'x'; 700]), Err(BadTar::Header(0))));
        assert!(matches!(members(b"short"), Err(BadTar::CutOff)));
    }

    #[test]
    fn members_are_counted() {
        let bytes = archive(&[("a", b'0', 0, &b""[..]); 101]);
        assert!(matches!(members(&bytes), Err(BadTar::Many(100))));
    }

    #[test]
    fn an_archive_without_an_end_ends_where_the_file_does() {
        let mut bytes = archive(&[("a", b'0', 0, b"")]);
        for length in [1536, 1024, 512] {
            bytes.truncate(length);
            assert_eq!(members(&bytes).unwrap().len(), 1, "{length}");
        }
        assert!(members(b"").unwrap().is_empty());
    }

    #[test]
    fn names_that_lead_out_are_nobodys() {
        assert_eq!(normal(b"./a//b/./c/").as_deref(), Some("a/b/c"));
        assert_eq!(normal(b"./").as_deref(), Some(""));
        for bad in [&b"/a"[..], b"a/../b", b"..", b"a\\b", b"a\0b", b"\xff"] {
            assert_eq!(normal(bad), None, "{bad:?}");
        }
    }
}
