//! Numbers in names, such as those of `1.10`, `el9` and `pipeline_12`.

/// A number without a sign and without leading zeros, of at most nine digits: each number has one spelling.
pub fn parse_number(text: &str) -> Option<u32> {
    let has_fitting_length = (1..=9).contains(&text.len());
    let is_plain = text == "0" || !text.starts_with('0');
    if has_fitting_length && is_plain && is_digits(text) { text.parse().ok() } else { None }
}

/// Whether a text is one or more ASCII digits.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(
            (parse_number("0"), parse_number("10"), parse_number("999999999")),
            (Some(0), Some(10), Some(999_999_999))
        );
        for text in ["", "00", "01", "+1", "-1", " 1", "1000000000", "x", "\u{661}"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
