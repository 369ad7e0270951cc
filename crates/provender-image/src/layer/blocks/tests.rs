use std::io::Read as _;

use super::*;

/// Shorter than in layers, and still longer than a window.
const WHOLE: usize = 80 << 10;
const LONG: u64 = 120 << 10;

/// Bytes that repeat themselves near and far, and some that do not.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..length)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if at % 5 == 0 { (state >> 24) as u8 } else { (at / 64 % 251) as u8 }
        })
        .collect()
}

#[derive(Default, PartialEq)]
struct Taken {
    archived: Vec<u8>,
    packed: Vec<u8>,
}

impl Output for Taken {
    fn archived(&mut self, bytes: &[u8]) {
        self.archived.extend_from_slice(bytes);
    }

    fn packed(&mut self, bytes: &[u8]) -> Result<(), LayerError> {
        self.packed.extend_from_slice(bytes);
        Ok(())
    }
}

fn blocks(compression: Compression, threads: usize) -> Blocks {
    let threads = NonZeroUsize::new(threads).unwrap();
    let blocks = Blocks::new(Path::new("layer"), compression, 6, threads);
    Blocks { whole: WHOLE, in_memory: LONG, ..blocks }
}

fn pack(bytes: &[u8], compression: Compression, threads: usize, piece: usize) -> Vec<u8> {
    let mut out = Taken::default();
    let mut blocks = blocks(compression, threads);
    for piece in bytes.chunks(piece) {
        blocks.put(piece, &mut out).unwrap();
    }
    blocks.finish(&mut out).unwrap();
    assert!(out.archived == bytes);
    out.packed
}

fn unpack(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        Compression::None => out.extend_from_slice(bytes),
        Compression::Gzip => {
            // A reader of one member: there must not be more.
            let mut reader = flate2::bufread::GzDecoder::new(bytes);
            reader.read_to_end(&mut out).unwrap();
            assert!(reader.into_inner().is_empty());
        }
        Compression::Zstd => {
            zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap();
        }
    }
    out
}

#[test]
fn what_is_compressed_is_read_again() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for length in [0, 1, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE + 77] {
            let bytes = sample(length);
            let packed = pack(&bytes, compression, 2, 10_000);
            assert!(unpack(&packed, compression) == bytes, "{compression:?} {length}");
        }
    }
}

#[test]
fn neither_threads_nor_pieces_decide_the_bytes() {
    let bytes = sample(5 * WHOLE + 123);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let one = pack(&bytes, compression, 1, 4096);
        for (threads, piece) in [(1, 1_000_003), (2, 4096), (7, 65536)] {
            assert!(pack(&bytes, compression, threads, piece) == one, "{compression:?}");
        }
    }
}

/// A member of an archive of everybody's.
fn member(folder: &Path, bytes: &[u8]) -> Content {
    let deflated = deflate(bytes, &[], 9, true).unwrap();
    let sha256 = crate::Digest::of(bytes).sha256();
    let archive = folder.join(format!("{sha256}.whl"));
    std::fs::write(&archive, &deflated).unwrap();
    Content::Member {
        archive,
        archive_sha256: Some(crate::Digest::of(&deflated).sha256()),
        name: "member".to_owned(),
        offset: 0,
        stored: deflated.len() as u64,
        deflated: true,
        size: bytes.len() as u64,
        sha256,
    }
}

#[test]
fn what_is_deflated_already_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let long = usize::try_from(LONG).unwrap() + 1;
    let contents: Vec<Vec<u8>> = [0, 1, AS_IT_IS as usize - 1, AS_IT_IS as usize, WHOLE, long]
        .into_iter()
        .map(|length| sample(length + 1)[1..].to_vec())
        .collect();
    let members: Vec<_> = contents.iter().map(|bytes| member(folder.path(), bytes)).collect();
    let packed = |compression, threads| {
        let mut out = Taken::default();
        let mut blocks = blocks(compression, threads);
        for member in members.iter().chain(members.iter().rev()) {
            blocks.put_content("entry", member, &mut out).unwrap();
            blocks.put(&[7; 500], &mut out).unwrap();
        }
        blocks.finish(&mut out).unwrap();
        out
    };
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let one = packed(compression, 1);
        assert!(unpack(&one.packed, compression) == one.archived);
        for threads in [2, 5] {
            assert!(packed(compression, threads) == one, "{compression:?} {threads}");
        }
        let expected = contents.iter().chain(contents.iter().rev());
        let expected: Vec<u8> =
            expected.flat_map(|bytes| [bytes.as_slice(), &[7; 500]].concat()).collect();
        assert!(one.archived == expected);
    }
    let gzip = packed(Compression::Gzip, 2).packed;
    let Content::Member { archive, .. } = &members[4] else { unreachable!() };
    let stream = std::fs::read(archive).unwrap();
    let middle = &stream[100..4000];
    assert!(gzip.windows(middle.len()).any(|window| window == middle), "not compressed anew");
}

#[test]
fn other_bytes_than_promised_are_refused_on_every_way() {
    let folder = tempfile::tempdir().unwrap();
    for (length, threads) in [(100, 2), (20_000, 1), (20_000, 2), (150 << 10, 2)] {
        let mut content = member(folder.path(), &sample(length));
        let Content::Member { sha256, .. } = &mut content else { unreachable!() };
        *sha256 = crate::Digest::of(b"other").sha256();
        let mut blocks = blocks(Compression::Gzip, threads);
        let mut out = Taken::default();
        let put = blocks.put_content("entry", &content, &mut out);
        let error = put.and_then(|()| blocks.finish(&mut out)).unwrap_err();
        assert!(matches!(error, LayerError::Promise { .. }), "{length}: {error}");
    }
}
