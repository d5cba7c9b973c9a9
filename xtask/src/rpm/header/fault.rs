//! Says which rule of rpm the start of a file breaks, in which part, and for which tag.

use std::fmt;

use crate::rpm::header::tag::HeaderTag;

/// The two headers of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderPart {
    Signature,
    Main,
}

/// A rule that the start of an RPM file breaks. The documentation of each names the check in rpm's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderRule {
    /// `rpmLeadCheck`: the first four bytes.
    LeadMagic,
    /// `rpmLeadCheck` up to rpm 4.20: the major version in the lead is 3 or 4.
    LeadVersion,
    /// `rpmLeadCheck` up to rpm 4.20: the lead says that the signatures are in a header.
    LeadSignatureType,
    /// `hdrblobRead`: the first eight bytes of a header.
    HeaderMagic,
    /// `Freadall`: the bytes that a size announces are there.
    Complete,
    /// `hdrblobVerifyLengths`: at most 65,535 tags, or 32 in the signature header.
    TagCount,
    /// `hdrblobVerifyLengths` and `hdrblobInit`: less than 256 MiB, or at most 64 MiB in the signature header.
    DataSize,
    /// `hdrblobVerifyRegion`: the header has a tag.
    AnyTag,
    /// `hdrblobVerifyRegion`: the region has the type and the size of an index entry.
    RegionEntry,
    /// `hdrblobVerifyRegion`: the trailer of the region lies in the data, and repeats the entry.
    RegionTrailer,
    /// `hdrblobVerifyRegion`: the region is not larger than the header, and is all of the main header.
    RegionSize,
    /// `hdrchkTag`: numbers below 100 are those of regions, and rpm up to 4.20 reads large ones as negative.
    TagNumber,
    /// `hdrchkType`: the types 1 to 9.
    ValueType,
    /// `hdrchkCount` and `hdrchkArray`: from 1 up to the bytes of data, and at most 1,048,575 for all but binary values.
    ValueCount,
    /// `hdrchkAlign`: a number lies at a multiple of its size.
    Alignment,
    /// `hdrblobVerifyInfo`: a value begins behind the one before, and in the data.
    ValueOrder,
    /// `dataLength`: the value ends in the data; a text has a zero byte at its end.
    ValueEnd,
    /// `hdrblobVerifyInfo`: no value lies in the trailer of the region.
    TrailerOverlap,
    /// `hdrchkTagType`: the value has the type that rpm gives to the tag.
    TagType,
    /// `hdrblobImport`: each byte of the data belongs to a value, but for the alignment.
    UnusedData,
    /// A rule of ours: rpm finds the first value in one place and another one elsewhere.
    TagTwice,
    /// `headerMergeLegacySigs`: a tag of the signature header is not in the main one too.
    InBothHeaders,
    /// `headerMergeLegacySigs`: types and counts in the signature header.
    SignatureValue,
    /// `rpmfilesNew`: each list that describes files, dependencies or entries of the changelog has the same length.
    ListLengths,
    /// `rpmfilesNew`: the folder of a file is one of `DIRNAMES`.
    FolderIndex,
}

impl HeaderRule {
    fn words(self) -> &'static str {
        match self {
            HeaderRule::LeadMagic => "it does not begin with the magic number of an RPM",
            HeaderRule::LeadVersion => "its lead has a version that rpm does not know",
            HeaderRule::LeadSignatureType => "its lead has a type of signature that rpm does not know",
            HeaderRule::HeaderMagic => "it does not begin with the magic number of a header",
            HeaderRule::Complete => "it ends too early",
            HeaderRule::TagCount => "it has more tags than rpm accepts",
            HeaderRule::DataSize => "it is larger than rpm accepts",
            HeaderRule::AnyTag => "it has no tags",
            HeaderRule::RegionEntry => "the region is not that of a header",
            HeaderRule::RegionTrailer => "the trailer of the region is missing or differs from the region",
            HeaderRule::RegionSize => "the size of the region is not that of the header",
            HeaderRule::TagNumber => "no tag has this number",
            HeaderRule::ValueType => "its value has a type that rpm does not know",
            HeaderRule::ValueCount => "the number of its values cannot be right",
            HeaderRule::Alignment => "its value does not lie at a multiple of its size",
            HeaderRule::ValueOrder => "its value overlaps the one before, or is not within the header",
            HeaderRule::ValueEnd => "the end of its value is not within the header",
            HeaderRule::TrailerOverlap => "its value overlaps the trailer of the region",
            HeaderRule::TagType => "its value does not have the type that rpm gives to this tag",
            HeaderRule::UnusedData => "it has bytes that belong to no tag",
            HeaderRule::TagTwice => "the header has it twice",
            HeaderRule::InBothHeaders => "it is a tag of the signature header",
            HeaderRule::SignatureValue => "its value does not have the type or the size that rpm expects",
            HeaderRule::ListLengths => "its list does not have the length of the lists beside it",
            HeaderRule::FolderIndex => "it names a folder that the header does not have",
        }
    }
}

/// What is wrong with the start of an RPM file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFault {
    /// `None` for the lead.
    pub part: Option<HeaderPart>,
    pub tag: Option<HeaderTag>,
    pub rule: HeaderRule,
}

impl HeaderFault {
    /// A fault of a tag in the main header.
    pub fn of_tag(tag: HeaderTag, rule: HeaderRule) -> HeaderFault {
        HeaderFault { part: Some(HeaderPart::Main), tag: Some(tag), rule }
    }
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            None => {}
            Some(HeaderPart::Signature) => f.write_str("its signature header: ")?,
            Some(HeaderPart::Main) => f.write_str("its header: ")?,
        }
        match (self.tag, self.part) {
            (Some(tag), Some(HeaderPart::Signature)) => write!(f, "{}: ", tag.signature_name())?,
            (Some(tag), _) => write!(f, "{tag}: ")?,
            (None, _) => {}
        }
        f.write_str(self.rule.words())
    }
}

impl std::error::Error for HeaderFault {}
