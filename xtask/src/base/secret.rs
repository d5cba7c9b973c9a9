//! A secret, such as a token: it is not printed, and it is taken out of what others send.

use std::fmt;

/// The text in place of a secret.
const REPLACEMENT: &str = "(secret)";

/// A shorter part of a secret is left in a text: it would be found in texts that have nothing to do with it.
const SHORTEST: usize = 4;

/// A secret of one line. Its `Debug` form does not show it.
#[derive(Clone)]
pub struct Secret {
    value: String,
    /// The forms in which it may be in a text, the longest first.
    forms: Vec<String>,
}

/// Why a text cannot be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    Empty,
    /// It has white space, a control character, or a letter that is not ASCII: it would not fit in a header of a request.
    Letters,
}

impl Secret {
    /// Reads a secret; white space around it does not belong to it.
    pub fn parse(text: &str) -> Result<Secret, SecretFault> {
        let value = text.trim();
        if value.is_empty() {
            return Err(SecretFault::Empty);
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretFault::Letters);
        }
        let bytes = value.as_bytes();
        let hex = |pattern: fn(u8) -> String| -> String { bytes.iter().map(|byte| pattern(*byte)).collect() };
        let mut forms = vec![
            value.to_owned(),
            url_encoded(value, |byte| format!("%{byte:02X}")),
            url_encoded(value, |byte| format!("%{byte:02x}")),
            hex(|byte| format!("{byte:02x}")),
            hex(|byte| format!("{byte:02X}")),
        ];
        for before in 0..3 {
            let standard = base64_part(bytes, before);
            forms.push(standard.replace('+', "-").replace('/', "_"));
            forms.push(standard);
        }
        forms.retain(|form| form == value || form.len() >= SHORTEST);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Ok(Secret { value: value.to_owned(), forms })
    }

    /// The secret itself, for the one who needs it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The text without the secret: as it is, URL-encoded, in hexadecimal digits, or within a text that is encoded in base64.
    pub fn scrub(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| {
            if text.contains(form.as_str()) { text.replace(form, REPLACEMENT) } else { text }
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REPLACEMENT)
    }
}

/// The text as it is in a URL: letters, digits and `-._~` as they are, each other byte by `encode`.
fn url_encoded(text: &str, encode: fn(u8) -> String) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&encode(byte));
        }
    }
    encoded
}

/// The letters of base64 that these bytes alone decide, where `before` other bytes (modulo 3) stand before them.
fn base64_part(bytes: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = [0].repeat(before).into_iter().chain(bytes.iter().copied()).collect();
    let bit = |at: usize| padded[at / 8] >> (7 - at % 8) & 1;
    let first = (before * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    let value = |letter: usize| (0..6).fold(0, |value, part| value << 1 | usize::from(bit(letter * 6 + part)));
    (first..end).map(|letter| char::from(LETTERS[value(letter)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_of_a_text_in_each_form() {
        let secret = Secret::parse(" gh+p/Secret-Token_1\n").unwrap();
        for (text, scrubbed) in [
            ("no token", "no token"),
            ("a gh+p/Secret-Token_1 b gh+p/Secret-Token_1", "a (secret) b (secret)"),
            ("?t=gh%2Bp%2FSecret-Token_1&x", "?t=(secret)&x"),
            ("?t=gh%2bp%2fSecret-Token_1&x", "?t=(secret)&x"),
            ("67682b702f5365637265742d546f6b656e5f31", "(secret)"),
            // base64 of the token after 0, 1, 2 and 4 other bytes, and with one after it.
            ("Z2grcC9TZWNyZXQtVG9rZW5fMQ==", "(secret)Q=="),
            ("eGdoK3AvU2VjcmV0LVRva2VuXzE=", "eG(secret)E="),
            ("eDpnaCtwL1NlY3JldC1Ub2tlbl8x", "eDp(secret)"),
            ("YWRhOmdoK3AvU2VjcmV0LVRva2VuXzE6", "YWRhOm(secret)E6"),
        ] {
            assert_eq!(secret.scrub(text), scrubbed, "{text}");
        }
        assert_eq!(format!("{secret:?}"), "(secret)");
    }

    #[test]
    fn a_secret_is_one_word() {
        assert_eq!(Secret::parse(" \n").unwrap_err(), SecretFault::Empty);
        for text in ["a b", "a\nb", "a\r\nX-Other: 1", "é", "a\0"] {
            assert_eq!(Secret::parse(text).unwrap_err(), SecretFault::Letters, "{text:?}");
        }
        assert_eq!(Secret::parse("ab").unwrap().scrub("cab YWI="), "c(secret) YWI=");
    }
}
