//! Pseudo-headers: the `Sem-Ver:` and `Bug-Url:` lines of a commit message, and those of Conventional Commits.
//!
//! Every line after the subject may be one, not only those of the last paragraph: squash merges put such lines in the
//! middle. Messages are bytes in any encoding, so lines are compared as bytes. Most lines are skipped by their first
//! byte: a version may need tens of megabytes of messages.

use serde::{Deserialize, Serialize};

use crate::git::ByteLines;
use crate::history::conventional::{self, ConventionalHeader};
use crate::history::level::Level;

/// One value of the key `version.headers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderForm {
    /// `Sem-Ver:` lines.
    SemVer,
    /// The subjects and footers of [Conventional Commits](https://www.conventionalcommits.org/en/v1.0.0/).
    Conventional,
}

/// The key `version.headers`: which lines of a message raise `X` or `Y`. `Sem-Ver:` lines always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<HeaderForm>", into = "Vec<HeaderForm>")]
pub enum HeaderForms {
    #[default]
    SemVer,
    SemVerAndConventional,
}

impl TryFrom<Vec<HeaderForm>> for HeaderForms {
    type Error = &'static str;

    fn try_from(forms: Vec<HeaderForm>) -> Result<HeaderForms, &'static str> {
        match (forms.contains(&HeaderForm::SemVer), forms.contains(&HeaderForm::Conventional)) {
            (true, false) => Ok(HeaderForms::SemVer),
            (true, true) => Ok(HeaderForms::SemVerAndConventional),
            (false, _) => Err("`sem-ver` is missing: `Sem-Ver:` lines always count"),
        }
    }
}

impl From<HeaderForms> for Vec<HeaderForm> {
    fn from(forms: HeaderForms) -> Vec<HeaderForm> {
        match forms {
            HeaderForms::SemVer => vec![HeaderForm::SemVer],
            HeaderForms::SemVerAndConventional => vec![HeaderForm::SemVer, HeaderForm::Conventional],
        }
    }
}

/// The pseudo-headers of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// The `Sem-Ver:` lines after the subject, in their order.
    pub sem_ver: Vec<SemVer<'a>>,
    /// The subject, if it is a `Sem-Ver:` line; it does not count.
    pub sem_ver_in_subject: Option<&'a [u8]>,
    /// The lines of Conventional Commits that state a break or a feature, in their order.
    pub conventional: Vec<ConventionalHeader<'a>>,
    /// The values of the `Bug-Url:` lines.
    pub bug_urls: Vec<&'a [u8]>,
}

/// One `Sem-Ver:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemVer<'a> {
    /// The whole line, without blanks at its end.
    pub line: &'a [u8],
    /// The highest level of its values.
    pub level: Level,
    /// The values that deserve a warning.
    pub doubts: Vec<Doubt<'a>>,
}

/// A value of a `Sem-Ver:` line whose effect may not be what its author meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt<'a> {
    /// A value such as `non-breaking`; it counts as a patch.
    NegatedBreak(&'a [u8]),
    /// An unknown value; it counts as a patch.
    Unknown(&'a [u8]),
}

/// Reads the pseudo-headers of a message.
pub fn read(message: &[u8]) -> Headers<'_> {
    let mut headers = Headers::default();
    let mut lines = ByteLines(message);
    if let Some(subject) = lines.find(|line| !line.trim_ascii().is_empty()) {
        headers.sem_ver_in_subject = value(subject, b"sem-ver").map(|_| subject.trim_ascii_end());
        headers.conventional.extend(conventional::read_subject(subject));
    }
    for line in lines {
        match read_line(line) {
            Some(CountedLine::SemVer(sem_ver)) => headers.sem_ver.push(sem_ver),
            Some(CountedLine::BugUrl(value)) => headers.bug_urls.push(value),
            None => headers.conventional.extend(conventional::read_footer(line)),
        }
    }
    headers
}

/// A line that counts where it is after the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountedLine<'a> {
    SemVer(SemVer<'a>),
    /// The value of a `Bug-Url:` line.
    BugUrl(&'a [u8]),
}

/// Reads one line.
pub fn read_line(line: &[u8]) -> Option<CountedLine<'_>> {
    match line.first() {
        Some(b's' | b'S') => value(line, b"sem-ver").map(|value| CountedLine::SemVer(sem_ver(line, value))),
        Some(b'b' | b'B') => value(line, b"bug-url").map(CountedLine::BugUrl),
        _ => None,
    }
}

/// The value of a line that starts, in its first column, with `name` in any letter case and a colon.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":").filter(|_| head.eq_ignore_ascii_case(name))?;
    let start = value.iter().position(|byte| !b" \t".contains(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !b" \t\r".contains(byte)).map_or(start, |last| last + 1);
    value.get(start..end).or(Some(&[]))
}

fn sem_ver<'a>(line: &'a [u8], value: &'a [u8]) -> SemVer<'a> {
    let mut found = SemVer { line: line.trim_ascii_end(), level: Level::Patch, doubts: Vec::new() };
    for token in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
        match meaning(&token.to_ascii_lowercase()) {
            Meaning::Level(level) => found.level = found.level.max(level),
            Meaning::NegatedBreak => found.doubts.push(Doubt::NegatedBreak(token)),
            Meaning::Unknown => found.doubts.push(Doubt::Unknown(token)),
        }
    }
    found
}

enum Meaning {
    Level(Level),
    NegatedBreak,
    Unknown,
}

/// The meaning of one value, in lower case.
fn meaning(token: &[u8]) -> Meaning {
    let breaks = || (0..token.len()).filter(|&at| token[at..].starts_with(b"break"));
    if breaks().any(|at| is_negated(&token[..at])) {
        return Meaning::NegatedBreak;
    }
    if breaks().any(|at| word_may_follow(&token[..at]) && is_break(&token[at + b"break".len()..])) {
        return Meaning::Level(Level::Major);
    }
    match token {
        b"feature" | b"features" | b"deprecation" | b"deprecated" | b"deprecates" => Meaning::Level(Level::Minor),
        b"" | b"bugfix" | b"bug-fix" | b"fix" | b"patch" | b"none" => Meaning::Level(Level::Patch),
        _ => Meaning::Unknown,
    }
}

/// Whether the text before a `break` negates it: a word such as `non`, then nothing or one of `-`, `_`, blank.
fn is_negated(before: &[u8]) -> bool {
    let before =
        before.strip_suffix(b"-").or(before.strip_suffix(b"_")).or(before.strip_suffix(b" ")).unwrap_or(before);
    let words: [&[u8]; 5] = [b"non", b"not", b"no", b"un", b"never"];
    words.iter().any(|word| before.strip_suffix(*word).is_some_and(word_may_follow))
}

/// Whether a word may begin right after `before`. After a letter, it would be part of a longer word.
fn word_may_follow(before: &[u8]) -> bool {
    !before.last().is_some_and(u8::is_ascii_lowercase)
}

/// Whether `break` with the text after it is one of the words for a break.
fn is_break(after: &[u8]) -> bool {
    let endings: [&[u8]; 4] = [b"", b"s", b"ing", b"age"];
    let ends = |rest: &[u8]| !rest.first().is_some_and(u8::is_ascii_lowercase);
    endings.iter().any(|ending| after.strip_prefix(*ending).is_some_and(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        use Level::{Major, Minor, Patch};
        for (value, level, doubts) in [
            ("api-breaking", Major, 0),
            ("api-break", Major, 0),
            ("py2-breaking", Major, 0),
            ("breaks compatibility", Major, 0),
            ("API-BREAKING", Major, 0),
            ("breakage", Major, 0),
            ("break", Major, 0),
            ("breaking2", Major, 0),
            ("api_breaking", Major, 0),
            ("feature, api-breaking", Major, 0),
            ("feature,deprecation", Minor, 0),
            ("Features", Minor, 0),
            ("deprecated", Minor, 0),
            ("deprecates", Minor, 0),
            ("bugfix", Patch, 0),
            ("bug-fix", Patch, 0),
            ("Fix", Patch, 0),
            ("patch", Patch, 0),
            ("none", Patch, 0),
            ("", Patch, 0),
            (",", Patch, 0),
            ("non-breaking", Patch, 1),
            ("nonbreaking", Patch, 1),
            ("not breaking", Patch, 1),
            ("no_break", Patch, 1),
            ("Unbreak", Patch, 1),
            ("never breaking, breaking", Major, 1),
            ("api-non-breaking", Patch, 1),
            ("xnon-breaking", Major, 0),
            ("breaking, not breaking much", Major, 1),
            ("no  break", Major, 0),
            ("breakfast", Patch, 1),
            ("breakings", Patch, 1),
            ("outbreak", Patch, 1),
            ("feature!", Patch, 1),
            ("new feature", Patch, 1),
            ("caf\u{e9}breaking", Major, 0),
        ] {
            let found = sem_ver(b"", value.as_bytes());
            assert_eq!((found.level, found.doubts.len()), (level, doubts), "{value}");
        }
    }

    #[test]
    fn lines() {
        for (message, levels) in [
            (&b"s\n\nSem-Ver: api-breaking"[..], &[Level::Major][..]),
            (b"s\n\nSEM-ver:feature \t\r\n", &[Level::Minor]),
            (b"s\nSem-Ver: feature\n", &[Level::Minor]),
            (b"s\n\nSem-Ver:\n\nthis will break\n", &[Level::Patch]),
            (b"s\n\nSem-Ver: fix\r\nSem-Ver: feature\r\n\r\nmore", &[Level::Patch, Level::Minor]),
            (b"s\n\n Sem-Ver: api-breaking\n> Sem-Ver: feature\n", &[]),
            (b"s\n\nSem-Ver : api-breaking\nSem-Version: feature\nSem-Ver api-breaking", &[]),
            (b"s\n\ncaf\xe9\nSem-Ver: feature caf\xe9, api-breaking\n", &[Level::Major]),
            (b"\n \nSem-Ver: api-breaking\n", &[]),
            (b"Sem-Ver: api-breaking", &[]),
            (b"", &[]),
        ] {
            let found = read(message).sem_ver;
            let found = found.iter().map(|line| line.level).collect::<Vec<_>>();
            assert_eq!(found, levels, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn a_header_in_the_subject_does_not_count() {
        let headers = read(b"\nSem-Ver: api-breaking\n\nBug-Url: a\nbug-url:\tb \r\n");
        assert_eq!(headers.sem_ver_in_subject, Some(&b"Sem-Ver: api-breaking"[..]));
        assert!(headers.sem_ver.is_empty());
        assert_eq!(headers.bug_urls, [b"a", b"b"]);
    }
}
