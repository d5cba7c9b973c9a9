//! Reads the text file of an unpacked archive, which has no git history.

use std::fmt;

use jiff::civil::Date;

use crate::base::text::is_steering;
use crate::history::changelog::rpm::{BUGS, BUGS_CONTINUED, SUBJECT_CONTINUED};
use crate::history::changelog::{Author, Changelog, ChangelogEntry, ChangelogItem};

/// Error: the text was not written by this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAChangelog {
    /// The first line that is wrong, counted from 1.
    pub line: usize,
}

impl fmt::Display for NotAChangelog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not as `changelog` writes it", self.line)
    }
}

impl std::error::Error for NotAChangelog {}

impl Changelog {
    /// Reads the text of [`Changelog::render_rpm`]; only the whole ids of the commits are lost.
    pub fn parse(text: &str) -> Result<Changelog, NotAChangelog> {
        let mut entries = Vec::new();
        let mut lists_bugs = false;
        for (index, line) in text.split_terminator('\n').enumerate() {
            let refused = NotAChangelog { line: index + 1 };
            if line.chars().any(is_steering) {
                return Err(refused);
            }
            if let Some(head) = line.strip_prefix("* ") {
                entries.push(entry(head).ok_or(refused)?);
                continue;
            }
            let Some(ChangelogEntry { changes, .. }) = entries.last_mut() else { return Err(refused) };
            if let Some(first) = line.strip_prefix("- ") {
                changes.push(change(first).ok_or(refused)?);
                lists_bugs = false;
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let change = changes.last_mut().ok_or(refused)?;
            if let Some(bugs) = line.strip_prefix(BUGS) {
                lists_bugs = true;
                add_bugs(change, bugs);
            } else if lists_bugs {
                add_bugs(change, line.strip_prefix(BUGS_CONTINUED).ok_or(refused)?);
            } else {
                change.subject.push(' ');
                change.subject.push_str(line.strip_prefix(SUBJECT_CONTINUED).ok_or(refused)?);
            }
        }
        Ok(Changelog { entries })
    }
}

/// `Thu Mar 19 2020 Ada Example <ada@example.org> - 1.0.4-1`
fn entry(head: &str) -> Option<ChangelogEntry> {
    const DATE: usize = "Thu Mar 19 2020".len();
    let (date, rest) = head.split_at_checked(DATE)?;
    let date = Date::strptime("%a %b %d %Y", date).ok()?;
    let (author, version) = rest.strip_prefix(' ')?.rsplit_once(" - ")?;
    let version = version.strip_suffix("-1")?.parse().ok()?;
    let (name, email) = match author.strip_suffix('>') {
        Some(author) => author.rsplit_once(" <")?,
        None => (author, ""),
    };
    let author = Author { name: name.to_owned(), email: email.to_owned() };
    Some(ChangelogEntry { version, date, committed: date, author, changes: Vec::new() })
}

/// `8f7bcb61: Lago EOL`
fn change(line: &str) -> Option<ChangelogItem> {
    let (id, subject) = line.split_once(':')?;
    let is_id = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let subject = if subject.is_empty() { subject } else { subject.strip_prefix(' ')? };
    is_id.then(|| ChangelogItem { id: id.to_owned(), commit: None, subject: subject.to_owned(), bugs: Vec::new() })
}

fn add_bugs(change: &mut ChangelogItem, line: &str) {
    change.bugs.extend(line.trim_end_matches(',').split(", ").map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::one_line;

    /// Words that look like something else, and words of all lengths.
    const WORDS: [&str; 15] = [
        "FIXED",
        "#12",
        "BUGS:",
        "-",
        "*",
        "* Thu Mar 19 2020 x - 1.0.0-1",
        "12345678:",
        "<a@example.org>",
        "100%",
        ",",
        "caf\u{e9}",
        "\u{65e5}\u{672c}\u{8a9e}",
        "a-word-of-forty-characters-and-no-blanks",
        "https://example.org/a/very/long/address/that/does/not/fit/into/any/line/of/79/columns",
        "",
    ];

    #[test]
    fn a_written_changelog_is_read_back() {
        let mut state = 1_u64;
        let mut roll = |sides: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % sides
        };
        for _ in 0..2_000 {
            let mut words = |most: usize| (0..roll(most)).map(|_| WORDS[roll(WORDS.len())]).collect::<Vec<_>>();
            let subject = one_line(&words(30).join(" "));
            let bugs = crate::history::bug::names(&words(12).join(" "));
            let author = Author {
                name: format!("x{}", one_line(&words(3).join(" ").replace(['<', '>'], ""))),
                email: String::new(),
            };
            let change = ChangelogItem { id: "0123abcd".to_owned(), commit: None, subject, bugs };
            let date = jiff::civil::date(2020, 3, 19);
            let version = "1.2.3".parse().unwrap();
            let entry =
                ChangelogEntry { version, date, committed: date, author, changes: vec![change.clone(), change] };
            let changelog = Changelog { entries: vec![entry.clone(), entry] };
            let text = changelog.render_rpm();
            assert_eq!(Changelog::parse(&text).as_ref(), Ok(&changelog), "{text}");
        }
    }
}
