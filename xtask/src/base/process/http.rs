//! Sends one HTTP request to a service, by curl: TLS and proxies are its own.
//!
//! The request goes to curl on its standard input. The configuration file of the person (`~/.curlrc`) is not read: it could follow
//! redirects, or write a log with the token.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::files::remote_scratch;
use crate::base::http::{HttpAnswer, HttpBody, HttpFault, HttpLimits, HttpRequest, curl_config, read_answer};
use crate::base::process::Program;
use crate::base::process::read::Said;
use crate::base::secret::Secret;
use crate::base::text::{last_line, one_line};

/// The time that the curl process gets beyond its own limit.
const GRACE: Duration = Duration::from_secs(10);

/// The exit codes of curl before anything was sent: no address for the proxy or the name, no connection, no TLS.
const NOT_SENT: [i32; 4] = [5, 6, 7, 35];

/// The exit code of curl for a certificate that is not trusted: that does not change by itself.
const UNTRUSTED: i32 = 60;

/// The variables that curl gets: proxies, and the certificates that are trusted. Others can hold secrets.
const VARIABLES: [&str; 10] = [
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Sends a request once. The outer error: there is no curl, the body cannot be kept, an interrupt.
pub fn send(request: &HttpRequest<'_>, limits: HttpLimits) -> Result<Result<HttpAnswer, HttpFault>> {
    // The body is in a file: a line of curl's configuration has a limit.
    let scratch = remote_scratch()?;
    let file = match request.body {
        HttpBody::Nothing => None,
        HttpBody::Text(text) => Some(scratch.write("body", text.as_bytes())?),
        // curl runs in another folder.
        HttpBody::File(path) | HttpBody::Form(_, _, path) => Some(std::path::absolute(path)?),
    };
    let input = curl_config(request, file.as_deref(), limits);
    let args = ["--disable", "--config", "-"].map(Into::into).to_vec();
    let program = Program { program: "curl".as_ref(), args, folder: Path::new("/"), variables: variables(), input };
    let said = program.run_bounded_within(limits.time + GRACE, limits.bytes + 1)?;
    Ok(read_said(&said, limits, request.secret.map(|(.., secret)| secret)))
}

fn variables() -> Vec<(&'static str, Option<String>)> {
    let values = VARIABLES.map(|name| (name, std::env::var(name).ok()));
    values.into_iter().filter(|(_, value)| value.is_some()).collect()
}

fn read_said(said: &Said, limits: HttpLimits, secret: Option<&Secret>) -> Result<HttpAnswer, HttpFault> {
    let scrub = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        secret.map_or(text.clone(), |secret| secret.scrub(&text))
    };
    if u64::try_from(said.output.len()).is_ok_and(|length| length > limits.bytes) {
        return Err(HttpFault::TooLong);
    }
    if said.status.success() {
        let unreadable = || HttpFault::Unanswered("the answer is not HTTP".to_owned());
        return read_answer(&scrub(&said.output)).ok_or_else(unreadable);
    }
    let errors = scrub(&said.errors);
    let line = one_line(last_line(&errors).unwrap_or("curl was ended by a signal"));
    let why = line.strip_prefix("curl: (").and_then(|rest| rest.split_once(") ")).map_or(line.as_str(), |(_, why)| why);
    Err(match said.status.code() {
        Some(UNTRUSTED | 1..=4 | 26 | 77) => HttpFault::Refused(why.to_owned()),
        Some(code) if NOT_SENT.contains(&code) => HttpFault::NotSent(why.to_owned()),
        _ => HttpFault::Unanswered(why.to_owned()),
    })
}
