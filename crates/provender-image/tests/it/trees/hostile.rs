//! Archives that were made to do harm.

use std::io::Read;

use provender_image::tree::{Keep, Limits, TreeError, read_layer};

use super::{Layer, header, tree};

fn limited(limits: Limits, layer: Layer) -> Result<(), TreeError> {
    read_layer(layer.end().as_slice(), 0, &|_, _| Keep::Content, &limits).map(|_| ())
}

fn too_large(result: Result<(), TreeError>) -> &'static str {
    match result {
        Err(TreeError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_many_entries_bytes_and_names_are_refused() {
    let layer =
        || (0..20).fold(Layer::default(), |layer, index| layer.file(&format!("f{index}"), "x"));
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        too_large(limited(limits, layer()))
    };
    assert_eq!(with(|limits| limits.entries = 19), "entries");
    assert_eq!(with(|limits| limits.bytes = 19 * 1024), "bytes");
    assert_eq!(with(|limits| limits.kept = 1000), "bytes to remember");
    let limits = Limits { entries: 20, ..Limits::default() };
    assert!(limited(limits, layer()).is_ok());
}

#[test]
fn folders_that_no_entry_names_are_counted() {
    let deep = (0..50).fold(Layer::default(), |layer, index| {
        layer.pax(&[("path", &format!("{index}/{}", "a/".repeat(1000)))]).file("x", "")
    });
    let limits = Limits { kept: 10 << 20, ..Limits::default() };
    assert_eq!(too_large(limited(limits, deep)), "bytes to remember");
}

#[test]
fn a_file_above_the_limit_keeps_its_digest_only() {
    let limits = Limits { file: 3, ..Limits::default() };
    let archive = Layer::default().file("a", "1234").end();
    let contents = read_layer(archive.as_slice(), 0, &|_, _| Keep::Content, &limits).unwrap();
    assert!(contents.nodes["a"].content().is_none());
}

#[test]
fn a_bomb_ends_early() {
    // A tar archive whose only file claims a tebibyte of zeros, which never run out.
    let header = header(b'0', "zeros", "", 0).as_bytes().to_vec();
    let mut header = tar::Header::from_byte_slice(&header).clone();
    header.set_size(1 << 40);
    header.set_cksum();
    let archive = header.as_bytes().chain(std::io::repeat(0));
    let limits = Limits { bytes: 8 << 20, ..Limits::default() };
    let read = read_layer(archive, 0, &|_, _| Keep::Nothing, &limits).map(|_| ());
    assert_eq!(too_large(read), "bytes");
}

#[test]
fn a_sparse_file_of_a_size_that_is_not_there_is_a_bomb() {
    let records = [
        ("GNU.sparse.size", "9000000000000000000"),
        ("GNU.sparse.map", "0,1"),
        ("GNU.sparse.name", "x"),
    ];
    let layer = Layer::default().pax(&records).file("x", "a");
    // Its bytes are never asked for: only a reader that wants them pays.
    assert!(read_layer(layer.0.as_slice(), 0, &|_, _| Keep::Nothing, &Limits::default()).is_ok());
    let digest = read_layer(layer.0.as_slice(), 0, &|_, _| Keep::Digest, &Limits::default());
    assert_eq!(too_large(digest.map(|_| ())), "bytes");
}

#[test]
fn what_is_no_archive_is_refused_with_the_place() {
    let malformed = |layer: Layer, said: &str| {
        let error = layer.try_contents(0).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    malformed(Layer(b"<html>".repeat(300)), "checksum");
    malformed(Layer::default().entry(b'Q', "a", "", b""), "unknown type");
    malformed(Layer::default().hard_link("a", "/"), "hard link to nothing");
    malformed(Layer::default().folder("a").hard_link("b", "a"), "hard link to a folder");
    malformed(Layer::default().file("a/.wh.", ""), "whiteout of nothing");
    malformed(Layer::default().file("a/.wh...", ""), "whiteout of nothing");
    malformed(Layer::default().pax(&[("path", "a\0b")]).file("x", ""), "NUL");
    malformed(Layer::default().pax(&[("path", &"a".repeat(5000))]).file("x", ""), "4096");
    malformed(Layer::default().pax(&[("path", "a")]), "nothing behind it");
    malformed(Layer::default().entry(b'x', "x", "", &[b'a'; 2 << 20]), "mebibyte");
}

#[test]
fn an_archive_that_ends_too_early_is_refused() {
    let whole = Layer::default().file("a", &"x".repeat(2000)).0;
    for length in [100, 512, 700, 2511] {
        let read = read_layer(&whole[..length], 0, &|_, _| Keep::Nothing, &Limits::default());
        assert!(matches!(read, Err(TreeError::Malformed { .. })), "{length}: {read:?}");
    }
    // Without its last blocks of zeros it is whole.
    assert!(read_layer(whole.as_slice(), 0, &|_, _| Keep::Nothing, &Limits::default()).is_ok());
}

#[test]
fn links_in_circles_lead_nowhere() {
    let layer =
        Layer::default().link("a", "b").link("b", "a").link("deep", "deep/deep").file("a/x", "1");
    let tree = tree([layer]);
    assert!(tree.resolve("b/y").is_none() && tree.resolve("deep").is_none());
    assert!(tree.get("a").unwrap().is_folder(), "the file had to lie somewhere");
}

#[test]
fn no_cut_or_flipped_byte_makes_the_reader_panic() {
    let layer = Layer::default()
        .pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "20"), ("GNU.sparse.name", "s")])
        .file("s", &format!("{:\0<512}ab", "1\n4\n2\n"))
        .entry(b'L', "x", "", b"long\0")
        .file("a/b", "1")
        .hard_link("c", "a/b")
        .link("d", "../a")
        .file(".wh.e", "");
    let whole = layer.end();
    for index in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[index] ^= bit;
            let header = index / 512 * 512;
            // With the right checksum, so that more than the checksum is tried.
            if let Some(block) = bytes.get(header..header + 512) {
                let mut fixed = tar::Header::from_byte_slice(block).clone();
                fixed.set_cksum();
                bytes[header..header + 512].copy_from_slice(fixed.as_bytes());
            }
            let _ = read_layer(bytes.as_slice(), 0, &|_, _| Keep::Content, &Limits::default());
        }
    }
}
