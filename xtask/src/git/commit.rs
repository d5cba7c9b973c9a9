//! A commit as git stores it: bytes, parsed on demand.

use std::fmt;
use std::io::BufRead;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::git::signature::Signature;

/// The object id of a commit (or of any other object): 20 bytes, shown as 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(pub [u8; 20]);

impl CommitId {
    /// Reads 40 hexadecimal digits; `None` for any other text.
    pub fn parse_hex(text: &[u8]) -> Option<CommitId> {
        let mut id = [0; 20];
        hex::decode_to_slice(text, &mut id).ok()?;
        Some(CommitId(id))
    }

    /// The first eight digits. The changelog and messages name a commit by them: they are the same in every clone.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Error: a text that is no [`CommitId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACommitId;

impl fmt::Display for NotACommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a commit is 40 hexadecimal digits")
    }
}

impl std::error::Error for NotACommitId {}

impl FromStr for CommitId {
    type Err = NotACommitId;

    fn from_str(text: &str) -> Result<CommitId, NotACommitId> {
        CommitId::parse_hex(text.as_bytes()).ok_or(NotACommitId)
    }
}

serde_as_text!(CommitId);

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A commit: its id and the uncompressed object.
#[derive(Clone)]
pub struct Commit {
    pub id: CommitId,
    raw: Vec<u8>,
}

impl Commit {
    /// `raw` is the content of the object, without git's `commit <size>` header.
    pub fn new(id: CommitId, raw: Vec<u8>) -> Commit {
        Commit { id, raw }
    }

    /// The id of the commit's tree; `None` if the object is damaged.
    pub fn tree(&self) -> Option<CommitId> {
        self.field(b"tree").and_then(CommitId::parse_hex)
    }

    /// The parents, first parent first; none for a root commit.
    pub fn parents(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.header_lines()
            .skip_while(|line| line.starts_with(b"tree "))
            .map_while(|line| line.strip_prefix(b"parent ").and_then(CommitId::parse_hex))
    }

    /// The `author` line.
    pub fn author(&self) -> Signature<'_> {
        Signature::parse(self.author_line())
    }

    /// The `committer` line.
    pub fn committer(&self) -> Signature<'_> {
        Signature::parse(self.committer_line())
    }

    /// The message: everything after the first empty line, undecoded.
    pub fn message(&self) -> &[u8] {
        let mut lines = ByteLines(&self.raw);
        lines.find(|line| line.is_empty());
        lines.0
    }

    /// The first line of the message that is not blank, undecoded and without the blanks around it.
    pub fn subject(&self) -> &[u8] {
        ByteLines(self.message()).map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Decodes text of this commit (a name, the message) by the `encoding` header; without that header, as UTF-8. Bytes
    /// that do not fit the encoding become replacement characters.
    pub fn decode(&self, text: &[u8]) -> String {
        let declared = self.field(b"encoding").and_then(encoding_rs::Encoding::for_label);
        match declared {
            Some(encoding) => encoding.decode_without_bom_handling(text).0.into_owned(),
            _ => String::from_utf8_lossy(text).into_owned(),
        }
    }

    /// Converts text of this commit to UTF-8 as git does: if the declared encoding is unknown or does not fit, the
    /// bytes stay unchanged.
    pub fn to_utf8(&self, text: &[u8]) -> Vec<u8> {
        let decoded = self.foreign_encoding().and_then(|encoding| {
            encoding
                .decode_without_bom_handling_and_without_replacement(text)
                .map(|text| text.into_owned().into_bytes())
        });
        decoded.unwrap_or_else(|| text.to_vec())
    }

    /// Converts UTF-8 text to the declared encoding; `None` if that is UTF-8, or has no such letters.
    pub fn encode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let (encoded, _, lossy) = self.foreign_encoding()?.encode(std::str::from_utf8(text).ok()?);
        (!lossy).then(|| encoded.into_owned())
    }

    fn foreign_encoding(&self) -> Option<&'static encoding_rs::Encoding> {
        let encoding = encoding_rs::Encoding::for_label(self.encoding()?)?;
        (encoding != encoding_rs::UTF_8).then_some(encoding)
    }

    /// The value of the `encoding` header.
    pub fn encoding(&self) -> Option<&[u8]> {
        self.field(b"encoding")
    }

    /// The `author` line after its keyword, unparsed.
    pub fn author_line(&self) -> &[u8] {
        self.field(b"author").unwrap_or_default()
    }

    /// The `committer` line after its keyword, unparsed.
    pub fn committer_line(&self) -> &[u8] {
        self.field(b"committer").unwrap_or_default()
    }

    fn header_lines(&self) -> impl Iterator<Item = &[u8]> {
        ByteLines(&self.raw).take_while(|line| !line.is_empty())
    }

    fn field(&self, name: &[u8]) -> Option<&[u8]> {
        self.header_lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))
    }
}

/// The lines of a text of bytes, without their line feeds. The last line needs no line feed.
///
/// A walk reads tens of megabytes of commits. `skip_until` is the fastest search for a byte in the standard library.
pub struct ByteLines<'a>(pub &'a [u8]);

impl<'a> Iterator for ByteLines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.0;
        let length = self.0.skip_until(b'\n').ok().filter(|&length| length > 0)?;
        let line = &text[..length];
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, String::from_utf8_lossy(self.subject()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
parent 1111111111111111111111111111111111111111
parent 2222222222222222222222222222222222222222
author Ada Example <ada@example.org> 1500000000 +0530
committer  <> 1500000001 -0100
gpgsig -----BEGIN PGP SIGNATURE-----
 encoding x
encoding ISO-8859-1

Subject caf\u{e9}

parent 3333333333333333333333333333333333333333
";

    fn commit() -> Commit {
        let latin1 = RAW.chars().map(|letter| letter as u8).collect();
        Commit::new(CommitId([7; 20]), latin1)
    }

    #[test]
    fn headers_end_at_the_empty_line() {
        let commit = commit();
        assert_eq!(commit.parents().map(|id| id.short()).collect::<Vec<_>>(), ["11111111", "22222222"]);
        assert_eq!(commit.tree().unwrap().to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(commit.author().email, b"ada@example.org");
        assert_eq!((commit.author().seconds(), commit.author().date), (1_500_000_000, &b" 1500000000 +0530"[..]));
        assert_eq!(
            (commit.committer().name.trim_ascii(), commit.committer().date),
            (&b""[..], &b" 1500000001 -0100"[..])
        );
    }

    #[test]
    fn text_is_decoded_by_the_declared_encoding() {
        assert_eq!(commit().decode(commit().subject()), "Subject caf\u{e9}");
    }

    #[test]
    fn text_goes_into_the_declared_encoding_and_back() {
        let commit = commit();
        assert_eq!(commit.to_utf8(b"caf\xe9"), "caf\u{e9}".as_bytes());
        assert_eq!(commit.encode("caf\u{e9}".as_bytes()).as_deref(), Some(&b"caf\xe9"[..]));
        assert_eq!(commit.encode("\u{4e00}".as_bytes()), None);
        let utf8 = Commit::new(CommitId([7; 20]), b"encoding utf-8\n\nx".to_vec());
        assert_eq!((utf8.to_utf8(b"\xe9"), utf8.encode(b"x")), (b"\xe9".to_vec(), None));
    }
}
