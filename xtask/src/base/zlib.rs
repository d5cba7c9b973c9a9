//! Reads and checks zlib streams without keeping their content.

use std::io::{self, BufRead};

use flate2::{Decompress, FlushDecompress, Status};

/// The state of a zlib stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZlibState {
    /// The stream reaches its end.
    Whole,
    /// The stream stops before its end.
    CutShort,
    /// The bytes are not a zlib stream, or its checksum is wrong.
    Damaged,
    /// `wanted` refused the beginning of the content; the rest was not read.
    NotWanted,
}

/// Reads a zlib stream to its end. `wanted` gets the beginning of the content, of a length that is not fixed.
///
/// Errors: those of `packed`.
pub fn check(mut packed: impl BufRead, wanted: impl FnOnce(&[u8]) -> bool) -> io::Result<ZlibState> {
    let mut stream = Decompress::new(true);
    let mut room = vec![0; 16 << 10];
    let mut wanted = Some(wanted);
    loop {
        let input = packed.fill_buf()?;
        let is_end = input.is_empty();
        let (read, written) = (stream.total_in(), stream.total_out());
        let Ok(status) = stream.decompress(input, &mut room, FlushDecompress::None) else {
            return Ok(ZlibState::Damaged);
        };
        let read = usize::try_from(stream.total_in() - read).unwrap_or_default();
        let written = usize::try_from(stream.total_out() - written).unwrap_or_default();
        packed.consume(read);
        if written > 0 && wanted.take().is_some_and(|wanted| !wanted(&room[..written])) {
            return Ok(ZlibState::NotWanted);
        }
        match status {
            Status::StreamEnd => return Ok(ZlibState::Whole),
            _ if is_end && written == 0 => return Ok(ZlibState::CutShort),
            _ => {}
        }
    }
}

/// The content of a zlib stream; what comes behind the stream is not read as content.
pub fn reader(packed: impl BufRead) -> impl io::Read {
    flate2::bufread::ZlibDecoder::new(packed)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_stream_is_whole_only_with_its_last_byte() {
        let noise: Vec<u8> =
            (0..100_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for content in [&b""[..], b"blob 5\0hello", &noise, &[7; 300_000]] {
            let packed = packed(content);
            assert_eq!(check(&packed[..], |_| true).unwrap(), ZlibState::Whole);
            let lengths = (0..packed.len().min(40)).chain([packed.len() / 2, packed.len() - 4, packed.len() - 1]);
            for length in lengths {
                assert_eq!(check(&packed[..length], |_| true).unwrap(), ZlibState::CutShort, "{length}");
            }
        }
    }

    #[test]
    fn damage_and_what_is_not_wanted() {
        let mut packed = packed(&[7; 300_000]);
        assert_eq!(check(&packed[..], |start| start[0] != 7).unwrap(), ZlibState::NotWanted);
        *packed.last_mut().unwrap() ^= 1;
        assert_eq!(check(&packed[..], |_| true).unwrap(), ZlibState::Damaged);
        assert_eq!(check(&b"no stream"[..], |_| true).unwrap(), ZlibState::Damaged);
    }
}
