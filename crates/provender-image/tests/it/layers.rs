//! Layers: the same entries give the same bytes, and every tool reads them.

#[cfg(unix)]
mod tools;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use provender_core::Sha256;
use provender_image::layer::{
    Cache, Content, Entry, EntryKind, Found, LayerError, LayerOptions, WrittenLayer, fingerprint,
    write,
};
use provender_image::{Blobs as _, Compression, Digest, ImageFormat};

/// Bytes that compress by half, the same everywhere.
fn sample(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = |at: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let random = state.to_le_bytes()[3];
        if at.is_multiple_of(2) { random } else { random & 1 }
    };
    (0..length).map(next).collect()
}

fn file(path: &str, content: Content) -> Entry {
    Entry { path: path.to_owned(), kind: EntryKind::File(content), mode: 0o644, uid: 0, gid: 0 }
}

fn here(path: &str, bytes: &[u8]) -> Entry {
    file(path, Content::Bytes(bytes.to_vec()))
}

/// A file of this machine, and the entry that promises its bytes.
fn there(folder: &Path, path: &str, bytes: &[u8]) -> Entry {
    let source = folder.join(path.replace('/', "_"));
    fs::write(&source, bytes).unwrap();
    let sha256 = Digest::of(bytes).sha256();
    file(path, Content::Path { path: source, size: bytes.len() as u64, sha256 })
}

/// More than a megabyte in files, a link, a folder with a mode of its own, long and foreign names.
fn entries(folder: &Path) -> Vec<Entry> {
    let long = format!("opt/{}/{}.txt", "d".repeat(120), "f".repeat(120));
    vec![
        there(folder, "app/large.bin", &sample((1 << 20) + 77_777, 1)),
        there(folder, "app/empty", b""),
        here("app/small.py", b"print()\n"),
        here(&long, b"long"),
        here("opt/gr\u{fc}\u{df}e/\u{65e5}\u{672c}", b"names"),
        Entry { mode: 0o755, uid: 10001, gid: 10001, ..here("app/run", b"#!/bin/x\n") },
        Entry {
            kind: EntryKind::Link("small.py".to_owned()),
            mode: 0o777,
            ..here("app/link", b"")
        },
        Entry { kind: EntryKind::Folder, mode: 0o1777, ..here("tmp", b"") },
    ]
}

fn options(compression: Compression) -> LayerOptions {
    LayerOptions::new(1_700_000_000, compression)
}

fn written(entries: &[Entry], options: &LayerOptions) -> (WrittenLayer, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("layer");
    let layer = write(entries, options, &to).unwrap();
    let bytes = fs::read(&to).unwrap();
    assert_eq!(layer.digest, Digest::of(&bytes));
    assert_eq!(layer.size, bytes.len() as u64);
    (layer, bytes)
}

#[test]
fn the_same_entries_give_the_same_bytes_from_any_folder_in_any_order_on_any_number_of_threads() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from_one = entries(one.path());
    let mut from_other = entries(other.path());
    from_other.reverse();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = options(compression);
        let (layer, bytes) = written(&from_one, &options);
        for threads in [1, 2, 5] {
            let options = LayerOptions { threads: NonZeroUsize::new(threads), ..options.clone() };
            let (again, again_bytes) = written(&from_other, &options);
            assert_eq!(again, layer);
            assert!(again_bytes == bytes);
        }
    }
}

/// Fails where this crate or a library gives other bytes than before. Then the format in a layer's
/// fingerprint is to be raised, and the digests here are to be replaced.
#[test]
fn the_bytes_are_those_that_were_always_given() {
    let entries = [here("a/b", &sample((1 << 20) + 4444, 7)), here("gr\u{fc}\u{df}e", b"x")];
    let layer = |compression| written(&entries, &options(compression)).0;
    let found = [Compression::None, Compression::Gzip, Compression::Zstd].map(layer);
    assert!(found.iter().all(|layer| layer.diff_id == found[0].digest));
    let digests = found.map(|layer| layer.digest.hex());
    let expected = [
        "0d96dab26e6c665ad796bb4dee92dcc8f4264a761e36b60ae52e1dfd4839b702",
        "2cc15202bfdbb569a91cf365a556a50259c2614cc1ab2c38372bdf0b30827dd1",
        "74729d7b2cf21f625a39d5e637ddf7c04255ef465a96952119bc17af470e7151",
    ];
    assert_eq!(digests, expected);
}

#[test]
fn a_descriptor_says_how_a_layer_is_compressed_in_the_words_of_the_format() {
    let (layer, _) = written(&[here("a", b"")], &options(Compression::Gzip));
    let of = |format| layer.descriptor(format).media_type.to_string();
    assert_eq!(of(ImageFormat::Oci), "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_eq!(of(ImageFormat::Docker), "application/vnd.docker.image.rootfs.diff.tar.gzip");
}

#[test]
fn a_file_that_is_not_what_was_promised_gets_into_no_layer() {
    let folder = tempfile::tempdir().unwrap();
    let to = tempfile::tempdir().unwrap();
    for bytes in [&b"others"[..], b"short", b"too long"] {
        let entry = there(folder.path(), "a", b"bytes!");
        fs::write(folder.path().join("a"), bytes).unwrap();
        let layer = to.path().join("layer");
        let error = write(&[entry], &options(Compression::Gzip), &layer).unwrap_err();
        assert!(matches!(error, LayerError::Promise { .. }), "{error}");
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    }
}

#[test]
fn a_layer_that_was_made_is_given_back_without_reading_a_content() {
    let folder = tempfile::tempdir().unwrap();
    let sources = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let entries = entries(sources.path());
    let options = options(Compression::Gzip);
    let (layer, found) = cache.layer(&entries, &options).unwrap();
    assert_eq!(found, Found::Made);
    drop(sources);
    assert_eq!(cache.layer(&entries, &options).unwrap(), (layer.clone(), Found::Reused));
    let again = Cache::open(folder.path()).unwrap();
    assert_eq!(again.layer(&entries, &options).unwrap(), (layer.clone(), Found::Reused));
    let descriptor = layer.descriptor(ImageFormat::Oci);
    again.reader(&descriptor).unwrap().finish().unwrap();
    assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);

    // Whoever knows the inputs by another digest finds it by that one too.
    let key = Digest::of(b"inputs").sha256();
    assert_eq!(again.find(key), None);
    again.remember(key, &layer).unwrap();
    assert_eq!(again.find(key), Some(layer));
}

#[test]
fn a_layer_whose_blob_or_record_is_damaged_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let entries = [here("a", &sample(1000, 1))];
    let options = options(Compression::Gzip);
    let fingerprint: Sha256 = fingerprint(&entries, &options).unwrap();
    let (layer, _) = cache.layer(&entries, &options).unwrap();
    let blob = cache.blob(&layer.digest);
    let whole = fs::read(&blob).unwrap();
    let record = folder.path().join(format!("layers/{fingerprint}.json"));
    let damages: [&dyn Fn(); 4] = [
        &|| fs::write(&blob, &whole[..10]).unwrap(),
        &|| fs::remove_file(&blob).unwrap(),
        &|| fs::write(&record, b"{").unwrap(),
        &|| {
            // As long as it should be: found when it is read, which is said to the cache.
            let mut bytes = whole.clone();
            bytes[20] ^= 1;
            fs::write(&blob, bytes).unwrap();
            assert!(cache.find(fingerprint).is_some());
            let descriptor = layer.descriptor(ImageFormat::Oci);
            cache.reader(&descriptor).unwrap().finish().unwrap_err();
            cache.forget(fingerprint).unwrap();
        },
    ];
    for damage in damages {
        damage();
        assert_eq!(cache.find(fingerprint), None);
        assert_eq!(cache.layer(&entries, &options).unwrap(), (layer.clone(), Found::Made));
        assert_eq!(fs::read(&blob).unwrap(), whole);
    }
}

#[test]
fn a_cache_that_cannot_find_a_blob_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path()).unwrap();
    let digest = Digest::of(b"nothing");
    assert!(!cache.holds(&digest));
    let error = cache.open(&digest).err().unwrap();
    assert!(matches!(error, provender_image::ImageError::Missing { .. }), "{error}");
}
