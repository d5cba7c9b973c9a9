//! The commands in a comment.
//!
//! A comment is Markdown, and anyone can write one. A line is a command only if the whole line is one, in a plain paragraph that is in
//! nothing else. Everything else does not speak: quotes, code, links, images, headings, lists, tables, footnotes, formulas, text with
//! emphasis. Where readers of Markdown disagree, less speaks: after HTML or a fence of GitLab's quotes, nothing does. After what may begin a
//! quoted mail, a command is a near miss.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::ci::respond::near_miss::find_near_miss;
use crate::ci::respond::quoted_mail::find_quoted_mail;
use crate::git::CommitId;

/// The comment may have this many bytes. The longest one on GitHub has 65,536 characters.
const LONGEST: usize = 1 << 20;

/// What a comment tells the CI process to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenCommand {
    /// `ci test please`
    Test,
    /// `ci merge please`, or `ci merge please COMMIT`.
    Merge { head: Option<CommitId> },
    /// `ci review please`
    Review,
}

/// What was found in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// No line is a command, and none is nearly one.
    Nothing,
    Command(SpokenCommand),
    /// A line is nearly this command. Nothing is done, and the author gets a hint.
    NearMiss(&'static str),
    /// Commands that are not the same. None of them is done.
    Several,
}

/// Reads a comment.
pub fn read_comment(text: &str) -> Spoken {
    if text.len() > LONGEST {
        return Spoken::Nothing;
    }
    let (mut commands, mut near) = (Vec::new(), None);
    let PlainLines { own, quoted } = plain_lines(text);
    for line in own {
        match read_line(&line) {
            Some(command) if !commands.contains(&command) => commands.push(command),
            Some(_) => {}
            None => near = near.or_else(|| find_near_miss(&line)),
        }
    }
    match (commands.as_slice(), near) {
        ([], None) => {
            let command = quoted.iter().find(|line| read_line(line).is_some());
            command.and_then(|line| find_near_miss(line)).map_or(Spoken::Nothing, Spoken::NearMiss)
        }
        ([], Some(meant)) => Spoken::NearMiss(meant),
        ([command], None) => Spoken::Command(*command),
        _ => Spoken::Several,
    }
}

/// The command that a whole line is. The case of letters and the number of blanks are free.
fn read_line(line: &str) -> Option<SpokenCommand> {
    let line = line.to_ascii_lowercase();
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["ci", "test", "please"] | ["ci", ":+1:" | ":thumbsup:"] => Some(SpokenCommand::Test),
        ["ci", thumb] if is_thumbs_up(thumb) => Some(SpokenCommand::Test),
        ["ci", "merge", "please"] | ["ci", ":shipit:"] => Some(SpokenCommand::Merge { head: None }),
        ["ci", "merge", "please", commit] | ["ci", ":shipit:", commit] => {
            CommitId::parse_hex(commit.as_bytes()).map(|head| SpokenCommand::Merge { head: Some(head) })
        }
        ["ci", "review", "please"] => Some(SpokenCommand::Review),
        _ => None,
    }
}

/// Whether a word is the sign that phones send for `:+1:`, in any colour of the skin, as text or as a picture.
fn is_thumbs_up(word: &str) -> bool {
    let is_tone = |letter: char| ('\u{1f3fb}'..='\u{1f3ff}').contains(&letter);
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        ['\u{1f44d}'] | ['\u{1f44d}', '\u{fe0f}'] => true,
        ['\u{1f44d}', tone] | ['\u{1f44d}', tone, '\u{fe0f}'] => is_tone(*tone),
        _ => false,
    }
}

/// The lines that can be commands.
#[derive(Default)]
struct PlainLines {
    own: Vec<String>,
    /// Those behind what may begin a quoted mail.
    quoted: Vec<String>,
}

fn plain_lines(text: &str) -> PlainLines {
    let events: Vec<_> = Parser::new_ext(text, dialect()).into_offset_iter().collect();
    let mut marked: Vec<Range<usize>> = Vec::new();
    for (event, range) in &events {
        let is_marked = matches!(event, Event::Start(Tag::CodeBlock(_) | Tag::BlockQuote(_)));
        // One in another is in its range.
        if is_marked && marked.last().is_none_or(|last| last.end <= range.start) {
            marked.push(range.clone());
        }
    }
    let quoted_from = find_quoted_mail(text, &marked, &|line| read_line(line).is_some());
    let mut reader = LineReader { source: text, limit: first_hiding_place(text), quoted_from, ..LineReader::default() };
    for (event, range) in events {
        reader.take(&event, range);
    }
    reader.lines
}

/// What the forges show: what is none of these is a paragraph for them.
fn dialect() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

/// Collects the plain lines of a Markdown text.
#[derive(Default)]
struct LineReader<'t> {
    source: &'t str,
    /// Nothing speaks that ends behind this place of the source.
    limit: usize,
    /// What ends behind this place may be quoted.
    quoted_from: usize,
    lines: PlainLines,
    /// How many elements are open.
    depth: usize,
    /// Whether the outermost open element is a paragraph.
    is_in_paragraph: bool,
    line: String,
    /// Where the text of the line ends in the source; `None` before its first text.
    end: Option<usize>,
    /// Whether the line has something that is not plain text.
    is_spoilt: bool,
    /// Whether nothing speaks from here on.
    has_ended: bool,
}

impl LineReader<'_> {
    fn take(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                if self.depth == 0 {
                    self.is_in_paragraph = *tag == Tag::Paragraph;
                    // Of what is no paragraph, nothing is left for this one.
                    (self.end, self.is_spoilt) = (None, false);
                    self.line.clear();
                } else {
                    self.is_spoilt = true;
                }
                self.has_ended |= *tag == Tag::HtmlBlock;
                self.depth += 1;
            }
            Event::End(tag) => {
                self.depth -= 1;
                if self.depth == 0 && *tag == TagEnd::Paragraph {
                    self.end_line();
                    self.is_in_paragraph = false;
                }
            }
            Event::Text(text) => self.add(text, range),
            Event::SoftBreak | Event::HardBreak => {
                self.end_line();
                self.is_spoilt = self.depth > 1;
            }
            Event::Html(_) | Event::InlineHtml(_) => self.has_ended = true,
            _ => self.is_spoilt = true,
        }
    }

    /// Adds text, if the source has the same text there: an escape or an entity is no plain text.
    fn add(&mut self, text: &str, range: Range<usize>) {
        let is_plain = self.source.get(range.clone()) == Some(text) && self.end.is_none_or(|end| end == range.start);
        self.is_spoilt |= !is_plain;
        self.end = Some(range.end);
        self.line.push_str(text);
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let (end, is_spoilt) = (self.end.take(), std::mem::take(&mut self.is_spoilt));
        if !self.is_in_paragraph {
            return;
        }
        let Some(end) = end.filter(|end| !is_spoilt && !self.has_ended && *end <= self.limit) else { return };
        if end <= self.quoted_from { self.lines.own.push(line) } else { self.lines.quoted.push(line) }
    }
}

/// The first place behind which a forge may hide or quote what is a paragraph for others: a comment of HTML, and a line `>>>`, with which
/// GitLab begins a quote of several paragraphs. The end of the text, if there is none.
fn first_hiding_place(text: &str) -> usize {
    let comment = text.find("<!--").unwrap_or(text.len());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if start >= comment || line.trim_start().starts_with(">>>") {
            break;
        }
        start += line.len();
    }
    start.min(comment)
}

#[cfg(test)]
mod tests;
