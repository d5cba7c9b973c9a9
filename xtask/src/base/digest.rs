//! SHA-256 digests: of bytes in memory, and of a file while it is written.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::base::as_text::serde_as_text;

/// A SHA-256 digest; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A manifest has thousands of digests: a text of its own for each would cost time.
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no [`Digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 digest is 64 hexadecimal digits")
    }
}

impl std::error::Error for NotADigest {}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        // One digest has one spelling: capital letters are refused.
        if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(NotADigest);
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| NotADigest)?;
        Ok(Digest(digest))
    }
}

serde_as_text!(Digest);

/// Bytes in hexadecimal digits.
pub fn hex_text(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// The bytes that hexadecimal digits stand for, small or capital ones.
pub fn read_hex(digits: &[u8]) -> Option<Vec<u8>> {
    hex::decode(digits).ok()
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
    fn digests_are_read_back() {
        assert_eq!(EMPTY.parse(), Ok(digest_of(b"")));
        for text in ["", "e3b0", &EMPTY.to_uppercase(), &format!("+{}", &EMPTY[1..]), &format!("{EMPTY}0")] {
            assert_eq!(text.parse::<Digest>(), Err(NotADigest), "{text}");
        }
    }
}
