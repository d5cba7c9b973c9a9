//! Converts the content of a file as git does on checkout: `$Id$`, line endings, `export-subst`.
//!
//! The rules are those of gitattributes(5) on a system whose lines end in LF, with `core.autocrlf` off and no filters:
//! an archive must not depend on the settings of the clone. An attribute that is not supported is an error.

use std::borrow::Cow;
use std::fmt;

use crate::git::attributes::{AttributeValue, FoundAttributes};
use crate::git::{Commit, ObjectId};
use crate::source::substitution::{self, UnsupportedPlaceholder};

/// The conversions of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// `ident`: `$Id$` becomes `$Id: <blob> $`.
    pub ident: bool,
    /// Whether LF becomes CRLF.
    pub line_endings: LineEndings,
    /// `export-subst`.
    pub substitute: bool,
    /// `-filter`: a Git LFS pointer in this file is intended.
    pub unfiltered: bool,
}

/// The conversion of line endings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEndings {
    /// No conversion.
    Kept,
    /// `text=auto eol=crlf`: CRLF in files that look like text and have no CR.
    CrlfInText,
    /// `eol=crlf`, with or without `text`: CRLF.
    Crlf,
}

/// Error: the reason why a file cannot be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotExportable {
    /// `working-tree-encoding` with another encoding than UTF-8, or with none.
    Encoding(String),
    /// A Git LFS pointer instead of the content.
    LfsPointer,
    /// `export-subst` with a placeholder that is not expanded.
    Placeholder(UnsupportedPlaceholder),
}

impl fmt::Display for NotExportable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotExportable::Encoding(name) => {
                write!(f, "its `working-tree-encoding` is `{name}`, and only UTF-8 is supported")
            }
            NotExportable::LfsPointer => f.write_str("the commit holds a Git LFS pointer instead of its content"),
            NotExportable::Placeholder(why) => write!(f, "{why}"),
        }
    }
}

impl NotExportable {
    /// The help line.
    pub fn help(&self) -> &'static str {
        match self {
            NotExportable::Encoding(_) => {
                "commit the file as it should be released, and remove the attribute, or mark it `export-ignore`"
            }
            NotExportable::LfsPointer => {
                "files tracked by `git lfs` must have their content in the commit (`git lfs migrate export`)\n\
                 to leave the file out, mark it `export-ignore`; to release the pointer itself, mark it `-filter`"
            }
            NotExportable::Placeholder(UnsupportedPlaceholder::OtherTag { .. }) => {
                "correct the pattern: it must match the tags of this project"
            }
            NotExportable::Placeholder(UnsupportedPlaceholder::Refused(_)) => {
                "use placeholders of the commit itself, such as `%H`, `%an`, `%cI` or `%s`"
            }
        }
    }
}

impl Conversion {
    /// The conversions for the attributes of a regular file.
    pub fn decide(found: &FoundAttributes<'_>) -> Result<Conversion, NotExportable> {
        match found.get("working-tree-encoding") {
            AttributeValue::Text(name) if !is_utf8_or_empty(name) => {
                return Err(NotExportable::Encoding(String::from_utf8_lossy(name).into_owned()));
            }
            AttributeValue::Set | AttributeValue::Unset => {
                return Err(NotExportable::Encoding("true or false".to_owned()));
            }
            _ => {}
        }
        Ok(Conversion {
            ident: found.is_set("ident"),
            line_endings: line_endings(found),
            substitute: found.is_set("export-subst"),
            unfiltered: *found.get("filter") == AttributeValue::Unset,
        })
    }

    /// Whether the content stays as it is.
    pub fn is_none(&self) -> bool {
        !self.ident && !self.substitute && self.line_endings == LineEndings::Kept
    }

    /// Converts `content`, of the blob `id`, for the archive of `commit`, whose version has the tag `tag`. The order of the
    /// steps is git's.
    pub fn apply<'a>(
        &self,
        content: &'a [u8],
        id: ObjectId,
        commit: &Commit,
        tag: &str,
    ) -> Result<Cow<'a, [u8]>, NotExportable> {
        if !self.unfiltered && is_lfs_pointer(content) {
            return Err(NotExportable::LfsPointer);
        }
        let mut content = Cow::Borrowed(content);
        if self.ident {
            content = Cow::Owned(expand_ident(&content, id));
        }
        if self.line_endings.apply_to(&content) {
            content = Cow::Owned(with_crlf(&content));
        }
        if self.substitute {
            let expanded = substitution::expand(&content, commit, tag);
            content = Cow::Owned(expanded.map_err(NotExportable::Placeholder)?);
        }
        Ok(content)
    }
}

fn is_utf8_or_empty(name: &[u8]) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"utf8")
}

/// `text`, or its old name `crlf`, decides whether a file is text; with `eol` alone it is text.
fn line_endings(found: &FoundAttributes<'_>) -> LineEndings {
    let is_auto = |value: &AttributeValue| *value == AttributeValue::Text(b"auto".to_vec());
    let is_known = |value: &AttributeValue| {
        matches!(value, AttributeValue::Set | AttributeValue::Unset)
            || is_auto(value)
            || *value == AttributeValue::Text(b"input".to_vec())
    };
    let text = Some(found.get("text")).filter(|text| is_known(text)).unwrap_or(found.get("crlf"));
    let has_crlf = *found.get("eol") == AttributeValue::Text(b"crlf".to_vec());
    match text {
        AttributeValue::Unset => LineEndings::Kept,
        _ if !has_crlf => LineEndings::Kept,
        text if is_auto(text) => LineEndings::CrlfInText,
        _ => LineEndings::Crlf,
    }
}

impl LineEndings {
    fn apply_to(self, content: &[u8]) -> bool {
        match self {
            LineEndings::Kept => false,
            LineEndings::CrlfInText => !content.contains(&b'\r') && looks_like_text(content),
            LineEndings::Crlf => true,
        }
    }
}

/// Git's test for text, for content without CR: no NUL, and at most one control byte in 128 others.
fn looks_like_text(content: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte == 127 || (*byte < 32 && !matches!(byte, 8 | b'\t' | b'\n' | 12 | 27));
    let control = content.iter().filter(|byte| is_control(byte)).count();
    let feeds = content.iter().filter(|&&byte| byte == b'\n').count();
    let printable = content.len() - control - feeds;
    // The end-of-file mark of CP/M and DOS does not count.
    let control = control - usize::from(content.ends_with(&[0x1a]));
    !content.contains(&0) && printable >> 7 >= control
}

/// Each LF that has no CR before it becomes CRLF.
fn with_crlf(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / 16);
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) if !text.ends_with(b"\r") => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// `$Id$` and `$Id: … $` become `$Id: <blob> $`. An `$Id` with spaces inside belongs to another version control system
/// and stays unchanged.
fn expand_ident(content: &[u8], id: ObjectId) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 64);
    let mut rest = content;
    while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
        let (before, after) = rest.split_at(dollar + 1);
        out.extend_from_slice(before);
        rest = match after_keyword(after) {
            Some(after) => {
                out.extend_from_slice(format!("Id: {id} $").as_bytes());
                after
            }
            None => after,
        };
    }
    out.extend_from_slice(rest);
    out
}

/// The text after the `Id$` or `Id:…$` at the start of `text`.
fn after_keyword(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"Id")?;
    if let Some(rest) = rest.strip_prefix(b"$") {
        return Some(rest);
    }
    let rest = rest.strip_prefix(b":")?;
    let end = rest.iter().position(|&byte| byte == b'$')?;
    let value = &rest[..end];
    // The first byte may be anything, and the last one a space.
    let inside = value.get(1..value.len().max(2) - 1).unwrap_or_default();
    (!value.contains(&b'\n') && !inside.contains(&b' ')).then_some(&rest[end + 1..])
}

/// Refuses a Git LFS pointer, for a file that is copied without conversion.
pub fn refuse_pointer(content: &[u8]) -> Result<(), NotExportable> {
    if is_lfs_pointer(content) { Err(NotExportable::LfsPointer) } else { Ok(()) }
}

/// Whether this is a well-formed pointer file of Git LFS: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
fn is_lfs_pointer(content: &[u8]) -> bool {
    let versions = ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"];
    if content.len() >= 1024 || !content.starts_with(b"version ") {
        return false;
    }
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let is_oid = |oid: &str| oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_hexdigit());
    value("version").is_some_and(|version| versions.contains(&version))
        && value("oid").and_then(|oid| oid.strip_prefix("sha256:")).is_some_and(is_oid)
        && value("size").is_some_and(|size| size.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitId;
    use crate::git::attributes::Attributes;

    fn decide(attributes: &str) -> Result<Conversion, NotExportable> {
        Conversion::decide(&Attributes::new(Some(format!("f {attributes}").as_bytes())).of(b"f"))
    }

    #[track_caller]
    fn converted(attributes: &str, content: &str) -> String {
        let commit = Commit::new(CommitId([9; 20]), b"tree x\n\nsubject\n".to_vec());
        let out =
            decide(attributes).unwrap().apply(content.as_bytes(), CommitId([0xcd; 20]), &commit, "1.0.4").unwrap();
        String::from_utf8(out.into_owned()).unwrap()
    }

    #[test]
    fn line_endings_follow_text_and_eol() {
        let cases = [
            ("", "a\nb\n", "a\nb\n"),
            ("text", "a\nb\n", "a\nb\n"),
            ("eol=crlf", "a\nb\r\n\r\n\n", "a\r\nb\r\n\r\n\r\n"),
            ("text eol=crlf", "a\n", "a\r\n"),
            ("crlf eol=crlf", "a\n", "a\r\n"),
            ("-text eol=crlf", "a\n", "a\n"),
            ("-crlf eol=crlf", "a\n", "a\n"),
            ("text -crlf eol=crlf", "a\n", "a\r\n"),
            ("text=odd -crlf eol=crlf", "a\n", "a\n"),
            ("text=input eol=crlf", "a\n", "a\r\n"),
            ("binary eol=crlf", "a\n", "a\n"),
            ("text eol=lf", "a\r\n", "a\r\n"),
            ("text=auto", "a\n", "a\n"),
            ("text=auto eol=crlf", "a\nb", "a\r\nb"),
            ("text=auto eol=crlf", "a\nb\r\n", "a\nb\r\n"),
            ("text=auto eol=crlf", "a\n\0", "a\n\0"),
            ("text=auto eol=crlf", "a\n\x01", "a\n\x01"),
            ("text=auto eol=crlf", "a\n\x1a", "a\r\n\x1a"),
        ];
        for (attributes, content, expected) in cases {
            assert_eq!(converted(attributes, content), expected, "`{attributes}` on {content:?}");
        }
    }

    #[test]
    fn identifiers() {
        let id = format!("$Id: {} $", CommitId([0xcd; 20]));
        let cases = [
            ("$Id$", id.clone()),
            ("a $Id: old $ b", format!("a {id} b")),
            ("$Id:$$Id:x$", format!("{id}{id}")),
            ("$Id: x y $", "$Id: x y $".to_owned()),
            ("$Id: x\n$", "$Id: x\n$".to_owned()),
            ("$Id: a b $Id$", format!("$Id: a b {id}")),
            ("$Id", "$Id".to_owned()),
            ("$Ident$", "$Ident$".to_owned()),
        ];
        for (content, expected) in cases {
            assert_eq!(converted("ident", content), expected, "{content}");
        }
    }

    #[test]
    fn steps_come_in_gits_order() {
        let id = CommitId([0xcd; 20]);
        let expected = format!("$Id: {id} $\r\n{}\r\n", CommitId([9; 20]));
        assert_eq!(converted("ident eol=crlf export-subst", "$Id$\n$Format:%H$\n"), expected);
    }

    #[test]
    fn other_encodings_are_refused() {
        let refused = |attributes| decide(attributes).is_err();
        assert!(refused("working-tree-encoding=UTF-16") && refused("working-tree-encoding"));
        assert!(!refused("working-tree-encoding=utf8") && !refused("!working-tree-encoding"));
    }

    #[test]
    fn pointers_are_refused() {
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "0a".repeat(32));
        let commit = Commit::new(CommitId([9; 20]), Vec::new());
        let apply = |attributes: &str, content: &str| {
            decide(attributes).unwrap().apply(content.as_bytes(), commit.id, &commit, "1.0.4").map(|_| ())
        };
        assert_eq!(apply("", &pointer), Err(NotExportable::LfsPointer));
        assert_eq!(apply("filter=lfs", &pointer), Err(NotExportable::LfsPointer));
        assert_eq!(apply("-filter", &pointer), Ok(()));
        assert_eq!(apply("", &pointer.replace("size 12", "size x")), Ok(()));
        assert_eq!(apply("", &format!("About pointers:\n{pointer}")), Ok(()));
    }
}
