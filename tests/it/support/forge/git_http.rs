//! The git server of the double: `git http-backend`. Everybody may fetch; a push needs a token that may write the contents.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::state::PROJECT;
use super::wire::{Asked, Reply};

/// The path after that of the repository; `None` if the request is not for git.
pub fn path_in_repository(asked: &Asked) -> Option<String> {
    let path = asked.target.split('?').next().unwrap_or_default();
    path.strip_prefix(&format!("/{PROJECT}.git/")).map(str::to_owned)
}

/// Whether the request begins or does a push.
pub fn is_push(asked: &Asked) -> bool {
    asked.target.contains("git-receive-pack")
}

/// The password of `Authorization: Basic`.
pub fn password(asked: &Asked) -> Option<String> {
    let encoded = asked.headers.get("authorization")?.strip_prefix("Basic ")?;
    let decoded = decode_base64(encoded);
    Some(String::from_utf8(decoded).ok()?.split_once(':')?.1.to_owned())
}

/// The answer to a push without a token that may do it: git asks for a password then.
pub fn no_push() -> Reply {
    Reply::text(401, "").with("WWW-Authenticate", "Basic realm=\"forge\"")
}

/// The answer of `git http-backend` for the bare repository `git`.
pub fn answer(git: &Path, asked: &Asked, rest: &str) -> Reply {
    let header = |name: &str| asked.headers.get(name).cloned().unwrap_or_default();
    let mut command = Command::new("git");
    command.arg("http-backend").env("GIT_PROJECT_ROOT", git.parent().unwrap()).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("PATH_INFO", format!("/{}/{rest}", git.file_name().unwrap().to_str().unwrap()));
    command.env("REQUEST_METHOD", &asked.method).env("REMOTE_USER", "pusher").env("REMOTE_ADDR", "127.0.0.1");
    command.env("QUERY_STRING", asked.target.split_once('?').map_or("", |(_, query)| query));
    command.env("CONTENT_TYPE", header("content-type")).env("CONTENT_LENGTH", asked.body.len().to_string());
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding")).env("GIT_PROTOCOL", header("git-protocol"));
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let body = asked.body.clone();
    // git may answer before it has read everything.
    let writing = std::thread::spawn(move || drop(input.write_all(&body)));
    let output = child.wait_with_output().unwrap().stdout;
    writing.join().unwrap();
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut reply =
        Reply { status: 200, headers: Vec::new(), body: output.get(end + 4..).unwrap_or_default().to_vec() };
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => reply.status = value[..3].parse().unwrap(),
            _ => reply.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    reply
}

fn decode_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else { break };
        bits = (bits << 6) | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    bytes
}
