//! What stands before the payload of an RPM file: lead, signature header and header, taken whole and measured.
//!
//! The crate that gives their entries a meaning trusts the offsets in them, and panics where a damaged file leads it
//! astray. So they are measured here first, by the rules of rpm's own `hdrblob`.

use std::io::{Error, ErrorKind, Read, Result};

const LEAD: u64 = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const HEADER_MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
const ENTRY: usize = 16;
/// No header that rpm accepts has more entries.
const MOST_ENTRIES: usize = 0xffff;
/// No header that rpm accepts has more bytes of data.
const MOST_DATA: usize = 256 << 20;

/// All bytes of an RPM file before its payload.
pub struct Head {
    /// From the first byte of the file.
    pub bytes: Vec<u8>,
    /// Where in them the header begins; it ends with them.
    pub header: usize,
}

impl Head {
    /// Takes it from the start of a file, and nothing of what follows.
    ///
    /// Errors of the kinds `InvalidData` and `UnexpectedEof`: no RPM, or a damaged one.
    pub fn read(mut input: impl Read) -> Result<Head> {
        let mut bytes = Vec::with_capacity(1 << 14);
        let lead = take(&mut input, LEAD, &mut bytes)?;
        if bytes[lead..][..4] != LEAD_MAGIC {
            return Err(strange("it does not begin as an RPM does"));
        }
        take_header(&mut input, &mut bytes).map_err(|error| within("signature header", &error))?;
        // The signature header is filled up to a multiple of 8; its other parts are of such sizes.
        let padding = bytes.len().next_multiple_of(8) - bytes.len();
        take(&mut input, padding as u64, &mut bytes)?;
        let header = bytes.len();
        take_header(&mut input, &mut bytes).map_err(|error| within("header", &error))?;
        Ok(Head { bytes, header })
    }
}

/// Appends so many bytes of `input`; where they begin.
fn take(input: &mut impl Read, count: u64, bytes: &mut Vec<u8>) -> Result<usize> {
    let start = bytes.len();
    // Memory grows with what is there, not with what a damaged size promises.
    match input.by_ref().take(count).read_to_end(bytes)? as u64 == count {
        true => Ok(start),
        false => Err(Error::new(ErrorKind::UnexpectedEof, "it ends too early")),
    }
}

fn take_header(input: &mut impl Read, bytes: &mut Vec<u8>) -> Result<()> {
    let intro = take(input, ENTRY as u64, bytes)?;
    let intro = &bytes[intro..];
    if intro[..4] != HEADER_MAGIC {
        return Err(strange("it does not begin as one does"));
    }
    let (entries, data) = (number(&intro[8..]), number(&intro[12..]));
    if entries > MOST_ENTRIES || data > MOST_DATA {
        return Err(strange("it is larger than any that rpm takes"));
    }
    let start = take(input, (entries * ENTRY + data) as u64, bytes)?;
    let (index, store) = bytes[start..].split_at(entries * ENTRY);
    match index.chunks_exact(ENTRY).all(|entry| fits(entry, store)) {
        true => Ok(()),
        false => Err(strange("an entry is not within it")),
    }
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

/// A number in the order of the network. On a machine of 16 bits it would be cut off, and found too small.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn strange(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

fn within(part: &str, error: &Error) -> Error {
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
    fn it_ends_where_the_payload_begins() {
        let file = file(&[[6, 0, 1], [8, 0, 2], [4, 0, 1], [7, 1, 3], [0, 4, 9]], b"a\0b\0");
        let head = Head::read(file.as_slice()).unwrap();
        assert_eq!((head.header, head.bytes.len()), (96 + 16 + 8, file.len() - 7));
        for end in 0..head.bytes.len() {
            assert_eq!(Head::read(&file[..end]).map(|_| ()).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{end}");
        }
    }

    #[test]
    fn no_entry_leads_out_of_it() {
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
            let error = Head::read(file(&[entry], b"a\0bc").as_slice()).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), "its header: an entry is not within it", "{entry:?}");
        }
        let mut huge = file(&[], b"");
        huge[96 + 12] = 0xff;
        let error = Head::read(huge.as_slice()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "its signature header: it is larger than any that rpm takes");
    }
}
