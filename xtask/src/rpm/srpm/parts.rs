//! What all packages have in common that `releng` writes: the lead and the headers around a payload.

use std::io::Write;

use anyhow::{Context, Result};

use crate::base::digest::digest_of;
use crate::rpm::header::encode::{IMMUTABLE_REGION, SIGNATURE_REGION, TagValue, encode};
use crate::rpm::srpm::dependency::Dependency;
use crate::rpm::srpm::payload::Payload;

/// The name of the build host, a fixed one, so that all machines write the same bytes.
pub const BUILD_HOST: &str = "reproducible";
/// The version of rpm whose layout is written.
pub const RPM_VERSION: &str = "4.18.0";
/// The number of SHA-256 in OpenPGP.
pub const SHA256: u32 = 8;
/// Reserved bytes, which `rpmsign` uses for signatures without moving the rest of the file; the same number as in rpm.
const ROOM_FOR_SIGNATURES: usize = 4096 + 32;

/// Writes everything before the payload. Errors: a payload of four gigabytes or more, or a failing output.
pub fn write_headers(
    lead: &[u8],
    header_tags: Vec<(u32, TagValue)>,
    payload: &Payload,
    output: &mut impl Write,
) -> Result<()> {
    let header = encode(IMMUTABLE_REGION, header_tags);
    let mut signature = encode(SIGNATURE_REGION, signature_tags(&header, payload)?);
    signature.resize(signature.len().next_multiple_of(8), 0);
    for part in [lead, &signature, &header] {
        output.write_all(part)?;
    }
    Ok(())
}

/// The tags of the signature header: sizes and a digest, by which rpm verifies a package without a signature.
///
/// rpm up to 4.13 uses MD5 and SHA-1 instead. Without them it installs a package without verifying it.
fn signature_tags(header: &[u8], payload: &Payload) -> Result<Vec<(u32, TagValue)>> {
    let size = u32::try_from(header.len() as u64 + payload.size).context("the payload has more than four gigabytes")?;
    let archive_size = u32::try_from(payload.archive_size).context("the payload has more than four gigabytes")?;
    Ok(vec![
        (273, TagValue::text(digest_of(header).to_string())),
        (1000, TagValue::number(size)),
        (1007, TagValue::number(archive_size)),
        (1008, TagValue::Binary(vec![0; ROOM_FOR_SIGNATURES])),
    ])
}

/// The tags that say how the payload is packed, with its digests.
pub fn payload_tags(payload: &Payload) -> [(u32, TagValue); 6] {
    [
        (1124, TagValue::text("cpio")),
        (1125, TagValue::text("gzip")),
        (1126, TagValue::text(payload.level.to_string())),
        (5092, TagValue::Texts(vec![payload.digest.to_string()])),
        (5093, TagValue::number(SHA256)),
        (5097, TagValue::Texts(vec![payload.archive_digest.to_string()])),
    ]
}

/// The flags, versions and names of dependencies. The three tags are those of names, versions and flags.
pub fn three_tags([name, version, flags]: [u32; 3], dependencies: Vec<Dependency>) -> [(u32, TagValue); 3] {
    [
        (flags, TagValue::Int32(dependencies.iter().map(|one| one.flags).collect())),
        (version, TagValue::Texts(dependencies.iter().map(|one| one.version.clone()).collect())),
        (name, TagValue::Texts(dependencies.into_iter().map(|one| one.name).collect())),
    ]
}
