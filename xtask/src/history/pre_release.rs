//! The names of pre-releases, such as `v1.1.0-rc1`.

use crate::base::number::parse_number;

/// The words of pre-releases.
const WORDS: [&str; 12] = ["alpha", "beta", "rc", "pre", "preview", "dev", "a", "b", "c", "cr", "m", "snapshot"];

/// Whether a tag's name is that of a pre-release, such as `v1.1.0-rc1`, `1.0b2` or `2.0~beta`.
pub fn is_pre_release(name: &str) -> bool {
    let is_sign = |letter: char| "-._~".contains(letter);
    let (numbers, rest) = split(name);
    if !numbers.starts_with(|first: char| first.is_ascii_digit()) || rest.is_empty() {
        return false;
    }
    let rest = rest.strip_prefix(is_sign).unwrap_or(rest);
    let word = &rest[..rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len())];
    let after = &rest[word.len()..];
    let number =
        after.strip_prefix(is_sign).unwrap_or(after).trim_start_matches(|letter: char| letter.is_ascii_digit());
    WORDS.contains(&word.to_ascii_lowercase().as_str()) && !number.starts_with(|letter: char| letter.is_alphanumeric())
}

/// The numbers before the word of a pre-release: `[1, 1, 0]` of `v1.1-rc1`; `None` if they are not one to three numbers.
pub fn numbers_before(name: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    let parts = split(name).0.trim_end_matches('.').split('.').collect::<Vec<_>>();
    if parts.len() > numbers.len() {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = parse_number(part)?;
    }
    Some(numbers)
}

/// The numbers of a name, and the rest after them.
fn split(name: &str) -> (&str, &str) {
    let version = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || "-_/".contains(letter));
    let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(version.len());
    version.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_releases() {
        for name in [
            "v1.1.0-rc1",
            "1.1-rc.2",
            "1.0b2",
            "2.0~beta",
            "release-3.0.0-alpha.1",
            "demo-v1-RC1",
            "1.0.0.dev3",
            "1.0-M1",
        ] {
            assert!(is_pre_release(name), "{name}");
        }
        for name in [
            "1.0",
            "v1.0.1",
            "1.0-1",
            "nightly",
            "rc1",
            "1.0-abc123",
            "1.0-a1b2c3",
            "1.0-rcx",
            "2020-01-01",
            "v1.0-final",
        ] {
            assert!(!is_pre_release(name), "{name}");
        }
    }

    #[test]
    fn numbers_of_pre_releases() {
        assert_eq!(numbers_before("v1.1-rc1"), Some([1, 1, 0]));
        assert_eq!(numbers_before("demo-1.2.3.dev4"), Some([1, 2, 3]));
        assert_eq!(numbers_before("1.2.3.4b1"), None);
    }
}
