//! The extension of signature files.

/// The extension of a detached signature, appended to the name of the signed file.
pub const SIGNATURE: &str = ".asc";
