//! A web server for static files on the loopback, as a mirror would be: GET and HEAD, links followed at each request.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// An idle connection is closed after this, so that no thread waits for ever.
const IDLE: Duration = Duration::from_secs(5);

/// A server of one folder; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stopping: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `folder` on a free port.
    pub fn start(folder: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let (folder, stop) = (folder.to_owned(), Arc::clone(&stopping));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (folder, log) = (folder.clone(), Arc::clone(&log));
                // A client that hangs up has its own reasons.
                std::thread::spawn(move || drop(stream.and_then(|stream| answer_all(&stream, &folder, &log))));
            }
        });
        Server { address, asked, stopping, listening: Some(listening) }
    }

    /// The address of a path below the folder.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What was asked for since the last call and how it was answered, such as `404 /stable/1.0`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // wakes the listener up
        self.listening.take().map(JoinHandle::join);
    }
}

/// Answers the requests of one connection until the client closes it or asks to.
fn answer_all(stream: &TcpStream, folder: &Path, log: &Mutex<Vec<String>>) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut closes = request.trim_end().ends_with("HTTP/1.0");
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            closes |= header.to_ascii_lowercase().starts_with("connection: close");
            if header.trim_end().is_empty() {
                break;
            }
        }
        answer(stream, folder, &request, log)?;
        if closes {
            return Ok(());
        }
    }
}

fn answer(mut stream: &TcpStream, folder: &Path, request: &str, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let file = place(folder, target).and_then(|path| File::open(path).ok());
    // The size is that of the file that is open, whatever its name is given to meanwhile.
    let file =
        file.and_then(|file| file.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| (file, found.len())));
    let (status, reason) = match (method, &file) {
        ("GET" | "HEAD", Some(_)) => (200, "OK"),
        ("GET" | "HEAD", None) => (404, "Not Found"),
        _ => (405, "Method Not Allowed"),
    };
    let size = file.as_ref().filter(|_| status == 200).map_or(0, |(_, size)| *size);
    log.lock().unwrap().push(format!("{status} {target}"));
    write!(stream, "HTTP/1.1 {status} {reason}\r\nContent-Length: {size}\r\n\r\n")?;
    if let (200, "GET", Some((mut file, _))) = (status, method, file) {
        io::copy(&mut file, &mut stream)?;
    }
    Ok(())
}

/// Where the target of a request is; none where its path would leave the folder.
fn place(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = decoded(target.split(['?', '#']).next()?)?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    (!parts.contains(&"..")).then(|| folder.join(parts.join("/")))
}

/// `%2B` is `+`.
fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// The answer to one request line, as text.
    fn ask(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn files_are_served_through_links_and_nothing_outside() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("served");
        std::fs::create_dir_all(folder.join("1")).unwrap();
        std::fs::write(folder.join("1/a+b"), "text").unwrap();
        std::fs::write(place.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("1", folder.join("now")).unwrap();
        let server = Server::start(&folder);
        let found = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
        assert_eq!(ask(&server, "GET /now/a%2Bb?x"), format!("{found}text"));
        assert_eq!(ask(&server, "HEAD /now//a+b"), found);
        for gone in ["/2", "/now", "/../secret", "/%2e%2e/secret", "/%zz"] {
            assert!(ask(&server, &format!("GET {gone}")).starts_with("HTTP/1.1 404 "), "{gone}");
        }
        server.asked();
        assert!(ask(&server, "POST /now/a+b").starts_with("HTTP/1.1 405 "));
        assert_eq!(server.asked(), ["405 /now/a+b"]);
        std::fs::remove_file(folder.join("now")).unwrap();
        assert!(ask(&server, "GET /now/a+b").starts_with("HTTP/1.1 404 "));
        assert_eq!(server.url("a"), format!("http://{}/a", server.address));
    }
}
