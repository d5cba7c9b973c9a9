//! The names of bugs in the changelog, from `Bug-Url:` lines.

use crate::base::number::is_digits;

/// The bugs in the value of a `Bug-Url:` line, which may have several. An address of a Bugzilla with a numeric id at
/// the end of its path or in `id=` becomes `BZ#1404287`; other addresses stay unchanged.
///
/// A single word is always a bug. Of several words, only addresses are: the others are prose.
pub fn names(value: &str) -> Vec<String> {
    let words = value.split_whitespace().map(|word| word.trim_matches(',')).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>();
    let is_alone = words.len() == 1;
    words.into_iter().filter(|word| is_alone || word.contains("://")).map(name).collect()
}

fn name(address: &str) -> String {
    let lower = address.to_ascii_lowercase();
    let is_bugzilla = lower.contains("bugzilla") || lower.contains("/show_bug.cgi");
    match number(address).filter(|_| is_bugzilla) {
        Some(number) => format!("BZ#{number}"),
        None => address.to_owned(),
    }
}

/// The id in `…?id=123` or `…/123`.
fn number(address: &str) -> Option<&str> {
    let address = address.split('#').next().unwrap_or(address);
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let in_query = query.split(['&', ';']).find_map(|part| part.strip_prefix("id="));
    let in_path = path.trim_end_matches('/').rsplit('/').next();
    in_query.filter(|text| is_digits(text)).or(in_path.filter(|text| is_digits(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bugs() {
        for (value, expected) in [
            ("https://bugzilla.redhat.com/1404287", &["BZ#1404287"][..]),
            ("https://bugzilla.redhat.com/1404287/", &["BZ#1404287"]),
            ("https://bugzilla.redhat.com/show_bug.cgi?id=1404287#c3", &["BZ#1404287"]),
            ("https://bz.example.org/show_bug.cgi?ctype=xml&id=7", &["BZ#7"]),
            ("https://bugzilla.redhat.com/enter_bug", &["https://bugzilla.redhat.com/enter_bug"]),
            ("https://github.com/lago-project/lago/issues/12", &["https://github.com/lago-project/lago/issues/12"]),
            (
                "https://bugzilla.redhat.com/1, https://bugzilla.redhat.com/2 https://example.org/3",
                &["BZ#1", "BZ#2", "https://example.org/3"],
            ),
            ("see https://bugzilla.redhat.com/1 for more", &["BZ#1"]),
            ("no bug at all", &[]),
            ("PROJECT-12", &["PROJECT-12"]),
            ("", &[]),
        ] {
            assert_eq!(names(value), expected, "{value}");
        }
    }
}
