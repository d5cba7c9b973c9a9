//! Headers that break one rule each, and heads that are damaged in every byte.

use crate::rpm::header::blob::{HeaderSizes, INTRO, PackageHeader};
use crate::rpm::header::encode::{IMMUTABLE_REGION, LeadKind, SIGNATURE_REGION, TagValue, encode, encode_lead};
use crate::rpm::header::fault::{HeaderFault, HeaderPart, HeaderRule};
use crate::rpm::header::head::{HeadError, RpmHead};
use crate::rpm::header::tag::HeaderTag;

/// A header without a region, of entries of tag, type, offset and count.
fn header(entries: &[[u32; 4]], data: &[u8]) -> Vec<u8> {
    let number = |count: usize| u32::try_from(count).unwrap().to_be_bytes();
    let mut bytes = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
    bytes.extend([number(entries.len()), number(data.len())].concat());
    bytes.extend(entries.iter().flatten().flat_map(|number| number.to_be_bytes()));
    [&bytes, data].concat()
}

fn parse(part: HeaderPart, bytes: &[u8]) -> Result<PackageHeader, HeaderFault> {
    PackageHeader::parse(part, HeaderSizes::parse(part, &bytes[..INTRO])?, bytes.to_vec())
}

#[track_caller]
fn breaks(bytes: &[u8], rule: HeaderRule) {
    assert_eq!(parse(HeaderPart::Main, bytes).map(|_| ()).map_err(|fault| fault.rule), Err(rule), "{bytes:?}");
}

#[test]
fn values_are_read() {
    let entries = [[1000, 6, 0, 1], [1049, 8, 2, 2], [1003, 4, 8, 1], [1030, 3, 12, 2], [5000, 7, 16, 1]];
    let data = b"a\0bc\0\0\0\0\0\0\0\x07\x01\xa4\0\x01x";
    // The two bytes before the number are alignment: rpm counts them.
    let header = parse(HeaderPart::Main, &header(&entries, data)).unwrap();
    assert_eq!(header.text(HeaderTag::NAME), Some(&b"a"[..]));
    assert_eq!(header.texts(HeaderTag::REQUIRENAME).collect::<Vec<_>>(), [&b"bc"[..], b""]);
    assert_eq!((header.text(HeaderTag::REQUIRENAME), header.number(HeaderTag::EPOCH)), (None, Some(7)));
    assert_eq!(header.numbers(HeaderTag::FILEMODES).collect::<Vec<_>>(), [0o644, 1]);
    assert_eq!((header.binary(HeaderTag(5000)), header.number(HeaderTag(5000))), (Some(&b"x"[..]), None));
    assert!(!header.has_region && !header.has(HeaderTag::VERSION));
}

#[test]
fn a_header_that_breaks_a_rule_is_refused_by_its_name() {
    for (entry, rule) in [
        ([1000, 6, 2, 1], HeaderRule::ValueEnd),
        ([1000, 6, 0, 2], HeaderRule::ValueEnd),
        ([1000, 8, 0, 2], HeaderRule::ValueEnd),
        ([1000, 7, 1, 4], HeaderRule::ValueEnd),
        ([1000, 4, 0, 2], HeaderRule::ValueEnd),
        ([1000, 5, 0, 1], HeaderRule::ValueEnd),
        ([1000, 6, 4, 1], HeaderRule::ValueOrder),
        ([1000, 1, u32::MAX, 1], HeaderRule::ValueOrder),
        ([1000, 9, 0, u32::MAX], HeaderRule::ValueCount),
        ([1000, 7, 0, 0], HeaderRule::ValueCount),
        ([1000, 4, 2, 1], HeaderRule::Alignment),
        ([1000, 0, 0, 1], HeaderRule::ValueType),
        ([1000, 10, 0, 1], HeaderRule::ValueType),
        ([62, 6, 0, 1], HeaderRule::TagNumber),
        ([1 << 31, 6, 0, 1], HeaderRule::TagNumber),
        ([1000, 6, 0, 1], HeaderRule::UnusedData),
    ] {
        breaks(&header(&[entry], b"a\0bc"), rule);
    }
    breaks(&header(&[], b""), HeaderRule::AnyTag);
    breaks(&header(&[[1000, 7, 0, 2], [1001, 7, 1, 2]], b"abc"), HeaderRule::ValueOrder);
    breaks(&header(&[[1000, 7, 0, 1], [1000, 7, 1, 1]], b"ab"), HeaderRule::TagTwice);
    let mut large = header(&[[1000, 7, 0, 1]], b"a");
    large[8] = 1;
    breaks(&large, HeaderRule::TagCount);
    large[8] = 0;
    large[12] = 0x10;
    breaks(&large, HeaderRule::DataSize);
    large[4] = 1;
    breaks(&large, HeaderRule::HeaderMagic);
}

#[test]
fn a_region_is_that_of_its_header() {
    let tags = || vec![(1000, TagValue::text("a")), (1003, TagValue::number(1))];
    let sound = encode(IMMUTABLE_REGION, tags());
    assert!(parse(HeaderPart::Main, &sound).unwrap().has_region);
    let changed = |at: usize, to: u8| {
        let mut bytes = sound.clone();
        bytes[at] = to;
        bytes
    };
    let trailer = sound.len() - 16;
    breaks(&changed(INTRO + 7, 6), HeaderRule::RegionEntry);
    breaks(&changed(INTRO + 11, 200), HeaderRule::RegionTrailer);
    breaks(&changed(trailer + 3, 62), HeaderRule::RegionTrailer);
    breaks(&changed(trailer + 11, 0xe0), HeaderRule::RegionSize);
    breaks(&encode(SIGNATURE_REGION, tags()), HeaderRule::TagNumber);
    breaks(&encode(IMMUTABLE_REGION, vec![(1003, TagValue::text("1"))]), HeaderRule::TagType);
    // The limits of the signature header are lower.
    let many: Vec<(u32, TagValue)> = (300..340).map(|tag| (tag, TagValue::number(tag))).collect();
    let fault = parse(HeaderPart::Signature, &encode(SIGNATURE_REGION, many)).map(|_| ()).unwrap_err();
    assert_eq!(fault.to_string(), "its signature header: it has more tags than rpm accepts");
}

fn head() -> Vec<u8> {
    let tags =
        vec![(1000, TagValue::text("a")), (1003, TagValue::number(1)), (1049, TagValue::Texts(vec!["b".into()]))];
    let mut signature = encode(SIGNATURE_REGION, vec![(1000, TagValue::number(9)), (269, TagValue::text("00"))]);
    signature.resize(signature.len().next_multiple_of(8), 0);
    [&encode_lead(LeadKind::Binary, "a-1-1")[..], &signature, &encode(IMMUTABLE_REGION, tags)].concat()
}

#[test]
fn a_head_is_read_up_to_its_payload() {
    let head = head();
    let read = RpmHead::read([&head[..], b"payload"].concat().as_slice()).unwrap();
    assert_eq!(read.before_header.len() + read.header.bytes().len(), head.len());
    for end in 0..head.len() {
        let Err(HeadError::Fault(fault)) = RpmHead::read(&head[..end]) else { panic!("{end}") };
        assert_eq!(fault.rule, HeaderRule::Complete, "{end}");
    }
    for (at, to, message) in [
        (0, 0, "it does not begin with the magic number of an RPM"),
        (4, 9, "its lead has a version that rpm does not know"),
        (79, 1, "its lead has a type of signature that rpm does not know"),
    ] {
        let mut head = head.clone();
        head[at] = to;
        let Err(HeadError::Fault(fault)) = RpmHead::read(head.as_slice()) else { panic!("{at}") };
        assert_eq!(fault.to_string(), message);
    }
}

#[test]
fn no_byte_of_a_head_makes_the_reader_fail() {
    let head = head();
    let mut refused = 0;
    for at in 0..head.len() {
        for to in 0..=u8::MAX {
            let mut head = head.clone();
            head[at] = to;
            match RpmHead::read(head.as_slice()) {
                Ok(read) => _ = (read.header.paths(), read.header.check_lists(), read.header.is_source()),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 20_000, "{refused}");
}
