//! Encodes the headers of an RPM file.
//!
//! A header is a sorted index of tags, followed by their values. The last value is a *region*: it repeats the size of the
//! index, so that a reader can check that the digests cover the whole index. rpm's manual "V4 package format" has the
//! details. What a package says is up to the caller.

use crate::rpm::header::tag::HeaderTag;

/// The value of a tag, by the type that rpm gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagValue {
    Int16(Vec<u16>),
    Int32(Vec<u32>),
    Text(String),
    Binary(Vec<u8>),
    Texts(Vec<String>),
    /// One string for each language of the header's table.
    Translated(Vec<String>),
}

impl TagValue {
    /// A value with one number of 32 bits.
    pub fn number(number: u32) -> TagValue {
        TagValue::Int32(vec![number])
    }

    /// A value with one string.
    pub fn text(text: impl Into<String>) -> TagValue {
        TagValue::Text(text.into())
    }

    /// The number of the type in the index.
    fn kind(&self) -> u32 {
        match self {
            TagValue::Int16(_) => 3,
            TagValue::Int32(_) => 4,
            TagValue::Text(_) => 6,
            TagValue::Binary(_) => 7,
            TagValue::Texts(_) => 8,
            TagValue::Translated(_) => 9,
        }
    }

    /// The alignment in bytes.
    fn alignment(&self) -> usize {
        match self {
            TagValue::Int16(_) => 2,
            TagValue::Int32(_) => 4,
            _ => 1,
        }
    }

    /// The number of elements.
    fn count(&self) -> usize {
        match self {
            TagValue::Int16(numbers) => numbers.len(),
            TagValue::Int32(numbers) => numbers.len(),
            TagValue::Text(_) => 1,
            TagValue::Binary(bytes) => bytes.len(),
            TagValue::Texts(texts) | TagValue::Translated(texts) => texts.len(),
        }
    }

    fn append_to(&self, store: &mut Vec<u8>) {
        match self {
            TagValue::Int16(numbers) => store.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            TagValue::Int32(numbers) => store.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            TagValue::Text(text) => push_text(store, text),
            TagValue::Binary(bytes) => store.extend(bytes),
            TagValue::Texts(texts) | TagValue::Translated(texts) => {
                for text in texts {
                    push_text(store, text);
                }
            }
        }
    }
}

fn push_text(store: &mut Vec<u8>, text: &str) {
    store.extend(text.as_bytes());
    store.push(0);
}

/// The tag that closes a signature header.
pub const SIGNATURE_REGION: u32 = HeaderTag::HEADERSIGNATURES.0;
/// The tag that closes a package's header.
pub const IMMUTABLE_REGION: u32 = HeaderTag::HEADERIMMUTABLE.0;

const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
const INDEX_ENTRY: usize = 16;

/// Encodes a header with these tags. As in rpm, tags without a value are left out.
pub fn encode(region: u32, mut tags: Vec<(u32, TagValue)>) -> Vec<u8> {
    tags.retain(|(_, value)| value.count() > 0);
    tags.sort_by_key(|(tag, _)| *tag);
    let mut store = Vec::new();
    let mut index = Vec::new();
    for (tag, value) in &tags {
        store.resize(store.len().next_multiple_of(value.alignment()), 0);
        index.extend(index_entry(*tag, value.kind(), number(store.len()), number(value.count())));
        value.append_to(&mut store);
    }
    let count = tags.len() + 1;
    let region_at = number(store.len());
    // The offset in the trailer is the negated size of the index.
    let back = number(count * INDEX_ENTRY).wrapping_neg();
    store.extend(index_entry(region, 7, back, number(INDEX_ENTRY)));
    let mut header = MAGIC.to_vec();
    header.extend(number(count).to_be_bytes());
    header.extend(number(store.len()).to_be_bytes());
    header.extend(index_entry(region, 7, region_at, number(INDEX_ENTRY)));
    header.extend(index);
    header.extend(store);
    header
}

fn index_entry(tag: u32, kind: u32, offset: u32, count: u32) -> impl Iterator<Item = u8> {
    [tag, kind, offset, count].into_iter().flat_map(u32::to_be_bytes)
}

/// A size in a header. A header of 4 GB would not fit into memory, so the conversion does not fail in practice.
fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The type of a package in its lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadKind {
    Binary,
    Source,
}

/// The lead, the first 96 bytes of every RPM file. rpm and `file(1)` use only its magic number and type.
pub fn encode_lead(kind: LeadKind, name: &str) -> [u8; 96] {
    let mut lead = [0; 96];
    lead[..10].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1]); // version 3.0, architecture 1
    lead[7] = u8::from(kind == LeadKind::Source);
    let length = name.len().min(65); // a zero byte ends the name
    lead[10..10 + length].copy_from_slice(&name.as_bytes()[..length]);
    lead[77] = 1; // Linux
    lead[79] = 5; // signatures are a header
    lead
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_byte_by_byte() {
        let tags = vec![
            (1009, TagValue::number(7)),
            (1000, TagValue::text("a")),
            (1049, TagValue::Texts(Vec::new())),
            (1030, TagValue::Int16(vec![0o644])),
        ];
        let expected = [
            &MAGIC[..],
            &[0, 0, 0, 4, 0, 0, 0, 26],
            &[0, 0, 0, 63, 0, 0, 0, 7, 0, 0, 0, 10, 0, 0, 0, 16],
            &[0, 0, 3, 232, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 3, 241, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1],
            &[0, 0, 4, 6, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1],
            b"a\0\0\0\0\0\0\x07\x01\xa4",
            &[0, 0, 0, 63, 0, 0, 0, 7, 255, 255, 255, 192, 0, 0, 0, 16],
        ];
        assert_eq!(encode(IMMUTABLE_REGION, tags), expected.concat());
    }
}
