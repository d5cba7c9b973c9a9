//! Fetching over HTTP, by curl: TLS, proxies and their settings are its own.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::process::{Program, with_help};

/// The seconds that curl gives one transfer.
const MAX_TIME: &str = "600";

/// The limit of the curl process itself; curl ends at [`MAX_TIME`] unless it hangs.
const LIMIT: Duration = Duration::from_secs(630);

/// The bytes at an address, `http://` or `https://`.
///
/// Errors: there is no curl; no connection; an HTTP error such as 404.
pub fn fetch(url: &str) -> Result<Vec<u8>> {
    let fixed = ["--fail", "--silent", "--show-error", "--location", "--proto", "=http,https", "--max-time", MAX_TIME];
    let args = fixed.iter().chain(&["--url", url]).map(Into::into).collect();
    let curl =
        Program { program: "curl".as_ref(), args, folder: Path::new("/"), variables: Vec::new(), input: Vec::new() };
    curl.read_bytes_within(LIMIT).map_err(|error| with_help(error, |_| format!("is `{url}` the right address?")))
}
