//! Numbers in names, such as those of `1.10`, `el9` and `pipeline_12`.

/// A number without a sign and without leading zeros, of at most nine digits: each number has one spelling.
pub fn parse_number(text: &str) -> Option<u32> {
    let has_fitting_length = (1..=9).contains(&text.len());
    let is_plain = text == "0" || !text.starts_with('0');
    if has_fitting_length && is_plain && is_digits(text) { text.parse().ok() } else { None }
}

/// The highest number that a name can have, and that a person may state.
pub const HIGHEST: u32 = 999_999_999;

/// The number after `number`; `None` where no name could have it.
pub fn number_after(number: u32) -> Option<u32> {
    number.checked_add(1).filter(|next| *next <= HIGHEST)
}

/// Parses a number that a person states, such as that of a release: from 1. Errors: what to write.
pub fn parse_stated(text: &str) -> Result<u32, String> {
    parse_stated_to(text, HIGHEST)
}

/// Parses a number that a person states: from 1 to `highest`. Errors: what to write.
pub fn parse_stated_to(text: &str, highest: u32) -> Result<u32, String> {
    let number = parse_number(text).filter(|number| (1..=highest).contains(number));
    number.ok_or_else(|| format!("write a number from 1 to {highest}"))
}

/// The name of a numbered folder, in which at least six digits keep the order: `000007`.
pub fn padded(number: u32) -> String {
    format!("{number:06}")
}

/// The number of a folder that [`padded`] names, and of no other.
pub fn parse_padded(name: &str) -> Option<u32> {
    let number = name.parse().ok()?;
    (number <= HIGHEST && padded(number) == name).then_some(number)
}

/// Whether a text is one or more ASCII digits.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_number_begins_at_one() {
        assert_eq!((parse_stated("1"), parse_stated("999999999")), (Ok(1), Ok(HIGHEST)));
        for text in ["0", "x", "-1", "1000000000", ""] {
            assert_eq!(parse_stated(text), Err("write a number from 1 to 999999999".to_owned()), "{text}");
        }
        assert_eq!(parse_stated_to("9", 8), Err("write a number from 1 to 8".to_owned()));
    }

    #[test]
    fn the_highest_number_has_none_after_it() {
        assert_eq!([0, HIGHEST - 1, HIGHEST, u32::MAX].map(number_after), [Some(1), Some(HIGHEST), None, None]);
    }

    #[test]
    fn a_padded_number_has_one_spelling() {
        for number in [0, 7, 999_999, 1_000_000, HIGHEST] {
            assert_eq!(parse_padded(&padded(number)), Some(number));
        }
        for name in ["", "7", "00007", "0000007", "+00007", "1000000000", "x"] {
            assert_eq!(parse_padded(name), None, "{name}");
        }
    }

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
