//! The binary layout of an RPM's headers: what stands in front of a package's payload.
//!
//! A header is an index of tags, sorted, followed by their values, and closed by a *region*: a last value that repeats the
//! size of the index, by which a reader knows that digests cover all of it. rpm's manual "V4 package format" has the
//! details. The crate `rpm` could write this too, and would bring 33 packages for the hundred lines below.

/// The value of a tag, by the type that rpm gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Unsigned numbers of 16 bits.
    Int16(Vec<u16>),
    /// Unsigned numbers of 32 bits.
    Int32(Vec<u32>),
    /// One string.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Strings.
    Texts(Vec<String>),
    /// One string for each language of the header's table.
    Translated(Vec<String>),
}

impl Value {
    /// One number of 32 bits.
    pub fn number(number: u32) -> Value {
        Value::Int32(vec![number])
    }

    /// One string.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// Type number, alignment of the value, count of its parts.
    fn shape(&self) -> (u32, usize, usize) {
        match self {
            Value::Int16(numbers) => (3, 2, numbers.len()),
            Value::Int32(numbers) => (4, 4, numbers.len()),
            Value::Text(_) => (6, 1, 1),
            Value::Binary(bytes) => (7, 1, bytes.len()),
            Value::Texts(texts) => (8, 1, texts.len()),
            Value::Translated(texts) => (9, 1, texts.len()),
        }
    }

    fn append_to(&self, store: &mut Vec<u8>) {
        match self {
            Value::Int16(numbers) => store.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            Value::Int32(numbers) => store.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            Value::Text(text) => push_text(store, text),
            Value::Binary(bytes) => store.extend(bytes),
            Value::Texts(texts) | Value::Translated(texts) => texts.iter().for_each(|text| push_text(store, text)),
        }
    }
}

fn push_text(store: &mut Vec<u8>, text: &str) {
    store.extend(text.as_bytes());
    store.push(0);
}

/// The tag that closes a signature header.
pub const SIGNATURE_REGION: u32 = 62;
/// The tag that closes a package's header.
pub const IMMUTABLE_REGION: u32 = 63;

const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
const INDEX_ENTRY: usize = 16;

/// The bytes of a header with these tags; tags without any value are left out, as rpm does.
pub fn encode(region: u32, mut tags: Vec<(u32, Value)>) -> Vec<u8> {
    tags.retain(|(_, value)| value.shape().2 > 0);
    tags.sort_by_key(|(tag, _)| *tag);
    let mut store = Vec::new();
    let mut index = Vec::new();
    for (tag, value) in &tags {
        let (kind, alignment, count) = value.shape();
        store.resize(store.len().next_multiple_of(alignment), 0);
        index.extend(index_entry(*tag, kind, number(store.len()), number(count)));
        value.append_to(&mut store);
    }
    let count = tags.len() + 1;
    let region_at = number(store.len());
    // The trailer points back over the whole index, with its offset negated.
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

/// Headers hold names and numbers; one of four gigabytes would not fit into memory either.
fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The 96 bytes that once described a package and still begin every file; `file(1)` and rpm look at magic and type.
pub fn encode_source_lead(name: &str) -> [u8; 96] {
    let mut lead = [0; 96];
    lead[..10].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 1, 0, 1]); // version 3.0, source, architecture 1
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
            (1009, Value::number(7)),
            (1000, Value::text("a")),
            (1049, Value::Texts(Vec::new())),
            (1030, Value::Int16(vec![0o644])),
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
