//! Fetching over HTTP, by curl: TLS, proxies and their settings are its own.

use std::path::Path;

use anyhow::Result;

use crate::base::process::{Program, with_help};

/// The bytes at an address, `http://` or `https://`.
///
/// Errors: no curl, no connection, an answer that is none (404 and the like).
pub fn fetch(url: &str) -> Result<Vec<u8>> {
    let fixed = ["--fail", "--silent", "--show-error", "--location", "--proto", "=http,https", "--max-time", "600"];
    let args = fixed.iter().chain(&["--url", url]).map(Into::into).collect();
    let curl =
        Program { program: "curl".as_ref(), args, folder: Path::new("/"), variables: Vec::new(), input: Vec::new() };
    curl.read_bytes().map_err(|error| with_help(error, |_| format!("is `{url}` the right address?")))
}
