//! One header: an index of tags, and the data that it points to. Every rule of [`HeaderRule`] about one header is checked here.

use crate::rpm::header::fault::{HeaderFault, HeaderPart, HeaderRule};
use crate::rpm::header::tag::{HeaderTag, TagClass};

/// The bytes before the index: a magic number, the number of entries, and the size of the data.
pub const INTRO: usize = 16;
/// The bytes of an entry of the index: tag, type, offset and count. The trailer of a region has the same form.
pub const ENTRY: usize = 16;
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
/// `headerMaxbytes` of rpm: index and data are smaller.
const MOST_BYTES: usize = 256 << 20;
/// `HEADER_ARRAY_MAX` of rpm.
const MOST_VALUES: usize = 0xf_ffff;

/// A header that was read and checked.
#[derive(Clone, Debug)]
pub struct PackageHeader {
    /// The whole header, from its magic number on.
    bytes: Vec<u8>,
    /// In the order of their tags, each tag once; without regions.
    entries: Vec<HeaderEntry>,
    /// Whether it has a region, which all packages have that rpm 4 has written.
    pub has_region: bool,
}

/// Where a value lies in the bytes of a header.
#[derive(Clone, Copy, Debug)]
struct HeaderEntry {
    tag: HeaderTag,
    kind: ValueKind,
    /// The number of elements.
    count: usize,
    /// In the bytes of the header.
    start: usize,
    /// In bytes.
    length: usize,
}

/// The type of a value in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Char,
    Int8,
    Int16,
    Int32,
    Int64,
    Text,
    Binary,
    Texts,
    Translated,
}

impl ValueKind {
    fn of(number: u32) -> Option<ValueKind> {
        Some(match number {
            1 => ValueKind::Char,
            2 => ValueKind::Int8,
            3 => ValueKind::Int16,
            4 => ValueKind::Int32,
            5 => ValueKind::Int64,
            6 => ValueKind::Text,
            7 => ValueKind::Binary,
            8 => ValueKind::Texts,
            9 => ValueKind::Translated,
            _ => return None,
        })
    }

    fn class(self) -> Option<TagClass> {
        Some(match self {
            ValueKind::Char => TagClass::Char,
            ValueKind::Int8 => return None, // no tag has it
            ValueKind::Int16 => TagClass::Int16,
            ValueKind::Int32 => TagClass::Int32,
            ValueKind::Int64 => TagClass::Int64,
            ValueKind::Binary => TagClass::Binary,
            ValueKind::Text | ValueKind::Texts | ValueKind::Translated => TagClass::Text,
        })
    }

    /// The bytes of an element, which is also its alignment; `None` for texts, which end with a zero byte.
    fn size(self) -> Option<usize> {
        match self {
            ValueKind::Char | ValueKind::Int8 | ValueKind::Binary => Some(1),
            ValueKind::Int16 => Some(2),
            ValueKind::Int32 => Some(4),
            ValueKind::Int64 => Some(8),
            ValueKind::Text | ValueKind::Texts | ValueKind::Translated => None,
        }
    }
}

/// The number of tags and the bytes of data that a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderSizes {
    tags: usize,
    data: usize,
}

impl HeaderSizes {
    /// Reads the first [`INTRO`] bytes of a header.
    pub fn parse(part: HeaderPart, intro: &[u8]) -> Result<HeaderSizes, HeaderFault> {
        let fault = |rule| HeaderFault { part: Some(part), tag: None, rule };
        if intro[..8] != MAGIC {
            return Err(fault(HeaderRule::HeaderMagic));
        }
        let (tags, data) = (number(&intro[8..]), number(&intro[12..]));
        let (most_tags, most_data) = match part {
            HeaderPart::Signature => (32, 64 << 20),
            HeaderPart::Main => (0xffff, 0xfff_ffff),
        };
        if tags > most_tags {
            return Err(fault(HeaderRule::TagCount));
        }
        if data > most_data || 8 + tags * ENTRY + data >= MOST_BYTES {
            return Err(fault(HeaderRule::DataSize));
        }
        Ok(HeaderSizes { tags, data })
    }

    /// The bytes of index and data.
    pub fn rest(self) -> usize {
        self.tags * ENTRY + self.data
    }
}

/// An entry as the index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IndexEntry {
    tag: u32,
    kind: u32,
    offset: usize,
    count: usize,
}

impl IndexEntry {
    fn parse(bytes: &[u8]) -> IndexEntry {
        let part = |at: usize| number(&bytes[at..]);
        // A number of four bytes fits into the type that it came from.
        let small = |at: usize| u32::try_from(part(at)).unwrap_or(u32::MAX);
        IndexEntry { tag: small(0), kind: small(4), offset: part(8), count: part(12) }
    }

    fn is_region(self, tag: HeaderTag) -> bool {
        self.tag == tag.0 && self.kind == 7 && self.count == ENTRY
    }
}

impl PackageHeader {
    /// Reads a whole header of `sizes`, which [`HeaderSizes::parse`] has read from its first bytes.
    pub fn parse(part: HeaderPart, sizes: HeaderSizes, bytes: Vec<u8>) -> Result<PackageHeader, HeaderFault> {
        let fault = |tag: u32, rule| HeaderFault { part: Some(part), tag: Some(HeaderTag(tag)), rule };
        let data_start = INTRO + sizes.tags * ENTRY;
        let (index, data) = (&bytes[INTRO..data_start], &bytes[data_start..]);
        let region = find_region(part, index, data)?;
        let skipped = usize::from(region.is_some());
        let mut entries = Vec::with_capacity(sizes.tags);
        // The end of the values so far: in the data, and as rpm adds up their sizes when it loads a header.
        let (mut end, mut loaded) = (0, 0);
        for bytes in index.chunks_exact(ENTRY).skip(skipped) {
            let entry = IndexEntry::parse(bytes);
            let fault = |rule| fault(entry.tag, rule);
            if !(HeaderTag::HEADERI18NTABLE.0..1 << 31).contains(&entry.tag) {
                return Err(fault(HeaderRule::TagNumber));
            }
            let kind = ValueKind::of(entry.kind).ok_or(fault(HeaderRule::ValueType))?;
            if entry.count < 1 || entry.count > data.len() || (kind != ValueKind::Binary && entry.count > MOST_VALUES) {
                return Err(fault(HeaderRule::ValueCount));
            }
            if !entry.offset.is_multiple_of(kind.size().unwrap_or(1)) {
                return Err(fault(HeaderRule::Alignment));
            }
            // No byte is read twice, so that the time grows with the size of the header only.
            if entry.offset < end || entry.offset >= data.len() {
                return Err(fault(HeaderRule::ValueOrder));
            }
            let wanted = HeaderTag(entry.tag).class();
            if part == HeaderPart::Main && region.is_some() && wanted.is_some() && wanted != kind.class() {
                return Err(fault(HeaderRule::TagType));
            }
            let length = length(kind, entry.count, &data[entry.offset..]).ok_or(fault(HeaderRule::ValueEnd))?;
            end = entry.offset + length;
            if region.is_some_and(|region| end > region - ENTRY && entry.offset < region) {
                return Err(fault(HeaderRule::TrailerOverlap));
            }
            loaded = usize::next_multiple_of(loaded, kind.size().unwrap_or(1)) + length;
            let start = data_start + entry.offset;
            entries.push(HeaderEntry { tag: HeaderTag(entry.tag), kind, count: entry.count, start, length });
        }
        if loaded + skipped * ENTRY != data.len() {
            return Err(HeaderFault { part: Some(part), tag: None, rule: HeaderRule::UnusedData });
        }
        entries.sort_by_key(|entry| entry.tag);
        match entries.windows(2).find(|two| two[0].tag == two[1].tag) {
            Some(twice) => Err(fault(twice[0].tag.0, HeaderRule::TagTwice)),
            None => Ok(PackageHeader { bytes, entries, has_region: region.is_some() }),
        }
    }

    /// The whole header, as it is in the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn entry(&self, tag: HeaderTag) -> Option<&HeaderEntry> {
        self.entries.binary_search_by_key(&tag, |entry| entry.tag).ok().map(|index| &self.entries[index])
    }

    fn value(&self, entry: &HeaderEntry) -> &[u8] {
        &self.bytes[entry.start..entry.start + entry.length]
    }

    /// Whether it has a tag.
    pub fn has(&self, tag: HeaderTag) -> bool {
        self.entry(tag).is_some()
    }

    /// The number of elements of a tag; 0 if the header does not have it.
    pub fn count(&self, tag: HeaderTag) -> usize {
        self.entry(tag).map_or(0, |entry| entry.count)
    }

    /// The value of a tag with one text. Of a text in several languages it is the first one, that of the locale `C`.
    pub fn text(&self, tag: HeaderTag) -> Option<&[u8]> {
        let entry = self.entry(tag)?;
        if entry.kind == ValueKind::Texts && entry.count != 1 {
            return None;
        }
        self.texts(tag).next()
    }

    /// The texts of a tag, without the zero bytes at their ends; none if the tag has no texts.
    pub fn texts(&self, tag: HeaderTag) -> impl Iterator<Item = &[u8]> {
        let entry = self.entry(tag).filter(|entry| entry.kind.class() == Some(TagClass::Text));
        let value = entry.map_or(&[][..], |entry| self.value(entry));
        value.split_inclusive(|byte| *byte == 0).map(|text| &text[..text.len() - 1])
    }

    /// The numbers of a tag; none if the tag has no numbers.
    pub fn numbers(&self, tag: HeaderTag) -> impl Iterator<Item = u64> {
        let entry = self.entry(tag).filter(|entry| entry.kind != ValueKind::Binary);
        let size = entry.and_then(|entry| entry.kind.size());
        let value = entry.filter(|_| size.is_some()).map_or(&[][..], |entry| self.value(entry));
        let fold = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        value.chunks_exact(size.unwrap_or(1)).map(fold)
    }

    /// The value of a tag with one number.
    pub fn number(&self, tag: HeaderTag) -> Option<u64> {
        let mut numbers = self.numbers(tag);
        let first = numbers.next()?;
        numbers.next().is_none().then_some(first)
    }

    /// The value of a binary tag.
    pub fn binary(&self, tag: HeaderTag) -> Option<&[u8]> {
        let entry = self.entry(tag).filter(|entry| entry.kind == ValueKind::Binary)?;
        Some(self.value(entry))
    }

    /// The class of the value of a tag.
    pub fn class(&self, tag: HeaderTag) -> Option<TagClass> {
        self.entry(tag)?.kind.class()
    }

    /// Whether the value of a tag has the type of one text.
    pub fn is_one_text(&self, tag: HeaderTag) -> bool {
        self.entry(tag).is_some_and(|entry| entry.kind == ValueKind::Text)
    }

    /// Whether the value of a tag has the type of a list of texts, even if it has only one.
    pub fn is_list(&self, tag: HeaderTag) -> bool {
        self.entry(tag).is_some_and(|entry| entry.kind == ValueKind::Texts)
    }
}

/// The end of the region in the data; `None` for a header of rpm before 4, which has no region. See `hdrblobVerifyRegion` of rpm.
fn find_region(part: HeaderPart, index: &[u8], data: &[u8]) -> Result<Option<usize>, HeaderFault> {
    let fault = |rule| HeaderFault { part: Some(part), tag: None, rule };
    let Some(first) = index.chunks_exact(ENTRY).next() else { return Err(fault(HeaderRule::AnyTag)) };
    let first = IndexEntry::parse(first);
    let tag = match part {
        HeaderPart::Signature => HeaderTag::HEADERSIGNATURES,
        HeaderPart::Main => HeaderTag::HEADERIMMUTABLE,
    };
    if first.tag != tag.0 {
        return Ok(None);
    }
    if !first.is_region(tag) {
        return Err(fault(HeaderRule::RegionEntry));
    }
    let trailer = data.get(first.offset..).and_then(|rest| rest.get(..ENTRY));
    let trailer = IndexEntry::parse(trailer.ok_or(fault(HeaderRule::RegionTrailer))?);
    // Some old packages have the tag of another region in the trailer of the signature header.
    let is_old = part == HeaderPart::Signature && trailer.is_region(HeaderTag::HEADERIMAGE);
    if !trailer.is_region(tag) && !is_old {
        return Err(fault(HeaderRule::RegionTrailer));
    }
    let end = first.offset + ENTRY;
    // The trailer has the size of the index as a negative number.
    let size = (1 << 32) - trailer.offset;
    let is_whole = size == index.len() && end == data.len();
    if !size.is_multiple_of(ENTRY) || size > index.len() || (part == HeaderPart::Main && !is_whole) {
        return Err(fault(HeaderRule::RegionSize));
    }
    Ok(Some(end))
}

/// The bytes of a value at the beginning of `data`; `None` if it does not end there. See `dataLength` of rpm.
fn length(kind: ValueKind, count: usize, data: &[u8]) -> Option<usize> {
    if let Some(size) = kind.size() {
        return Some(size * count).filter(|length| *length <= data.len());
    }
    if kind == ValueKind::Text && count != 1 {
        return None;
    }
    let mut length = 0;
    for _ in 0..count {
        length += memchr::memchr(0, &data[length..])? + 1;
    }
    Some(length)
}

/// A big-endian number of four bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | usize::from(*byte))
}
