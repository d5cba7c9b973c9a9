//! Lines that are meant as `Sem-Ver:` or `Bug-Url:` lines, and do not count as they are meant.

use strsim::osa_distance;

use crate::base::text::one_line;
use crate::history::header::{self, CountedLine};

/// Where a line is.
pub(super) enum HeaderPlace<'a> {
    Subject,
    Body { before: &'a [&'a [u8]], after: &'a [&'a [u8]] },
}

/// A line that does not count as it is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    /// Why; a fragment.
    pub(super) why: String,
    /// The line that counts.
    pub(super) corrected: String,
}

/// Which header a line is meant as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    SemVer,
    BugUrl,
}

/// A line taken apart.
struct Parts<'a> {
    meant: Meant,
    /// How many letters of the name are wrong, beside case and punctuation.
    distance: usize,
    /// Whether something stands before the name, such as blanks or `>`.
    is_decorated: bool,
    value: &'a str,
}

/// The fault of a line, if it has one.
pub(super) fn find(line: &[u8], place: &HeaderPlace<'_>) -> Option<Misread> {
    let text = String::from_utf8_lossy(line);
    match (header::read_line(line), place) {
        (Some(CountedLine::SemVer(sem_ver)), HeaderPlace::Body { .. }) => counted(&sem_ver),
        (Some(CountedLine::BugUrl(value)), HeaderPlace::Body { .. }) => {
            value.is_empty().then(|| misread("it names no bug", Meant::BugUrl, "https://…"))
        }
        // `version` warns of these, whatever the value is.
        (Some(CountedLine::SemVer(_)), HeaderPlace::Subject) => {
            let value = text.split_once(':').map_or("", |(_, value)| value);
            Some(misread("a line in the subject does not count", Meant::SemVer, level_of(value).unwrap_or("bugfix")))
        }
        (Some(CountedLine::BugUrl(value)), HeaderPlace::Subject) => Some(misread(
            "a line in the subject does not count",
            Meant::BugUrl,
            &one_line(&String::from_utf8_lossy(value)),
        )),
        (None, _) => uncounted(&text, place),
    }
}

fn misread(why: &str, meant: Meant, value: &str) -> Misread {
    let name = if meant == Meant::SemVer { "Sem-Ver" } else { "Bug-Url" };
    Misread { why: why.to_owned(), corrected: format!("{name}: {value}") }
}

/// The fault of a `Sem-Ver:` line that counts.
fn counted(sem_ver: &header::SemVer<'_>) -> Option<Misread> {
    let line = String::from_utf8_lossy(sem_ver.line);
    let value = line.split_once(':').map_or("", |(_, value)| value.trim());
    if value.is_empty() {
        return Some(misread("it has no value and counts as `bugfix`", Meant::SemVer, "bugfix"));
    }
    let mut tokens = value.split(',').map(str::trim);
    if !sem_ver.doubts.is_empty() {
        let wrong = tokens.find(|token| canonical(token).is_none()).unwrap_or(value);
        return Some(misread(
            "the value is unknown and does not count",
            Meant::SemVer,
            level_of(wrong).unwrap_or("bugfix"),
        ));
    }
    // `api breaking` counts here, but it is not the documented word, which other programs may look for.
    let odd = tokens.find(|token| canonical(token).is_none() && canonical(&dashed(token)).is_some())?;
    Some(misread("the value is not spelled as documented", Meant::SemVer, &dashed(odd)))
}

/// The fault of a line that does not count and is meant to.
fn uncounted(text: &str, place: &HeaderPlace<'_>) -> Option<Misread> {
    let Parts { meant, distance, is_decorated, value } = take_apart(text)?;
    let level = level_of(value);
    let is_meant = match meant {
        Meant::SemVer => level.is_some_and(|level| distance == 0 || level == value),
        Meant::BugUrl => {
            value.starts_with("http") || (distance == 0 && value.starts_with(|first: char| first.is_ascii_digit()))
        }
    };
    if !is_meant {
        return None;
    }
    let corrected = match meant {
        Meant::SemVer => level?,
        Meant::BugUrl => value,
    };
    let why = match place {
        HeaderPlace::Subject => "a line in the subject does not count",
        // An example in the text of a message, such as in a commit that documents these lines.
        HeaderPlace::Body { .. } if is_decorated && distance > 0 => return None,
        HeaderPlace::Body { before, after } if is_decorated && !stands_apart(before, after) => return None,
        HeaderPlace::Body { .. } if is_decorated => "a line that does not begin in the first column does not count",
        HeaderPlace::Body { .. } => "the name is not spelled so that the line counts",
    };
    Some(misread(why, meant, &one_line(corrected)))
}

fn take_apart(text: &str) -> Option<Parts<'_>> {
    let is_decoration = |letter: char| letter.is_whitespace() || ">*-+|`\"'_".contains(letter);
    let core = text.trim_start_matches(is_decoration);
    if !core.starts_with(['s', 'S', 'b', 'B']) {
        return None; // nearly all lines
    }
    let is_decorated = core.len() < text.len();
    let core = core.trim_end_matches(is_decoration);
    // The longest name is one letter too long, and has a blank before the colon.
    let separator = core.char_indices().take(11).find(|(_, letter)| matches!(letter, ':' | '='));
    let (name, value) = match separator {
        Some((at, _)) => (&core[..at], &core[at + 1..]),
        None => core.split_once(' ').filter(|(name, _)| folded(name) != "sem" && folded(name) != "bug")?,
    };
    let name = folded(name);
    let value = value.trim_matches(is_decoration);
    let distances = [(Meant::SemVer, osa_distance(&name, "semver")), (Meant::BugUrl, osa_distance(&name, "bugurl"))];
    let (meant, distance) = distances.into_iter().min_by_key(|(_, distance)| *distance)?;
    let limit = usize::from(separator.is_some());
    (distance <= limit).then_some(Parts { meant, distance, is_decorated, value })
}

/// The lower-case letters and digits of a name.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn dashed(token: &str) -> String {
    let words: Vec<&str> = token.split(|letter: char| letter.is_whitespace() || letter == '_').collect();
    words.join("-").to_ascii_lowercase()
}

/// The documented word for a level, if `token` is one.
fn canonical(token: &str) -> Option<&'static str> {
    const WORDS: [&str; 15] = [
        "api-breaking",
        "api-break",
        "break",
        "breaks",
        "breaking",
        "breakage",
        "feature",
        "features",
        "deprecation",
        "deprecated",
        "deprecates",
        "bugfix",
        "bug-fix",
        "fix",
        "patch",
    ];
    WORDS.into_iter().find(|word| token.eq_ignore_ascii_case(word))
}

/// The documented word that a value means; `None` if it does not look like a level.
fn level_of(value: &str) -> Option<&'static str> {
    let value = dashed(value.trim().trim_end_matches(['.', '!', ';', ',']));
    canonical(&value).or(match value.as_str() {
        "major" | "incompatible" | "api-braking" | "api-breacking" | "breaking-change" | "backward-incompatible" => {
            Some("api-breaking")
        }
        "minor" | "feat" | "new-feature" | "featrue" | "feture" | "enhancement" => Some("feature"),
        "bug" | "bugfixes" | "bug-fixes" | "fixes" | "fixed" | "non-breaking" | "nonbreaking" | "no-break" | "none" => {
            Some("bugfix")
        }
        _ => None,
    })
}

/// Whether only lines of the kind `Name: value` follow, as at the end of a message, or the message is a squash of git, which indents
/// the messages of the commits.
fn stands_apart(before: &[&[u8]], after: &[&[u8]]) -> bool {
    let is_squash = before.iter().any(|line| *line == b"Squashed commit of the following:");
    is_squash || after.iter().all(|line| line.trim_ascii().is_empty() || is_trailer(line))
}

fn is_trailer(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    (name > 0 && line[name..].starts_with(b":")) || line.starts_with(b"(cherry picked from")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: HeaderPlace<'_> = HeaderPlace::Body { before: &[], after: &[] };

    #[test]
    fn lines_of_a_body() {
        for (line, corrected) in [
            ("Sem-Ver: feature", None),
            ("sem-ver: Bugfix", None),
            ("Sem-ver: py2-breaking", None),
            ("Sem-Ver: breaks compatibility", None),
            ("Sem-Ver: feature, deprecation", None),
            ("Sem-Ver: none", None),
            ("bug-url: https://example.org/1", None),
            ("SemVer: feature", Some("Sem-Ver: feature")),
            ("Sem_Ver: api-breaking", Some("Sem-Ver: api-breaking")),
            ("Sem-Ver : feature", Some("Sem-Ver: feature")),
            ("Sem-Ver = feature", Some("Sem-Ver: feature")),
            ("Sem-Ver feature", Some("Sem-Ver: feature")),
            ("Sem-Vre: feature", Some("Sem-Ver: feature")),
            ("Sem-Ver: major", Some("Sem-Ver: api-breaking")),
            ("Sem-Ver: minor", Some("Sem-Ver: feature")),
            ("Sem-ver: api breaking", Some("Sem-Ver: api-breaking")),
            ("Sem-Ver: api_breaking", Some("Sem-Ver: api-breaking")),
            ("Sem-Ver: non-breaking", Some("Sem-Ver: bugfix")),
            ("Sem-Ver:", Some("Sem-Ver: bugfix")),
            (" Sem-Ver: feature", Some("Sem-Ver: feature")),
            ("> Sem-Ver: feature", Some("Sem-Ver: feature")),
            ("**Sem-Ver:** feature", Some("Sem-Ver: feature")),
            ("    Sem-Ver: .*break.*", None),
            ("BugUrl: https://example.org/1", Some("Bug-Url: https://example.org/1")),
            ("Bug Url: https://example.org/1", Some("Bug-Url: https://example.org/1")),
            ("  Bug-Url: 1234", Some("Bug-Url: 1234")),
            ("Bug-Url:", Some("Bug-Url: https://…")),
            ("Server: feature", Some("Sem-Ver: feature")),
            ("Server: nginx", None),
            ("semver: the crate is used", None),
            ("The Sem-Ver: feature line", None),
            ("Sem-Ver lines are read", None),
            ("Bug: https://example.org/1", None),
            ("", None),
        ] {
            let found = find(line.as_bytes(), &BODY);
            assert_eq!(found.as_ref().map(|misread| misread.corrected.as_str()), corrected, "{line}");
        }
    }

    #[test]
    fn a_subject() {
        for (line, is_found) in [
            ("Sem-Ver: feature", true),
            ("sem-ver: add a parser", true),
            ("SemVer: feature", true),
            ("semver: add a parser", false),
            ("Bug-Url: https://example.org/1", true),
            ("Add a parser", false),
        ] {
            assert_eq!(find(line.as_bytes(), &HeaderPlace::Subject).is_some(), is_found, "{line}");
        }
    }

    #[test]
    fn an_example_in_the_text_is_not_meant() {
        let after: [&[u8]; 3] = [b"", b"To bump the middle version and:", b"Change-Id: x"];
        assert_eq!(find(b"    Sem-Ver: feature", &HeaderPlace::Body { before: &[], after: &after }), None);
        let squash: [&[u8]; 1] = [b"Squashed commit of the following:"];
        assert!(find(b"    Sem-Ver: feature", &HeaderPlace::Body { before: &squash, after: &after }).is_some());
        assert!(find(b"    Sem-Ver: feature", &HeaderPlace::Body { before: &[], after: &after[2..] }).is_some());
    }
}
