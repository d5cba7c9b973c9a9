//! SHA-256 digests: of a file while it is written, and the `SHA256SUMS` that `sha256sum -c` reads.

use std::fmt;
use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digest of bytes that are in memory.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Passes on what is written to it, and counts and hashes it on the way.
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    written: u64,
}

impl<W: Write> HashingWriter<W> {
    /// Nothing has been written through it yet.
    pub fn new(inner: W) -> HashingWriter<W> {
        HashingWriter { inner, hash: Sha256::new(), written: 0 }
    }

    /// How many bytes were written through it.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The writer, and the digest of all that it took.
    pub fn finish(self) -> (W, Digest) {
        (self.inner, Digest(self.hash.finalize().into()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The text of a `SHA256SUMS` file, one line for each file in the given order. Names are relative to its folder.
///
/// A name with a backslash or a line break is escaped, and its line begins with a backslash: so does `sha256sum`.
pub fn render_sums<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> String {
    let line = |(name, digest): (&str, Digest)| {
        let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        let mark = if escaped == name { "" } else { "\\" };
        format!("{mark}{digest}  {escaped}\n")
    };
    files.into_iter().map(line).collect()
}

/// The names that a `SHA256SUMS` lists; a line that is none of its form is passed over.
pub fn names_in_sums(sums: &str) -> impl Iterator<Item = String> {
    sums.split_terminator('\n').filter_map(|line| {
        let (_, name) = line.split_once("  ")?;
        Some(if line.starts_with('\\') { unescape(name) } else { name.to_owned() })
    })
}

fn unescape(name: &str) -> String {
    let mut letters = name.chars();
    let mut plain = String::with_capacity(name.len());
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                _ => '\\',
            },
            other => other,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn writing_hashes() {
        let mut writer = HashingWriter::new(Vec::new());
        writer.write_all(b"ab").unwrap();
        writer.write_all(b"c").unwrap();
        let (written, digest) = writer.finish();
        assert_eq!((written.as_slice(), digest), (&b"abc"[..], digest_of(b"abc")));
        assert_eq!(digest_of(b"").to_string(), EMPTY);
    }

    #[test]
    fn sums_are_what_sha256sum_writes() {
        let empty = digest_of(b"");
        let sums = render_sums([("a b", empty), ("c\\d\ne", empty)]);
        assert_eq!(sums, format!("{EMPTY}  a b\n\\{EMPTY}  c\\\\d\\ne\n"));
    }

    #[test]
    fn names_are_read_back() {
        let names = ["plain", "with space", "back\\slash", "back\\nslash", "line\nfeed", "carriage\rreturn"];
        let sums = render_sums(names.map(|name| (name, digest_of(b""))));
        assert_eq!(names_in_sums(&sums).collect::<Vec<_>>(), names);
    }
}
