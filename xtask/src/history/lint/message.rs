//! The rules about one message.

use crate::base::text::{is_steering, one_line, shorten};
use crate::git::{ByteLines, Commit, CommitId};
use crate::history::header::{self, CountedLine};
use crate::history::lint::finding::Findings;
use crate::history::lint::near_header::{self, HeaderPlace};
use crate::history::lint::rule::RuleId;

/// The longest subject without a finding, in characters.
const LONGEST_SUBJECT: usize = 72;
/// How many characters of a line are quoted.
const QUOTED: usize = 80;

/// A message, in a commit or not in one yet.
pub struct Message<'a> {
    pub(super) commit: Option<CommitId>,
    bytes: &'a [u8],
    /// Decoded as the commit declares it.
    text: String,
    is_text: bool,
    is_merge: bool,
}

impl<'a> Message<'a> {
    /// The message of a commit.
    pub fn of(commit: &'a Commit) -> Message<'a> {
        let bytes = commit.message();
        Message {
            commit: Some(commit.id),
            bytes,
            text: commit.decode(bytes),
            is_text: std::str::from_utf8(&commit.to_utf8(bytes)).is_ok(),
            is_merge: commit.parents().nth(1).is_some(),
        }
    }

    /// A message that is in no commit yet.
    pub fn new(bytes: &'a [u8]) -> Message<'a> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let is_text = std::str::from_utf8(bytes).is_ok();
        Message { commit: None, bytes, text, is_text, is_merge: false }
    }

    /// The subject and the number of its line, from 1.
    fn subject(&self) -> Option<(usize, &str)> {
        self.text.split('\n').enumerate().map(|(at, line)| (at + 1, line.trim())).find(|(_, line)| !line.is_empty())
    }

    fn is_by_git(&self, subject: &str) -> bool {
        (self.is_merge && subject.starts_with("Merge ")) || subject.starts_with("Revert \"")
    }
}

/// A line of a message as it is quoted in a finding.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shorten(&one_line(text), QUOTED))
}

/// Applies the rules about one message.
pub(super) fn check(message: &Message<'_>, findings: &mut Findings<'_>) {
    if !message.is_text {
        let help = "write it in UTF-8, and unset `i18n.commitEncoding`";
        findings.add(RuleId::NotUtf8, message.commit, None, "the message is not UTF-8", help);
    }
    check_characters(message, findings);
    let Some((at, subject)) = message.subject() else {
        let help = "say in one line what the commit does";
        return findings.add(RuleId::SubjectEmpty, message.commit, None, "the message has no subject", help);
    };
    check_subject(message, at, subject, findings);
    check_markers(message, findings);
    check_headers(message, findings);
}

fn check_characters(message: &Message<'_>, findings: &mut Findings<'_>) {
    for (at, line) in message.text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(found) = line.chars().find(|letter| is_steering(*letter) && *letter != '\t') {
            let what = format!("the line has the control character U+{:04X}", u32::from(found));
            return findings.add(RuleId::ControlCharacters, message.commit, Some(at + 1), what, "remove the character");
        }
    }
}

fn check_subject(message: &Message<'_>, at: usize, subject: &str, findings: &mut Findings<'_>) {
    let commit = message.commit;
    let second = message.text.split('\n').nth(at).unwrap_or_default().trim();
    if !second.is_empty() {
        let what = format!("the line after the subject is not blank: {}", quoted(second));
        let help = "put a blank line between subject and body; a subject has one line";
        findings.add(RuleId::BodyNotSeparated, commit, Some(at + 1), what, help);
    }
    if message.is_by_git(subject) {
        return;
    }
    let length = subject.chars().count();
    if length > LONGEST_SUBJECT {
        let what = format!("the subject has {length} characters; {LONGEST_SUBJECT} fit into lists of commits");
        findings.add(RuleId::SubjectLong, commit, Some(at), what, "shorten it: details belong into the body");
    }
    if subject.ends_with('.') && !subject.ends_with("..") {
        findings.add(RuleId::SubjectDot, commit, Some(at), "the subject ends with a full stop", "remove the full stop");
    }
}

fn check_markers(message: &Message<'_>, findings: &mut Findings<'_>) {
    let is_marker = |line: &str| {
        let begins = |mark: &str| line.strip_prefix(mark).is_some_and(|rest| rest.starts_with(' '));
        begins("<<<<<<<") || begins(">>>>>>>")
    };
    let found = message.text.split('\n').enumerate().find(|(_, line)| is_marker(line));
    if let Some((at, line)) = found {
        let what = format!("the line is a conflict marker: {}", quoted(line));
        findings.add(
            RuleId::ConflictMarkers,
            message.commit,
            Some(at + 1),
            what,
            "remove the markers and the side that is wrong",
        );
    }
}

/// Lines that [`header::read`] counts are right; those that look like such lines and do not count, or count as another
/// level than their author meant, are found.
fn check_headers(message: &Message<'_>, findings: &mut Findings<'_>) {
    let lines: Vec<&[u8]> = ByteLines(message.bytes).collect();
    let mut first: Option<(header::SemVer<'_>, usize)> = None;
    let mut is_subject = true;
    for (at, line) in lines.iter().enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = if is_subject {
            HeaderPlace::Subject
        } else {
            HeaderPlace::Body { before: &lines[..at], after: &lines[at + 1..] }
        };
        let misread = near_header::find(line, &place);
        if let Some(misread) = &misread {
            let what = format!("{}: {}", quoted(&String::from_utf8_lossy(line)), misread.why);
            let help =
                format!("write `{}`{}", misread.corrected, if is_subject { " on a line of the body" } else { "" });
            findings.add(RuleId::PseudoHeaderMisread, message.commit, Some(at + 1), what, help);
        }
        if !is_subject
            && misread.is_none()
            && let Some(CountedLine::SemVer(sem_ver)) = header::read_line(line)
        {
            match &first {
                Some((other, line_of_other)) if other.level != sem_ver.level => {
                    let quote = |line: &[u8]| quoted(&String::from_utf8_lossy(line));
                    let what = format!(
                        "{} and {} (line {line_of_other}) have different effects",
                        quote(sem_ver.line),
                        quote(other.line)
                    );
                    let help = "leave the line that is true; the highest level counts";
                    findings.add(RuleId::PseudoHeadersDisagree, message.commit, Some(at + 1), what, help);
                }
                Some(_) => {}
                None => first = Some((sem_ver, at + 1)),
            }
        }
        is_subject = false;
    }
}
