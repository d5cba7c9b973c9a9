//! HTTP as the double of a forge speaks it: one request for each connection.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A client that says nothing for so long is left.
const IDLE: Duration = Duration::from_secs(20);

/// A request.
#[derive(Clone, Default)]
pub struct Asked {
    pub method: String,
    /// The path and the query, as they were sent.
    pub target: String,
    /// Names in small letters, and values.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The parts of the path, decoded.
    pub fn parts(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap();
        path.split('/').skip(1).map(decoded).collect()
    }

    /// A value of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(of, _)| *of == name).map(|(_, v)| decoded(v))
    }

    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// A text in the body.
    pub fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }
}

/// `%2F` is `/`.
fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

/// An answer.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::text(status, &value.to_string()).with("Content-Type", "application/json; charset=utf-8")
    }

    pub fn text(status: u16, text: &str) -> Reply {
        Reply { status, headers: Vec::new(), body: text.as_bytes().to_vec() }
    }

    pub fn empty(status: u16) -> Reply {
        Reply::text(status, "")
    }

    /// With one more header.
    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Reads the request of a connection; `None` if there is none.
pub fn read_request(stream: &TcpStream) -> io::Result<Option<Asked>> {
    stream.set_read_timeout(Some(IDLE))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut asked = Asked { method: method.to_owned(), target: target.to_owned(), ..Asked::default() };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        asked.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = asked.headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    asked.body.resize(length, 0);
    reader.read_exact(&mut asked.body)?;
    Ok(Some(asked))
}

/// Writes an answer. The stated length is that of the whole body, of which only `sent` bytes are written.
pub fn write_reply(mut stream: &TcpStream, reply: &Reply, sent: usize) -> io::Result<()> {
    let status = reply.status;
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    if !matches!(status, 204 | 304) {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(&reply.body[..sent])
}
