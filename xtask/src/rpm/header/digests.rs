//! Compares a package with the digests in its headers, those of every age: SHA-256 and SHA-512 of the payload (since rpm 4.14),
//! SHA-256 and SHA-1 of the header, and MD5 of both (until rpm 4.20). See `rpmvfyitems` and `rpmvsVerify` of rpm.
//!
//! A digest that is stated must be right, also where a stronger one is right: rpm compares all of them before it installs a package.
//! A digest that cannot be read is a wrong one. SHA-3, which rpm 6 adds, is left out: such packages have SHA-256 too.

use std::fmt;
use std::io::{self, Sink, Write};

use crate::base::digest::{Digest, HashingWriter, digest_of, read_hex};
use crate::base::package_digest::PackageHash;
use crate::rpm::header::blob::PackageHeader;
use crate::rpm::header::head::RpmHead;
use crate::rpm::header::tag::{HeaderTag, signature};

/// What is wrong with the digests of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestFault {
    /// The header has another digest than the one in this tag of the signature header.
    Header(HeaderTag),
    /// The payload has another digest than those in this tag of the header.
    Payload(HeaderTag),
    /// Header and payload together have another digest than the one in the signature header.
    Whole,
    /// No tag has a digest of the header that can be compared.
    NoneOfHeader,
    /// No tag has a digest of the payload that can be compared.
    NoneOfPayload,
}

impl fmt::Display for DigestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DigestFault::Header(tag) => write!(f, "its header does not have the digest in the signature header, {tag}"),
            DigestFault::Payload(tag) => write!(f, "its payload does not have the digest in its header, {tag}"),
            DigestFault::Whole => {
                let tag = signature::MD5.signature_name();
                write!(f, "its header and payload do not have the digest in the signature header, {tag}")
            }
            DigestFault::NoneOfHeader => f.write_str("it has no digest of its header that can be compared"),
            DigestFault::NoneOfPayload => f.write_str("it has no digest of its payload that can be compared"),
        }
    }
}

/// Hashes the payload of a package while it is read, and then compares all digests.
pub struct DigestCheck<'h> {
    head: &'h RpmHead,
    payload: HashingWriter<Sink>,
    sha512: Option<PackageHash>,
    md5: Option<PackageHash>,
}

impl<'h> DigestCheck<'h> {
    /// Compares the digests of the header, and prepares those of the payload.
    pub fn begin(head: &'h RpmHead) -> Result<DigestCheck<'h>, DigestFault> {
        let bytes = head.header.bytes();
        let stated = |tag| head.signature.has(tag).then(|| head.signature.text(tag).unwrap_or_default());
        let mut is_compared = false;
        if let Some(digits) = stated(HeaderTag::SHA256HEADER) {
            is_compared = true;
            if !is_hex(digits, &digest_of(bytes).0) {
                return Err(DigestFault::Header(HeaderTag::SHA256HEADER));
            }
        }
        if let Some(digits) = stated(HeaderTag::SHA1HEADER) {
            is_compared = true;
            if !is_hex(digits, &PackageHash::sha1().of(bytes)) {
                return Err(DigestFault::Header(HeaderTag::SHA1HEADER));
            }
        }
        // In packages of format 6, the number of the MD5 digest is room for signatures.
        let is_new = head.signature.has(signature::RESERVED) && head.signature.has(HeaderTag::SHA3_256HEADER);
        let has_md5 = head.signature.has(signature::MD5) && !is_new;
        if !is_compared && !has_md5 {
            return Err(DigestFault::NoneOfHeader);
        }
        let has_sha512 =
            [HeaderTag::PAYLOADSHA512, HeaderTag::PAYLOADSHA512ALT].iter().any(|tag| head.header.has(*tag));
        let mut md5 = has_md5.then(PackageHash::md5);
        if let Some(md5) = &mut md5 {
            md5.add(bytes);
        }
        let payload = HashingWriter::new(io::sink());
        Ok(DigestCheck { head, payload, sha512: has_sha512.then(PackageHash::sha512), md5 })
    }

    /// Hashes a piece of the payload.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        for hash in [&mut self.sha512, &mut self.md5].into_iter().flatten() {
            hash.add(bytes);
        }
        self.payload.write_all(bytes)
    }

    /// Compares the digests of the payload. Returns its SHA-256 digest.
    pub fn finish(self) -> Result<Digest, DigestFault> {
        let header = &self.head.header;
        let sha256 = self.payload.finish().1;
        let mut is_compared = self.md5.is_some();
        let groups = [
            (HeaderTag::PAYLOADSHA256, HeaderTag::PAYLOADSHA256ALT, Some(sha256.0.to_vec())),
            (HeaderTag::PAYLOADSHA512, HeaderTag::PAYLOADSHA512ALT, self.sha512.map(PackageHash::finish)),
        ];
        for (tag, alternative, digest) in groups {
            let Some(digest) = digest else { continue };
            if !header.has(tag) && !header.has(alternative) {
                continue;
            }
            is_compared = true;
            // The alternative is the digest of the payload before its compression. It counts if the payload is stored like that.
            let mut stated = stated_digests(header, tag).chain(stated_digests(header, alternative));
            // Of several digests rpm wants one that is right, and none that cannot be read.
            let is_digest = |digits| read_hex(digits).is_some_and(|read| read.len() == digest.len());
            if !stated_digests(header, tag).all(is_digest) || !stated.any(|digits| is_hex(digits, &digest)) {
                return Err(DigestFault::Payload(tag));
            }
        }
        let md5 = self.md5.map(PackageHash::finish);
        if md5.is_some() && self.head.signature.binary(signature::MD5) != md5.as_deref() {
            return Err(DigestFault::Whole);
        }
        if is_compared { Ok(sha256) } else { Err(DigestFault::NoneOfPayload) }
    }
}

/// The digests in a tag. The SHA-256 digests of a payload are a list, others are one text; rpm compares nothing else.
fn stated_digests(header: &PackageHeader, tag: HeaderTag) -> impl Iterator<Item = &[u8]> {
    let is_list = matches!(tag, HeaderTag::PAYLOADSHA256 | HeaderTag::PAYLOADSHA256ALT);
    let is_right = if is_list { header.is_list(tag) } else { header.is_one_text(tag) };
    header.texts(tag).filter(move |_| is_right)
}

/// Whether `digits` are the hexadecimal digits of `digest`. rpm reads capital letters too.
fn is_hex(digits: &[u8], digest: &[u8]) -> bool {
    read_hex(digits).is_some_and(|read| read == digest)
}
