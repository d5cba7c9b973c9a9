//! The digests of files, and the `SHA256SUMS` that `sha256sum -c` reads.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

pub use crate::base::digest::{Digest, HashingWriter, NotADigest, digest_of};
use crate::base::files::TreePath;

/// The name of the file that lists the digests of a folder's files.
pub const CHECKSUMS_FILE: &str = "SHA256SUMS";

/// The digest of the file at `path`.
pub fn digest_of_file(path: &Path) -> Result<Digest> {
    let failed = || format!("cannot read `{}`", path.display());
    digest_of_open(File::open(path).with_context(failed)?).with_context(failed)
}

/// The digest of the file at `path`, where no link is followed.
pub fn digest_in_tree(path: &TreePath) -> Result<Digest> {
    let failed = || format!("cannot read `{path}`");
    digest_of_open(path.open().with_context(failed)?).with_context(failed)
}

fn digest_of_open(mut file: impl Read) -> Result<Digest> {
    let mut writer = HashingWriter::new(io::sink());
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(writer.finish().1),
            count => writer.write_all(&buffer[..count])?,
        }
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

/// Files with their digests, from the text of a `SHA256SUMS`. Errors: the first line of another form.
///
/// The lines may be those of `sha256sum`, also with `--tag`, and may have the line ends of Windows and `./` before a name.
pub fn parse_sums(sums: &str) -> std::result::Result<Vec<(String, Digest)>, String> {
    let parse = |line| {
        let (name, digest) = split_line(line)?;
        Some((name, digest.parse().ok()?))
    };
    lines_of_sums(sums).map(|line| parse(line).ok_or_else(|| line.to_owned())).collect()
}

/// The lines of a `SHA256SUMS` that are not empty.
fn lines_of_sums(sums: &str) -> impl Iterator<Item = &str> {
    sums.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !line.is_empty())
}

/// The name and the digest in a line.
fn split_line(line: &str) -> Option<(String, &str)> {
    let escaped = line.strip_prefix('\\');
    let plain = escaped.unwrap_or(line);
    let (digest, name) = match plain.strip_prefix("SHA256 (") {
        Some(tagged) => tagged.rsplit_once(") = ").map(|(name, digest)| (digest, name))?,
        None => plain.split_once("  ").or_else(|| plain.split_once(" *"))?,
    };
    let name = if escaped.is_some() { unescape(name) } else { name.to_owned() };
    Some((name.trim_start_matches("./").to_owned(), digest))
}

/// The names that a `SHA256SUMS` lists; lines of another form are ignored.
pub fn names_in_sums(sums: &str) -> impl Iterator<Item = String> {
    lines_of_sums(sums).filter_map(split_line).map(|(name, _)| name)
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
    fn sums_are_what_sha256sum_writes() {
        let empty = digest_of(b"");
        let sums = render_sums([("a b", empty), ("c\\d\ne", empty)]);
        assert_eq!(sums, format!("{EMPTY}  a b\n\\{EMPTY}  c\\\\d\\ne\n"));
    }

    #[test]
    fn sums_are_read_back() {
        let files = [("a b", digest_of(b"1")), ("c\\d\ne", digest_of(b"2"))];
        let read = parse_sums(&render_sums(files)).unwrap();
        assert_eq!(read, files.map(|(name, digest)| (name.to_owned(), digest)));
        assert_eq!(parse_sums(&format!("{EMPTY} *binary\n")).unwrap()[0].0, "binary");
        assert_eq!(parse_sums("no sum\n"), Err("no sum".to_owned()));
    }

    #[test]
    fn the_forms_of_other_programs_are_read() {
        for sums in [
            format!("{EMPTY}  ./a b\n"),
            format!("{EMPTY} *a b\r\n"),
            format!("\r\n{EMPTY}  a b\r\n\n"),
            format!("SHA256 (./a b) = {EMPTY}\n"),
            format!("SHA256 (a b) = {EMPTY}"),
        ] {
            assert_eq!(parse_sums(&sums).unwrap(), [("a b".to_owned(), digest_of(b""))], "{sums:?}");
            assert_eq!(names_in_sums(&sums).collect::<Vec<_>>(), ["a b"], "{sums:?}");
        }
        let escaped = format!("\\SHA256 (c\\\\d\\ne) = {EMPTY}\n");
        assert_eq!(parse_sums(&escaped).unwrap()[0].0, "c\\d\ne");
        for line in ["SHA1 (a) = 00", "SHA256 (a) = 00", "MD5 (a) = 00"] {
            assert_eq!(parse_sums(line), Err(line.to_owned()));
        }
    }

    #[test]
    fn names_are_read_back() {
        let names = ["plain", "with space", "back\\slash", "back\\nslash", "line\nfeed", "carriage\rreturn"];
        let sums = render_sums(names.map(|name| (name, digest_of(b""))));
        assert_eq!(names_in_sums(&sums).collect::<Vec<_>>(), names);
    }
}
