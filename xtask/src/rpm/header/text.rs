//! The texts of a header, which may be in any encoding.

use std::borrow::Cow;

/// Reads a text as createrepo_c does (`cr_latin1_to_utf8`): as UTF-8, and what is not UTF-8 as ISO-8859-1.
///
/// Of ISO-8859-1, control characters and the bytes from 0x80 to 0xbf are left out: in such texts they come from another encoding.
/// rpm compares the bytes of names, and dnf the text in repodata. A replacement character would make different names equal.
pub fn read_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().filter(|byte| is_kept(**byte)).map(|byte| char::from(*byte)).collect()),
    }
}

fn is_kept(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..0x80 | 0xc0..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_read_as_iso_8859_1() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            ("th\u{e9}".as_bytes(), "th\u{e9}"),
            (b"th\xe8", "th\u{e8}"),
            (b"th\xe9\x01\n\xa0x\xc0", "th\u{e9}\nx\u{c0}"),
        ] {
            assert_eq!(read_text(bytes), text);
        }
    }
}
