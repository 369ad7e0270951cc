//! Deflate streams that become a part of another one as they are (RFC 1951).
//!
//! What is in a wheel is deflated already. Two bits keep its streams from following one another: the
//! last block says that it is the last (section 3.2.3), and it seldom ends at a whole byte. So the
//! stream is inflated, which it has to be anyhow to be checked, and of its bytes are changed the bit
//! that says so and, at the end, an empty block follows that fills the last byte up (section 3.2.4).

use std::io::{self, ErrorKind, Read};

use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT as MORE, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY as STOP,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF as BEGINNING,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// How much is read at once, in bytes.
const INPUT: usize = 64 << 10;

/// How much is inflated at once, in bytes: a power of two, and no less than deflate looks back.
const WINDOW: usize = 256 << 10;

/// An empty block that is not compressed, after the three bits that announce it.
const EMPTY: [u8; 4] = [0, 0, 0xff, 0xff];

/// What comes of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    /// More of what it unpacks to.
    Plain(&'a [u8]),
    /// More of the stream as it can be put between others: it begins and ends at a whole byte, and
    /// says nowhere that it ends.
    Deflated(&'a [u8]),
}

/// Reads a stream to its end, and gives what comes of it to `take`. What follows after the end is left
/// out.
///
/// # Errors
///
/// What `failed` makes of a stream that cannot be read or inflated, and what `take` says. What was
/// taken until then counts for nothing.
pub(super) fn splice<E>(
    from: impl Read,
    failed: impl Fn(io::Error) -> E,
    mut take: impl FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut input = Input::new(from);
    let mut inflate = Box::new(DecompressorOxide::new());
    let mut window = vec![0; WINDOW];
    let mut position = 0;
    // As long as the window begins where the stream does, nothing may look back over that: among others
    // it would find what is before it there.
    let mut beginning = BEGINNING;
    let mut last = Last::Asked;
    loop {
        if input.is_used_up() && !input.ended {
            take(Piece::Deflated(input.done()))?;
            input.fill().map_err(&failed)?;
        }
        if last == Last::Asked && input.take_bit_of_next() {
            last = Last::Yes;
        } else if last == Last::Asked {
            last = Last::No;
        }
        let flags = STOP | beginning | if input.ended { 0 } else { MORE };
        let (status, read, written) =
            decompress(&mut inflate, input.rest(), &mut window, position, flags);
        input.advance(read);
        take(Piece::Plain(window.get(position..position + written).unwrap_or_default()))?;
        position += written;
        if position == WINDOW {
            (position, beginning) = (0, 0);
        }
        match status {
            Status::HasMoreOutput => {}
            Status::NeedsMoreInput if !input.ended => {}
            Status::BlockBoundary => {
                let mut state = inflate
                    .block_boundary_state()
                    .ok_or_else(|| failed(io::Error::other("no block ends here")))?;
                if last == Last::Yes {
                    take(Piece::Deflated(input.end(state.num_bits)))?;
                    if state.num_bits < 3 {
                        take(Piece::Deflated(&[0]))?;
                    }
                    return take(Piece::Deflated(&EMPTY));
                }
                if state.num_bits == 0 {
                    last = Last::Asked;
                } else if state.bit_buf & 1 == 1 {
                    // The bit is in the byte that was read last.
                    last = Last::Yes;
                    input.take_bit_of_previous(8 - state.num_bits);
                    state.bit_buf &= !1;
                    *inflate = DecompressorOxide::from_block_boundary_state(&state);
                }
            }
            Status::NeedsMoreInput | Status::FailedCannotMakeProgress => {
                return Err(failed(ErrorKind::UnexpectedEof.into()));
            }
            _ => {
                let error = io::Error::new(ErrorKind::InvalidData, "corrupt deflate stream");
                return Err(failed(error));
            }
        }
    }
}

/// Whether the block that is inflated is the stream's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Yes,
    No,
    /// The first bit of the next byte says so.
    Asked,
}

/// The stream's bytes. The one that was read last stays until the next is: a bit of it may change.
struct Input<R> {
    from: R,
    bytes: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Input<R> {
    fn new(from: R) -> Self {
        Self { from, bytes: Vec::with_capacity(INPUT + 1), at: 0, ended: false }
    }

    fn is_used_up(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    /// What was read and cannot change any more.
    fn done(&self) -> &[u8] {
        self.bytes.get(..self.at.saturating_sub(1)).unwrap_or_default()
    }

    /// Reads more, in the place of what is done.
    fn fill(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.at.saturating_sub(1));
        self.at = self.bytes.len();
        let mut more = self.from.by_ref().take(INPUT as u64);
        self.ended = more.read_to_end(&mut self.bytes)? == 0;
        Ok(())
    }

    /// Whether the next byte's first bit was set; it is not any more.
    fn take_bit_of_next(&mut self) -> bool {
        let Some(byte) = self.bytes.get_mut(self.at) else { return false };
        let set = *byte & 1 == 1;
        *byte &= !1;
        set
    }

    fn take_bit_of_previous(&mut self, bit: u8) {
        if let Some(byte) = self.at.checked_sub(1).and_then(|at| self.bytes.get_mut(at)) {
            *byte &= !(1 << bit);
        }
    }

    /// The rest of the stream, without the bits of its last byte that are none of it.
    fn end(&mut self, unused: u8) -> &[u8] {
        if let Some(byte) = self.at.checked_sub(1).and_then(|at| self.bytes.get_mut(at)) {
            *byte &= 0xff >> unused;
        }
        self.bytes.get(..self.at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    /// Text that repeats itself, and bytes that do not.
    fn sample(length: usize, step: u32) -> Vec<u8> {
        let mut state = step;
        (0..length)
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if at % 7 < 2 { (state >> 24) as u8 } else { (at / 90 % 64 + 32) as u8 }
            })
            .collect()
    }

    fn deflated(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() * 2 + 1024);
        let mut deflate = Compress::new(Compression::new(level), false);
        deflate.compress_vec(bytes, &mut out, FlushCompress::Finish).unwrap();
        out
    }

    /// Reads one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    fn spliced(from: impl Read) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut plain, mut stream) = (Vec::new(), Vec::new());
        splice(
            from,
            |error| error,
            |piece| {
                match piece {
                    Piece::Plain(bytes) => plain.extend_from_slice(bytes),
                    Piece::Deflated(bytes) => stream.extend_from_slice(bytes),
                }
                Ok(())
            },
        )?;
        Ok((plain, stream))
    }

    fn inflated(stream: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(stream).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn streams_follow_one_another() {
        let mut together = Vec::new();
        let mut expected = Vec::new();
        let lengths = [0, 100, 1000, 33_000, 70_000, 300_000];
        for (length, step) in lengths.into_iter().flat_map(|l| (0..4).map(move |s| (l + s, s))) {
            let bytes = sample(length, u32::try_from(step).unwrap());
            for level in [0, 1, 6, 9] {
                let stream = deflated(&bytes, level);
                let (plain, stream) = spliced(stream.as_slice()).unwrap();
                assert!(plain == bytes, "{length} at {level}");
                together.extend(stream);
                expected.extend_from_slice(&bytes);
            }
        }
        // The block that ends it all.
        together.extend([3, 0]);
        assert!(inflated(&together) == expected);
    }

    #[test]
    fn pieces_of_the_input_decide_nothing() {
        for length in [10, 2000, 200_000] {
            let stream = deflated(&sample(length, 9), 6);
            let (plain, whole) = spliced(stream.as_slice()).unwrap();
            assert!(spliced(Slow(&stream)).unwrap() == (plain, whole));
        }
    }

    #[test]
    fn what_follows_after_the_end_is_left_out() {
        let stream = deflated(b"a file", 6);
        let longer = [stream.as_slice(), b"and more"].concat();
        assert_eq!(spliced(longer.as_slice()).unwrap(), spliced(stream.as_slice()).unwrap());
    }

    #[test]
    fn broken_streams_are_errors() {
        let stream = deflated(&sample(100_000, 3), 6);
        for length in [0, 1, 2, 100, stream.len() / 2, stream.len() - 1] {
            let error = spliced(&stream[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
        }
        let mut other = stream.clone();
        other[0] |= 0b110;
        // One block of a length of three at a distance of one, and its end.
        let looks_back = vec![3, 2, 0];
        for broken in [other, looks_back] {
            assert_eq!(spliced(broken.as_slice()).unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }
}
