//! One form of release tags, such as `X.Y`, `vX.Y.Z` or `tito-X.Y.Z-R`: the text around the numbers.

use std::fmt;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::base::number::{is_digits, parse_number};
use crate::history::version::Version;

/// The text that stands for the name of the project in a configured form.
pub const NAME: &str = "{name}";

/// A form of tags: `X`, `Y`, `Z` and `R` stand for numbers, `{name}` for the project's name, and everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagForm {
    before: String,
    numbers: Numbers,
    /// The sign before `R`, the release of a package, which is not read.
    release: Option<char>,
    after: String,
}

/// The numbers of the version: 1 to 3, and the sign between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Numbers {
    count: usize,
    sign: char,
}

/// What the numbers of a form are called, in their order.
const LETTERS: [char; 3] = ['X', 'Y', 'Z'];

/// Error: a text is not a form of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAForm;

impl fmt::Display for NotAForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a form has `X`, `X.Y` or `X.Y.Z` for the numbers, perhaps with `-R` after them: `vX.Y.Z`")
    }
}

impl std::error::Error for NotAForm {}

/// Error: the name of a tag does not have a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The numbers have leading zeros or too many digits: probably meant as a tag of this form.
    Misspelled,
    /// Any other name.
    Other,
}

impl TagForm {
    /// A form with dots between the numbers; `count` is 1 to 3.
    pub(super) fn new(before: &str, count: usize, release: Option<char>, after: &str) -> TagForm {
        let numbers = Numbers { count, sign: '.' };
        TagForm { before: before.to_owned(), numbers, release, after: after.to_owned() }
    }

    /// `X.Y`, the form of milestone tags.
    pub fn milestone() -> TagForm {
        TagForm::new("", 2, None, "")
    }

    /// The text before the numbers, and the one after them.
    pub fn surroundings(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// Whether a release of a package follows the numbers.
    pub fn has_release(&self) -> bool {
        self.release.is_some()
    }

    /// Whether the project's name has a part in it.
    pub fn has_name(&self) -> bool {
        self.before.contains(NAME) || self.after.contains(NAME)
    }

    /// The same form with the project's name in its place.
    #[must_use]
    pub fn with_name(&self, name: &str) -> TagForm {
        let put = |text: &str| text.replace(NAME, name);
        TagForm { before: put(&self.before), after: put(&self.after), ..self.clone() }
    }

    /// The version that the name of a tag states. Missing numbers are 0.
    pub fn read(&self, name: &str) -> Result<Version, Mismatch> {
        let rest = name.strip_prefix(&self.before).and_then(|rest| rest.strip_suffix(&self.after));
        let mut rest = rest.ok_or(Mismatch::Other)?;
        if let Some(sign) = self.release {
            let (numbers, release) = rest.rsplit_once(sign).ok_or(Mismatch::Other)?;
            if !is_digits(release) {
                return Err(Mismatch::Other);
            }
            rest = numbers;
        }
        let parts = rest.split(self.numbers.sign).collect::<Vec<_>>();
        if parts.len() != self.numbers.count || !parts.iter().all(|part| is_digits(part)) {
            return Err(Mismatch::Other);
        }
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip(parts) {
            *number = parse_number(part).ok_or(Mismatch::Misspelled)?;
        }
        Ok(Version::new(numbers[0].into(), numbers[1].into(), numbers[2].into()))
    }

    /// The name of the tag of a version; `None` if the form has too few numbers for it. The release is 1.
    pub fn write(&self, version: &Version) -> Option<String> {
        let numbers = [version.major(), version.minor(), version.patch()];
        let (written, left) = numbers.split_at(self.numbers.count);
        if left.iter().any(|number| *number != 0) {
            return None;
        }
        Some(self.render(&written.iter().map(u64::to_string).collect::<Vec<_>>(), "1"))
    }

    fn render(&self, numbers: &[String], release: &str) -> String {
        let mut text = self.before.clone() + &numbers.join(&self.numbers.sign.to_string());
        if let Some(sign) = self.release {
            text.push(sign);
            text.push_str(release);
        }
        text + &self.after
    }
}

impl fmt::Display for TagForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = LETTERS.iter().take(self.numbers.count).map(char::to_string).collect::<Vec<_>>();
        f.write_str(&self.render(&letters, "R"))
    }
}

impl FromStr for TagForm {
    type Err = NotAForm;

    /// The numbers begin with the last `X`, so that names with an `X` can stand before it.
    fn from_str(text: &str) -> Result<TagForm, NotAForm> {
        let begin = text.rfind('X').ok_or(NotAForm)?;
        let (before, mut rest) = (&text[..begin], &text[begin + 1..]);
        let mut numbers = Numbers { count: 1, sign: '.' };
        for letter in &LETTERS[1..] {
            let Some((sign, after)) = strip_number(rest, *letter) else { break };
            if numbers.count > 1 && sign != numbers.sign {
                return Err(NotAForm);
            }
            numbers = Numbers { count: numbers.count + 1, sign };
            rest = after;
        }
        let mut release = None;
        if let Some((sign, after)) = strip_number(rest, 'R') {
            release = Some(sign);
            rest = after;
        }
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"~^:?*[\\".contains(&byte));
        let ends_apart = !before.ends_with(|last: char| last.is_ascii_digit());
        let stands_apart = !rest.starts_with(|first: char| first.is_ascii_digit() || LETTERS.contains(&first))
            && LETTERS.iter().all(|letter| strip_number(rest, *letter).is_none());
        if !is_plain(before) || !is_plain(rest) || !ends_apart || !stands_apart {
            return Err(NotAForm);
        }
        Ok(TagForm { before: before.to_owned(), numbers, release, after: rest.to_owned() })
    }
}

/// A sign and a letter at the beginning of a text, and the text after them.
fn strip_number(text: &str, letter: char) -> Option<(char, &str)> {
    let mut letters = text.chars();
    let sign = letters.next().filter(|sign| "._-+".contains(*sign))?;
    (letters.next() == Some(letter)).then_some((sign, letters.as_str()))
}

serde_as_text!(TagForm as "form of tags");

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> TagForm {
        text.parse().unwrap()
    }

    #[test]
    fn a_form_reads_the_names_that_have_it() {
        for (pattern, name, expected) in [
            ("X.Y", "1.10", Ok((1, 10, 0))),
            ("X.Y", "1.10.0", Err(Mismatch::Other)),
            ("X.Y", "02.05", Err(Mismatch::Misspelled)),
            ("X.Y", "1.1000000000", Err(Mismatch::Misspelled)),
            ("X.Y", "\u{661}.\u{662}", Err(Mismatch::Other)),
            ("X.Y", "+1.0", Err(Mismatch::Other)),
            ("X.Y", "1.0\n", Err(Mismatch::Other)),
            ("X.Y", "1.", Err(Mismatch::Other)),
            ("vX.Y.Z", "v1.2.3", Ok((1, 2, 3))),
            ("vX.Y.Z", "1.2.3", Err(Mismatch::Other)),
            ("vX.Y.Z", "v1.2.3-rc1", Err(Mismatch::Other)),
            ("vX", "v256", Ok((256, 0, 0))),
            ("tito-X.Y.Z-R", "tito-0.6.27-1", Ok((0, 6, 27))),
            ("tito-X.Y.Z-R", "tito-0.6.27", Err(Mismatch::Other)),
            ("X.Y.Z.R", "5.4.4.1", Ok((5, 4, 4))),
            ("rpm-X.Y.Z-release", "rpm-6.0.2-release", Ok((6, 0, 2))),
            ("sssd-X_Y_Z", "sssd-1_16_5", Ok((1, 16, 5))),
            ("RELEASE_X_Y", "RELEASE_3_1", Ok((3, 1, 0))),
            ("X11-X.Y", "X11-7.7", Ok((7, 7, 0))),
        ] {
            let expected = expected.map(|(x, y, z)| Version::new(x, y, z));
            assert_eq!(form(pattern).read(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_form_writes_the_names_that_it_reads() {
        for (pattern, version, expected) in [
            ("X.Y", "1.3.0", Some("1.3")),
            ("X.Y", "1.3.1", None),
            ("vX.Y.Z", "1.3.0", Some("v1.3.0")),
            ("vX", "2.0.0", Some("v2")),
            ("vX", "2.1.0", None),
            ("tito-X.Y.Z-R", "0.7.0", Some("tito-0.7.0-1")),
            ("rpm-X.Y.Z-release", "6.0.0", Some("rpm-6.0.0-release")),
        ] {
            let version = version.parse().unwrap();
            let written = form(pattern).write(&version);
            assert_eq!(written.as_deref(), expected, "{pattern}");
            assert!(written.is_none_or(|name| form(pattern).read(&name) == Ok(version)));
        }
    }

    #[test]
    fn a_form_is_written_as_it_was_read() {
        for text in ["X", "X.Y", "vX.Y.Z", "rel/X.Y", "{name}-X.Y.Z-R", "a_X_Y+R.el9", "X.Y.Z.R"] {
            assert_eq!(form(text).to_string(), text);
        }
        assert_eq!(form("{name}-vX.Y").with_name("mock").to_string(), "mock-vX.Y");
        for text in ["", "v", "Y.Z", "v1X", "X.Z", "X.Y-Z", "XX.Y Z", "X.Y:1", "X.YZ", "X1"] {
            assert_eq!(text.parse::<TagForm>(), Err(NotAForm), "{text}");
        }
    }
}
