//! A mail with its envelope.

use std::path::Path;

/// A mail that is ready, with its envelope.
pub struct ReadyMail<'a> {
    /// The file with the mail.
    pub file: &'a Path,
    /// The content of the file.
    pub content: &'a [u8],
    pub from: String,
    pub recipients: Vec<String>,
}
