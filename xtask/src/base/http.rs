//! HTTP requests and answers as values, and the request as the configuration of curl says it.
//!
//! What is secret, and the whole rest of a request, is in that configuration, which curl reads from its standard input: the arguments and
//! the environment of a process can be read by others. curl follows no redirect, tries nothing again, and speaks TLS unless the service is
//! on this machine.

use std::path::Path;
use std::time::Duration;

use crate::base::secret::Secret;
use crate::base::text::one_line;

/// The seconds until a connection must be there.
const CONNECT: u64 = 30;

/// A transfer that is slower than this number of bytes in a second, for [`SLOW_TIME`] seconds, is given up.
const SLOW: u64 = 100;
const SLOW_TIME: u64 = 60;

/// A request.
pub struct HttpRequest<'a> {
    /// `GET`, `POST` and so on.
    pub method: &'static str,
    pub url: &'a str,
    /// Names and values. A value is one line.
    pub headers: Vec<(&'static str, String)>,
    /// A header with a secret: its name, what is before the secret, and the secret. It is taken out of the answer.
    pub secret: Option<(&'static str, &'static str, &'a Secret)>,
    pub body: HttpBody<'a>,
}

/// The content that a request sends.
pub enum HttpBody<'a> {
    Nothing,
    Text(&'a str),
    File(&'a Path),
    /// A file as the part of a form (`multipart/form-data`): its field, its name there, and where it is.
    Form(&'static str, &'a str, &'a Path),
}

/// How much time and room an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    pub time: Duration,
    /// The most bytes of an answer, headers included.
    pub bytes: u64,
}

/// An answer, whatever its status is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// Without the secret of the request.
    pub body: String,
}

impl HttpAnswer {
    /// The value of the first header with this name, which is in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer; the words are those of curl, on one line and without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// The request has not reached the service.
    NotSent(String),
    /// It may have reached the service, which may have acted on it.
    Unanswered(String),
    /// The service may have acted on it, and its answer is longer than the limit.
    TooLong,
    /// The request cannot be sent at all: the certificate of the service is not trusted, or curl cannot do it.
    Refused(String),
}

/// The configuration that makes curl send a request once; `body` is the file with its content.
pub fn curl_config(request: &HttpRequest<'_>, body: Option<&Path>, limits: HttpLimits) -> Vec<u8> {
    let mut lines = vec!["silent".to_owned(), "show-error".to_owned(), "include".to_owned()];
    lines.push("suppress-connect-headers".to_owned());
    // `@` and `[]` in an address have no meaning of curl's own.
    lines.extend(["globoff".to_owned(), "path-as-is".to_owned()]);
    let mut add = |name: &str, value: &str| lines.push(format!("{name} = \"{}\"", quoted(value)));
    add("proto", if is_loopback(request.url) { "=http,https" } else { "=https" });
    add("connect-timeout", &CONNECT.to_string());
    add("max-time", &limits.time.as_secs().max(1).to_string());
    add("speed-limit", &SLOW.to_string());
    add("speed-time", &SLOW_TIME.to_string());
    add("request", request.method);
    add("url", request.url);
    for (name, value) in &request.headers {
        add("header", &format!("{name}: {}", one_line(value)));
    }
    // An answer of 100 lets curl wait for a second where the service does not know it.
    add("header", "Expect:");
    if let Some((name, before, secret)) = request.secret {
        add("header", &format!("{name}: {before}{}", secret.expose()));
    }
    if let Some(body) = body {
        match request.body {
            // A file is not read into memory.
            HttpBody::File(_) => add("upload-file", &body.to_string_lossy()),
            HttpBody::Form(field, name, _) => {
                let (path, name) = (quoted(&body.to_string_lossy()), quoted(name));
                add("form", &format!("{field}=@\"{path}\";filename=\"{name}\";type=application/octet-stream"));
            }
            _ => add("data-binary", &format!("@{}", body.to_string_lossy())),
        }
    }
    (lines.join("\n") + "\n").into_bytes()
}

/// A value between quotation marks in curl's configuration.
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(letter),
        }
    }
    quoted
}

/// Whether an address is one of this machine, where a connection without TLS shows nothing to others.
pub fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    !authority.contains('@') && matches!(host, "127.0.0.1" | "localhost" | "::1")
}

/// Reads what curl writes with `include`: the headers and the body of the last answer. Those of 100 and above, and below 200, are before it.
pub fn read_answer(text: &str) -> Option<HttpAnswer> {
    let mut rest = text;
    loop {
        let (head, body) = rest.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
        if (100..200).contains(&status) {
            rest = body;
            continue;
        }
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        return Some(HttpAnswer { status, headers, body: body.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_in_the_configuration_and_nothing_leaves_its_line() {
        let secret = Secret::parse("to\"ken\\n").unwrap();
        let request = HttpRequest {
            method: "POST",
            url: "https://example.org/a?b=[1]",
            headers: vec![("Accept", "x\"\nurl = \"http://other".to_owned())],
            secret: Some(("Authorization", "Bearer ", &secret)),
            body: HttpBody::Text("{}"),
        };
        let limits = HttpLimits { time: Duration::from_secs(7), bytes: 9 };
        let config = String::from_utf8(curl_config(&request, Some(Path::new("/tmp/b")), limits)).unwrap();
        let lines: Vec<&str> = config.lines().filter(|line| !line.starts_with("speed") && line.contains('"')).collect();
        let expected = [
            r#"proto = "=https""#,
            r#"connect-timeout = "30""#,
            r#"max-time = "7""#,
            r#"request = "POST""#,
            r#"url = "https://example.org/a?b=[1]""#,
            r#"header = "Accept: x\" url = \"http://other""#,
            r#"header = "Expect:""#,
            r#"header = "Authorization: Bearer to\"ken\\n""#,
            r#"data-binary = "@/tmp/b""#,
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_answer_is_read_with_what_stands_before_it() {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 201 \r\nETag: \"x\"\r\nLink: <a:b>; rel=\"next\"\r\n\r\n{}\r\n\r\n";
        let answer = read_answer(text).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (201, "{}\r\n\r\n"));
        assert_eq!((answer.header("etag"), answer.header("link")), (Some("\"x\""), Some("<a:b>; rel=\"next\"")));
        assert_eq!((read_answer("HTTP/1.1 200 OK\r\nA: b\r\n"), read_answer("<html>\r\n\r\n")), (None, None));
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        for (url, is_own) in [
            ("http://127.0.0.1:80/x", true),
            ("http://localhost", true),
            ("http://[::1]:3/x", true),
            ("http://127.0.0.1.example.org/", false),
            ("http://example.org/?127.0.0.1", false),
            ("http://localhost@example.org/", false),
            ("http://127.0.0.1:80@example.org/", false),
            ("http://example.org#@localhost", false),
        ] {
            assert_eq!(is_loopback(url), is_own, "{url}");
        }
    }
}
