//! What a layer will be, told without reading what goes into it.

use provender_core::Sha256;
use sha2::Digest as _;

use super::arrange::arrange;
use super::{Content, Entry, EntryKind, LayerError, LayerOptions};
use crate::Compression;

/// Raised by whoever changes the bytes that the same entries give, in this crate or by moving to
/// another version of a library that compresses.
const FORMAT: &str = "provender layer 2";

/// A digest of everything that decides a layer's bytes: equal fingerprints mean equal layers.
///
/// Contents count by the digests they are promised to have, and those in archives by the archive's as
/// well, so no file is opened; that they have them is checked when the layer is written.
///
/// # Errors
///
/// Entries that cannot be in one layer, as [`write`](super::write()) refuses them.
pub fn fingerprint(entries: &[Entry], options: &LayerOptions) -> Result<Sha256, LayerError> {
    let mut hasher = Hasher(sha2::Sha256::new());
    hasher.text(FORMAT);
    hasher.number(options.timestamp.cast_unsigned());
    hasher.text(match options.compression {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    });
    hasher.number(options.effective_level().into());
    for entry in arrange(entries)? {
        hasher.text(&entry.path);
        for number in [entry.mode, entry.uid, entry.gid] {
            hasher.number(number.into());
        }
        match &entry.kind {
            EntryKind::Folder => hasher.text("folder"),
            EntryKind::Link(target) => {
                hasher.text("link");
                hasher.text(target);
            }
            EntryKind::File(content) => {
                hasher.text("file");
                hasher.number(content.size());
                hasher.0.update(content.sha256().as_bytes());
                if let Content::Member { archive_sha256: Some(archive), .. } = content {
                    // Another archive may have compressed the same bytes otherwise.
                    hasher.text("archive");
                    hasher.0.update(archive.as_bytes());
                }
            }
        }
    }
    Ok(Sha256::from_bytes(hasher.0.finalize().into()))
}

struct Hasher(sha2::Sha256);

impl Hasher {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    /// With its length before it, so that no two sequences of texts are the same bytes.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: &[u8]) -> Entry {
        let kind = EntryKind::File(Content::Bytes(bytes.to_vec()));
        Entry { path: path.to_owned(), kind, mode: 0o644, uid: 0, gid: 0 }
    }

    #[test]
    fn what_decides_the_bytes_decides_the_fingerprint() {
        let options = LayerOptions::new(0, Compression::Gzip);
        let of = |entries: &[Entry], options: &LayerOptions| fingerprint(entries, options).unwrap();
        let entries = [file("a/b", b"1"), file("c", b"2")];
        let first = of(&entries, &options);
        let [a, c] = &entries;
        assert_eq!(of(&[c.clone(), a.clone()], &options), first, "the order is no difference");
        let threads = LayerOptions { threads: std::num::NonZeroUsize::new(3), ..options.clone() };
        assert_eq!(of(&entries, &threads), first, "nor is the number of threads");

        let mode = Entry { mode: 0o755, ..a.clone() };
        let owner = Entry { uid: 1, ..a.clone() };
        let link = Entry { kind: EntryKind::Link("1".to_owned()), ..a.clone() };
        for other in [mode, owner, link, file("a/b", b"3"), file("a-b", b"1")] {
            assert_ne!(of(&[other, c.clone()], &options), first);
        }
        for other in [
            LayerOptions { timestamp: 1, ..options.clone() },
            LayerOptions { compression: Compression::Zstd, ..options.clone() },
            LayerOptions { level: Some(9), ..options.clone() },
        ] {
            assert_ne!(of(&entries, &other), first);
        }
    }

    #[test]
    fn a_content_counts_the_same_wherever_it_is() {
        let options = LayerOptions::new(0, Compression::Gzip);
        let here = file("a", b"x");
        let EntryKind::File(content) = &here.kind else { unreachable!() };
        let there = Content::Path { path: "/nowhere".into(), size: 1, sha256: content.sha256() };
        let there = Entry { kind: EntryKind::File(there), ..here.clone() };
        let of = |entry: Entry| fingerprint(&[entry], &options).unwrap();
        let member = |archive| {
            let content = Content::Member {
                archive: "/nowhere".into(),
                archive_sha256: archive,
                name: "x".to_owned(),
                offset: 30,
                stored: 3,
                deflated: true,
                size: 1,
                sha256: content.sha256(),
            };
            of(Entry { kind: EntryKind::File(content), ..here.clone() })
        };
        let other = member(Some(content.sha256()));
        assert_eq!(member(None), of(here.clone()));
        assert_ne!(other, of(here.clone()), "it may be compressed otherwise there");
        assert_eq!(of(there), member(None));
    }
}
