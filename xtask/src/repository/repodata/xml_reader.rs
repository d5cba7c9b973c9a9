//! Reads the XML of repodata, as createrepo_c and `releng` write it: elements, attributes and text.
//!
//! The reader is strict. A document type, an unknown entity, an element that is not closed, or bytes that are not UTF-8 are errors, so
//! that no text has two meanings. It needs no memory but for the text that it returns.

use std::borrow::Cow;
use std::fmt;

/// A fault in a text of XML, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlFault {
    /// The byte at which it was found.
    pub at: usize,
    pub why: &'static str,
}

impl fmt::Display for XmlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is not XML of repodata: {} at byte {}", self.why, self.at)
    }
}

impl std::error::Error for XmlFault {}

/// What the reader finds, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XmlPart<'t> {
    Start(StartTag<'t>),
    End(&'t str),
    Text(Cow<'t, str>),
}

/// The start of an element; an empty element is followed by its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartTag<'t> {
    pub name: &'t str,
    /// Everything between the name and the end of the tag; [`XmlReader::next_part`] has checked it.
    attributes: &'t str,
}

impl<'t> StartTag<'t> {
    /// The value of an attribute; `None` if the tag does not have it.
    pub fn attribute(&self, name: &str) -> Option<Cow<'t, str>> {
        let mut rest = self.attributes;
        while let Some((found, value, behind)) = split_attribute(rest) {
            if found == name {
                return unescape(value);
            }
            rest = behind;
        }
        None
    }
}

/// The deepest nesting. Repodata has five levels.
const DEEPEST: usize = 32;

/// Reads a text from its beginning to its end.
pub struct XmlReader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<&'t str>,
    /// An empty element whose end comes next.
    ends: Option<&'t str>,
    has_root: bool,
}

impl<'t> XmlReader<'t> {
    /// Errors: the text is not UTF-8.
    pub fn new(text: &'t [u8]) -> Result<XmlReader<'t>, XmlFault> {
        let text = std::str::from_utf8(text);
        let text = text.map_err(|error| XmlFault { at: error.valid_up_to(), why: "bytes that are not UTF-8" })?;
        Ok(XmlReader { text, at: 0, open: Vec::new(), ends: None, has_root: false })
    }

    fn fault(&self, why: &'static str) -> XmlFault {
        XmlFault { at: self.at, why }
    }

    /// The elements that are open, the outermost first.
    pub fn open(&self) -> &[&'t str] {
        &self.open
    }

    /// The next part; `None` at the end of the text. White space between elements is left out.
    pub fn next_part(&mut self) -> Result<Option<XmlPart<'t>>, XmlFault> {
        if let Some(name) = self.ends.take() {
            self.open.pop();
            return Ok(Some(XmlPart::End(name)));
        }
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return match (self.open.is_empty(), self.has_root) {
                    (true, true) => Ok(None),
                    _ => Err(self.fault("an end that comes too early")),
                };
            }
            if let Some(behind) = rest.strip_prefix("<?") {
                self.skip(2, behind, "?>")?;
            } else if let Some(behind) = rest.strip_prefix("<!--") {
                self.skip(4, behind, "-->")?;
            } else if let Some(behind) = rest.strip_prefix("</") {
                return self.read_end(behind).map(Some);
            } else if let Some(behind) = rest.strip_prefix('<') {
                return self.read_start(behind).map(Some);
            } else if let Some(text) = self.read_text(rest)? {
                return Ok(Some(XmlPart::Text(text)));
            }
        }
    }

    /// The text of the element that was just started, up to its end. Errors: the element has others within.
    pub fn text_of_element(&mut self) -> Result<String, XmlFault> {
        let mut text = String::new();
        loop {
            match self.next_part()? {
                Some(XmlPart::Text(part)) => text.push_str(&part),
                Some(XmlPart::End(_)) => return Ok(text),
                Some(XmlPart::Start(_)) | None => return Err(self.fault("an element where only text may be")),
            }
        }
    }

    /// Skips `length` bytes and what is behind them, up to a mark.
    fn skip(&mut self, length: usize, behind: &str, mark: &str) -> Result<(), XmlFault> {
        let end = behind.find(mark).ok_or(self.fault("a comment or declaration without an end"))?;
        self.at += length + end + mark.len();
        Ok(())
    }

    fn read_text(&mut self, rest: &'t str) -> Result<Option<Cow<'t, str>>, XmlFault> {
        let end = rest.find('<').unwrap_or(rest.len());
        let text = &rest[..end];
        let is_blank = text.trim_ascii().is_empty();
        if self.open.is_empty() && !is_blank {
            return Err(self.fault("text outside of all elements"));
        }
        let text = if is_blank { None } else { Some(unescape(text).ok_or(self.fault("an unknown entity"))?) };
        self.at += end;
        Ok(text)
    }

    fn read_end(&mut self, behind: &'t str) -> Result<XmlPart<'t>, XmlFault> {
        let end = behind.find('>').ok_or(self.fault("a tag without an end"))?;
        let name = behind[..end].trim_ascii_end();
        if self.open.pop() != Some(name) {
            return Err(self.fault("the end of an element that is not open"));
        }
        self.at += 2 + end + 1;
        Ok(XmlPart::End(name))
    }

    fn read_start(&mut self, behind: &'t str) -> Result<XmlPart<'t>, XmlFault> {
        let length = name_length(behind);
        let (name, mut rest) = behind.split_at(length);
        if name.is_empty() {
            return Err(self.fault("a tag without a name"));
        }
        if (self.open.is_empty() && self.has_root) || self.open.len() == DEEPEST {
            return Err(self.fault("an element where none may be"));
        }
        let all = rest;
        while let Some((_, value, behind)) = split_attribute(rest) {
            if unescape(value).is_none() || value.contains('<') {
                return Err(self.fault("an unknown entity"));
            }
            rest = behind;
        }
        let attributes = &all[..all.len() - rest.len()];
        let end = rest.trim_ascii_start();
        let (is_empty, behind_tag) = match (end.strip_prefix("/>"), end.strip_prefix('>')) {
            (Some(behind), _) => (true, behind),
            (None, Some(behind)) => (false, behind),
            (None, None) => return Err(self.fault("a tag without an end")),
        };
        self.open.push(name);
        self.ends = is_empty.then_some(name);
        self.has_root = true;
        self.at = self.text.len() - behind_tag.len();
        Ok(XmlPart::Start(StartTag { name, attributes }))
    }
}

/// The bytes of the name at the beginning of a text.
fn name_length(text: &str) -> usize {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
    text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())
}

/// The name and the value of the attribute at the beginning of a text, and the rest.
fn split_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.trim_ascii_start();
    let (name, rest) = start.split_at(name_length(start));
    let rest = rest.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, rest) = rest[1..].split_once(quote)?;
    (!name.is_empty() && start.len() < text.len()).then_some((name, value, rest))
}

/// A text with its entities resolved; `None` if one is unknown.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('&') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next()?);
    for part in parts {
        let (entity, rest) = part.split_once(';')?;
        plain.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => character(entity.strip_prefix('#')?)?,
        });
        plain.push_str(rest);
    }
    Some(Cow::Owned(plain))
}

/// The character with a number, such as `233` or `xe9`.
fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a text in a short form, up to its end or fault.
    fn parts(text: &str) -> Result<String, XmlFault> {
        let mut reader = XmlReader::new(text.as_bytes())?;
        let mut shown = String::new();
        while let Some(part) = reader.next_part()? {
            match part {
                XmlPart::Start(tag) => {
                    shown += &format!("+{}", tag.name);
                    shown += &tag.attribute("k").map_or(String::new(), |value| format!("({value})"));
                }
                XmlPart::End(name) => shown += &format!("-{name}"),
                XmlPart::Text(text) => shown += &format!("[{text}]"),
            }
        }
        Ok(shown)
    }

    #[test]
    fn elements_attributes_and_text_are_read() {
        for (text, expected) in [
            ("<a/>", "+a-a"),
            ("<?xml version=\"1.0\"?>\n<!-- < --><a>\n <b:c k='1'/>\n</a>\n", "+a+b:c(1)-b:c-a"),
            ("<a i=\"2\" k=\"&lt;&#233;&#xe9;\n>\">x &amp; y</a >", "+a(<\u{e9}\u{e9}\n>)[x & y]-a"),
            ("<a k = \"\" />", "+a()-a"),
            ("<a> x</a>", "+a[ x]-a"),
        ] {
            assert_eq!(parts(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (text, at) in [
            ("", 0),
            ("<a>", 3),
            ("<a></b>", 3),
            ("</a>", 0),
            ("<a/><b/>", 4),
            ("x<a/>", 0),
            ("<a/>x", 4),
            ("<a>&nbsp;</a>", 3),
            ("<a>&lt</a>", 3),
            ("<a>&#xd800;</a>", 3),
            ("<a k=\"&x;\"/>", 0),
            ("<a k=\"1\"j=\"2\"/>", 0),
            ("<a k=1/>", 0),
            ("<a k/>", 0),
            ("<a", 0),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", 0),
            ("<a><![CDATA[x]]></a>", 3),
            ("<!-- <a/>", 0),
        ] {
            assert_eq!(parts(text).map_err(|fault| fault.at), Err(at), "{text}");
        }
        assert_eq!(XmlReader::new(b"<a>\xff</a>").err().map(|fault| fault.at), Some(3));
        assert!(parts(&"<a>".repeat(40)).is_err());
    }
}
