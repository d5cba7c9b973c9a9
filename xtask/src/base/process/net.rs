//! Fetching over HTTP, by curl: TLS, proxies and their settings are its own.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::process::Program;
use crate::base::text::last_line;

/// The time that curl gives one transfer.
const MAX_TIME: Duration = Duration::from_secs(600);

/// The time after that at which the curl process itself is ended, if it hangs.
const SLACK: Duration = Duration::from_secs(30);

/// The limit for a text, such as a manifest or a key, in bytes.
const LARGEST_TEXT: u64 = 64 << 20;

/// The exit codes of curl after a fault of the network: no address for the name, no connection, a transfer that broke off, a time
/// limit, TLS, an empty answer, a failed send or receive, HTTP/2 and HTTP/3.
const NETWORK_FAULTS: [i32; 11] = [5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92];

/// The exit code of curl for an HTTP status of 400 or above.
const HTTP_ERROR: i32 = 22;

/// The HTTP statuses after which the same request may succeed later.
const TEMPORARY: [&str; 6] = ["408", "429", "500", "502", "503", "504"];

/// The text at an address, `http://` or `https://`, of at most [`LARGEST_TEXT`] bytes.
///
/// Errors: there is no curl; a fault of the network or of the server (exit 5); an HTTP error such as 404; the text is longer.
pub fn fetch_text(url: &str) -> Result<Vec<u8>> {
    fetch_text_within(url, MAX_TIME)
}

/// Like [`fetch_text`], in at most `limit`, in whole seconds.
pub fn fetch_text_within(url: &str, limit: Duration) -> Result<Vec<u8>> {
    let text = fetch_beginning(url, LARGEST_TEXT + 1, limit)?;
    if text.len() as u64 > LARGEST_TEXT {
        let message = format!("cannot fetch `{url}`: it has more than {LARGEST_TEXT} bytes");
        return Err(Failure::new(Exit::Failed, message).help(help_for_address(url)).into());
    }
    Ok(text)
}

/// The file at an address, as long as it has no more than `size` bytes. One that is longer ends at `size + 1` bytes.
///
/// Errors: as of [`fetch_text`].
pub fn fetch_file(url: &str, size: u64) -> Result<Vec<u8>> {
    fetch_beginning(url, size.saturating_add(1), MAX_TIME)
}

/// The first bytes at an address, up to `most`, which is not 0.
fn fetch_beginning(url: &str, most: u64, limit: Duration) -> Result<Vec<u8>> {
    let seconds = limit.as_secs().to_string();
    let fixed = ["--fail", "--silent", "--show-error", "--location", "--proto", "=http,https", "--max-time", &seconds];
    let args = fixed.iter().chain(&["--url", url]).map(Into::into).collect();
    let curl =
        Program { program: "curl".as_ref(), args, folder: Path::new("/"), variables: Vec::new(), input: Vec::new() };
    let said = curl.run_short_within(limit + SLACK, most)?;
    // After the last of the bytes, curl fails to write more.
    if said.status.success() || said.output.len() as u64 >= most {
        return Ok(said.output);
    }
    let errors = String::from_utf8_lossy(&said.errors).into_owned();
    Err(refusal(url, said.status.code(), last_line(&errors).unwrap_or_default()).into())
}

/// The failure for the exit code of curl and its last line, such as `curl: (22) The requested URL returned error: 404`.
fn refusal(url: &str, code: Option<i32>, line: &str) -> Failure {
    let why = line.strip_prefix("curl: (").and_then(|rest| rest.split_once(") ")).map_or(line, |(_, why)| why);
    let status = why.rsplit_once("error: ").map(|(_, status)| status.trim());
    let is_temporary = match code {
        Some(HTTP_ERROR) => status.is_some_and(|status| TEMPORARY.contains(&status)),
        Some(code) => NETWORK_FAULTS.contains(&code),
        None => false,
    };
    let message = format!("cannot fetch `{url}`: {why}");
    if is_temporary {
        Failure::new(Exit::TryAgain, message).help("check the address and the network; then run the same command again")
    } else {
        Failure::new(Exit::Failed, message).help(help_for_address(url))
    }
}

fn help_for_address(url: &str) -> String {
    format!("is `{url}` the right address?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_network_or_server_is_temporary() {
        let error = |status: u16| format!("curl: (22) The requested URL returned error: {status}");
        for (code, line, exit) in [
            (7, "curl: (7) Failed to connect to localhost port 1".to_owned(), Exit::TryAgain),
            (28, "curl: (28) Operation timed out".to_owned(), Exit::TryAgain),
            (22, error(503), Exit::TryAgain),
            (22, error(404), Exit::Failed),
            (3, "curl: (3) URL rejected".to_owned(), Exit::Failed),
        ] {
            assert_eq!(refusal("http://x", Some(code), &line).exit, exit, "{line}");
        }
        let shown = refusal("http://x", Some(22), &error(404)).message;
        assert_eq!(shown, "cannot fetch `http://x`: The requested URL returned error: 404");
    }
}
