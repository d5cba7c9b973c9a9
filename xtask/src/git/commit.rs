//! A commit as git stores it: bytes, parsed on demand.

use std::fmt;
use std::io::BufRead;

/// The object id of a commit (or of any other object): 20 bytes, shown as 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(pub [u8; 20]);

impl CommitId {
    /// From 40 hexadecimal digits.
    pub fn parse_hex(text: &[u8]) -> Option<CommitId> {
        if text.len() != 40 {
            return None;
        }
        let digit = |byte: u8| (byte as char).to_digit(16);
        let mut id = [0; 20];
        for (byte, pair) in id.iter_mut().zip(text.chunks_exact(2)) {
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Some(CommitId(id))
    }

    /// The first eight digits: how the changelog and messages name a commit, the same in every clone.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl serde::Serialize for CommitId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for CommitId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<CommitId, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        let id = CommitId::parse_hex(text.as_bytes());
        id.ok_or_else(|| serde::de::Error::custom("a commit is 40 hexadecimal digits"))
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who and when, from an `author` or `committer` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name as it stands, in the commit's encoding.
    pub name: &'a [u8],
    /// What stands between `<` and `>`.
    pub email: &'a [u8],
    /// Seconds since 1970; 0 where the line cannot be read, as git shows it.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
}

/// A commit: its id and the uncompressed object.
#[derive(Clone)]
pub struct Commit {
    /// Its object id.
    pub id: CommitId,
    raw: Vec<u8>,
}

impl Commit {
    /// `raw` is the content of the object, without git's `commit <size>` header.
    pub fn new(id: CommitId, raw: Vec<u8>) -> Commit {
        Commit { id, raw }
    }

    /// The tree.
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
        parse_signature(self.author_line())
    }

    /// The `committer` line.
    pub fn committer(&self) -> Signature<'_> {
        parse_signature(self.committer_line())
    }

    /// The message: everything after the first empty line, undecoded.
    pub fn message(&self) -> &[u8] {
        let mut lines = Lines(&self.raw);
        lines.find(|line| line.is_empty());
        lines.0
    }

    /// The first line of the message that is not blank, as far as the next line, undecoded and without surrounding
    /// blanks.
    pub fn subject(&self) -> &[u8] {
        Lines(self.message()).map(<[u8]>::trim_ascii).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Text of this commit (a name, the message) as UTF-8: by the `encoding` header where there is one, lossy where the
    /// bytes do not fit it.
    pub fn decode(&self, text: &[u8]) -> String {
        let declared = self.field(b"encoding").and_then(encoding_rs::Encoding::for_label);
        match declared {
            Some(encoding) => encoding.decode_without_bom_handling(text).0.into_owned(),
            _ => String::from_utf8_lossy(text).into_owned(),
        }
    }

    /// Text of this commit as UTF-8 the way git shows it: as it stands where the declared encoding is unknown or does
    /// not fit.
    pub fn to_utf8(&self, text: &[u8]) -> Vec<u8> {
        let decoded = self.foreign_encoding().and_then(|encoding| {
            encoding
                .decode_without_bom_handling_and_without_replacement(text)
                .map(|text| text.into_owned().into_bytes())
        });
        decoded.unwrap_or_else(|| text.to_vec())
    }

    /// UTF-8 text in the declared encoding; `None` where that is UTF-8 itself, or has no such letters.
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
        Lines(&self.raw).take_while(|line| !line.is_empty())
    }

    fn field(&self, name: &[u8]) -> Option<&[u8]> {
        self.header_lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(b" "))
    }
}

/// The lines of a text, without their line feeds; the end of the text ends a line too.
///
/// Walks look at tens of megabytes of commits; this search for a byte is the fastest that the standard library has.
pub struct Lines<'a>(pub &'a [u8]);

impl<'a> Iterator for Lines<'a> {
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

/// `Name <email> seconds +hhmm`, as leniently as git reads it: the e-mail ends at the last `>`.
fn parse_signature(line: &[u8]) -> Signature<'_> {
    let open = line.iter().position(|&byte| byte == b'<').unwrap_or(line.len());
    let close = line.iter().rposition(|&byte| byte == b'>').filter(|&close| close > open).unwrap_or(line.len());
    let name = line[..open].trim_ascii();
    let email = line.get(open + 1..close).unwrap_or_default().trim_ascii();
    let mut numbers =
        line.get(close + 1..).unwrap_or_default().split(u8::is_ascii_whitespace).filter(|n| !n.is_empty());
    let number = |text: Option<&[u8]>| std::str::from_utf8(text?).ok()?.parse::<i64>().ok();
    let seconds = number(numbers.next()).unwrap_or(0);
    let zone = number(numbers.next()).unwrap_or(0) as i32;
    Signature { name, email, seconds, offset_minutes: zone / 100 * 60 + zone % 100 }
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
        assert_eq!((commit.author().seconds, commit.author().offset_minutes), (1_500_000_000, 330));
        assert_eq!((commit.committer().name, commit.committer().offset_minutes), (&b""[..], -60));
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

    #[test]
    fn a_broken_signature_is_read_as_far_as_it_goes() {
        let odd = parse_signature(b"A <B> C <c@example.org> 12");
        assert_eq!((odd.name, odd.email, odd.seconds), (&b"A"[..], &b"B> C <c@example.org"[..], 12));
        assert_eq!(parse_signature(b"nobody").seconds, 0);
    }
}
