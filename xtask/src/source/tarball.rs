//! The tarball, byte for byte as `git archive --format=tar` writes it with `tar.umask=0002`.
//!
//! It is a POSIX ustar archive with a global pax header that names the commit. No tar library writes the headers,
//! because the bytes must be git's: the place where a path is split, the name of an entry whose path is too long, the
//! padding at the end.

use std::io::Write;

use anyhow::Result;

use crate::base::progress::Progress;
use crate::git::{CommitId, ObjectId};
use crate::source::digests::{MemberDigest, MemberHasher};
use crate::source::export::Export;
use crate::source::members::{self, LargeMember, Member, Piece, Shape};

const RECORD: usize = 512;
/// Git writes blocks of twenty records, and pads the last one.
const BLOCK: u64 = 20 * RECORD as u64;
/// The largest size or time that fits into eleven octal digits.
const LARGEST_NUMBER: u64 = 0o77_777_777_777;
const LONGEST_NAME: usize = 100;
const LONGEST_PREFIX: usize = 155;
const LONGEST_TARGET: usize = 100;

/// Writes the uncompressed tarball to `out`, reading on `threads` threads. The bytes depend on the export alone. Returns the
/// digests of the files in it: no file is read a second time for the bill of materials.
pub fn write(
    export: &Export,
    out: &mut impl Write,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Vec<MemberDigest>> {
    let seconds = export.seconds();
    let mut tarball = Tarball::begin(out, Some(export.commit.id), seconds)?;
    let mut digests = Vec::new();
    let add = |batch: &mut TarBatch, member: &Member<'_>| {
        append(&mut batch.bytes, member, seconds);
        batch.digests.extend(MemberDigest::of(member));
        Ok(())
    };
    members::for_each_batch(export, threads, progress, add, |piece: Piece<'_, TarBatch>| match piece {
        Piece::Batch(mut batch) => {
            digests.append(&mut batch.digests);
            tarball.put(&batch.bytes)
        }
        Piece::Large(member) => {
            digests.push(tarball.add_large(member)?);
            Ok(())
        }
    })?;
    tarball.finish()?;
    Ok(digests)
}

/// Members that were read on one thread.
#[derive(Default)]
struct TarBatch {
    bytes: Vec<u8>,
    digests: Vec<MemberDigest>,
}

/// Writes a tarball of any members, such as vendored dependencies, in the same form and with one date.
pub struct Tarball<W> {
    out: W,
    length: u64,
    seconds: u64,
}

impl<W: Write> Tarball<W> {
    /// Writes the global header: the commit, if there is one, and a date that is too large for other headers.
    pub fn begin(out: W, commit: Option<CommitId>, seconds: u64) -> Result<Tarball<W>> {
        let mut tarball = Tarball { out, length: 0, seconds };
        tarball.put(&global_header(commit, seconds))?;
        Ok(tarball)
    }

    /// Writes one member.
    pub fn add(&mut self, member: &Member<'_>) -> Result<()> {
        let mut bytes = Vec::new();
        append(&mut bytes, member, self.seconds);
        self.put(&bytes)
    }

    /// Writes a member whose content is read piece by piece.
    fn add_large(&mut self, mut member: LargeMember<'_>) -> Result<MemberDigest> {
        let LargeMember { path, id, shape, size, .. } = member;
        let mut head = Vec::new();
        append_head(&mut head, &MemberHead { path, id, shape, size, target: b"" }, self.seconds);
        self.put(&head)?;
        let mut hashing = MemberHasher::new(&mut self.out);
        member.copy_to(&mut hashing)?;
        let digest = hashing.finish(path, size);
        self.length += size;
        self.put(&vec![0; (size.next_multiple_of(RECORD as u64) - size) as usize])?;
        Ok(digest)
    }

    /// Writes the end of the archive.
    pub fn finish(mut self) -> Result<()> {
        let padding = padding(self.length);
        self.put(&padding)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        Ok(self.out.write_all(bytes)?)
    }
}

/// The end of an archive is two empty records, and the padding of their block.
fn padding(length: u64) -> Vec<u8> {
    let tail = BLOCK - length % BLOCK;
    let tail = if tail < 2 * RECORD as u64 { tail + BLOCK } else { tail };
    vec![0; tail as usize]
}

/// The header for the whole archive: the commit as a comment, and the time if it is too large for other headers. Empty
/// if there is neither.
fn global_header(commit: Option<CommitId>, seconds: u64) -> Vec<u8> {
    let mut records = Vec::new();
    if let Some(commit) = commit {
        push_record(&mut records, "comment", commit.to_string().as_bytes());
    }
    if seconds > LARGEST_NUMBER {
        push_record(&mut records, "mtime", seconds.to_string().as_bytes());
    }
    let mut out = Vec::new();
    if !records.is_empty() {
        let mut header = TarHeader::new(b'g', 0o666, records.len() as u64, seconds);
        header.set(TarHeader::NAME, b"pax_global_header");
        header.push_to(&mut out);
        push_padded(&mut out, &records);
    }
    out
}

/// Appends a member: its headers and its content.
fn append(out: &mut Vec<u8>, member: &Member<'_>, seconds: u64) {
    let Member { path, id, shape, content } = member;
    let (content, target): (&[u8], &[u8]) = match shape {
        Shape::Link => (b"", content),
        _ => (content, b""),
    };
    append_head(out, &MemberHead { path, id: *id, shape: *shape, size: content.len() as u64, target }, seconds);
    push_padded(out, content);
}

/// What the headers of a member say.
struct MemberHead<'a> {
    path: &'a [u8],
    id: ObjectId,
    shape: Shape,
    /// The size of the content, in bytes.
    size: u64,
    /// The target of a link.
    target: &'a [u8],
}

/// Appends the headers of a member: an extended one if something does not fit, and the header.
fn append_head(out: &mut Vec<u8>, member: &MemberHead<'_>, seconds: u64) {
    let kind = match member.shape {
        Shape::Folder => b'5',
        Shape::File | Shape::Executable => b'0',
        Shape::Link => b'2',
    };
    let mut records = Vec::new();
    let size = if member.size > LARGEST_NUMBER { 0 } else { member.size };
    let mut header = TarHeader::new(kind, member.shape.mode().into(), size, seconds);
    match split_path(member.path) {
        Some((prefix, name)) => {
            header.set(TarHeader::PREFIX, prefix);
            header.set(TarHeader::NAME, name);
        }
        None => {
            header.set(TarHeader::NAME, format!("{}.data", member.id).as_bytes());
            push_record(&mut records, "path", member.path);
        }
    }
    if member.target.len() > LONGEST_TARGET {
        header.set(TarHeader::TARGET, format!("see {}.paxheader", member.id).as_bytes());
        push_record(&mut records, "linkpath", member.target);
    } else {
        header.set(TarHeader::TARGET, member.target);
    }
    if size < member.size {
        push_record(&mut records, "size", member.size.to_string().as_bytes());
    }
    if !records.is_empty() {
        let mut extended = TarHeader::new(b'x', 0o666, records.len() as u64, seconds);
        extended.set(TarHeader::NAME, format!("{}.paxheader", member.id).as_bytes());
        extended.push_to(out);
        push_padded(out, &records);
    }
    header.push_to(out);
}

/// Splits a path into the header's prefix and name, with the longest possible prefix; `None` if it does not fit.
fn split_path(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.len() <= LONGEST_NAME {
        return Some((b"", path));
    }
    let without_slash = path.strip_suffix(b"/").unwrap_or(path);
    let searched = &without_slash[..without_slash.len().min(LONGEST_PREFIX)];
    // As git does it: a slash at the end is not searched for, and one at the start does not count.
    let slash = searched.iter().rposition(|&byte| byte == b'/').filter(|&slash| slash > 0)?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    (name.len() <= LONGEST_NAME).then_some((prefix, name))
}

/// A pax record, `<length> <key>=<value>\n`, whose length counts its own digits.
fn push_record(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() > length {
        length += 1;
    }
    out.extend_from_slice(format!("{length} {key}=").as_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
}

fn push_padded(out: &mut Vec<u8>, content: &[u8]) {
    out.extend_from_slice(content);
    let end = content.len().next_multiple_of(RECORD) - content.len();
    out.resize(out.len() + end, 0);
}

/// The 512 bytes before the content of a member.
struct TarHeader([u8; RECORD]);

/// The place of a field in a header.
#[derive(Clone, Copy)]
struct Field {
    start: usize,
    size: usize,
}

impl TarHeader {
    const NAME: Field = Field { start: 0, size: LONGEST_NAME };
    const MODE: Field = Field { start: 100, size: 8 };
    const USER_ID: Field = Field { start: 108, size: 8 };
    const GROUP_ID: Field = Field { start: 116, size: 8 };
    const SIZE: Field = Field { start: 124, size: 12 };
    const TIME: Field = Field { start: 136, size: 12 };
    const CHECKSUM: Field = Field { start: 148, size: 8 };
    const KIND: Field = Field { start: 156, size: 1 };
    const TARGET: Field = Field { start: 157, size: LONGEST_TARGET };
    const MAGIC: Field = Field { start: 257, size: 8 };
    const USER: Field = Field { start: 265, size: 32 };
    const GROUP: Field = Field { start: 297, size: 32 };
    const DEVICE_MAJOR: Field = Field { start: 329, size: 8 };
    const DEVICE_MINOR: Field = Field { start: 337, size: 8 };
    const PREFIX: Field = Field { start: 345, size: LONGEST_PREFIX };

    fn new(kind: u8, mode: u64, size: u64, time: u64) -> TarHeader {
        let mut header = TarHeader([0; RECORD]);
        header.set(TarHeader::KIND, &[kind]);
        header.set(TarHeader::MAGIC, b"ustar\x0000");
        header.set(TarHeader::USER, b"root");
        header.set(TarHeader::GROUP, b"root");
        for field in [TarHeader::USER_ID, TarHeader::GROUP_ID, TarHeader::DEVICE_MAJOR, TarHeader::DEVICE_MINOR] {
            header.set_number(field, 0);
        }
        header.set_number(TarHeader::MODE, mode);
        header.set_number(TarHeader::SIZE, size);
        header.set_number(TarHeader::TIME, time.min(LARGEST_NUMBER));
        header
    }

    fn set(&mut self, field: Field, value: &[u8]) {
        self.0[field.start..field.start + value.len()].copy_from_slice(value);
    }

    /// Writes octal digits that fill the field, except for the NUL at its end.
    fn set_number(&mut self, field: Field, value: u64) {
        let digits = format!("{value:0width$o}", width = field.size - 1);
        self.set(field, digits.as_bytes());
    }

    /// The checksum counts its own field as spaces.
    fn push_to(mut self, out: &mut Vec<u8>) {
        let spaces = TarHeader::CHECKSUM.size as u64 * u64::from(b' ');
        let sum = self.0.iter().map(|&byte| u64::from(byte)).sum::<u64>() + spaces;
        self.set_number(TarHeader::CHECKSUM, sum);
        out.extend_from_slice(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_tarball_without_a_commit_has_no_global_header() {
        let mut out = Vec::new();
        let mut tarball = Tarball::begin(&mut out, None, 1_500_000_000).unwrap();
        let content = Cow::Borrowed(&b"text"[..]);
        tarball.add(&Member { path: b"vendor/a", id: CommitId([0; 20]), shape: Shape::File, content }).unwrap();
        tarball.finish().unwrap();
        assert_eq!((out.len(), &out[..9], &out[512..517]), (10240, &b"vendor/a\0"[..], &b"text\0"[..]));
    }

    #[test]
    fn paths_are_split_where_git_splits_them() {
        let a = |count: usize| "a".repeat(count);
        let cases = [
            (a(100), Some(("".to_owned(), a(100)))),
            (a(101), None),
            (format!("{}/{}", a(155), a(100)), None), // the slash itself would be byte 156
            (format!("{}/{}", a(154), a(100)), Some((a(154), a(100)))),
            (format!("{}/{}", a(154), a(101)), None),
            (format!("{}/{}/", a(50), a(60)), Some((a(50), a(60) + "/"))),
            (format!("{}/{}/{}", a(20), a(20), a(90)), Some((format!("{}/{}", a(20), a(20)), a(90)))),
            (format!("/{}", a(100)), None),
        ];
        for (path, expected) in cases {
            let split = split_path(path.as_bytes());
            let expected = expected.as_ref().map(|(prefix, name)| (prefix.as_bytes(), name.as_bytes()));
            assert_eq!(split, expected, "{path}");
        }
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        let record = |value: &[u8]| {
            let mut out = Vec::new();
            push_record(&mut out, "path", value);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(record(b""), "8 path=\n");
        assert_eq!(record(b"a"), "9 path=a\n");
        assert_eq!(record(b"ab"), "11 path=ab\n");
        assert!(record(&[b'a'; 90]).starts_with("99 path="));
        assert!(record(&[b'a'; 91]).starts_with("101 path="));
    }

    #[test]
    fn the_end_is_two_records_in_a_whole_block() {
        let cases = [(0, 10240), (9216, 1024), (9728, 10752), (10240, 10240), (512, 9728)];
        for (length, expected) in cases {
            assert_eq!(padding(length).len(), expected, "{length}");
        }
    }
}
