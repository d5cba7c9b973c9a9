//! What a signature is called.

/// What a detached signature is called, after the name of what it signs.
pub const SIGNATURE: &str = ".asc";
