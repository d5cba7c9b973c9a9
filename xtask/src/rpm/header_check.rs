//! Reads the lead, the signature header and the header of an RPM file, and checks their sizes and offsets.
//!
//! The crate `rpm`, which parses the headers, does not check the offsets, and panics on a damaged file. So they are checked
//! here first, by the rules of `hdrblob` in rpm.

use std::io::{Error, ErrorKind, Read, Result};

const LEAD: u64 = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const HEADER_MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
const ENTRY: usize = 16;
/// The limit of rpm for the number of entries in a header.
const MOST_ENTRIES: usize = 0xffff;
/// The limit of rpm for the bytes of data in a header.
const MOST_DATA: usize = 256 << 20;

/// All bytes of an RPM file before its payload.
pub struct RpmHead {
    pub bytes: Vec<u8>,
    /// The offset of the header in `bytes`. The header is the last part.
    pub header: usize,
}

impl RpmHead {
    /// Reads the start of a file up to the payload.
    ///
    /// Errors of the kinds `InvalidData` and `UnexpectedEof`: the file is not an RPM, or damaged.
    pub fn read(mut input: impl Read) -> Result<RpmHead> {
        let mut bytes = Vec::with_capacity(1 << 14);
        let lead = take(&mut input, LEAD, &mut bytes)?;
        if bytes[lead..][..4] != LEAD_MAGIC {
            return Err(invalid("it does not begin with the magic number of an RPM"));
        }
        take_header(&mut input, &mut bytes).map_err(|error| in_part("signature header", &error))?;
        // Padding follows the signature header, up to a multiple of 8 bytes.
        let padding = bytes.len().next_multiple_of(8) - bytes.len();
        take(&mut input, padding as u64, &mut bytes)?;
        let header = bytes.len();
        take_header(&mut input, &mut bytes).map_err(|error| in_part("header", &error))?;
        Ok(RpmHead { bytes, header })
    }
}

/// Appends `count` bytes of `input` to `bytes`. Returns the offset of the first one.
fn take(input: &mut impl Read, count: u64, bytes: &mut Vec<u8>) -> Result<usize> {
    let start = bytes.len();
    // `read_to_end` allocates memory for the bytes that exist, whatever the size in a damaged header is.
    if input.by_ref().take(count).read_to_end(bytes)? as u64 != count {
        return Err(Error::new(ErrorKind::UnexpectedEof, "it ends too early"));
    }
    Ok(start)
}

fn take_header(input: &mut impl Read, bytes: &mut Vec<u8>) -> Result<()> {
    let intro = take(input, ENTRY as u64, bytes)?;
    let intro = &bytes[intro..];
    if intro[..4] != HEADER_MAGIC {
        return Err(invalid("it does not begin with the magic number of a header"));
    }
    let (entries, data) = (number(&intro[8..]), number(&intro[12..]));
    if entries > MOST_ENTRIES || data > MOST_DATA {
        return Err(invalid("it is larger than rpm accepts"));
    }
    let start = take(input, (entries * ENTRY + data) as u64, bytes)?;
    let (index, store) = bytes[start..].split_at(entries * ENTRY);
    if !index.chunks_exact(ENTRY).all(|entry| fits(entry, store)) {
        return Err(invalid("the data of an entry is not within it"));
    }
    Ok(())
}

/// Whether the data of an entry (tag, type, offset, count) lies in the store.
fn fits(entry: &[u8], store: &[u8]) -> bool {
    let (kind, offset, count) = (number(&entry[4..]), number(&entry[8..]), number(&entry[12..]));
    let Some(data) = store.get(offset..) else { return false };
    match kind {
        0 => true,
        1 | 2 | 7 => count <= data.len(),
        3 => count <= data.len() / 2,
        4 => count <= data.len() / 4,
        5 => count <= data.len() / 8,
        6 => count == 1 && data.contains(&0),
        8 | 9 => count == 0 || data.iter().filter(|byte| **byte == 0).nth(count - 1).is_some(),
        _ => false,
    }
}

/// A big-endian number of four bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

fn in_part(part: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("its {part}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with entries of type, offset and count.
    fn header(entries: &[[u32; 3]], store: &[u8]) -> Vec<u8> {
        let mut bytes = [&HEADER_MAGIC[..], &[0; 4]].concat();
        let number = |count: usize| u32::try_from(count).unwrap().to_be_bytes();
        bytes.extend([number(entries.len()), number(store.len())].concat());
        for entry in entries {
            bytes.extend(1000u32.to_be_bytes());
            bytes.extend(entry.iter().flat_map(|number| number.to_be_bytes()));
        }
        [&bytes, store].concat()
    }

    fn file(entries: &[[u32; 3]], store: &[u8]) -> Vec<u8> {
        let lead = [&LEAD_MAGIC[..], &[0; 92]].concat();
        [lead, header(&[], b"12345"), vec![0; 3], header(entries, store), b"payload".to_vec()].concat()
    }

    #[test]
    fn reading_stops_at_the_payload() {
        let file = file(&[[6, 0, 1], [8, 0, 2], [4, 0, 1], [7, 1, 3], [0, 4, 9]], b"a\0b\0");
        let head = RpmHead::read(file.as_slice()).unwrap();
        assert_eq!((head.header, head.bytes.len()), (96 + 16 + 8, file.len() - 7));
        for end in 0..head.bytes.len() {
            assert_eq!(RpmHead::read(&file[..end]).map(|_| ()).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{end}");
        }
    }

    #[test]
    fn entries_outside_of_the_header_are_errors() {
        for entry in [
            [6, 2, 1],
            [6, 4, 1],
            [6, 0, 2],
            [8, 0, 2],
            [9, 0, u32::MAX],
            [7, 0, 5],
            [3, 0, 3],
            [4, 1, 1],
            [5, 0, 1],
            [5, 0, u32::MAX],
            [0, 5, 0],
            [1, u32::MAX, 1],
            [10, 0, 1],
        ] {
            let error = RpmHead::read(file(&[entry], b"a\0bc").as_slice()).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), "its header: the data of an entry is not within it", "{entry:?}");
        }
        let mut huge = file(&[], b"");
        huge[96 + 12] = 0xff;
        let error = RpmHead::read(huge.as_slice()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "its signature header: it is larger than rpm accepts");
    }
}
