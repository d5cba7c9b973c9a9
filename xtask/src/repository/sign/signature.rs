//! The extension of signature files.

use crate::base::checksum::CHECKSUMS_FILE;

/// The extension of a detached signature, appended to the name of the signed file.
pub const SIGNATURE: &str = ".asc";

/// The path of the signature that every signed snapshot and revision has.
pub fn signature_of_checksums() -> String {
    format!("sources/{CHECKSUMS_FILE}{SIGNATURE}")
}
