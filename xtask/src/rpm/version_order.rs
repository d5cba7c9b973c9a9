//! Compares versions as rpm does: `rpmvercmp` of rpm.

use std::cmp::Ordering;

/// Compares two versions or two releases.
///
/// A text is read as parts of digits and parts of letters; all other characters only separate them. Numbers are compared by
/// value, letters by their bytes, and a number is newer than letters. `~` sorts before everything, also before the end of the
/// text; `^` sorts after the end of the text and before everything else.
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        (one, other) = (skip_separators(one), skip_separators(other));
        match (one.first(), other.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => (one, other) = (&one[1..], &other[1..]),
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), Some(_)) => return Ordering::Less,
            (Some(_), Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(first), Some(second)) => {
                let (is_number, is_other_number) = (first.is_ascii_digit(), second.is_ascii_digit());
                if is_number != is_other_number {
                    return is_number.cmp(&is_other_number);
                }
                let (part, rest) = split_part(one, is_number);
                let (other_part, other_rest) = split_part(other, is_number);
                let order = if is_number { compare_numbers(part, other_part) } else { part.cmp(other_part) };
                if order != Ordering::Equal {
                    return order;
                }
                (one, other) = (rest, other_rest);
            }
        }
    }
}

fn skip_separators(text: &[u8]) -> &[u8] {
    let is_meant = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^');
    let start = text.iter().position(is_meant).unwrap_or(text.len());
    &text[start..]
}

/// The digits or letters at the beginning, and the rest.
fn split_part(text: &[u8], digits: bool) -> (&[u8], &[u8]) {
    let is_part = |byte: &u8| if digits { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
    let end = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// Compares two numbers of any length.
fn compare_numbers(one: &[u8], other: &[u8]) -> Ordering {
    fn significant(digits: &[u8]) -> &[u8] {
        let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
        &digits[start..]
    }
    let (one, other) = (significant(one), significant(other));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs in ascending order, or equal ones.
    #[test]
    fn versions_are_in_the_order_of_rpm() {
        for (one, order, other) in [
            ("1.0", '=', "1.0"),
            ("1.0", '<', "2.0"),
            ("2.0", '<', "2.0.1"),
            ("2.0", '<', "2.0.1a"),
            ("5.5p1", '<', "5.5p2"),
            ("5.5p1", '<', "5.5p10"),
            ("10xyz", '<', "10.1xyz"),
            ("xyz10", '<', "xyz10.1"),
            ("xyz.4", '<', "8"),
            ("xyz.4", '<', "2"),
            ("5.5p2", '<', "5.6p1"),
            ("6.0.rc1", '>', "6.0"),
            ("10b2", '>', "10a1"),
            ("1.0aa", '>', "1.0a"),
            ("10.0001", '=', "10.1"),
            ("10.0001", '<', "10.0039"),
            ("4.999.9", '<', "5.0"),
            ("20101121", '<', "20101122"),
            ("2_0", '=', "2.0"),
            ("a+", '=', "a_"),
            ("+", '=', "_"),
            ("1.0~rc1", '<', "1.0"),
            ("1.0~rc1", '<', "1.0~rc2"),
            ("1.0~rc1~git123", '<', "1.0~rc1"),
            ("1.0^", '>', "1.0"),
            ("1.0^git1", '<', "1.0.1"),
            ("1.0^git1", '<', "1.0^git2"),
            ("1.0^20160101", '<', "1.0.1"),
            ("1.0~rc1^git1", '>', "1.0~rc1"),
            ("1.0^git1~pre", '<', "1.0^git1"),
            ("1.0^", '<', "1.0a"),
            ("123456789012345678901234567890", '<', "123456789012345678901234567891"),
            ("", '<', "1"),
            ("", '>', "~"),
        ] {
            let expected = match order {
                '<' => Ordering::Less,
                '>' => Ordering::Greater,
                _ => Ordering::Equal,
            };
            assert_eq!(compare_versions(one, other), expected, "{one} {other}");
            assert_eq!(compare_versions(other, one), expected.reverse(), "{other} {one}");
        }
    }
}
