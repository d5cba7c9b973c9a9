//! Writes XML: elements with text, and attributes.

use std::borrow::Cow;

use crate::rpm::header::text::read_text;

/// Appends `<name>text</name>` on a line of its own, `depth` levels deep.
pub fn push_element(out: &mut Vec<u8>, depth: usize, name: &str, text: &[u8]) {
    push_indent(out, depth);
    out.extend([b"<", name.as_bytes(), b">"].concat());
    push_text(out, text);
    push_end(out, name);
}

/// Appends a line break and the blanks before an element.
pub fn push_indent(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

/// Appends `</name>`.
pub fn push_end(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}

/// Appends ` name="value"`.
pub fn push_attribute(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    push_escaped(out, &printable(value), |byte| match byte {
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        _ => escape(byte),
    });
    out.push(b'"');
}

/// Appends the text of an element.
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    push_escaped(out, &printable(text), escape);
}

/// Appends the text of an element, in which quotation marks stay.
pub fn push_long_text(out: &mut Vec<u8>, text: &[u8]) {
    push_escaped(out, &printable(text), |byte| escape(byte).filter(|_| !matches!(byte, b'\'' | b'"')));
}

fn escape(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'&' => "&amp;",
        b'\'' => "&apos;",
        b'"' => "&quot;",
        b'\r' => "&#13;",
        _ => return None,
    })
}

fn push_escaped(out: &mut Vec<u8>, text: &str, escape: impl Fn(u8) -> Option<&'static str>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if let Some(escaped) = escape(*byte) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(escaped.as_bytes());
            from = at + 1;
        }
    }
    out.extend_from_slice(&bytes[from..]);
}

/// The text of a header, with the replacement character for what XML does not allow.
fn printable(text: &[u8]) -> Cow<'_, str> {
    let text = read_text(text);
    if text.chars().all(is_allowed) {
        return text;
    }
    Cow::Owned(text.chars().map(|letter| if is_allowed(letter) { letter } else { '\u{fffd}' }).collect())
}

/// Whether a text of XML 1.0 may contain a character.
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_reserves_is_escaped() {
        let mut out = Vec::new();
        push_element(&mut out, 1, "a", b"<&>'\"\r\n\x07");
        push_attribute(&mut out, "b", b"<\n\t\"");
        push_long_text(&mut out, b"'\"<th\xe9");
        let expected = "\n  <a>&lt;&amp;&gt;&apos;&quot;&#13;\n\u{fffd}</a> b=\"&lt;&#10;&#9;&quot;\"'\"&lt;th\u{e9}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
