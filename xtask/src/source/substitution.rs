//! `export-subst`: replaces `$Format:…$` in a file by the output of `git log --format=…` for the commit.
//!
//! Three differences from git are deliberate, so that every clone gives the same bytes:
//!
//! * `%d`, `%D`, `%(decorate)` and `%(describe)` have the text of an archive of the tag that the version has: see
//!   [`decoration`].
//! * `%h`, `%p` and `%t` are not shortened. The length of git's short ids depends on the number of objects in the clone.
//! * Placeholders that depend on the clone, the clock or the settings of the user are refused: notes, reflogs,
//!   signatures, relative dates, the mailmap. Layout (`%w(…)`, `%<(…)`), colour that is always on, and `%(trailers)` are not
//!   supported.
//!
//! The other placeholders give the same text as in git. Unknown ones are left unchanged.

use std::fmt;

use crate::git::Commit;
use crate::source::decoration::{self, TagText};
use crate::source::identity::{self, PlaceholderValue};

/// Error: a placeholder that is not expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsupportedPlaceholder {
    /// Such as `%ar`.
    Refused(String),
    /// The patterns of a `%(describe)` do not match the tag of the version.
    OtherTag { placeholder: String, tag: String },
}

impl fmt::Display for UnsupportedPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnsupportedPlaceholder::Refused(placeholder) => {
                write!(f, "`{placeholder}` in a `$Format:…$` is not the same in every clone, or not supported")
            }
            UnsupportedPlaceholder::OtherTag { placeholder, tag } => {
                write!(f, "`{placeholder}` in a `$Format:…$` does not match `{tag}`, the tag of this version")
            }
        }
    }
}

/// `content` with each `$Format:…$` expanded for `commit`, whose version has the tag `tag`.
pub fn expand(content: &[u8], commit: &Commit, tag: &str) -> Result<Vec<u8>, UnsupportedPlaceholder> {
    const OPENING: &[u8] = b"$Format:";
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(start) = rest.windows(OPENING.len()).position(|window| window == OPENING) {
        let format = &rest[start + OPENING.len()..];
        let Some(end) = format.iter().position(|&byte| byte == b'$') else { break };
        out.extend_from_slice(&rest[..start]);
        // Git reads the format as a C string: it ends at the first NUL.
        let text = format[..end].split(|&byte| byte == 0).next().unwrap_or_default();
        let mut expander = Expander { commit, tag, out, takes_encoding: false };
        expander.expand(text)?;
        out = expander.finish();
        rest = &format[end + 1..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}

struct Expander<'a> {
    commit: &'a Commit,
    tag: &'a str,
    out: Vec<u8>,
    /// Whether the output is in the encoding of the commit, because it has a name or a message.
    takes_encoding: bool,
}

/// The length of a placeholder after its `%`; `None` for one that is unknown to git.
type PlaceholderLength = Result<Option<usize>, UnsupportedPlaceholder>;

impl Expander<'_> {
    fn expand(&mut self, mut format: &[u8]) -> Result<(), UnsupportedPlaceholder> {
        while let Some(percent) = format.iter().position(|&byte| byte == b'%') {
            self.out.extend_from_slice(&format[..percent]);
            format = &format[percent + 1..];
            let length = match format.first() {
                Some(b'%') => None,
                _ => self.with_modifier(format)?,
            };
            match length {
                Some(length) => format = &format[length..],
                None => {
                    self.out.push(b'%');
                    format = format.strip_prefix(b"%").unwrap_or(format);
                }
            }
        }
        self.out.extend_from_slice(format);
        Ok(())
    }

    /// `%+x` and `% x` add a line feed or a space before the value if it is not empty; `%-x` removes the line feeds
    /// before it if it is empty.
    fn with_modifier(&mut self, format: &[u8]) -> PlaceholderLength {
        let Some(modifier @ (b'+' | b'-' | b' ')) = format.first() else { return self.placeholder(format) };
        if format.get(1) == Some(&b'w') {
            return Ok(None);
        }
        let start = self.out.len();
        let length = self.placeholder(&format[1..])?;
        let is_empty = self.out.len() == start;
        match modifier {
            b'+' if !is_empty => self.out.insert(start, b'\n'),
            b' ' if !is_empty => self.out.insert(start, b' '),
            b'-' if is_empty => {
                let kept = self.out.iter().rposition(|&byte| byte != b'\n').map_or(0, |last| last + 1);
                self.out.truncate(kept);
            }
            _ => {}
        }
        // Git removes the modifier even before an unknown placeholder.
        Ok(Some(1 + length.unwrap_or(0)))
    }

    fn placeholder(&mut self, format: &[u8]) -> PlaceholderLength {
        match *format {
            [b'n', ..] => self.text(b"\n", 1),
            [b'x', high, low, ..] => match hex::decode([high, low]) {
                Ok(byte) => self.text(&byte, 3),
                Err(_) => Ok(None),
            },
            [b'H' | b'h', ..] => self.text(self.commit.id.to_string().as_bytes(), 1),
            [b'T' | b't', ..] => {
                self.text(self.commit.tree().map(|id| id.to_string()).unwrap_or_default().as_bytes(), 1)
            }
            [b'P' | b'p', ..] => {
                let parents: Vec<_> = self.commit.parents().map(|id| id.to_string()).collect();
                self.text(parents.join(" ").as_bytes(), 1)
            }
            [b'm', ..] => self.text(b">", 1),
            [b'C', ..] => colour(format),
            [b'a', part, ..] => self.identity(part, self.commit.author_line(), format),
            [b'c', part, ..] => self.identity(part, self.commit.committer_line(), format),
            [b'e' | b'B' | b's' | b'f' | b'b', ..] => self.message(format[0]),
            _ => match decoration::expand(format, self.tag) {
                TagText::Text { text, length } => self.text(&text, length),
                TagText::Unknown => refuse_or_leave(format),
                TagText::OtherTag { length } => {
                    let (placeholder, tag) = (shown(&format[..length]), self.tag.to_owned());
                    Err(UnsupportedPlaceholder::OtherTag { placeholder, tag })
                }
            },
        }
    }

    fn identity(&mut self, part: u8, line: &[u8], format: &[u8]) -> PlaceholderLength {
        self.takes_encoding = true;
        match identity::expand(part, &self.commit.to_utf8(line)) {
            PlaceholderValue::Text(text) => self.text(&text, 2),
            PlaceholderValue::Unknown => Ok(None),
            PlaceholderValue::Refused => Err(refused(&format[..2])),
        }
    }

    fn message(&mut self, letter: u8) -> PlaceholderLength {
        self.takes_encoding = true;
        let message = self.commit.to_utf8(self.commit.message());
        let (subject, body) = split_message(&message);
        let text = match letter {
            b'e' => self.commit.encoding().unwrap_or_default().to_vec(),
            b'B' => message,
            b's' => subject_lines(subject).collect::<Vec<_>>().join(&b' '),
            b'f' => sanitized(subject.split(|&byte| byte == b'\n').next().unwrap_or_default()),
            _ => body.to_vec(),
        };
        self.text(&text, 1)
    }

    fn text(&mut self, text: &[u8], length: usize) -> PlaceholderLength {
        self.out.extend_from_slice(text);
        Ok(Some(length))
    }

    /// Git works in UTF-8. At the end it converts all output so far, including the text of the file, to the encoding of
    /// the commit, if that is possible.
    fn finish(self) -> Vec<u8> {
        match self.commit.encode(&self.out) {
            Some(encoded) if self.takes_encoding => encoded,
            _ => self.out,
        }
    }
}

/// Colours are off in an archive: their placeholders are removed, except for `%C(always,…)`.
fn colour(format: &[u8]) -> PlaceholderLength {
    let rest = &format[1..];
    if rest.starts_with(b"(") {
        let Some(close) = rest.iter().position(|&byte| byte == b')') else { return Ok(None) };
        return if rest.starts_with(b"(always,") { Err(refused(&format[..close + 2])) } else { Ok(Some(close + 2)) };
    }
    let names = [&b"red"[..], b"green", b"blue", b"reset"];
    Ok(names.iter().find(|name| rest.starts_with(name)).map(|name| 1 + name.len()))
}

/// Refuses the placeholders that are not supported; unknown ones are left unchanged.
fn refuse_or_leave(format: &[u8]) -> PlaceholderLength {
    let names: [&[u8]; 3] = [b"(trailers", b"(count)", b"(total)"];
    let with_arguments = names.iter().any(|name| format.starts_with(name));
    let length = match *format {
        [b'S' | b'N', ..] => Some(1),
        [b'g', b'd' | b'D' | b's' | b'n' | b'N' | b'e' | b'E', ..] => Some(2),
        [b'G', b'G' | b'?' | b'S' | b'K' | b'F' | b'P' | b'T', ..] => Some(2),
        [b'w', b'(', ..] | [b'<' | b'>', b'(' | b'|' | b'<' | b'>', ..] => Some(closing(format)),
        _ if with_arguments => Some(closing(format)),
        _ => None,
    };
    length.map_or(Ok(None), |length| Err(refused(&format[..length])))
}

/// The length of a placeholder with arguments, for a message.
fn closing(format: &[u8]) -> usize {
    format.iter().position(|&byte| byte == b')').map_or(format.len(), |close| close + 1)
}

fn refused(placeholder: &[u8]) -> UnsupportedPlaceholder {
    UnsupportedPlaceholder::Refused(shown(placeholder))
}

/// A placeholder with its `%`, for a message.
fn shown(placeholder: &[u8]) -> String {
    format!("%{}", String::from_utf8_lossy(placeholder))
}

/// The message from its first line that is not blank, and the body after the subject and its blank lines.
fn split_message(message: &[u8]) -> (&[u8], &[u8]) {
    let subject = skip_blank_lines(message);
    let mut rest = subject;
    while let Some(line) = first_line(rest).filter(|line| !is_blank(line)) {
        rest = &rest[line.len()..];
    }
    (subject, skip_blank_lines(rest))
}

/// The lines of the subject, which ends at a blank line, without blanks at their ends.
fn subject_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').map(trim_end).take_while(|line| !line.is_empty())
}

fn skip_blank_lines(mut text: &[u8]) -> &[u8] {
    while let Some(line) = first_line(text).filter(|line| is_blank(line)) {
        text = &text[line.len()..];
    }
    text
}

/// The first line with its line feed; `None` at the end.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').next()
}

fn is_blank(line: &[u8]) -> bool {
    trim_end(line).is_empty()
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).map_or(0, |last| last + 1);
    &line[..end]
}

/// The subject as a file name: letters, digits, `.` and `_`, with one `-` for each row of anything else.
fn sanitized(line: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = Vec::new();
    let mut gap = false;
    for &byte in line {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')) {
            gap = true;
        } else if byte != b'.' || gap || name.last() != Some(&b'.') {
            if gap && !name.is_empty() {
                name.push(b'-');
            }
            gap = false;
            name.push(byte);
        }
    }
    let end = name.iter().rposition(|byte| !matches!(byte, b'.' | b'-')).map_or(0, |last| last + 1);
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitId;

    fn commit(message: &str) -> Commit {
        let raw = format!(
            "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent {}\nparent {}\n\
             author A U Thor <au@example.org> 1112911993 -0700\ncommitter C O <co@example.org> 1112912053 +0200\n\n{message}",
            CommitId([1; 20]),
            CommitId([2; 20])
        );
        Commit::new(CommitId([0xab; 20]), raw.into_bytes())
    }

    #[track_caller]
    fn rendered(format: &str) -> String {
        let text = expand(
            format!("<$Format:{format}$>").as_bytes(),
            &commit("\n\nOne  \ntwo..x!\n \n\nBody\n\nend\n\n"),
            "1.0.4",
        );
        let text = text.unwrap_or_else(|why| match why {
            UnsupportedPlaceholder::Refused(placeholder) => format!("<{placeholder} refused>").into_bytes(),
            other => panic!("{other}"),
        });
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn placeholders() {
        let whole = "ab".repeat(20);
        let cases = [
            ("%H", whole.as_str()),
            ("%h", whole.as_str()),
            ("%T", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
            ("%an|%ae|%al|%at|%as", "A U Thor|au@example.org|au|1112911993|2005-04-07"),
            ("%cI", "2005-04-08T00:14:13+02:00"),
            ("%s", "One two..x!"),
            ("%f", "One"),
            ("%b", "Body\n\nend\n\n"),
            ("%%H%n%x41%xzz", "%H\nA%xzz"),
            ("%m%e", ">"),
            ("%Q%aQ%", "%Q%aQ%"),
            ("%+e%+m", "\n>"),
            ("\n\n%-e", ""),
            ("%-m", ">"),
            ("% e% m", " >"),
            ("%+Q", "Q"),
            ("%Cred%C(bold)%C(auto)%Cx", "%Cx"),
            ("%+D|%d|%(describe:tags)", "\ntag: 1.0.4| (tag: 1.0.4)|1.0.4"),
            ("", ""),
        ];
        for (format, expected) in cases {
            assert_eq!(rendered(format), format!("<{expected}>"), "{format}");
        }
        assert_eq!(rendered("%p"), format!("<{} {}>", CommitId([1; 20]), CommitId([2; 20])));
    }

    #[test]
    fn placeholders_that_depend_on_the_clone_are_refused() {
        let cases = [
            "%N",
            "%S",
            "%gd",
            "%G?",
            "%aN",
            "%cE",
            "%ar",
            "%ch",
            "%(trailers:only)",
            "%w(1,2)",
            "%<(10)",
            "%>>(10,trunc)",
            "%<|(3)",
            "%C(always,red)",
        ];
        for format in cases {
            let shown = rendered(&format!("x{format}y"));
            assert_eq!(
                shown.replace("%+", "").replace('%', ""),
                format!("<{} refused>", &format.replace(['%', '+'], ""))
            );
        }
    }

    #[test]
    fn text_around_a_format_is_kept() {
        let text =
            |content: &str| String::from_utf8(expand(content.as_bytes(), &commit("x"), "1.0.4").unwrap()).unwrap();
        assert_eq!(text("a$Format:%at$b$Format:%ct$"), "a1112911993b1112912053");
        assert_eq!(text("a$Format:%at"), "a$Format:%at");
        assert_eq!(text("$Format:%at\n%ct$"), "1112911993\n1112912053");
        assert_eq!(text("$Format:%at\0%ct$"), "1112911993");
        assert_eq!(text("$format:%at$"), "$format:%at$");
    }

    #[test]
    fn file_names_from_subjects() {
        let cases = [("..a  b--c..d...", "a-b-c.d"), ("!x", "x"), ("", ""), ("-", ""), ("a . b", "a-.-b")];
        for (subject, expected) in cases {
            // A row of dots counts as one; one at the beginning is kept.
            let expected = if subject.starts_with("..") { format!(".{expected}") } else { expected.to_owned() };
            assert_eq!(sanitized(subject.as_bytes()), expected.as_bytes(), "{subject}");
        }
    }
}
