//! Compares a rendered spec with the spec that its template gives now.

use std::fmt::{self, Write};

use crate::project::spec_text::{begins_changelog, begins_section, plain_tag, stated_tag, tag_value};

/// The version of a rendered spec, and the number at the start of its release.
pub fn stated_version_and_release(spec: &str) -> Option<(&str, u32)> {
    Some((plain_tag(spec, "Version")?, release_number(stated_tag(spec, "Release")?)?))
}

/// The number at the start of a release: 12 of `12%{?dist}`.
pub fn release_number(release: &str) -> Option<u32> {
    leading_digits(release).parse().ok()
}

/// The digits at the start of a text.
pub fn leading_digits(text: &str) -> &str {
    &text[..text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len())]
}

/// A spec without its changelog and the values of `Version:` and `Release:`, which a commit cannot contain for itself. A
/// tracked spec and a rendered one are compared in this form.
pub fn without_numbers(spec: &str) -> String {
    let mut kept = String::with_capacity(spec.len());
    let (mut in_preamble, mut in_changelog) = (true, false);
    for line in spec.lines() {
        if begins_section(line) {
            (in_preamble, in_changelog) = (false, begins_changelog(line));
        }
        if in_changelog {
            continue;
        }
        let tag = ["Version", "Release"].into_iter().find(|tag| in_preamble && tag_value(line, tag).is_some());
        // Writing to a string cannot fail.
        _ = match tag {
            Some(tag) => writeln!(kept, "{tag}:"),
            None => writeln!(kept, "{line}"),
        };
    }
    kept
}

/// The first line in which two texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Counted from 1.
    pub line: usize,
    /// The line of the wanted text; `None` after its end.
    pub wanted: Option<&'a str>,
    /// The line of the other text; `None` after its end.
    pub found: Option<&'a str>,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { line, wanted, found } = self;
        match (wanted, found) {
            (Some(wanted), Some(found)) => write!(f, "line {line} is `{found}` and should be `{wanted}`"),
            (Some(wanted), None) => write!(f, "it ends before line {line}, which should be `{wanted}`"),
            (None, found) => write!(f, "it should end before line {line}, which is `{}`", found.unwrap_or_default()),
        }
    }
}

/// Compares two specs line by line; `None` where they are equal to the last byte.
pub fn first_difference<'a>(wanted: &'a str, found: &'a str) -> Option<Difference<'a>> {
    let (mut wanted, mut found) = (wanted.split('\n'), found.split('\n'));
    for line in 1.. {
        match (wanted.next(), found.next()) {
            (None, None) => return None,
            (wanted, found) if wanted != found => return Some(Difference { line, wanted, found }),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_release_are_read() {
        let spec = "Version:  1.0.4 \nname: lago\nRelease: 12%{?dist}\nURL: https://x/%{name}\n";
        assert_eq!(stated_version_and_release(spec), Some(("1.0.4", 12)));
        assert_eq!(plain_tag(spec, "Name"), Some("lago"));
        assert_eq!(plain_tag(spec, "URL"), None);
    }

    #[test]
    fn numbers_are_left_out_of_the_comparison_of_tracked_specs() {
        let old = "Version: 1.0.3\nRelease: 2%{?dist}\nURL: x\n%changelog\n* old\n";
        let new = "Version: 1.0.4\nRelease: 1%{?dist}\nURL: x\n%changelog\n* new\n";
        assert_ne!(without_numbers(old), without_numbers(&format!("{new}%files\n")), "a section behind it counts");
        let scriptlet = |command: &str| format!("{old}%post\n{command}\n");
        assert_ne!(
            without_numbers(&scriptlet("true")),
            without_numbers(&scriptlet("false")),
            "a scriptlet behind it counts"
        );
        assert_eq!(without_numbers(old), without_numbers(new));
        assert_ne!(without_numbers(old), without_numbers(&new.replace("URL: x", "URL: y")));
    }

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let past_the_end = Difference { line: 2, wanted: Some("b"), found: None };
        assert_eq!(first_difference("a\nb", "a"), Some(past_the_end));
    }
}
