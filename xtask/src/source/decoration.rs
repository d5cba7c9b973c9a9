//! Expands the placeholders that git fills from the tags at a commit: `%d`, `%D`, `%(decorate…)` and `%(describe…)`.
//!
//! In git their text depends on the tags and branches of the clone. Here the commit has one tag, annotated and without any branch:
//! the one that its version has, whether it was made already or not. So every clone gives the same text, which is that of an
//! archive of the tag.

use crate::git::wildmatch::{self, Scope};

/// The expansion of a placeholder.
#[derive(Debug, PartialEq, Eq)]
pub enum TagText {
    Text {
        text: Vec<u8>,
        /// The length of the placeholder after its `%`.
        length: usize,
    },
    /// Not such a placeholder, or one that git leaves unchanged.
    Unknown,
    /// The patterns of the placeholder, of this length, do not match the tag.
    OtherTag { length: usize },
}

/// Expands the placeholder at the beginning of `format`, which is the text after the `%`.
pub fn expand(format: &[u8], tag: &str) -> TagText {
    match format {
        [b'd', ..] => Decoration::default().text(tag, 1),
        [b'D', ..] => Decoration { prefix: Vec::new(), suffix: Vec::new(), ..Decoration::default() }.text(tag, 1),
        _ => match (split_arguments(format, b"(decorate"), split_arguments(format, b"(describe")) {
            (Some((arguments, length)), _) => decorate(arguments, tag, length),
            (None, Some((arguments, length))) => describe(arguments, tag, length),
            (None, None) => TagText::Unknown,
        },
    }
}

/// The arguments of a placeholder with this name, and its length. They end at the first `)`.
fn split_arguments<'a>(format: &'a [u8], name: &[u8]) -> Option<(&'a [u8], usize)> {
    let rest = format.strip_prefix(name)?;
    let close = rest.iter().position(|&byte| byte == b')')?;
    let arguments = match &rest[..close] {
        [] => &[],
        [b':', arguments @ ..] => arguments,
        _ => return None,
    };
    Some((arguments, name.len() + close + 1))
}

/// The parts around the name of the tag.
struct Decoration {
    prefix: Vec<u8>,
    suffix: Vec<u8>,
    tag: Vec<u8>,
}

impl Default for Decoration {
    fn default() -> Decoration {
        Decoration { prefix: b" (".to_vec(), suffix: b")".to_vec(), tag: b"tag: ".to_vec() }
    }
}

impl Decoration {
    fn text(&self, tag: &str, length: usize) -> TagText {
        TagText::Text { text: [&self.prefix, &self.tag, tag.as_bytes(), &self.suffix[..]].concat(), length }
    }
}

fn decorate(arguments: &[u8], tag: &str, length: usize) -> TagText {
    let mut parts = Decoration::default();
    for argument in arguments.split(|&byte| byte == b',').filter(|argument| !argument.is_empty()) {
        let (name, value) = split_value(argument);
        let value = unescape(value.unwrap_or_default());
        match name {
            b"prefix" => parts.prefix = value,
            b"suffix" => parts.suffix = value,
            b"tag" => parts.tag = value,
            b"separator" | b"pointer" => {} // there is one tag, and no branch
            _ => return TagText::Unknown,
        }
    }
    parts.text(tag, length)
}

fn describe(arguments: &[u8], tag: &str, length: usize) -> TagText {
    let (mut matched, mut excluded) = (Vec::new(), Vec::new());
    for argument in arguments.split(|&byte| byte == b',').filter(|argument| !argument.is_empty()) {
        match split_value(argument) {
            (b"tags", value) if value.is_none_or(is_boolean) => {}
            (b"abbrev", Some(value)) if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {}
            (b"match", Some(pattern)) if !pattern.is_empty() => matched.push(pattern),
            (b"exclude", Some(pattern)) if !pattern.is_empty() => excluded.push(pattern),
            _ => return TagText::Unknown,
        }
    }
    let fits = |pattern: &&[u8]| wildmatch::matches(pattern, tag.as_bytes(), Scope::Name);
    let is_meant = (matched.is_empty() || matched.iter().any(fits)) && !excluded.iter().any(fits);
    if is_meant { TagText::Text { text: tag.into(), length } } else { TagText::OtherTag { length } }
}

fn is_boolean(value: &[u8]) -> bool {
    let words: [&[u8]; 9] = [b"", b"true", b"yes", b"on", b"false", b"no", b"off", b"1", b"0"];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn split_value(argument: &[u8]) -> (&[u8], Option<&[u8]>) {
    match argument.iter().position(|&byte| byte == b'=') {
        Some(at) => (&argument[..at], Some(&argument[at + 1..])),
        None => (argument, None),
    }
}

/// `%n`, `%%` and `%x2C` in a value.
fn unescape(mut value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    while let Some((&byte, rest)) = value.split_first() {
        let digits = rest.get(1..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let coded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (plain, length) = match (byte, rest.first(), coded) {
            (b'%', Some(b'n'), _) => (b'\n', 1),
            (b'%', Some(b'%'), _) => (b'%', 1),
            (b'%', Some(b'x'), Some(coded)) => (coded, 3),
            _ => (byte, 0),
        };
        out.push(plain);
        value = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_have_the_text_of_an_archive_of_the_tag() {
        for (format, expected) in [
            ("d rest", Some(" (tag: v1.0.4)")),
            ("D", Some("tag: v1.0.4")),
            ("(decorate)", Some(" (tag: v1.0.4)")),
            ("(decorate:prefix=,suffix=%x2C,tag=)", Some("v1.0.4,")),
            ("(decorate:prefix=[,suffix=],separator=;,pointer=>,tag=%%%n)", Some("[%\nv1.0.4]")),
            ("(decorate:other=1)", None),
            ("(decoratex)", None),
            ("(describe)", Some("v1.0.4")),
            ("(describe:tags=true,match=v[0-9]*,abbrev=8)", Some("v1.0.4")),
            ("(describe:tags,exclude=*rc*)", Some("v1.0.4")),
            ("(describe:abbrev=x)", None),
            ("(describe:match=)", None),
            ("(describe", None),
            ("x", None),
        ] {
            let found = match expand(format.as_bytes(), "v1.0.4") {
                TagText::Text { text, length } => {
                    let whole = if format.starts_with('(') { format.len() } else { 1 };
                    assert_eq!(length, whole, "{format}");
                    Some(String::from_utf8(text).unwrap())
                }
                TagText::Unknown => None,
                TagText::OtherTag { .. } => panic!("{format}"),
            };
            assert_eq!(found.as_deref(), expected, "{format}");
        }
    }

    #[test]
    fn patterns_must_match_the_tag() {
        for format in ["(describe:match=[0-9]*)", "(describe:exclude=v*)"] {
            assert_eq!(expand(format.as_bytes(), "v1.0.4"), TagText::OtherTag { length: format.len() }, "{format}");
        }
        let text = b"v1.0.4".to_vec();
        let format = "(describe:match=[0-9]*,match=v*)";
        assert_eq!(expand(format.as_bytes(), "v1.0.4"), TagText::Text { text, length: format.len() });
    }
}
