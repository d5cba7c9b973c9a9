//! Reads everything of an RPM file before the payload: the lead, the signature header and the header.

use std::io::{self, ErrorKind, Read};

use crate::rpm::header::blob::{HeaderSizes, INTRO, PackageHeader};
use crate::rpm::header::fault::{HeaderFault, HeaderPart, HeaderRule};
use crate::rpm::header::tag::{HeaderTag, TagClass, signature};

const LEAD: usize = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];

/// The start of an RPM file, up to its payload.
#[derive(Clone, Debug)]
pub struct RpmHead {
    /// The lead, the signature header and the padding behind it, as they are in the file.
    pub before_header: Vec<u8>,
    pub signature: PackageHeader,
    pub header: PackageHeader,
}

/// Why the start of a file was not read.
#[derive(Debug)]
pub enum HeadError {
    Io(io::Error),
    Fault(HeaderFault),
}

impl RpmHead {
    /// Reads the start of a file, and leaves `input` at the payload.
    pub fn read(mut input: impl Read) -> Result<RpmHead, HeadError> {
        let mut before_header = Vec::with_capacity(1 << 13);
        take(&mut input, LEAD, None, &mut before_header)?;
        check_lead(&before_header)?;
        let signature = read_header(&mut input, HeaderPart::Signature)?;
        before_header.extend_from_slice(signature.bytes());
        // Padding follows the signature header, up to a multiple of 8 bytes.
        let padding = before_header.len().next_multiple_of(8) - before_header.len();
        take(&mut input, padding, Some(HeaderPart::Signature), &mut before_header)?;
        let header = read_header(&mut input, HeaderPart::Main)?;
        check_both(&signature, &header)?;
        Ok(RpmHead { before_header, signature, header })
    }

    /// Whether it has an OpenPGP signature, which may be invalid.
    pub fn is_signed(&self) -> bool {
        let tags = [HeaderTag::OPENPGP, HeaderTag::RSAHEADER, HeaderTag::DSAHEADER, signature::PGP, signature::GPG];
        tags.iter().any(|tag| self.signature.has(*tag))
    }
}

impl From<HeaderFault> for HeadError {
    fn from(fault: HeaderFault) -> HeadError {
        HeadError::Fault(fault)
    }
}

/// The rules that all versions of rpm up to 4.20 have for the lead; later ones only look at the magic number.
fn check_lead(lead: &[u8]) -> Result<(), HeaderFault> {
    let fault = |rule| Err(HeaderFault { part: None, tag: None, rule });
    if lead[..4] != LEAD_MAGIC {
        return fault(HeaderRule::LeadMagic);
    }
    if lead[78..80] != [0, 5] {
        return fault(HeaderRule::LeadSignatureType);
    }
    if !(3..=4).contains(&lead[4]) {
        return fault(HeaderRule::LeadVersion);
    }
    Ok(())
}

fn read_header(input: &mut impl Read, part: HeaderPart) -> Result<PackageHeader, HeadError> {
    let mut bytes = Vec::with_capacity(1 << 13);
    take(input, INTRO, Some(part), &mut bytes)?;
    let sizes = HeaderSizes::parse(part, &bytes)?;
    take(input, sizes.rest(), Some(part), &mut bytes)?;
    Ok(PackageHeader::parse(part, sizes, bytes)?)
}

/// Appends `count` bytes of `input` to `bytes`.
fn take(input: &mut impl Read, count: usize, part: Option<HeaderPart>, bytes: &mut Vec<u8>) -> Result<(), HeadError> {
    // `read_to_end` allocates memory for the bytes that exist, whatever size a damaged header announces.
    match input.by_ref().take(count as u64).read_to_end(bytes) {
        Ok(read) if read == count => Ok(()),
        Ok(_) => Err(HeaderFault { part, tag: None, rule: HeaderRule::Complete }.into()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(HeaderFault { part, tag: None, rule: HeaderRule::Complete }.into())
        }
        Err(error) => Err(HeadError::Io(error)),
    }
}

/// A tag of the signature header, and what it becomes when rpm merges both headers: see `headerMergeLegacySigs` of rpm.
struct MergedTag {
    tag: HeaderTag,
    merged: HeaderTag,
    class: TagClass,
    /// The only number of elements; `None` where any number is right.
    count: Option<usize>,
    /// Packages before rpm 6 may have the tag in one header or the other.
    is_in_either: bool,
}

const fn merged(tag: HeaderTag, merged: HeaderTag, class: TagClass, count: Option<usize>) -> MergedTag {
    MergedTag { tag, merged, class, count, is_in_either: false }
}

const MERGED: [MergedTag; 17] = [
    merged(signature::SIZE, HeaderTag::SIGSIZE, TagClass::Int32, Some(1)),
    merged(signature::PGP, HeaderTag::SIGPGP, TagClass::Binary, None),
    merged(signature::MD5, HeaderTag::SIGMD5, TagClass::Binary, Some(16)),
    merged(signature::GPG, HeaderTag::SIGGPG, TagClass::Binary, None),
    MergedTag {
        is_in_either: true,
        ..merged(signature::PAYLOADSIZE, HeaderTag::ARCHIVESIZE, TagClass::Int32, Some(1))
    },
    MergedTag {
        is_in_either: true,
        ..merged(signature::FILESIGNATURES, HeaderTag::FILESIGNATURES, TagClass::Text, None)
    },
    MergedTag {
        is_in_either: true,
        ..merged(signature::FILESIGNATURELENGTH, HeaderTag::FILESIGNATURELENGTH, TagClass::Int32, Some(1))
    },
    merged(HeaderTag::VERITYSIGNATURES, HeaderTag::VERITYSIGNATURES, TagClass::Text, None),
    merged(HeaderTag::VERITYSIGNATUREALGO, HeaderTag::VERITYSIGNATUREALGO, TagClass::Int32, Some(1)),
    merged(HeaderTag::SHA1HEADER, HeaderTag::SHA1HEADER, TagClass::Text, Some(1)),
    merged(HeaderTag::SHA256HEADER, HeaderTag::SHA256HEADER, TagClass::Text, Some(1)),
    merged(HeaderTag::SHA3_256HEADER, HeaderTag::SHA3_256HEADER, TagClass::Text, Some(1)),
    merged(HeaderTag::DSAHEADER, HeaderTag::DSAHEADER, TagClass::Binary, None),
    merged(HeaderTag::RSAHEADER, HeaderTag::RSAHEADER, TagClass::Binary, None),
    merged(HeaderTag::LONGSIGSIZE, HeaderTag::LONGSIGSIZE, TagClass::Int64, Some(1)),
    merged(HeaderTag::LONGARCHIVESIZE, HeaderTag::LONGARCHIVESIZE, TagClass::Int64, Some(1)),
    merged(HeaderTag::OPENPGP, HeaderTag::OPENPGP, TagClass::Text, None),
];

/// rpm loads the tags of the signature header into the main one. `Err` where it refuses to.
fn check_both(signature: &PackageHeader, header: &PackageHeader) -> Result<(), HeaderFault> {
    let is_new = header.number(HeaderTag::RPMFORMAT).is_some_and(|format| format >= 6);
    for MergedTag { tag, merged, class, count, is_in_either } in &MERGED {
        let is_signature_tag = signature.has(*tag);
        if header.has(*merged) && !(*is_in_either && !is_new && !is_signature_tag) {
            return Err(HeaderFault::of_tag(*merged, HeaderRule::InBothHeaders));
        }
        // Packages of format 6 keep these numbers as room only.
        if !is_signature_tag || (is_new && tag.0 >= 1000) {
            continue;
        }
        // A digest is one text, never a list of one; these signatures are a list, never one text.
        let is_list = matches!(*tag, HeaderTag::OPENPGP | HeaderTag::VERITYSIGNATURES | signature::FILESIGNATURES);
        let is_class = match class {
            TagClass::Text if is_list => signature.is_list(*tag),
            TagClass::Text => signature.is_one_text(*tag),
            class => signature.class(*tag) == Some(*class),
        };
        let found = signature.count(*tag);
        if !is_class || found > 16 << 20 || count.is_some_and(|count| count != found) {
            let part = Some(HeaderPart::Signature);
            return Err(HeaderFault { part, tag: Some(*tag), rule: HeaderRule::SignatureValue });
        }
    }
    Ok(())
}
